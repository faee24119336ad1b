#ifndef PORT_HTTP_LACK_H
#define PORT_HTTP_LACK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Whether a request has failed because this machine had nothing left to send it with
 * (base/lack.h). libcurl says the same words then as where the server is away, does not exist
 * or has a bad certificate.
 *
 *     zeroed → http_lack_note, for each socket → http_lack_find, when the call has failed
 */
enum { HTTP_LACK_ADDRESSES = 8 };
struct http_lack {
    int code; /* errno of a socket that could not be made; 0: all were */
    size_t count;
    struct sockaddr_in6 tried[HTTP_LACK_ADDRESSES]; /* or _in; those of IP alone */
};

/* A socket for the address was asked for: `code` is errno, 0 where it was made. */
void http_lack_note(struct http_lack *lack, const struct sockaddr *address, int code);

/*
 * The errno of what was lacking; 0: nothing was.
 *
 *   connect_code   errno of the last connection that was not made; 0: it is not known
 *   is_connecting  no connection was there yet
 */
int http_lack_find(const struct http_lack *lack, int connect_code, bool is_connecting);

#endif

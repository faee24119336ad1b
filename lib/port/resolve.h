#ifndef PORT_RESOLVE_H
#define PORT_RESOLVE_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/str.h"
#include "port/loop.h"

/*
 * Name resolution off the loop: getaddrinfo(3) on a thread of its own, so that nsswitch,
 * /etc/hosts and resolv.conf hold, and a resolver that hangs hangs alone.
 */
struct resolve_address {
    struct sockaddr_storage addr;
    socklen_t len;
};

/* Addresses in the resolver's order, borrowed until the callback returns; ERR_AGAIN else. */
typedef void (*resolve_fn)(void *ctx, const struct resolve_address *addresses, size_t count,
                           const struct err *err);

struct resolve;

/* Never calls back before it returns. Literal addresses take no thread. */
struct resolve *resolve_start(struct loop *loop, struct str host, int port, resolve_fn fn,
                              void *ctx) MUST_CHECK;
void resolve_cancel(struct resolve *resolve); /* its callback will not come; NULL is fine */

/* "192.0.2.1" or "2001:db8::1". */
enum { RESOLVE_TEXT_BYTES = INET6_ADDRSTRLEN };
void resolve_format(const struct resolve_address *address, char ret_text[RESOLVE_TEXT_BYTES]);

#endif

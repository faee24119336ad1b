#ifndef PORT_HTTPD_H
#define PORT_HTTPD_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "port/loop.h"

/*
 * The status listener (libevent's evhttp): GET only, answers built in memory, at most 32
 * connections, 16 KiB of request, 10 s for a slow reader.
 */
struct httpd;

/* Fills `body` and *ret_type (a static string) and returns the status; 404 needs no body. */
typedef int (*httpd_fn)(void *ctx, struct str path, struct buf *body, const char **ret_type);

/*
 * `address` is "host:port"; port 0 picks one; where the port is taken, the next 20 are tried
 * if `next_free`. A host other than loopback needs a `token`, asked as `Authorization: Bearer`.
 * ERR_CONFIG for a bad address or a missing token, ERR_AGAIN where no port could be had.
 */
bool httpd_open(struct loop *loop, const char *address, const char *token, bool next_free,
                httpd_fn fn, void *ctx, struct httpd **ret_httpd, struct err *err) MUST_CHECK;
void httpd_close(struct httpd *httpd); /* NULL is fine */
int httpd_port(const struct httpd *httpd);

#endif

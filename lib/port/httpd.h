#ifndef PORT_HTTPD_H
#define PORT_HTTPD_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "port/loop.h"

/*
 * The status listener (HTTP/1.1 on libevent's buffers; its evhttp bounds neither connections
 * nor a reader that stalls). GET only, one answer a connection, built in memory. At most 32
 * connections, 16 KiB of request and 16 MiB of body. A request may take 3 s, its answer 10 s
 * more. One caller more drops the oldest of those that have not asked yet, else the oldest: a
 * caller that says nothing keeps nobody from being answered.
 */
struct httpd;

/*
 * Fills `body` and *ret_type (a static string; text/plain if left alone) and returns the
 * status; 404 needs no body. `path` comes as sent, without the query, and lives for the call.
 */
typedef int (*httpd_fn)(void *ctx, struct str path, struct buf *body, const char **ret_type);

/*
 * `address` is "host:port", the host a literal or `localhost`; port 0 picks one; where the port
 * is taken, the next 20 are tried if `next_free`. A host other than loopback needs a `token`,
 * which, where there is one (not NULL, not empty), is asked as `Authorization: Bearer`.
 * ERR_CONFIG for a bad address or a missing token, ERR_AGAIN where no port could be had.
 */
bool httpd_open(struct loop *loop, const char *address, const char *token, bool next_free,
                httpd_fn fn, void *ctx, struct httpd **ret_httpd, struct err *err) MUST_CHECK;
/* Answers these paths to callers without the token, too: a list that lives as long as the
 * listener and ends with NULL. */
void httpd_let_in(struct httpd *httpd, const char *const *paths);

void httpd_close(struct httpd *httpd); /* NULL is fine */
int httpd_port(const struct httpd *httpd);

#endif

#ifndef PORT_HTTPD_H
#define PORT_HTTPD_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "port/httpd_request.h"
#include "port/loop.h"

/*
 * The status listener (HTTP/1.1 on libevent's buffers; its evhttp bounds neither connections
 * nor a reader that stalls). GET and POST, one answer a connection. At most 32 connections,
 * 16 KiB of request head, 16 KiB of its body and 16 MiB of an answer's. A request may take 3 s,
 * what answers it 15 s, to be read 10 s more. One caller more drops the oldest of those that
 * have not asked yet, else the oldest: a caller that says nothing keeps nobody from being
 * answered.
 *
 * Without a token a request must be meant for this machine (httpd_request_is_local), so that
 * no page of somebody else reads what is here through a name of its own.
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
/* Answers these paths to callers without the token, and by whatever name, too: a list that
 * lives as long as the listener and ends with NULL. */
void httpd_let_in(struct httpd *httpd, const char *const *paths);

void httpd_close(struct httpd *httpd); /* NULL is fine */
int httpd_port(const struct httpd *httpd);

/*
 * For answers that take a while, or have more to them. `fn` is asked before the httpd_fn, about
 * every request that may ask at all; of several, at most HTTPD_CALL_FNS, the one that was given
 * first. It returns false where the path is not its own; else it
 * has answered the call, has begun a stream, or keeps it and does either later:
 *
 *     httpd_on_call ─ fn ─► httpd_answer
 *                     fn ─► httpd_on_gone ─► … ─► httpd_answer, or httpd_stream and pieces
 *
 * A call ends with its answer; a stream and a call that is kept end when the caller goes away,
 * is dropped, or the listener is closed. Of such an end who keeps a call is told by
 * httpd_on_gone, once, and touches the call no more. The request lives for the call of `fn`.
 */
enum { HTTPD_CALL_FNS = 4 };
struct httpd_call;
typedef bool (*httpd_call_fn)(void *ctx, struct httpd_call *call,
                              const struct httpd_request *request);
void httpd_on_call(struct httpd *httpd, httpd_call_fn fn, void *ctx);
void httpd_on_gone(struct httpd_call *call, loop_fn fn, void *ctx);

struct httpd_answer {
    int status;
    const char *type;    /* NULL: text/plain */
    const char *headers; /* whole lines, each with its CRLF; NULL: none */
    const char *caching; /* Cache-Control; NULL: no-store */
    struct str body;     /* copied; at most 16 MiB, else the status is 503 */
};
void httpd_answer(struct httpd_call *call, const struct httpd_answer *answer);
/* A status with its own words, and a sentence on why or STR_NONE, as text. */
void httpd_refuse(struct httpd_call *call, int status, struct str why);

/*
 * An answer without an end: the head, then pieces. A reader who leaves more than 256 KiB
 * unread, or anything for 20 s, is dropped; where a put does that it returns false.
 */
void httpd_stream(struct httpd_call *call, const char *type);
bool httpd_stream_put(struct httpd_call *call, struct str piece) MUST_CHECK;

#endif

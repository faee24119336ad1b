#ifndef PORT_HTTP_MULTI_H
#define PORT_HTTP_MULTI_H

#include "base/err.h"
#include "port/loop.h"

/*
 * libcurl's multi handle, driven by the loop: libcurl says which sockets it wants watched and
 * when it wants to be called without one, and the loop calls it.
 *
 *     http_multi_new → http_multi_add … → http_multi_fn → http_multi_next … → http_multi_free
 */
struct http_multi;

/* Libcurl has gone on, so requests may be done. Called from the loop only. */
typedef void (*http_multi_fn)(void *ctx);

bool http_multi_new(struct loop *loop, http_multi_fn fn, void *ctx,
                    struct http_multi **ret_multi, struct err *err) MUST_CHECK;
void http_multi_free(struct http_multi *multi); /* after all requests were removed */

/* `easy`: a CURL *, whose CURLOPT_PRIVATE is what http_multi_next returns. False: refused. */
bool http_multi_add(struct http_multi *multi, void *easy) MUST_CHECK;
void http_multi_remove(struct http_multi *multi, void *easy);

/* A request that is done, and its CURLcode; NULL: none. It stays until it is removed. */
void *http_multi_next(struct http_multi *multi, int *ret_code);

#endif

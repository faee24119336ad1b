#ifndef WORKER_EXCHANGE_REQUEST_SIGN_H
#define WORKER_EXCHANGE_REQUEST_SIGN_H

#include "worker/exchange/request.h"

struct sign_with {
    const struct expr_scope *scope;
    struct str token;
    int64_t now_us;
};

/*
 * What a request gets at the moment it is sent, because it would be old by then: a token that
 * is renewed meanwhile, or a signature that has the time in it (`now_us`, wall clock).
 * *ret_http is request->http with it, in `arena` where it differs. A request that leaves the
 * stream's origin stays as it is. `token` is empty where the stream has none. ERR_INPUT: an
 * expression failed, or what it made does not fit into a header. ERR_CONFIG: a key is none.
 */
bool request_sign(const struct stream *stream, const struct request *request,
                  const struct sign_with *with, struct arena *arena,
                  struct http_request *ret_http, struct err *err) MUST_CHECK;

#endif

#ifndef WORKER_ACCESS_TOKEN_WANT_H
#define WORKER_ACCESS_TOKEN_WANT_H

#include "base/arena.h"
#include "base/err.h"
#include "config/stream.h"
#include "core/expr.h"
#include "port/http.h"
#include "worker/access/jwt.h"

/*
 * The token that a definition asks for, with everything evaluated: `auth` depends on no answer,
 * so it is the same for the whole of a job. `http` is the request for it, whole.
 */
struct token_want {
    uint64_t id; /* of the source and all that is asked with: equal wants share a token */
    struct str source;
    struct http_request http;
    struct str token_path, expires_path; /* as written; empty: none */
    struct str cookie;                   /* where the token is without a path */
    int64_t ttl_ms;                      /* 0: not given */
    /* grant: refresh_token; `http` is without it. refresh_store.h has store and origin. */
    struct str refresh_token, refresh_store, refresh_origin;
    struct jwt_want jwt; /* its key is empty: none. Sent, or with oauth2 asked with */
    bool is_made;        /* the token is the JWT: nothing is asked for */
    struct retry_policy retry;
    int64_t max_wait_ms;
};

/*
 * `network` is a request of the stream, whose proxy, certificates and limits count for tokens
 * too. Everything is in `arena`, but what `network` borrows. ERR_INPUT: an expression failed.
 */
bool token_want_fill(const struct stream *stream, const struct expr_scope *scope,
                     const struct http_request *network, struct arena *arena,
                     struct token_want *ret, struct err *err) MUST_CHECK;

/* A copy that shares nothing with the original. */
struct token_want token_want_copy(struct arena *arena, const struct token_want *want);

#endif

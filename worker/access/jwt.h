#ifndef WORKER_ACCESS_JWT_H
#define WORKER_ACCESS_JWT_H

#include "base/arena.h"
#include "base/err.h"
#include "config/auth.h"
#include "core/value.h"

/* A JSON Web Token (RFC 7519) in JWS' compact form (RFC 7515, section 7.1), to be made. */
struct jwt_want {
    enum jwt_alg alg;
    struct str key;              /* HS256: as it is, else PEM */
    struct value claims;         /* a map, or null */
    struct value header;         /* more of the header: a map, or null */
    struct str issuer, audience; /* where the claims have none; empty: none */
    int64_t ttl_ms;
};

/*
 * `iat` is `now_us` and `exp` comes `ttl` later, where the claims do not say so themselves.
 * ERR_CONFIG: the key does not fit the algorithm; ERR_INPUT: claims that are no map.
 */
bool jwt_make(const struct jwt_want *want, int64_t now_us, struct arena *arena,
              struct str *ret_token, struct err *err) MUST_CHECK;

/* Header and claims as they are, signed: the form that RFC 7515 has examples of. */
bool jwt_sign(const struct jwt_want *want, struct str header, struct str claims,
              struct arena *arena, struct str *ret_token, struct err *err) MUST_CHECK;

#endif

#include "worker/access/jwt.h"

#include "port/digest.h"
#include "port/signature.h"

enum { JWT_BYTES_MAX = 64 * 1024 };

static const char *alg_name(enum jwt_alg alg)
{
    static const char *const names[] = {
        [JWT_HS256] = "HS256", [JWT_RS256] = "RS256", [JWT_ES256] = "ES256"};
    return names[alg];
}

static bool has(struct value map, const char *name)
{
    return value_get(map, str_from(name)).kind != VALUE_UNDEFINED;
}

static void put_members(struct json_out *out, struct value map)
{
    for (size_t i = 0; map.kind == VALUE_MAP && i < map.map->count; i++) {
        json_out_name(out, map.map->members[i].key);
        value_put(out, NULL, map.map->members[i].value);
    }
}

static void put_header(const struct jwt_want *want, struct buf *buf)
{
    struct json_out out = {.buf = buf};
    json_out_open(&out, NULL, '{');
    json_out_str(&out, "alg", str_from(alg_name(want->alg)));
    if (!has(want->header, "typ"))
        json_out_str(&out, "typ", STR("JWT"));
    put_members(&out, want->header);
    json_out_close(&out, '}');
}

static void put_claims(const struct jwt_want *want, int64_t now_us, struct buf *buf)
{
    int64_t now_s = now_us / 1000000;
    struct json_out out = {.buf = buf};
    json_out_open(&out, NULL, '{');
    if (want->issuer.len && !has(want->claims, "iss"))
        json_out_str(&out, "iss", want->issuer);
    if (want->audience.len && !has(want->claims, "aud"))
        json_out_str(&out, "aud", want->audience);
    put_members(&out, want->claims);
    if (!has(want->claims, "iat"))
        json_out_int(&out, "iat", now_s);
    if (!has(want->claims, "exp"))
        json_out_int(&out, "exp", now_s + want->ttl_ms / 1000);
    json_out_close(&out, '}');
}

static bool sign(const struct jwt_want *want, struct str input, struct arena *arena,
                 struct str *ret, struct err *err)
{
    unsigned char *digest = (unsigned char *)arena_alloc(arena, DIGEST_BYTES_MAX);
    if (want->alg != JWT_HS256)
        return signature_make(want->alg == JWT_RS256 ? SIGNATURE_RS256 : SIGNATURE_ES256,
                              want->key, input, arena, ret, err);
    size_t len = digest_hmac(DIGEST_SHA256, want->key, input, digest);
    *ret = (struct str){(const char *)digest, len};
    return true;
}

bool jwt_sign(const struct jwt_want *want, struct str header, struct str claims,
              struct arena *arena, struct str *ret_token, struct err *err)
{
    struct str signature;
    struct str input =
        arena_printf(arena, "%.*s.%.*s", STR_ARG(digest_base64url(arena, header)),
                     STR_ARG(digest_base64url(arena, claims)));
    if (!sign(want, input, arena, &signature, err))
        return err_wrap(err, "jwt");
    *ret_token = arena_printf(arena, "%.*s.%.*s", STR_ARG(input),
                              STR_ARG(digest_base64url(arena, signature)));
    return true;
}

bool jwt_make(const struct jwt_want *want, int64_t now_us, struct arena *arena,
              struct str *ret_token, struct err *err)
{
    AUTO_BUF(header, JWT_BYTES_MAX);
    AUTO_BUF(claims, JWT_BYTES_MAX);
    if ((want->claims.kind != VALUE_MAP && want->claims.kind != VALUE_NULL) ||
        (want->header.kind != VALUE_MAP && want->header.kind != VALUE_NULL))
        return err_set(err, ERR_INPUT, "jwt", 0, "jwt: claims and header are maps");
    put_header(want, &header);
    put_claims(want, now_us, &claims);
    if (header.has_overflowed || claims.has_overflowed)
        return err_set(err, ERR_INPUT, "jwt", 0, "jwt: over %d bytes", JWT_BYTES_MAX);
    return jwt_sign(want, buf_str(&header), buf_str(&claims), arena, ret_token, err);
}

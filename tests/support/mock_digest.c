#include "tests/support/mock_digest.h"

#include <openssl/evp.h>

#include "port/digest.h"
#include "tests/support/mock_server.h"

/* /digest/PATH, to me@shop and pa55-planted alone; ?sha256 asks for that algorithm. */

static struct str hash(const struct mock_digest *digest, struct arena *arena, struct str text)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EVP_Digest(text.ptr, text.len, bytes, &len, digest->is_sha256 ? EVP_sha256() : EVP_md5(),
               NULL);
    return digest_hex(arena, (struct str){(const char *)bytes, len});
}

struct str mock_digest_response(const struct mock_digest *digest, struct arena *arena)
{
    struct str a1 = hash(digest, arena,
                         arena_printf(arena, "%.*s:%.*s:%.*s", STR_ARG(digest->user),
                                      STR_ARG(digest->realm), STR_ARG(digest->password)));
    struct str a2 =
        hash(digest, arena,
             arena_printf(arena, "%.*s:%.*s", STR_ARG(digest->method), STR_ARG(digest->uri)));
    return hash(digest, arena,
                arena_printf(arena, "%.*s:%.*s:%.*s:%.*s:auth:%.*s", STR_ARG(a1),
                             STR_ARG(digest->nonce), STR_ARG(digest->nc),
                             STR_ARG(digest->cnonce), STR_ARG(a2)));
}

/* name="value" or name=value of the Authorization header. */
static struct str param(struct str header, const char *name)
{
    struct str rest = str_slice(header, 7, header.len), pair, key;
    while (rest.len) {
        rest = str_split(rest, ',', &pair);
        struct str value = str_split(str_trim(pair), '=', &key);
        if (!str_is(key, name))
            continue;
        return str_starts(value, STR("\"")) ? str_slice(value, 1, value.len - 1) : value;
    }
    return STR("");
}

static bool is_right(const struct mock_request *request, bool is_sha256)
{
    struct str header = mock_header(request, "authorization");
    const struct mock_digest digest = {.is_sha256 = is_sha256,
                                       .user = STR("me@shop"),
                                       .realm = STR("shop, API"),
                                       .password = STR("pa55-planted"),
                                       .method = request->method,
                                       .uri = request->target,
                                       .nonce = STR("n0nce"),
                                       .nc = param(header, "nc"),
                                       .cnonce = param(header, "cnonce")};
    return str_starts(header, STR("Digest ")) && str_is(param(header, "username"), "me@shop") &&
           str_eq(param(header, "uri"), request->target) &&
           str_eq(param(header, "response"), mock_digest_response(&digest, request->arena));
}

bool mock_digest_guard(struct mock_request *request, struct mock_reply *reply)
{
    struct str gate = STR("/digest");
    bool is_sha256 = str_find(request->query, STR("sha256")) >= 0;
    if (!str_starts(request->path, STR("/digest/")))
        return true;
    if (!is_right(request, is_sha256)) {
        reply->status = 401;
        buf_printf(&reply->headers,
                   "WWW-Authenticate: Basic realm=\"x\"\r\n"
                   "WWW-Authenticate: Digest realm=\"shop, API\", qop=\"auth, auth-int\", "
                   "algorithm=%s, nonce=\"n0nce\", opaque=\"o\"\r\n",
                   is_sha256 ? "SHA-256" : "MD5");
        buf_puts(&reply->body, "{\"error\":\"who?\"}");
        return false;
    }
    request->path = str_slice(request->path, gate.len, request->path.len);
    request->target = str_slice(request->target, gate.len, request->target.len);
    return true;
}

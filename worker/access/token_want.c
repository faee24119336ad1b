#include "worker/access/token_want.h"

#include "base/file.h"
#include "port/digest.h"
#include "port/hash.h"
#include "port/http_url.h"
#include "worker/access/origin.h"

enum { BODY_BYTES_MAX = 1024 * 1024, HEADERS_MAX = 64, ANSWER_BYTES_MAX = 1024 * 1024 };

struct filling {
    const struct auth *auth;
    const struct expr_scope *scope;
    struct arena *arena;
    struct token_want *want;
    struct http_header headers[HEADERS_MAX];
    struct err *err;
};

/* A scalar as its text, anything else as JSON; null and what is not given are empty. */
static struct str text_of(struct arena *arena, struct value value)
{
    if (value.kind == VALUE_STRING || value.kind == VALUE_NUMBER)
        return value.text;
    if (value.kind <= VALUE_NULL)
        return STR_NONE;
    AUTO_BUF(buf, BODY_BYTES_MAX);
    value_format(&buf, value);
    return arena_str(arena, buf_str(&buf));
}

static bool fill_value(const struct filling *filling, const struct template *template,
                       const char *name, struct value *ret)
{
    *ret = NULL_VALUE;
    return !auth_has(template) ||
           template_fill(template, filling->scope, true, filling->arena, ret, filling->err) ||
           err_wrap(filling->err, "auth: %s", name);
}

static bool fill_text(const struct filling *filling, const struct template *template,
                      const char *name, struct str *ret)
{
    struct value value;
    if (!fill_value(filling, template, name, &value))
        return false;
    *ret = text_of(filling->arena, value);
    return true;
}

/* --- forms --- */

static void put_pair(struct arena *arena, struct buf *form, struct str name, struct str value)
{
    if (!value.len)
        return;
    if (form->len)
        buf_put_byte(form, '&');
    buf_put(form, http_url_encode(arena, name));
    buf_put_byte(form, '=');
    buf_put(form, http_url_encode(arena, value));
}

static bool put_named(const struct filling *filling, struct buf *form)
{
    const struct auth *auth = filling->auth;
    for (size_t i = 0; i < auth->param_count; i++) {
        struct str text;
        if (!fill_text(filling, &auth->params[i].template, "params", &text))
            return false;
        put_pair(filling->arena, form, auth->params[i].name, text);
    }
    return true;
}

static bool put_header(struct filling *filling, struct str name, struct str value)
{
    struct http_request *http = &filling->want->http;
    if (http->header_count == HEADERS_MAX)
        return err_set(filling->err, ERR_INPUT, "auth", 0, "auth: more than %d headers",
                       HEADERS_MAX);
    filling->headers[http->header_count++] = (struct http_header){name, value};
    return true;
}

static bool set_body(struct filling *filling, const struct buf *body, struct str type)
{
    struct http_request *http = &filling->want->http;
    if (body->has_overflowed)
        return err_set(filling->err, ERR_INPUT, "auth", 0, "auth: the body is over %d bytes",
                       BODY_BYTES_MAX);
    http->body = arena_str(filling->arena, buf_str(body));
    http->has_body = true;
    return put_header(filling, STR("Content-Type"), type);
}

/* --- oauth2 --- */

static struct str grant_name(enum oauth2_grant grant)
{
    static const struct str names[] = {
        [GRANT_CLIENT_CREDENTIALS] = STR_INIT("client_credentials"),
        [GRANT_PASSWORD] = STR_INIT("password"),
        [GRANT_REFRESH_TOKEN] = STR_INIT("refresh_token"),
        [GRANT_JWT_BEARER] = STR_INIT("urn:ietf:params:oauth:grant-type:jwt-bearer"),
    };
    return names[grant];
}

/* RFC 6749, section 2.3.1: in the header both are encoded as in a form. */
static bool put_client(struct filling *filling, struct buf *form)
{
    const struct auth *auth = filling->auth;
    struct arena *arena = filling->arena;
    struct str id, secret;
    if (!fill_text(filling, &auth->client_id, "client_id", &id) ||
        !fill_text(filling, &auth->client_secret, "client_secret", &secret))
        return false;
    if (!auth->sends_basic || !id.len) {
        put_pair(arena, form, STR("client_id"), id);
        put_pair(arena, form, STR("client_secret"), secret);
        return true;
    }
    struct str pair = arena_printf(arena, "%.*s:%.*s", STR_ARG(http_url_encode(arena, id)),
                                   STR_ARG(http_url_encode(arena, secret)));
    return put_header(filling, STR("Authorization"),
                      arena_printf(arena, "Basic %.*s", STR_ARG(digest_base64(arena, pair))));
}

static bool put_grant(const struct filling *filling, struct buf *form)
{
    const struct auth *auth = filling->auth;
    const struct {
        const char *name, *key;
        const struct template *template;
    } fields[] = {{"username", "user", &auth->user},
                  {"password", "password", &auth->password},
                  {"scope", "scope", &auth->scope},
                  {"audience", "audience", &auth->audience}};
    put_pair(filling->arena, form, STR("grant_type"), grant_name(auth->grant));
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        struct str text;
        if (!fill_text(filling, fields[i].template, fields[i].key, &text))
            return false;
        put_pair(filling->arena, form, str_from(fields[i].name), text);
    }
    return true;
}

static bool fill_jwt(const struct filling *filling)
{
    const struct jwt_form *form = &filling->auth->jwt;
    struct jwt_want *jwt = &filling->want->jwt;
    jwt->alg = form->alg;
    jwt->ttl_ms = form->ttl_ms;
    return fill_text(filling, &form->key, "key", &jwt->key) &&
           fill_value(filling, &form->claims, "claims", &jwt->claims) &&
           fill_value(filling, &form->header, "header", &jwt->header);
}

static bool fill_assertion(const struct filling *filling)
{
    struct jwt_want *jwt = &filling->want->jwt;
    if (filling->auth->grant != GRANT_JWT_BEARER)
        return true;
    jwt->audience = filling->want->http.url;
    return fill_jwt(filling) &&
           fill_text(filling, &filling->auth->client_id, "client_id", &jwt->issuer);
}

/* Who the refresh token was given to, and by whom; not the token itself. */
static bool fill_refresh(const struct filling *filling)
{
    const struct auth *auth = filling->auth;
    struct token_want *want = filling->want;
    unsigned char digest[DIGEST_SHA256_BYTES];
    struct str client;
    if (auth->grant != GRANT_REFRESH_TOKEN)
        return true;
    if (!fill_text(filling, &auth->refresh_token, "refresh_token", &want->refresh_token) ||
        !fill_text(filling, &auth->refresh_store, "refresh_store", &want->refresh_store) ||
        !fill_text(filling, &auth->client_id, "client_id", &client))
        return false;
    want->refresh_store = file_at_home(filling->arena, want->refresh_store);
    digest_sha256(arena_printf(filling->arena, "%.*s\n%.*s\n%.*s", STR_ARG(want->http.url),
                               STR_ARG(client), STR_ARG(want->refresh_token)),
                  digest);
    want->refresh_origin =
        digest_hex(filling->arena, (struct str){(const char *)digest, sizeof digest});
    return true;
}

static bool fill_oauth2(struct filling *filling)
{
    AUTO_BUF(form, BODY_BYTES_MAX);
    filling->want->http.method = STR("POST");
    return fill_refresh(filling) && fill_assertion(filling) && put_grant(filling, &form) &&
           put_client(filling, &form) && put_named(filling, &form) &&
           put_header(filling, STR("Accept"), STR("application/json")) &&
           set_body(filling, &form, STR("application/x-www-form-urlencoded"));
}

/* --- login --- */

static bool put_form_body(struct filling *filling, struct value body, struct buf *out)
{
    if (body.kind != VALUE_MAP)
        return err_set(filling->err, ERR_INPUT, "auth", 0, "auth: a form is made of a map");
    for (size_t i = 0; i < body.map->count; i++)
        put_pair(filling->arena, out, body.map->members[i].key,
                 text_of(filling->arena, body.map->members[i].value));
    return true;
}

static bool fill_login_body(struct filling *filling)
{
    AUTO_BUF(out, BODY_BYTES_MAX);
    struct value body;
    if (!auth_has(&filling->auth->body))
        return true;
    if (!fill_value(filling, &filling->auth->body, "body", &body))
        return false;
    if (filling->auth->has_form)
        return put_form_body(filling, body, &out) &&
               set_body(filling, &out, STR("application/x-www-form-urlencoded"));
    value_format(&out, body);
    return set_body(filling, &out, STR("application/json"));
}

static bool fill_login(struct filling *filling)
{
    const struct auth *auth = filling->auth;
    struct http_request *http = &filling->want->http;
    AUTO_BUF(query, BODY_BYTES_MAX);
    http->method = auth->method;
    if (!put_named(filling, &query))
        return false;
    if (query.len)
        http->url = arena_printf(filling->arena, "%.*s%c%.*s", STR_ARG(http->url),
                                 str_find_byte(http->url, '?') < 0 ? '?' : '&',
                                 STR_ARG(buf_str(&query)));
    for (size_t i = 0; i < auth->header_count; i++) {
        struct str text;
        if (!fill_text(filling, &auth->headers[i].template, "headers", &text) ||
            !put_header(filling, auth->headers[i].name, text))
            return false;
    }
    return fill_login_body(filling);
}

/* --- all of them --- */

static uint64_t fold_value(struct value value, uint64_t id)
{
    AUTO_BUF(text, BODY_BYTES_MAX);
    value_format(&text, value);
    return hash_fold(id, hash_bytes(buf_str(&text), 0));
}

static uint64_t id_of(const struct token_want *want)
{
    const struct http_request *http = &want->http;
    uint64_t id = hash_bytes(want->source, 0);
    id = hash_fold(id, hash_bytes(http->method, 0));
    id = hash_fold(id, hash_bytes(http->url, 0));
    id = hash_fold(id, hash_bytes(http->body, 0));
    id = hash_fold(id, hash_bytes(want->refresh_origin, 0));
    id = hash_fold(id, hash_bytes(want->jwt.key, (uint64_t)want->jwt.alg));
    id = fold_value(want->jwt.header, fold_value(want->jwt.claims, id));
    for (size_t i = 0; i < http->header_count; i++)
        id = hash_bytes(http->headers[i].value,
                        hash_fold(id, hash_bytes(http->headers[i].name, 0)));
    return id;
}

bool token_want_fill(const struct stream *stream, const struct expr_scope *scope,
                     const struct http_request *network, struct arena *arena,
                     struct token_want *ret, struct err *err)
{
    const struct auth *auth = &stream->auth;
    struct token_want want = {.source = stream->source,
                              .http = *network,
                              .token_path = auth->token_path.source,
                              .expires_path = auth->expires_path.source,
                              .cookie = auth->send.cookie,
                              .ttl_ms = auth->ttl_ms,
                              .retry = stream->retry,
                              .max_wait_ms = stream->max_wait_ms};
    struct filling *filling = ARENA_NEW(arena, struct filling);
    *filling = (struct filling){
        .auth = auth, .scope = scope, .arena = arena, .want = &want, .err = err};
    struct http_request *http = &want.http;
    http->headers = filling->headers;
    http->header_count = 0;
    http->body = STR_NONE;
    http->method = STR("GET");
    want.jwt.claims = want.jwt.header = NULL_VALUE;
    http->has_body = http->is_once = false;
    http->max_body_bytes = ANSWER_BYTES_MAX;
    want.is_made = auth->type == AUTH_JWT;
    if (want.is_made
            ? !fill_jwt(filling)
            : !fill_text(filling, &auth->url, auth->type == AUTH_OAUTH2 ? "token_url" : "url",
                         &http->url) ||
                  !(auth->type == AUTH_OAUTH2 ? fill_oauth2(filling) : fill_login(filling)))
        return false;
    http->allow_private =
        stream->allows_private || origin_names_private(arena, http->url, http->url);
    want.id = id_of(&want);
    *ret = want;
    return true;
}

struct token_want token_want_copy(struct arena *arena, const struct token_want *want)
{
    struct token_want copy = *want;
    struct http_request *http = &copy.http;
    struct str *const texts[] = {&copy.source,        &copy.token_path,     &copy.expires_path,
                                 &copy.cookie,        &http->method,        &http->url,
                                 &http->body,         &http->proxy,         &http->ca_file,
                                 &http->cert_file,    &http->key_file,      &copy.refresh_token,
                                 &copy.refresh_store, &copy.refresh_origin, &copy.jwt.key,
                                 &copy.jwt.issuer,    &copy.jwt.audience};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = arena_str(arena, *texts[i]);
    copy.jwt.claims = value_copy(arena, want->jwt.claims);
    copy.jwt.header = value_copy(arena, want->jwt.header);
    struct http_header *headers =
        ARENA_ARRAY(arena, struct http_header, MAX(http->header_count, 1));
    for (size_t i = 0; i < http->header_count; i++)
        headers[i] = (struct http_header){arena_str(arena, want->http.headers[i].name),
                                          arena_str(arena, want->http.headers[i].value)};
    http->headers = headers;
    return copy;
}

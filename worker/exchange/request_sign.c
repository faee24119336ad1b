#include "worker/exchange/request_sign.h"

#include "port/http_url.h"
#include "worker/exchange/request_draft.h"
#include "worker/exchange/request_url.h"

struct signing {
    const struct auth *auth;
    const struct expr_scope *scope;
    struct arena *arena;
    struct http_request *http;
};

static bool put_header(const struct signing *signing, struct str name, struct str value,
                       struct err *err)
{
    struct http_request *http = signing->http;
    for (size_t i = 0; i < value.len; i++)
        if (strchr("\r\n", value.ptr[i]))
            return err_set(err, ERR_INPUT, "request", 0,
                           "header %.*s: the value holds a line break or NUL", STR_ARG(name));
    struct http_header *headers =
        ARENA_ARRAY(signing->arena, struct http_header, http->header_count + 1);
    if (http->header_count)
        memcpy(headers, http->headers, http->header_count * sizeof *headers);
    headers[http->header_count++] = (struct http_header){name, value};
    http->headers = headers;
    return true;
}

static void put_param(const struct signing *signing, struct str name, struct str value)
{
    struct str pair = arena_printf(signing->arena, "%.*s=%.*s",
                                   STR_ARG(http_url_encode(signing->arena, name)),
                                   STR_ARG(http_url_encode(signing->arena, value)));
    signing->http->url = request_url_with_query(signing->arena, signing->http->url, pair);
}

/* One header has all cookies (RFC 6265, section 5.4): behind those that the definition has. */
static bool put_cookie(const struct signing *signing, struct str name, struct str value,
                       struct err *err)
{
    struct http_request *http = signing->http;
    struct str pair = arena_printf(signing->arena, "%.*s=%.*s", STR_ARG(name), STR_ARG(value));
    size_t kept = 0;
    struct http_header *headers =
        ARENA_ARRAY(signing->arena, struct http_header, MAX(http->header_count, 1));
    for (size_t i = 0; i < http->header_count; i++) {
        if (str_eq_nocase(http->headers[i].name, STR("cookie")))
            pair = arena_join(signing->arena, http->headers[i].value, "; ", pair);
        else
            headers[kept++] = http->headers[i];
    }
    http->headers = headers;
    http->header_count = kept;
    return put_header(signing, STR("Cookie"), pair, err);
}

static bool prefix_of(const struct signing *signing, struct str header, struct str *ret,
                      struct err *err)
{
    const struct auth_send *send = &signing->auth->send;
    struct value value;
    *ret = str_eq_nocase(header, STR("authorization")) ? STR("Bearer ") : STR_NONE;
    if (!auth_has(&send->prefix))
        return true;
    if (!template_fill(&send->prefix, signing->scope, true, signing->arena, &value, err))
        return err_wrap(err, "auth: send.prefix");
    *ret = request_draft_text(signing->arena, value);
    return true;
}

/* A token, or what else says who asks. */
static bool send_text(const struct signing *signing, struct str text, struct err *err)
{
    const struct auth_send *send = &signing->auth->send;
    struct str header = send->header.len ? send->header : STR("Authorization"), prefix;
    if (send->param.len) {
        put_param(signing, send->param, text);
        return true;
    }
    if (send->cookie.len)
        return put_cookie(signing, send->cookie, text, err);
    return prefix_of(signing, header, &prefix, err) &&
           put_header(signing, header,
                      arena_printf(signing->arena, "%.*s%.*s", STR_ARG(prefix), STR_ARG(text)),
                      err);
}

bool request_sign(const struct stream *stream, const struct request *request,
                  const struct expr_scope *scope, struct str token, struct arena *arena,
                  struct http_request *ret_http, struct err *err)
{
    struct http_request http = request->http;
    const struct signing signing = {&stream->auth, scope, arena, &http};
    if (request->is_home && token.len && !send_text(&signing, token, err))
        return false;
    *ret_http = http;
    return true;
}

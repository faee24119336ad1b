#include "worker/exchange/request_sign.h"

#include "base/date.h"
#include "port/digest.h"
#include "port/http_url.h"
#include "worker/access/sigv4.h"
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

static bool fill_text(const struct signing *signing, const struct template *template,
                      const char *name, struct str *ret, struct err *err)
{
    struct value value = NULL_VALUE;
    if (auth_has(template) &&
        !template_fill(template, signing->scope, true, signing->arena, &value, err))
        return err_wrap(err, "auth: %s", name);
    *ret =
        request_draft_leaves_out(value) ? STR_NONE : request_draft_text(signing->arena, value);
    return true;
}

/* --- aws_sigv4, digest --- */

static bool sign_sigv4(const struct signing *signing, int64_t now_us, struct err *err)
{
    const struct sigv4_form *form = &signing->auth->sigv4;
    struct sigv4 sigv4;
    struct http_header headers[SIGV4_HEADERS];
    size_t count = 0;
    if (!fill_text(signing, &form->service, "service", &sigv4.service, err) ||
        !fill_text(signing, &form->region, "region", &sigv4.region, err) ||
        !fill_text(signing, &form->access_key, "access_key", &sigv4.access_key, err) ||
        !fill_text(signing, &form->secret_key, "secret_key", &sigv4.secret_key, err) ||
        !fill_text(signing, &form->session_token, "session_token", &sigv4.session_token, err) ||
        !sigv4_sign(&sigv4, signing->http, now_us, signing->arena, headers, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!put_header(signing, headers[i].name, headers[i].value, err))
            return false;
    return true;
}

static bool set_digest(const struct signing *signing, struct err *err)
{
    const struct auth *auth = signing->auth;
    return fill_text(signing, &auth->user, "user", &signing->http->digest_user, err) &&
           fill_text(signing, &auth->password, "password", &signing->http->digest_password,
                     err);
}

/* --- hmac --- */

/* The scope of `message`: `request`, and what every expression knows. */
struct message_scope {
    const struct expr_scope *outer;
    struct value request;
};

static bool find_in_message(void *ctx, struct str name, struct arena *arena, struct value *ret)
{
    const struct message_scope *scope = ctx;
    if (!str_is(name, "request"))
        return scope->outer->find(scope->outer->ctx, name, arena, ret);
    *ret = scope->request;
    return true;
}

static struct str time_text(struct arena *arena, enum time_form form, int64_t now_us)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct date_civil at;
    int64_t now_s = now_us / 1000000;
    if (form == TIME_EPOCH)
        return arena_printf(arena, "%lld", (long long)now_s);
    if (form == TIME_EPOCH_MS)
        return arena_printf(arena, "%lld", (long long)(now_us / 1000));
    date_civil_from_us(now_s * 1000000, &at);
    if (form == TIME_ISO)
        return arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02dZ", at.year, at.month, at.day,
                            at.hour, at.minute, at.second);
    return arena_printf(arena, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                        days[date_weekday(date_days_from_civil(at.year, at.month, at.day))],
                        at.day, months[at.month - 1], at.year, at.hour, at.minute, at.second);
}

static bool show_request(const struct signing *signing, struct str time, struct value *ret,
                         struct err *err)
{
    const struct http_request *http = signing->http;
    struct http_url url;
    if (!http_url_parse(signing->arena, http->url, &url, err))
        return false;
    struct str path = url.path.len ? url.path : STR("/");
    struct str body = http->has_body ? http->body : STR("");
    const struct value_member members[] = {
        {STR("method"), value_string(http->method)},
        {STR("url"), value_string(http->url)},
        {STR("host"), value_string(url.host)},
        {STR("path"), value_string(path)},
        {STR("query"), value_string(url.query.ptr ? url.query : STR(""))},
        {STR("body"), value_string(body)},
        {STR("time"), value_string(time)},
    };
    struct value_map *map = ARENA_NEW(signing->arena, struct value_map);
    map->members = ARENA_ARRAY(signing->arena, struct value_member, COUNT_OF(members));
    map->count = COUNT_OF(members);
    memcpy(map->members, members, sizeof members);
    *ret = (struct value){.kind = VALUE_MAP, .map = map};
    return true;
}

static bool fill_message(const struct signing *signing, struct str time, struct str *ret,
                         struct err *err)
{
    struct message_scope message = {.outer = signing->scope};
    if (!show_request(signing, time, &message.request, err))
        return false;
    struct expr_scope scope = *signing->scope;
    scope.find = find_in_message;
    scope.ctx = &message;
    struct signing with = *signing;
    with.scope = &scope;
    return fill_text(&with, &signing->auth->hmac.message, "message", ret, err);
}

static bool fill_key(const struct signing *signing, struct str *ret, struct err *err)
{
    const struct hmac_form *form = &signing->auth->hmac;
    struct str text;
    if (!fill_text(signing, &form->key, "key", &text, err))
        return false;
    *ret = text;
    if (form->coding == CODING_TEXT ||
        (form->coding == CODING_BASE64 && digest_base64_decode(signing->arena, text, ret)) ||
        (form->coding == CODING_HEX && digest_unhex(signing->arena, text, ret)))
        return true;
    return err_set(err, ERR_CONFIG, "request", 0, "auth: the key is not written in %s",
                   form->coding == CODING_HEX ? "hexadecimal" : "base64");
}

static bool sign_hmac(const struct signing *signing, int64_t now_us, struct err *err)
{
    const struct hmac_form *form = &signing->auth->hmac;
    struct str key, message, time = time_text(signing->arena, form->time, now_us);
    if (form->time_param.len)
        put_param(signing, form->time_param, time);
    if ((form->time_header.len && !put_header(signing, form->time_header, time, err)) ||
        !fill_key(signing, &key, err) || !fill_message(signing, time, &message, err))
        return false;
    unsigned char digest[DIGEST_BYTES_MAX];
    struct str bytes = {(const char *)digest,
                        digest_hmac((enum digest_alg)form->alg, key, message, digest)};
    return send_text(signing,
                     form->is_hex ? digest_hex(signing->arena, bytes)
                                  : digest_base64(signing->arena, bytes),
                     err);
}

/* --- all of them --- */

static bool sign(const struct signing *signing, const struct sign_with *with, struct err *err)
{
    switch (signing->auth->type) {
    case AUTH_AWS_SIGV4:
        return sign_sigv4(signing, with->now_us, err);
    case AUTH_HMAC:
        return sign_hmac(signing, with->now_us, err);
    case AUTH_DIGEST:
        return set_digest(signing, err);
    default:
        return !with->token.len || send_text(signing, with->token, err);
    }
}

bool request_sign(const struct stream *stream, const struct request *request,
                  const struct sign_with *with, struct arena *arena,
                  struct http_request *ret_http, struct err *err)
{
    struct http_request http = request->http;
    const struct signing signing = {&stream->auth, with->scope, arena, &http};
    if (request->is_home && !sign(&signing, with, err))
        return false;
    *ret_http = http;
    return true;
}

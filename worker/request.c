#include "worker/request.h"

#include "port/digest.h"
#include "port/hash.h"
#include "worker/origin.h"

enum { BODY_BYTES_MAX = 16 * 1024 * 1024, URL_BYTES_MAX = 64 * 1024, HEADERS_MAX = 256 };

struct draft {
    const struct stream *stream;
    const struct expr_scope *scope;
    struct arena *arena;
    const struct pager_param *params; /* the pager's */
    size_t param_count;
    struct buf query, secret_query;
    struct str own;
    bool is_own; /* else it goes without credentials */
    struct http_header headers[HEADERS_MAX];
    size_t header_count;
    uint64_t hash, credential;
};

/* A scalar as the text of a parameter or header; lists and objects as JSON. */
static struct str text_of(struct arena *arena, struct value value)
{
    if (value.kind == VALUE_STRING || value.kind == VALUE_NUMBER)
        return value.text;
    if (value.kind == VALUE_BOOL)
        return value.boolean ? STR("true") : STR("false");
    AUTO_BUF struct buf buf;
    buf_init(&buf, URL_BYTES_MAX);
    value_format(&buf, value);
    return arena_str(arena, buf_str(&buf));
}

static bool is_left_out(struct value value)
{
    return value.kind == VALUE_NULL || value.kind == VALUE_OMIT ||
           value.kind == VALUE_UNDEFINED;
}

static void put_pair(struct draft *draft, struct buf *query, struct str name,
                     struct value value)
{
    if (is_left_out(value))
        return;
    if (query->len)
        buf_put_byte(query, '&');
    buf_put(query, http_encode(draft->arena, name));
    buf_put_byte(query, '=');
    buf_put(query, http_encode(draft->arena, text_of(draft->arena, value)));
}

static void put_param(struct draft *draft, struct buf *query, struct str name,
                      struct value value)
{
    if (value.kind != VALUE_LIST) {
        put_pair(draft, query, name, value);
        return;
    }
    for (size_t i = 0; i < value.list->count; i++)
        put_pair(draft, query, name, value.list->items[i]);
}

static bool pager_sets(const struct draft *draft, enum placement place, struct str name)
{
    for (size_t i = 0; i < draft->param_count; i++) {
        const struct param_place *at = draft->params[i].place;
        bool same =
            place == PLACE_HEADER ? str_eq_nocase(at->name, name) : str_eq(at->name, name);
        if (at->place == place && same)
            return true;
    }
    return false;
}

/* Those that are credentials, or the others. */
static bool fill_stream_params(struct draft *draft, bool secret, struct err *err)
{
    const struct stream *stream = draft->stream;
    for (size_t i = 0; i < stream->param_count; i++) {
        const struct named_template *param = &stream->params[i];
        struct value value;
        if (pager_sets(draft, PLACE_QUERY, param->name) ||
            origin_is_secret(&param->template) != secret)
            continue;
        if (!template_fill(&param->template, draft->scope, true, draft->arena, &value, err))
            return err_wrap(err, "params.%.*s", STR_ARG(param->name));
        put_param(draft, secret ? &draft->secret_query : &draft->query, param->name, value);
    }
    return true;
}

static bool fill_params(struct draft *draft, struct err *err)
{
    if (!fill_stream_params(draft, false, err))
        return false;
    for (size_t i = 0; i < draft->param_count; i++)
        if (draft->params[i].place->place == PLACE_QUERY)
            put_param(draft, &draft->query, draft->params[i].place->name,
                      draft->params[i].value);
    return true;
}

static bool add_header(struct draft *draft, struct str name, struct str value, struct err *err)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] == '\r' || value.ptr[i] == '\n' || value.ptr[i] == '\0')
            return err_set(err, ERR_INPUT, "request", 0,
                           "header %.*s: the value holds a line break or NUL", STR_ARG(name));
    if (draft->header_count == HEADERS_MAX)
        return err_set(err, ERR_INPUT, "request", 0, "more than %d headers", HEADERS_MAX);
    draft->headers[draft->header_count++] = (struct http_header){name, value};
    return true;
}

/* Those that are credentials, or the others. */
static bool fill_stream_headers(struct draft *draft, bool secret, struct err *err)
{
    const struct stream *stream = draft->stream;
    for (size_t i = 0; i < stream->header_count; i++) {
        const struct named_template *header = &stream->headers[i];
        struct value value;
        if (pager_sets(draft, PLACE_HEADER, header->name) ||
            origin_is_secret(&header->template) != secret)
            continue;
        if (!template_fill(&header->template, draft->scope, true, draft->arena, &value, err))
            return err_wrap(err, "headers.%.*s", STR_ARG(header->name));
        struct str text = text_of(draft->arena, value);
        if (!is_left_out(value) && !add_header(draft, header->name, text, err))
            return false;
        if (secret)
            draft->credential = hash_fold(draft->credential, hash_bytes(text, 0));
    }
    return true;
}

static bool fill_headers(struct draft *draft, struct err *err)
{
    if (!fill_stream_headers(draft, false, err))
        return false;
    for (size_t i = 0; i < draft->param_count; i++) {
        const struct pager_param *param = &draft->params[i];
        struct str text = text_of(draft->arena, param->value);
        if (param->place->place != PLACE_HEADER)
            continue;
        if (!add_header(draft, param->place->name, text, err))
            return false;
        draft->hash = hash_fold(draft->hash, hash_bytes(text, 0));
    }
    return true;
}

/* A copy of `body` with `value` set at the keys from `steps`. */
static struct value body_with(struct arena *arena, struct value body,
                              const struct path_step *steps, size_t count, struct value value)
{
    if (count == 0)
        return value;
    size_t old = body.kind == VALUE_MAP ? body.map->count : 0;
    struct value_map *map = ARENA_NEW(arena, struct value_map);
    map->members = ARENA_ARRAY(arena, struct value_member, old + 1);
    for (size_t i = 0; i < old; i++)
        map->members[map->count++] = body.map->members[i];
    size_t at = 0;
    while (at < map->count && !str_eq(map->members[at].key, steps[0].key))
        at++;
    if (at == map->count)
        map->members[map->count++] = (struct value_member){steps[0].key, VALUE_NONE};
    map->members[at].value =
        body_with(arena, map->members[at].value, steps + 1, count - 1, value);
    return (struct value){.kind = VALUE_MAP, .map = map};
}

static bool format_body(struct draft *draft, struct value body, struct buf *out,
                        struct err *err)
{
    if (draft->stream->body_type == BODY_TEXT) {
        buf_put(out, text_of(draft->arena, body));
    } else if (draft->stream->body_type == BODY_FORM && body.kind == VALUE_MAP) {
        for (size_t i = 0; i < body.map->count; i++)
            put_pair(draft, out, body.map->members[i].key, body.map->members[i].value);
    } else {
        value_format(out, body);
    }
    return !out->overflow ||
           err_set(err, ERR_INPUT, "request", 0, "the body is over %d bytes", BODY_BYTES_MAX);
}

static bool has_header(const struct draft *draft, struct str name)
{
    for (size_t i = 0; i < draft->header_count; i++)
        if (str_eq_nocase(draft->headers[i].name, name))
            return true;
    return false;
}

static struct str content_type(enum body_type type)
{
    if (type == BODY_FORM)
        return STR("application/x-www-form-urlencoded");
    return type == BODY_TEXT ? STR("text/plain; charset=utf-8") : STR("application/json");
}

static bool check_body_leaves(const struct stream *stream, struct err *err)
{
    return !stream->body || !origin_is_secret(stream->body) ||
           err_set(err, ERR_INPUT, "request", 0,
                   "the body holds a credential, which cannot go to another origin");
}

static bool fill_body(struct draft *draft, struct http_request *http, struct err *err)
{
    const struct template *body_template = draft->stream->body;
    struct value body = VALUE_NOTHING;
    if (body_template &&
        !template_fill(body_template, draft->scope, true, draft->arena, &body, err))
        return err_wrap(err, "body");
    for (size_t i = 0; i < draft->param_count; i++) {
        const struct pager_param *param = &draft->params[i];
        if (param->place->place == PLACE_BODY)
            body = body_with(draft->arena, body, param->place->path.steps,
                             param->place->path.count, param->value);
    }
    if (is_left_out(body))
        return true;
    if (!draft->is_own && !check_body_leaves(draft->stream, err))
        return false;
    AUTO_BUF struct buf out;
    buf_init(&out, BODY_BYTES_MAX);
    if (!format_body(draft, body, &out, err))
        return false;
    http->has_body = true;
    http->body = arena_str(draft->arena, buf_str(&out));
    draft->hash = hash_fold(draft->hash, hash_bytes(http->body, 0));
    return has_header(draft, STR("content-type")) ||
           add_header(draft, STR("Content-Type"), content_type(draft->stream->body_type), err);
}

static bool secret_text(struct draft *draft, const struct template *template, struct str *ret,
                        struct err *err)
{
    struct value value;
    if (!template_fill(template, draft->scope, true, draft->arena, &value, err))
        return err_wrap(err, "auth");
    *ret = text_of(draft->arena, value);
    draft->credential = hash_fold(draft->credential, hash_bytes(*ret, 0));
    return true;
}

static bool fill_basic(struct draft *draft, struct err *err)
{
    const struct auth *auth = &draft->stream->auth;
    struct str user, password;
    if (!secret_text(draft, &auth->user, &user, err) ||
        !secret_text(draft, &auth->password, &password, err))
        return false;
    struct str pair = arena_printf(draft->arena, "%.*s:%.*s", STR_ARG(user), STR_ARG(password));
    struct str coded = digest_base64(draft->arena, pair);
    return add_header(draft, STR("Authorization"),
                      arena_printf(draft->arena, "Basic %.*s", STR_ARG(coded)), err);
}

static bool fill_auth(struct draft *draft, struct err *err)
{
    const struct auth *auth = &draft->stream->auth;
    struct str secret;
    if (auth->type == AUTH_NONE)
        return true;
    if (auth->type == AUTH_BASIC)
        return fill_basic(draft, err);
    bool bearer = auth->type == AUTH_BEARER;
    if (!secret_text(draft, bearer ? &auth->token : &auth->value, &secret, err))
        return false;
    if (bearer)
        return add_header(draft, STR("Authorization"),
                          arena_printf(draft->arena, "Bearer %.*s", STR_ARG(secret)), err);
    if (!auth->in_query)
        return add_header(draft, auth->name, secret, err);
    put_pair(draft, &draft->secret_query, auth->name, value_string(secret));
    return true;
}

/* Headers and parameters that say who we are, for our own origin alone. */
static bool fill_credentials(struct draft *draft, struct request *request, struct err *err)
{
    request->public_header_count = draft->header_count;
    if (!draft->is_own)
        return true;
    if (!fill_stream_headers(draft, true, err) || !fill_stream_params(draft, true, err) ||
        !fill_auth(draft, err))
        return false;
    if (draft->secret_query.overflow)
        return err_set(err, ERR_INPUT, "request", 0, "the URL is over %d bytes", URL_BYTES_MAX);
    request->secret_query = arena_str(draft->arena, buf_str(&draft->secret_query));
    request->credential = hash_fold(draft->credential, hash_bytes(request->secret_query, 0));
    return true;
}

static struct str with_query(struct arena *arena, struct str url, struct str query)
{
    if (!query.len)
        return url;
    const char *joint = str_find_byte(url, '?') < 0 ? "?" : "&";
    return arena_printf(arena, "%.*s%s%.*s", STR_ARG(url), joint, STR_ARG(query));
}

static bool fill_url(struct draft *draft, const struct pager *pager, struct str *ret_url,
                     struct err *err)
{
    struct value value;
    if (!template_fill(&draft->stream->url, draft->scope, true, draft->arena, &value, err))
        return err_wrap(err, "url");
    draft->own = text_of(draft->arena, value);
    draft->is_own = true;
    if (pager->url.len) {
        *ret_url = pager->url;
        return origin_check(draft->stream, draft->arena, draft->own, pager->url,
                            &draft->is_own, err);
    }
    if (!fill_params(draft, err))
        return false;
    struct str query = arena_str(draft->arena, buf_str(&draft->query));
    *ret_url = with_query(draft->arena, draft->own, query);
    if (draft->query.overflow || ret_url->len > URL_BYTES_MAX)
        return err_set(err, ERR_INPUT, "request", 0, "the URL is over %d bytes", URL_BYTES_MAX);
    return true;
}

static void set_limits(struct http_request *http, const struct stream *stream)
{
    http->timeouts = (struct http_timeouts){
        .connect_ms = stream->timeouts.connect_ms,
        .first_byte_ms = stream->timeouts.first_byte_ms,
        .idle_ms = stream->timeouts.idle_ms,
        .total_ms = stream->timeouts.total_ms,
    };
    http->max_body_bytes = (size_t)stream->max_body_bytes;
    http->allow_http = stream->allow_http;
    http->proxy = stream->proxy;
    http->ca_file = stream->ca_file;
}

/* Where it goes: the address, and what that place may be told. */
static void aim(const struct stream *stream, struct arena *arena, bool is_own,
                struct request *request)
{
    struct http_request *http = &request->http;
    request->host = origin_host(arena, request->url);
    http->url = is_own ? with_query(arena, request->url, request->secret_query) : request->url;
    http->header_count = is_own ? request->header_count : request->public_header_count;
    http->cert_file = is_own ? stream->cert_file : STR_NONE;
    http->key_file = is_own ? stream->key_file : STR_NONE;
    http->allow_private =
        stream->allow_private || origin_names_private(arena, request->own, request->url);
}

static bool fill(struct draft *draft, const struct pager *pager, struct request *request,
                 struct err *err)
{
    struct http_request *http = &request->http;
    http->method = draft->stream->method;
    set_limits(http, draft->stream);
    draft->hash = hash_bytes(http->method, 0);
    if (!fill_url(draft, pager, &request->url, err) || !fill_headers(draft, err) ||
        !fill_body(draft, http, err) || !fill_credentials(draft, request, err))
        return false;
    request->own = draft->own;
    request->header_count = draft->header_count;
    http->headers = draft->headers;
    aim(draft->stream, draft->arena, draft->is_own, request);
    request->hash = hash_fold(draft->hash, hash_bytes(request->url, 0));
    return true;
}

bool request_build(const struct stream *stream, const struct pager *pager,
                   const struct scope *scope, struct arena *arena, struct request *ret_request,
                   struct err *err)
{
    struct pager_param params[2];
    struct draft *draft = ARENA_NEW(arena, struct draft);
    struct request request = {0};
    draft->stream = stream;
    draft->scope = &scope->expr;
    draft->arena = arena;
    draft->params = params;
    draft->param_count = pager_params(pager, arena, params);
    buf_init(&draft->query, URL_BYTES_MAX);
    buf_init(&draft->secret_query, URL_BYTES_MAX);
    bool done = fill(draft, pager, &request, err);
    buf_done(&draft->query);
    buf_done(&draft->secret_query);
    if (done)
        *ret_request = request;
    return done;
}

bool request_redirect(const struct stream *stream, struct arena *arena, struct str location,
                      struct request *request, struct err *err)
{
    struct str url;
    bool is_own;
    if (!http_url_resolve(arena, request->url, location, &url, err) ||
        !origin_check(stream, arena, request->own, url, &is_own, err) ||
        (!is_own && !check_body_leaves(stream, err)))
        return err_wrap(err, "redirect to %.*s", STR_ARG(str_slice(location, 0, 200)));
    request->url = origin_clean(stream, arena, url);
    aim(stream, arena, is_own, request);
    return true;
}

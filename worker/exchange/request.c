#include "worker/exchange/request_internal.h"

#include "port/hash.h"
#include "port/http_url.h"
#include "worker/access/origin.h"

enum { BODY_BYTES_MAX = 16 * 1024 * 1024 };

struct str request_text(struct arena *arena, struct value value)
{
    if (value.kind == VALUE_STRING || value.kind == VALUE_NUMBER)
        return value.text;
    if (value.kind == VALUE_BOOL)
        return value.boolean ? STR("true") : STR("false");
    AUTO_BUF(buf, REQUEST_URL_MAX);
    value_format(&buf, value);
    return arena_str(arena, buf_str(&buf));
}

bool request_leaves_out(struct value value)
{
    return value.kind == VALUE_NULL || value.kind == VALUE_OMIT ||
           value.kind == VALUE_UNDEFINED;
}

void request_put_pair(struct draft *draft, struct buf *query, struct str name,
                      struct value value)
{
    if (request_leaves_out(value))
        return;
    if (query->len)
        buf_put_byte(query, '&');
    buf_put(query, http_url_encode(draft->arena, name));
    buf_put_byte(query, '=');
    buf_put(query, http_url_encode(draft->arena, request_text(draft->arena, value)));
}

void request_put_param(struct draft *draft, struct buf *query, struct str name,
                       struct value value)
{
    if (value.kind != VALUE_LIST) {
        request_put_pair(draft, query, name, value);
        return;
    }
    for (size_t i = 0; i < value.list->count; i++)
        request_put_pair(draft, query, name, value.list->items[i]);
}

bool request_pager_sets(const struct draft *draft, enum placement place, struct str name)
{
    for (size_t i = 0; i < draft->params.count; i++) {
        const struct param_place *at = draft->params.items[i].place;
        bool same =
            place == PLACE_HEADER ? str_eq_nocase(at->name, name) : str_eq(at->name, name);
        if (at->place == place && same)
            return true;
    }
    return false;
}

bool request_put_header(struct draft *draft, struct str name, struct str value, struct err *err)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] == '\r' || value.ptr[i] == '\n' || value.ptr[i] == '\0')
            return err_set(err, ERR_INPUT, "request", 0,
                           "header %.*s: the value holds a line break or NUL", STR_ARG(name));
    if (draft->header_count == REQUEST_HEADERS_MAX)
        return err_set(err, ERR_INPUT, "request", 0, "more than %d headers",
                       REQUEST_HEADERS_MAX);
    draft->headers[draft->header_count++] = (struct http_header){name, value};
    return true;
}

struct str request_with_query(struct arena *arena, struct str url, struct str query)
{
    if (!query.len)
        return url;
    const char *joint = str_find_byte(url, '?') < 0 ? "?" : "&";
    return arena_printf(arena, "%.*s%s%.*s", STR_ARG(url), joint, STR_ARG(query));
}

bool request_put_params(struct draft *draft, bool secret, struct err *err)
{
    const struct stream *stream = draft->stream;
    struct buf *query = secret ? &draft->secret_query : &draft->query;
    for (size_t i = 0; i < stream->param_count; i++) {
        const struct named_template *param = &stream->params[i];
        struct value value;
        if (request_pager_sets(draft, PLACE_QUERY, param->name) ||
            secrets_used_by(&param->template) != secret)
            continue;
        if (!template_fill(&param->template, draft->scope, true, draft->arena, &value, err))
            return err_wrap(err, "params.%.*s", STR_ARG(param->name));
        request_put_param(draft, query, param->name, value);
    }
    return true;
}

bool request_put_headers(struct draft *draft, bool secret, struct err *err)
{
    const struct stream *stream = draft->stream;
    for (size_t i = 0; i < stream->header_count; i++) {
        const struct named_template *header = &stream->headers[i];
        struct value value;
        if (request_pager_sets(draft, PLACE_HEADER, header->name) ||
            secrets_used_by(&header->template) != secret)
            continue;
        if (!template_fill(&header->template, draft->scope, true, draft->arena, &value, err))
            return err_wrap(err, "headers.%.*s", STR_ARG(header->name));
        struct str text = request_text(draft->arena, value);
        if (!request_leaves_out(value) && !request_put_header(draft, header->name, text, err))
            return false;
        if (secret)
            draft->credential = hash_fold(draft->credential, hash_bytes(text, 0));
    }
    return true;
}

static bool fill_headers(struct draft *draft, struct err *err)
{
    if (!request_put_headers(draft, false, err))
        return false;
    for (size_t i = 0; i < draft->params.count; i++) {
        const struct pager_param *param = &draft->params.items[i];
        struct str text = request_text(draft->arena, param->value);
        if (param->place->place != PLACE_HEADER)
            continue;
        if (!request_put_header(draft, param->place->name, text, err))
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
        map->members[map->count++] = (struct value_member){steps[0].key, NULL_VALUE};
    map->members[at].value =
        body_with(arena, map->members[at].value, steps + 1, count - 1, value);
    return (struct value){.kind = VALUE_MAP, .map = map};
}

static bool format_body(struct draft *draft, struct value body, struct buf *out,
                        struct err *err)
{
    if (draft->stream->body_type == BODY_TEXT) {
        buf_put(out, request_text(draft->arena, body));
    } else if (draft->stream->body_type == BODY_FORM && body.kind == VALUE_MAP) {
        for (size_t i = 0; i < body.map->count; i++)
            request_put_pair(draft, out, body.map->members[i].key, body.map->members[i].value);
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

/* Is the body that stands for `stream` a credential? Then it cannot go elsewhere. */
static bool check_body_leaves(const struct stream *stream, struct err *err)
{
    const struct template *next = stream->pagination.next_page.body;
    bool is_secret =
        (stream->body && secrets_used_by(stream->body)) || (next && secrets_used_by(next));
    return !is_secret ||
           err_set(err, ERR_INPUT, "request", 0,
                   "the body holds a credential, which cannot go to another origin");
}

static bool fill_body(struct draft *draft, struct http_request *http, struct err *err)
{
    const struct template *body_template = draft->stream->body;
    struct value body = draft->pager->body;
    if (body.kind == VALUE_UNDEFINED && body_template &&
        !template_fill(body_template, draft->scope, true, draft->arena, &body, err))
        return err_wrap(err, "body");
    for (size_t i = 0; i < draft->params.count; i++) {
        const struct pager_param *param = &draft->params.items[i];
        if (param->place->place == PLACE_BODY)
            body = body_with(draft->arena, body, param->place->path.steps,
                             param->place->path.count, param->value);
    }
    if (request_leaves_out(body))
        return true;
    if (!draft->is_own && !check_body_leaves(draft->stream, err))
        return false;
    AUTO_BUF(out, BODY_BYTES_MAX);
    if (!format_body(draft, body, &out, err))
        return false;
    http->has_body = true;
    http->body = arena_str(draft->arena, buf_str(&out));
    draft->hash = hash_fold(draft->hash, hash_bytes(http->body, 0));
    return has_header(draft, STR("content-type")) ||
           request_put_header(draft, STR("Content-Type"),
                              content_type(draft->stream->body_type), err);
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
    http->allow_http = stream->allows_http;
    http->proxy = stream->proxy;
    http->ca_file = stream->ca_file;
}

/* Where it goes, and which credentials may go there. */
static void aim(const struct stream *stream, struct arena *arena, bool is_own,
                struct request *request)
{
    struct http_request *http = &request->http;
    struct str query = is_own ? request->secret_query : STR_NONE;
    request->host = origin_host(arena, request->url);
    http->url = request_with_query(arena, request->url, query);
    http->header_count = is_own ? request->header_count : request->public_header_count;
    http->cert_file = is_own ? stream->cert_file : STR_NONE;
    http->key_file = is_own ? stream->key_file : STR_NONE;
    http->allow_private =
        stream->allows_private || origin_names_private(arena, request->own, request->url);
}

static bool fill(struct draft *draft, struct request *request, struct err *err)
{
    struct http_request *http = &request->http;
    http->method = draft->stream->method;
    http->is_once = !stream_is_repeatable(draft->stream);
    set_limits(http, draft->stream);
    draft->hash = hash_bytes(http->method, 0);
    if (!request_fill_url(draft, &request->url, err) || !fill_headers(draft, err) ||
        !fill_body(draft, http, err) || !request_fill_secrets(draft, request, err))
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
    struct draft *draft = ARENA_NEW(arena, struct draft);
    struct request request = {0};
    draft->stream = stream;
    draft->scope = &scope->expr;
    draft->arena = arena;
    draft->pager = pager;
    pager_params(pager, arena, &draft->params);
    buf_init(&draft->query, REQUEST_URL_MAX);
    buf_init(&draft->secret_query, REQUEST_URL_MAX);
    bool done = fill(draft, &request, err);
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

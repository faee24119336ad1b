#include "worker/request.h"

#include "port/address.h"
#include "port/digest.h"
#include "port/hash.h"

enum { BODY_BYTES_MAX = 16 * 1024 * 1024, URL_BYTES_MAX = 64 * 1024, HEADERS_MAX = 256 };

struct draft {
    const struct stream *stream;
    const struct expr_scope *scope;
    struct arena *arena;
    const struct pager *pager;
    struct pager_params params; /* the pager's */
    struct buf query;
    struct str configured; /* the stream's own URL, without params */
    struct http_header headers[HEADERS_MAX];
    size_t header_count;
    uint64_t hash;
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

static void put_param(struct draft *draft, struct str name, struct value value)
{
    if (value.kind != VALUE_LIST) {
        put_pair(draft, &draft->query, name, value);
        return;
    }
    for (size_t i = 0; i < value.list->count; i++)
        put_pair(draft, &draft->query, name, value.list->items[i]);
}

static bool pager_sets(const struct draft *draft, enum placement place, struct str name)
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

/* Members of next_page that name a credential are not part of the paging state. */
static bool fill_next_secrets(struct draft *draft, enum placement place, struct err *err)
{
    const struct next_page *next = &draft->stream->pagination.next_page;
    const struct template *map = place == PLACE_HEADER ? next->headers : next->params;
    if (draft->pager->page == 0 || !map || map->kind != TEMPLATE_MAP)
        return true;
    for (size_t i = 0; i < map->count; i++) {
        struct value value;
        if (!secrets_used_by(&map->items[i]))
            continue;
        if (!template_fill(&map->items[i], draft->scope, true, draft->arena, &value, err))
            return err_wrap(err, "next_page: %.*s", STR_ARG(map->keys[i]));
        if (place != PLACE_HEADER)
            put_param(draft, map->keys[i], value);
        else if (!is_left_out(value) &&
                 !add_header(draft, map->keys[i], text_of(draft->arena, value), err))
            return false;
    }
    return true;
}

static bool fill_params(struct draft *draft, struct err *err)
{
    const struct stream *stream = draft->stream;
    for (size_t i = 0; i < stream->param_count; i++) {
        const struct named_template *param = &stream->params[i];
        struct value value;
        if (pager_sets(draft, PLACE_QUERY, param->name))
            continue;
        if (!template_fill(&param->template, draft->scope, true, draft->arena, &value, err))
            return err_wrap(err, "params.%.*s", STR_ARG(param->name));
        put_param(draft, param->name, value);
    }
    for (size_t i = 0; i < draft->params.count; i++)
        if (draft->params.items[i].place->place == PLACE_QUERY)
            put_param(draft, draft->params.items[i].place->name, draft->params.items[i].value);
    return fill_next_secrets(draft, PLACE_QUERY, err);
}

static bool fill_headers(struct draft *draft, struct err *err)
{
    const struct stream *stream = draft->stream;
    for (size_t i = 0; i < stream->header_count; i++) {
        const struct named_template *header = &stream->headers[i];
        struct value value;
        if (pager_sets(draft, PLACE_HEADER, header->name))
            continue;
        if (!template_fill(&header->template, draft->scope, true, draft->arena, &value, err))
            return err_wrap(err, "headers.%.*s", STR_ARG(header->name));
        if (!is_left_out(value) &&
            !add_header(draft, header->name, text_of(draft->arena, value), err))
            return false;
    }
    for (size_t i = 0; i < draft->params.count; i++) {
        const struct pager_param *param = &draft->params.items[i];
        struct str text = text_of(draft->arena, param->value);
        if (param->place->place != PLACE_HEADER)
            continue;
        if (!add_header(draft, param->place->name, text, err))
            return false;
        draft->hash = hash_fold(draft->hash, hash_bytes(text, 0));
    }
    return fill_next_secrets(draft, PLACE_HEADER, err);
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
    if (is_left_out(body))
        return true;
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

/* Sets the credential; *ret_query is what it adds to the URL's query, or empty. */
static bool fill_auth(struct draft *draft, struct str *ret_query, struct err *err)
{
    const struct auth *auth = &draft->stream->auth;
    struct str secret;
    *ret_query = STR_NONE;
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
    struct str name = http_encode(draft->arena, auth->name);
    struct str value = http_encode(draft->arena, secret);
    *ret_query = arena_printf(draft->arena, "%.*s=%.*s", STR_ARG(name), STR_ARG(value));
    return true;
}

static struct str with_query(struct arena *arena, struct str url, struct str query)
{
    if (!query.len)
        return url;
    const char *joint = str_find_byte(url, '?') < 0 ? "?" : "&";
    return arena_printf(arena, "%.*s%s%.*s", STR_ARG(url), joint, STR_ARG(query));
}

/*
 * A literal address or `localhost` that the definition itself names may be asked although it is
 * not public; the same address behind a link or a name may not.
 */
static bool names_private(struct arena *arena, struct str configured, struct str url)
{
    struct http_url ours, asked;
    struct err ignored = ERR_INIT;
    if (!http_url_parse(arena, configured, &ours, &ignored) ||
        !http_url_parse(arena, url, &asked, &ignored) || !str_eq(ours.host, asked.host))
        return false;
    bool literal;
    address_text_is_public(ours.host, &literal);
    return literal || address_text_is_loopback(ours.host);
}

/* A value in a path stays in its place: it neither ends the path nor climbs out of it. */
static bool check_path_value(struct str value, struct err *err)
{
    struct str rest = value, segment;
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c <= ' ' || c == 0x7F || c == '?' || c == '#' || c == '\\')
            return err_set(err, ERR_INPUT, "request", 0,
                           "path: the value \"%.*s\" holds a character that a path cannot",
                           STR_ARG(str_slice(value, 0, 200)));
    }
    do {
        rest = str_cut(rest, '/', &segment);
        if (str_is(segment, "..") || str_is(segment, ".") ||
            str_find(segment, STR("%2e")) >= 0 || str_find(segment, STR("%2E")) >= 0)
            return err_set(err, ERR_INPUT, "request", 0,
                           "path: the value \"%.*s\" holds a dot segment",
                           STR_ARG(str_slice(value, 0, 200)));
    } while (rest.ptr);
    return true;
}

static bool fill_path_part(struct draft *draft, const struct expr *expr, struct buf *path,
                           struct err *err)
{
    struct template whole = {.kind = TEMPLATE_EXPR, .expr = expr};
    struct value value;
    if (!template_fill(&whole, draft->scope, true, draft->arena, &value, err))
        return err_wrap(err, "path");
    if (is_left_out(value))
        return err_set(err, ERR_INPUT, "request", 0, "path: a value is null");
    struct str text = text_of(draft->arena, value);
    buf_put(path, text);
    return check_path_value(text, err);
}

static bool fill_path(struct draft *draft, struct str *ret_path, struct err *err)
{
    const struct template *template = &draft->stream->path;
    AUTO_BUF struct buf path;
    buf_init(&path, URL_BYTES_MAX);
    if (template->kind == TEMPLATE_CONSTANT && template->constant.kind == VALUE_STRING)
        buf_put(&path, template->constant.text);
    if (template->kind == TEMPLATE_EXPR && !fill_path_part(draft, template->expr, &path, err))
        return false;
    for (size_t i = 0; template->kind == TEMPLATE_MIXED && i < template->count; i++) {
        const struct template_part *part = &template->parts[i];
        if (!part->expr)
            buf_put(&path, part->text);
        else if (!fill_path_part(draft, part->expr, &path, err))
            return false;
    }
    *ret_path = arena_str(draft->arena, buf_str(&path));
    return !path.overflow || err_set(err, ERR_INPUT, "request", 0, "the path is too long");
}

static bool fill_url(struct draft *draft, const struct pager *pager, struct str *ret_url,
                     struct err *err)
{
    struct value value;
    struct str path;
    if (!template_fill(&draft->stream->url, draft->scope, true, draft->arena, &value, err))
        return err_wrap(err, "url");
    if (!fill_path(draft, &path, err))
        return false;
    struct str base = text_of(draft->arena, value);
    draft->configured = arena_printf(draft->arena, "%.*s%.*s", STR_ARG(base), STR_ARG(path));
    if (pager->url.len) {
        *ret_url = pager->url;
        return true;
    }
    if (!fill_params(draft, err))
        return false;
    struct str query = arena_str(draft->arena, buf_str(&draft->query));
    *ret_url = with_query(draft->arena, draft->configured, query);
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
    http->allow_private = stream->allow_private;
    http->allow_http = stream->allow_http;
    http->proxy = stream->proxy;
    http->ca_file = stream->ca_file;
    http->cert_file = stream->cert_file;
    http->key_file = stream->key_file;
}

static bool fill(struct draft *draft, const struct pager *pager, struct request *request,
                 struct err *err)
{
    struct http_request *http = &request->http;
    struct str secret_query;
    http->method = draft->stream->method;
    set_limits(http, draft->stream);
    draft->hash = hash_bytes(http->method, 0);
    if (!fill_url(draft, pager, &request->url, err) || !fill_headers(draft, err) ||
        !fill_body(draft, http, err) || !fill_auth(draft, &secret_query, err))
        return false;
    http->url = with_query(draft->arena, request->url, secret_query);
    http->allow_private |= names_private(draft->arena, draft->configured, request->url);
    http->headers = draft->headers;
    http->header_count = draft->header_count;
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
    buf_init(&draft->query, URL_BYTES_MAX);
    bool done = fill(draft, pager, &request, err);
    buf_done(&draft->query);
    if (done)
        *ret_request = request;
    return done;
}

void request_redirect(struct request *request, struct str url)
{
    request->http.url = url;
    request->url = url;
}

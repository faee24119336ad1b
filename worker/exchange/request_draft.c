#include "worker/exchange/request_draft.h"

#include "base/redact.h"
#include "base/secret_name.h"
#include "port/hash.h"
#include "port/http_url.h"
#include "worker/access/secrets.h"

void request_draft_init(struct request_draft *draft, const struct stream *stream,
                        const struct pager *pager, const struct expr_scope *scope,
                        struct arena *arena)
{
    *draft = (struct request_draft){
        .stream = stream, .scope = scope, .arena = arena, .pager = pager};
    pager_params(pager, arena, &draft->params);
    buf_init(&draft->query, REQUEST_URL_MAX);
    buf_init(&draft->secret_query, REQUEST_URL_MAX);
}

void request_draft_done(struct request_draft *draft)
{
    buf_done(&draft->query);
    buf_done(&draft->secret_query);
}

static void put_named(struct named_template *list, size_t *count, bool nocase,
                      const struct named_template *given)
{
    size_t at = 0;
    while (at < *count && !(nocase ? str_eq_nocase(list[at].name, given->name)
                                   : str_eq(list[at].name, given->name)))
        at++;
    list[at] = *given;
    *count += at == *count;
}

void request_set_over(struct arena *arena, const struct template *over, bool nocase,
                      struct named_template **list, size_t *count)
{
    if (!over)
        return;
    struct named_template *all =
        ARENA_ARRAY(arena, struct named_template, *count + over->count);
    for (size_t i = 0; i < *count; i++)
        all[i] = (*list)[i];
    for (size_t i = 0; i < over->count; i++)
        put_named(all, count, nocase, &(struct named_template){over->keys[i], over->items[i]});
    *list = all;
}

bool request_draft_eval(const struct request_draft *draft, const struct template *template,
                        struct value *ret, struct err *err)
{
    return template_fill(template, draft->scope, true, draft->arena, ret, err);
}

struct str request_draft_text(struct arena *arena, struct value value)
{
    if (value.kind == VALUE_STRING || value.kind == VALUE_NUMBER)
        return value.text;
    if (value.kind == VALUE_BOOL)
        return value.boolean ? STR("true") : STR("false");
    AUTO_BUF(buf, REQUEST_URL_MAX);
    value_format(&buf, value);
    return arena_str(arena, buf_str(&buf));
}

bool request_draft_leaves_out(struct value value)
{
    return value.kind == VALUE_NULL || value.kind == VALUE_OMIT ||
           value.kind == VALUE_UNDEFINED;
}

void request_draft_put_pair(struct request_draft *draft, struct buf *query, struct str name,
                            struct value value)
{
    if (request_draft_leaves_out(value))
        return;
    if (query->len)
        buf_put_byte(query, '&');
    buf_put(query, http_url_encode(draft->arena, name));
    buf_put_byte(query, '=');
    buf_put(query, http_url_encode(draft->arena, request_draft_text(draft->arena, value)));
}

void request_draft_put_param(struct request_draft *draft, struct buf *query, struct str name,
                             struct value value)
{
    if (value.kind != VALUE_LIST) {
        request_draft_put_pair(draft, query, name, value);
        return;
    }
    for (size_t i = 0; i < value.list->count; i++)
        request_draft_put_pair(draft, query, name, value.list->items[i]);
}

bool request_draft_put_header(struct request_draft *draft, struct str name, struct str value,
                              struct err *err)
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

static bool pager_sets(const struct request_draft *draft, enum placement place, struct str name)
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

static bool has_secret_name(const struct param_place *at)
{
    for (size_t i = 0; at->place == PLACE_BODY && i < at->path.count; i++)
        if (secret_name_is(at->path.steps[i].key))
            return true;
    return secret_name_is(at->name);
}

/* Does next_page make it from a credential? One expression may make all members. */
static bool is_made_of_secret(const struct request_draft *draft, const struct param_place *at)
{
    const struct next_page *next = &draft->stream->pagination.next_page;
    const struct template *map = at->place == PLACE_HEADER ? next->headers : next->params;
    if (!map || map->kind != TEMPLATE_MAP)
        return map && secrets_named_by(map);
    for (size_t i = 0; i < map->count; i++)
        if (str_eq(map->keys[i], at->name) && secrets_named_by(&map->items[i]))
            return true;
    return false;
}

bool request_draft_is_secret(const struct request_draft *draft, const struct pager_param *param)
{
    const struct param_place *at = param->place;
    struct str text = request_draft_text(draft->arena, param->value);
    bool is_number = param->value.kind == VALUE_NUMBER;
    return has_secret_name(at) || is_made_of_secret(draft, at) ||
           (at->place == PLACE_HEADER && secret_name_is_scheme(text)) ||
           (!is_number && redact_has(text));
}

/* Credentials go wherever the request is at home. */
static bool goes_along(const struct request_draft *draft, const struct named_template *param)
{
    return secrets_are_in(param->name, &param->template)
               ? draft->is_home
               : pager_goes_along(draft->pager, param->name);
}

bool request_draft_put_own_params(struct request_draft *draft, bool secret, struct err *err)
{
    const struct stream *stream = draft->stream;
    struct buf *query = secret ? &draft->secret_query : &draft->query;
    for (size_t i = 0; i < stream->param_count; i++) {
        const struct named_template *param = &stream->params[i];
        struct value value;
        if (pager_sets(draft, PLACE_QUERY, param->name) ||
            secrets_used_by(&param->template) != secret || !goes_along(draft, param))
            continue;
        if (!request_draft_eval(draft, &param->template, &value, err))
            return err_wrap(err, "params.%.*s", STR_ARG(param->name));
        request_draft_put_param(draft, query, param->name, value);
    }
    return true;
}

bool request_draft_put_own_headers(struct request_draft *draft, bool secret, struct err *err)
{
    const struct stream *stream = draft->stream;
    for (size_t i = 0; i < stream->header_count; i++) {
        const struct named_template *header = &stream->headers[i];
        struct value value;
        if (pager_sets(draft, PLACE_HEADER, header->name) ||
            secrets_are_in(header->name, &header->template) != secret)
            continue;
        if (!request_draft_eval(draft, &header->template, &value, err))
            return err_wrap(err, "headers.%.*s", STR_ARG(header->name));
        struct str text = request_draft_text(draft->arena, value);
        if (!request_draft_leaves_out(value) &&
            !request_draft_put_header(draft, header->name, text, err))
            return false;
        if (!secret && header->template.kind != TEMPLATE_CONSTANT)
            draft->hash = hash_fold(draft->hash, hash_bytes(text, hash_bytes(header->name, 0)));
        if (secret)
            draft->credential = hash_fold(draft->credential, hash_bytes(text, 0));
    }
    return true;
}

/* The request of `total` may have headers of its own. */
static bool stream_sets_accept(const struct stream *stream)
{
    for (size_t i = 0; i < stream->header_count; i++)
        if (str_eq_nocase(stream->headers[i].name, STR("accept")))
            return true;
    return false;
}

bool request_draft_put_accept(struct request_draft *draft, struct err *err)
{
    const struct stream *stream = draft->stream;
    struct str type = draft->pager->accept;
    if (!stream->accept_count || stream_sets_accept(stream) ||
        pager_sets(draft, PLACE_HEADER, STR("accept")))
        return true;
    if (type.len)
        draft->hash = hash_fold(draft->hash, hash_bytes(type, 0));
    return request_draft_put_header(draft, STR("Accept"), type.len ? type : stream->accept[0],
                                    err);
}

#include "worker/exchange/request_body.h"

#include "base/redact.h"
#include "base/secret_name.h"
#include "port/hash.h"
#include "worker/access/secrets.h"

enum { BODY_BYTES_MAX = 16 * 1024 * 1024 };

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

static bool format_body(struct request_draft *draft, struct value body, struct buf *out,
                        struct err *err)
{
    if (draft->stream->body_type == BODY_TEXT) {
        buf_put(out, request_draft_text(draft->arena, body));
    } else if (draft->stream->body_type == BODY_FORM && body.kind == VALUE_MAP) {
        for (size_t i = 0; i < body.map->count; i++)
            request_draft_put_param(draft, out, body.map->members[i].key,
                                    body.map->members[i].value);
    } else {
        value_format(out, body);
    }
    return !out->has_overflowed ||
           err_set(err, ERR_INPUT, "request", 0, "the body is over %d bytes", BODY_BYTES_MAX);
}

static bool has_header(const struct request_draft *draft, struct str name)
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

/* Does a member have a credential's name, or come from a secret? */
static bool has_secret(const struct template *template)
{
    for (size_t i = 0; i < template->count; i++)
        if ((template->kind == TEMPLATE_MAP && secret_name_is(template->keys[i])) ||
            ((template->kind == TEMPLATE_MAP || template->kind == TEMPLATE_LIST) &&
             has_secret(&template->items[i])))
            return true;
    return secrets_named_by(template);
}

static bool is_secret(const struct request_draft *draft)
{
    const struct template *own = draft->stream->body;
    const struct template *next = draft->stream->pagination.next_page.body;
    for (size_t i = 0; i < draft->params.count; i++)
        if (draft->params.items[i].place->place == PLACE_BODY &&
            request_draft_is_secret(draft, &draft->params.items[i]))
            return true;
    return (own && has_secret(own)) || (next && has_secret(next));
}

bool request_body_may_leave(const struct http_request *http, bool is_secret, struct err *err)
{
    return (!is_secret && !redact_has(http->body)) ||
           err_set(err, ERR_INPUT, "request", 0,
                   "the body holds a credential, which cannot go to another origin");
}

/* Without the members that stay behind when a cursor goes alone. */
static struct value body_along(const struct request_draft *draft, struct value body)
{
    if (body.kind != VALUE_MAP)
        return body;
    struct value_map *map = ARENA_NEW(draft->arena, struct value_map);
    map->members = ARENA_ARRAY(draft->arena, struct value_member, MAX(body.map->count, 1));
    for (size_t i = 0; i < body.map->count; i++)
        if (pager_goes_along(draft->pager, body.map->members[i].key))
            map->members[map->count++] = body.map->members[i];
    return (struct value){.kind = VALUE_MAP, .map = map};
}

/* The stream's own body, or what the pager has instead, or both. */
static bool fill_value(struct request_draft *draft, struct value *ret_body, struct err *err)
{
    const struct pager *pager = draft->pager;
    const struct template *own = draft->stream->body;
    *ret_body = pager->body;
    if (pager->body.kind != VALUE_UNDEFINED && !pager->merges_body)
        return true;
    if (own && !request_draft_eval(draft, own, ret_body, err))
        return err_wrap(err, "body");
    *ret_body = body_along(draft, *ret_body);
    for (size_t i = 0; pager->body.kind == VALUE_MAP && i < pager->body.map->count; i++) {
        const struct value_member *member = &pager->body.map->members[i];
        const struct path_step step = {.kind = PATH_KEY, .key = member->key};
        *ret_body = body_with(draft->arena, *ret_body, &step, 1, member->value);
    }
    return true;
}

bool request_body_fill(struct request_draft *draft, struct http_request *http, struct err *err)
{
    struct value body;
    if (draft->pager->body.kind == VALUE_UNDEFINED && str_is(draft->pager->method, "GET"))
        return true;
    if (!fill_value(draft, &body, err))
        return false;
    for (size_t i = 0; i < draft->params.count; i++) {
        const struct pager_param *param = &draft->params.items[i];
        if (param->place->place == PLACE_BODY)
            body = body_with(draft->arena, body, param->place->path.steps,
                             param->place->path.count, param->value);
    }
    if (request_draft_leaves_out(body))
        return true;
    AUTO_BUF(out, BODY_BYTES_MAX);
    if (!format_body(draft, body, &out, err))
        return false;
    http->has_body = true;
    http->body = arena_str(draft->arena, buf_str(&out));
    draft->is_body_secret = is_secret(draft);
    if (!draft->is_home && !request_body_may_leave(http, draft->is_body_secret, err))
        return false;
    draft->hash = hash_fold(draft->hash, hash_bytes(http->body, 0));
    return has_header(draft, STR("content-type")) ||
           request_draft_put_header(draft, STR("Content-Type"),
                                    content_type(draft->stream->body_type), err);
}

#include "worker/exchange/recall.h"

struct gathering {
    const struct scope *scope; /* NULL: it is only asked whether there is a use */
    struct arena *arena;
    bool is_used, is_whole;
    struct value_map response, headers;
    size_t response_capacity, header_capacity;
};

static void each_use(const struct stream *stream, expr_use_fn fn, void *ctx)
{
    const struct auth *auth = &stream->auth;
    const struct template *const fixed[] = {&stream->url, &stream->path, stream->body,
                                            &auth->token, &auth->user,   &auth->password,
                                            &auth->value};
    for (size_t i = 0; i < COUNT_OF(fixed); i++)
        if (fixed[i])
            template_uses(fixed[i], fn, ctx);
    for (size_t i = 0; i < stream->param_count; i++)
        template_uses(&stream->params[i].template, fn, ctx);
    for (size_t i = 0; i < stream->header_count; i++)
        template_uses(&stream->headers[i].template, fn, ctx);
}

static void put_member(struct gathering *gathering, struct str key)
{
    struct value_map *map = &gathering->response;
    struct value value = value_get(gathering->scope->response, key);
    for (size_t i = 0; i < map->count; i++)
        if (str_eq(map->members[i].key, key))
            return;
    if (value.kind == VALUE_UNDEFINED)
        return;
    ARENA_GROW(gathering->arena, map->members, map->count, gathering->response_capacity);
    map->members[map->count++] = (struct value_member){key, value};
}

static void put_header(struct gathering *gathering, struct str name)
{
    struct value_map *map = &gathering->headers;
    const struct scope *scope = gathering->scope;
    for (size_t i = 0; i < scope->header_count; i++) {
        if (!str_eq(scope->headers[i].name, name))
            continue;
        ARENA_GROW(gathering->arena, map->members, map->count, gathering->header_capacity);
        map->members[map->count++] =
            (struct value_member){name, value_string(scope->headers[i].value)};
        return;
    }
}

static void on_use(void *ctx, const struct expr_use *use)
{
    struct gathering *gathering = ctx;
    bool is_http = str_is(use->root, "http");
    if (!is_http && !str_is(use->root, "response"))
        return;
    gathering->is_used = true;
    if (!gathering->scope)
        return;
    size_t at = is_http; /* behind `headers` */
    bool has_name = use->step_count > at && use->steps[at].kind == VALUE_STRING;
    if (is_http && has_name)
        put_header(gathering, use->steps[at].text);
    else if (has_name)
        put_member(gathering, use->steps[at].text);
    bool is_asked_for = str_is(use->filter, "defined") || str_is(use->filter, "undefined");
    gathering->is_whole |= !is_http && !has_name && !is_asked_for;
}

bool recall_is_needed(const struct stream *stream)
{
    struct gathering gathering = {0};
    each_use(stream, on_use, &gathering);
    return gathering.is_used;
}

static void put_text(struct buf *text, const struct gathering *gathering)
{
    const struct scope *scope = gathering->scope;
    struct value response = {.kind = VALUE_MAP, .map = &gathering->response};
    const struct value headers = {.kind = VALUE_MAP, .map = &gathering->headers};
    struct json_out out = {.buf = text};
    if (gathering->is_whole || scope->response.kind != VALUE_MAP)
        response = scope->response;
    json_out_open(&out, NULL, '{');
    if (response.kind != VALUE_UNDEFINED)
        value_put(&out, "response", response);
    json_out_int(&out, "status", scope->status);
    value_put(&out, "headers", headers);
    json_out_close(&out, '}');
}

struct value recall_take(const struct stream *stream, const struct scope *scope,
                         struct arena *arena)
{
    struct gathering gathering = {.scope = scope, .arena = arena};
    struct value value;
    struct err ignored = ERR_INIT;
    AUTO_BUF(text, RECALL_BYTES_MAX);
    each_use(stream, on_use, &gathering);
    if (!gathering.is_used)
        return UNDEFINED_VALUE;
    put_text(&text, &gathering);
    bool is_kept = !text.has_overflowed && str_find(buf_str(&text), STR("\\u0000")) < 0 &&
                   value_parse(arena, buf_str(&text), VALUE_WHOLE, &value, &ignored);
    return is_kept ? value : UNDEFINED_VALUE;
}

void recall_give(struct value answer, struct arena *arena, struct scope *scope)
{
    struct value headers = value_get(answer, STR("headers"));
    size_t count = headers.kind == VALUE_MAP ? headers.map->count : 0;
    struct http_header *list = ARENA_ARRAY(arena, struct http_header, count + 1);
    int64_t status;
    for (size_t i = 0; i < count; i++)
        list[i] = (struct http_header){headers.map->members[i].key,
                                       headers.map->members[i].value.text};
    scope->response = value_get(answer, STR("response"));
    scope->headers = list;
    scope->header_count = count;
    if (value_count(value_get(answer, STR("status")), &status) && status < 1000)
        scope->status = (int)status;
}

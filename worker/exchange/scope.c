#include "worker/exchange/scope.h"

#include <assert.h>
#include <stddef.h>

#include "base/date.h"
#include "base/redact.h"
#include "worker/exchange/bookmark_start.h"

/* A name that expressions know: made by `read`, or else the value at `at` in struct scope. */
struct scope_name {
    struct str name;
    struct value (*read)(const struct scope *scope, struct arena *arena);
    size_t at;
};

static struct value map_of(struct arena *arena, const struct str *keys,
                           const struct value *values, size_t count)
{
    struct value_map *map = ARENA_NEW(arena, struct value_map);
    map->members = ARENA_ARRAY(arena, struct value_member, count);
    map->count = count;
    for (size_t i = 0; i < count; i++)
        map->members[i] = (struct value_member){keys[i], values[i]};
    return (struct value){.kind = VALUE_MAP, .map = map};
}

static struct value read_http(const struct scope *scope, struct arena *arena)
{
    static const struct str keys[] = {STR_INIT("status"), STR_INIT("headers")};
    struct value_map *headers = ARENA_NEW(arena, struct value_map);
    headers->members = ARENA_ARRAY(arena, struct value_member, scope->header_count);
    for (size_t i = 0; i < scope->header_count; i++)
        headers->members[headers->count++] = (struct value_member){
            scope->headers[i].name, value_string(scope->headers[i].value)};
    struct value values[] = {value_int(arena, scope->status),
                             {.kind = VALUE_MAP, .map = headers}};
    return map_of(arena, keys, values, COUNT_OF(keys));
}

static struct value read_pager(const struct scope *scope, struct arena *arena)
{
    return scope->pager ? pager_value(scope->pager, arena) : UNDEFINED_VALUE;
}

static struct value read_iteration(const struct scope *scope, struct arena *arena)
{
    return value_int(arena, scope->iteration);
}

/* All but the last record are counted, not kept: value_list.hidden. */
static struct value read_accumulated(const struct scope *scope, struct arena *arena)
{
    struct value_list *list = ARENA_NEW(arena, struct value_list);
    struct err ignored = ERR_INIT;
    list->count = (size_t)scope->accumulated;
    list->hidden = list->count ? list->count - 1 : 0;
    list->items = ARENA_NEW(arena, struct value);
    if (scope->last.len)
        (void)!value_parse(arena, scope->last, VALUE_WHOLE, list->items, &ignored);
    return (struct value){.kind = VALUE_LIST, .list = list};
}

#define VALUE_AT(name, member)                                                                 \
    {                                                                                          \
        STR_INIT(name), NULL, offsetof(struct scope, member)                                   \
    }

static const struct scope_name names[] = {
    VALUE_AT("response", response),
    {STR_INIT("http"), read_http, 0},
    {STR_INIT("pager"), read_pager, 0},
    {STR_INIT("iteration"), read_iteration, 0},
    {STR_INIT("accumulated"), read_accumulated, 0},
    VALUE_AT("vars", vars),
    VALUE_AT("workload", vars),
    VALUE_AT("env", secrets.env),
    VALUE_AT("secrets", secrets.files),
    VALUE_AT("bookmark", bookmark),
    VALUE_AT("window", window),
    VALUE_AT("partition", partition),
    VALUE_AT("run", run),
};

/* Of a stream with `prepare`: in others they may be vars. */
static const struct scope_name prepare_names[] = {
    VALUE_AT("submitted", submitted),
    VALUE_AT("prepared", prepared),
};

static bool find_prepared(const struct scope *scope, struct str name, struct value *ret)
{
    *ret = UNDEFINED_VALUE;
    for (size_t i = 0; i < COUNT_OF(prepare_names); i++)
        if (str_eq(prepare_names[i].name, name))
            memcpy(ret, (const char *)scope + prepare_names[i].at, sizeof *ret);
    return ret->kind != VALUE_UNDEFINED;
}

/* A name of the table, or else one of the vars. */
static bool find(void *ctx, struct str name, struct arena *arena, struct value *ret)
{
    const struct scope *scope = ctx;
    assert(scope->expr.ctx == scope);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (!str_eq(names[i].name, name))
            continue;
        if (names[i].read)
            *ret = names[i].read(scope, arena);
        else
            memcpy(ret, (const char *)scope + names[i].at, sizeof *ret);
        return true;
    }
    if (find_prepared(scope, name, ret))
        return true;
    *ret = value_get(scope->vars, name);
    return ret->kind != VALUE_UNDEFINED;
}

/* Each of the vars may use those before it. */
static bool fill_vars(struct scope *scope, const struct stream *stream, struct arena *arena,
                      struct err *err)
{
    struct value_map *map = ARENA_NEW(arena, struct value_map);
    map->members = ARENA_ARRAY(arena, struct value_member, stream->var_count);
    scope->vars = (struct value){.kind = VALUE_MAP, .map = map};
    for (size_t i = 0; i < stream->var_count; i++) {
        const struct named_template *var = &stream->vars[i];
        struct value value;
        if (!template_fill(&var->template, &scope->expr, true, arena, &value, err))
            return err_wrap(err, "vars.%.*s", STR_ARG(var->name));
        map->members[map->count++] = (struct value_member){var->name, value};
    }
    return true;
}

static struct value instant_text(struct arena *arena, int64_t us)
{
    AUTO_BUF(buf, 64);
    date_format_rfc3339(&buf, us);
    return value_string(arena_str(arena, buf_str(&buf)));
}

static struct value text_or_none(struct str text)
{
    return text.len ? value_string(text) : NULL_VALUE;
}

bool scope_init(struct scope *scope, const struct job *job, const struct stream *stream,
                const char *secrets_dir, struct arena *arena, struct err *err)
{
    static const struct str run_keys[] = {STR_INIT("id"), STR_INIT("started_at")};
    static const struct str window_keys[] = {STR_INIT("start"), STR_INIT("end")};
    struct value part = UNDEFINED_VALUE;

    *scope = (struct scope){
        .response = UNDEFINED_VALUE, .submitted = UNDEFINED_VALUE, .prepared = UNDEFINED_VALUE};
    scope->expr = (struct expr_scope){.find = find,
                                      .ctx = scope,
                                      .now_us = job->started_us,
                                      .is_secret = secrets_is_root,
                                      .on_derived = redact_add_derived};
    if (job->part.len && !value_parse(arena, job->part, VALUE_WHOLE, &part, err))
        return err_wrap(err, "part");
    scope->partition = value_get(part, STR("partition"));
    if (!bookmark_start(arena, &stream->bookmark, job->bookmark, &scope->bookmark, err))
        return false;
    struct value window[] = {text_or_none(job->window_from), text_or_none(job->window_to)};
    scope->window = map_of(arena, window_keys, window, COUNT_OF(window));
    struct value run[] = {value_int(arena, job->run), instant_text(arena, job->started_us)};
    scope->run = map_of(arena, run_keys, run, COUNT_OF(run));
    return secrets_collect(arena, stream, secrets_dir, &scope->secrets, err) &&
           fill_vars(scope, stream, arena, err);
}

bool scope_begin_at(struct scope *scope, const struct stream *stream, struct str since,
                    struct arena *arena, struct err *err)
{
    struct bookmark exact = stream->bookmark;
    exact.lookback_ms = 0;
    return bookmark_start(arena, &exact, since, &scope->bookmark, err) &&
           fill_vars(scope, stream, arena, err);
}

void scope_forget_answers(struct scope *scope)
{
    scope->response = UNDEFINED_VALUE;
    scope->status = 0;
    scope->headers = NULL;
    scope->header_count = 0;
    scope->iteration = scope->accumulated = 0;
    scope->last = STR_NONE;
}

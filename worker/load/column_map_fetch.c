#include "worker/load/column_map_fetch.h"

#include <string.h>

#include "base/mem.h"
#include "worker/load/attempt.h"

enum { TIMEOUT_MS = 60000, PLAN_BYTES_MAX = 64 << 20 };

struct column_map_fetch {
    struct attempt attempt;
    const struct stream *stream;
    int64_t run;
    size_t count;             /* tables */
    size_t at;                /* the one under way */
    struct buf *plans;        /* of each; empty: only read */
    struct column_map **maps; /* of those before `at` */
    column_map_fetch_fn fn;
    void *ctx;
};

static void ask(struct column_map_fetch *fetch);
static void on_begin(void *ctx, struct session *session);

static const struct stream *stream_of(const struct column_map_fetch *fetch)
{
    return stream_at(fetch->stream, fetch->at);
}

static void drop_maps(struct column_map_fetch *fetch)
{
    while (fetch->at > 0)
        column_map_unref(fetch->maps[--fetch->at]);
}

static void end(struct column_map_fetch *fetch, struct column_map *map, const struct err *err)
{
    attempt_done(&fetch->attempt);
    fetch->fn(fetch->ctx, map, err);
}

static void on_give_up(void *ctx, const struct err *err)
{
    struct column_map_fetch *fetch = ctx;
    fetch->fn(fetch->ctx, NULL, err);
}

static void failed(struct column_map_fetch *fetch, const struct err *err)
{
    const struct table *table = &stream_of(fetch)->table;
    struct err copy = *err;
    if (column_map_is_refused(err))
        copy.kind = ERR_CONFIG;
    if (copy.kind == ERR_AGAIN || copy.kind == ERR_BUG) {
        attempt_retry(&fetch->attempt, &copy);
        return;
    }
    err_wrap(&copy, "table %.*s.%.*s", STR_ARG(table->schema), STR_ARG(table->name));
    end(fetch, NULL, &copy);
}

/* Whether a table that is there may lack what the definition says. */
static bool wants_extension(const struct column_map_fetch *fetch, const struct column_map *map)
{
    const struct table *table = &stream_of(fetch)->table;
    return map->columns.has_table && fetch->plans[fetch->at].len == 0 &&
           (table->write != WRITE_APPEND || table->parent_key_count || !map->is_dressed ||
            !column_map_has_declared(map, table));
}

static bool is_there(const struct column_map *map)
{
    return map->columns.has_table || map->columns.is_blank;
}

/* Where one of the tables is there all are to be: a query must not fail because no record of
 * another has come yet. False: nothing is to be done for that. */
static bool plan_others(struct column_map_fetch *fetch)
{
    bool has_any = false, has_planned = false;
    for (size_t i = 0; i < fetch->count; i++)
        has_any |= is_there(fetch->maps[i]);
    for (size_t i = 0; i < fetch->count && has_any; i++) {
        const struct stream *stream = stream_at(fetch->stream, i);
        if (is_there(fetch->maps[i]) || stream->table.is_none)
            continue;
        buf_reset(&fetch->plans[i]);
        column_map_put_plan(&fetch->plans[i], stream, fetch->run, NULL);
        has_planned = true;
    }
    return has_planned;
}

static void take(struct column_map_fetch *fetch, struct column_map *map)
{
    fetch->maps[fetch->at++] = map;
    if (fetch->at < fetch->count) {
        ask(fetch);
        return;
    }
    if (fetch->count > 1 && plan_others(fetch)) {
        on_begin(fetch, fetch->attempt.session);
        return;
    }
    fetch->at = 0;
    end(fetch, column_map_join(fetch->maps, fetch->count), NULL);
}

static void on_answer(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct column_map_fetch *fetch = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    if (err) {
        failed(fetch, err);
        return;
    }
    struct column_map *map = column_map_new(result, stream_of(fetch));
    if (!wants_extension(fetch, map)) {
        take(fetch, map);
        return;
    }
    column_map_unref(map);
    column_map_put_plan(&fetch->plans[fetch->at], stream_of(fetch), fetch->run, NULL);
    ask(fetch);
}

static void ask(struct column_map_fetch *fetch)
{
    const struct stream *stream = stream_of(fetch);
    struct pg *pg = fetch->attempt.session->pg;
    const struct buf *plan = &fetch->plans[fetch->at];
    if (stream->table.is_none) {
        take(fetch, column_map_blank());
        return;
    }
    if (plan->len) {
        struct pg_value param = pg_text(buf_str(plan));
        pg_query(pg, "select * from pagetide.extend_table($1)", &param, 1, TIMEOUT_MS,
                 on_answer, fetch);
        return;
    }
    const struct pg_value params[] = {pg_text(stream->name), pg_text(stream->table.schema),
                                      pg_text(stream->table.name), pg_int(fetch->run)};
    pg_query(pg, "select * from pagetide.columns($1, $2, $3, $4)", params, COUNT_OF(params),
             TIMEOUT_MS, on_answer, fetch);
}

static void on_begin(void *ctx, struct session *session)
{
    struct column_map_fetch *fetch = ctx;
    (void)session;
    drop_maps(fetch);
    ask(fetch);
}

static struct column_map_fetch *fetch_new(const struct stream *stream, int64_t run,
                                          int64_t give_up_ms, column_map_fetch_fn fn, void *ctx)
{
    struct column_map_fetch *fetch = mem_alloc(sizeof *fetch);
    *fetch = (struct column_map_fetch){.stream = stream, .run = run, .fn = fn, .ctx = ctx};
    fetch->attempt = (struct attempt){
        .give_up_ms = give_up_ms, .on_begin = on_begin, .on_give_up = on_give_up, .ctx = fetch};
    fetch->count = stream_table_count(stream);
    fetch->maps = mem_alloc(fetch->count * sizeof(struct column_map *));
    fetch->plans = mem_alloc(fetch->count * sizeof *fetch->plans);
    for (size_t i = 0; i < fetch->count; i++)
        buf_init(&fetch->plans[i], PLAN_BYTES_MAX);
    return fetch;
}

struct column_map_fetch *column_map_fetch_start(struct sessions *sessions,
                                                const struct stream *stream, int64_t run,
                                                int64_t give_up_ms, column_map_fetch_fn fn,
                                                void *ctx)
{
    struct column_map_fetch *fetch = fetch_new(stream, run, give_up_ms, fn, ctx);
    attempt_start(&fetch->attempt, sessions);
    return fetch;
}

struct column_map_fetch *column_map_fetch_extend(struct sessions *sessions,
                                                 const struct stream *stream, int64_t run,
                                                 const struct new_fields *const *fields,
                                                 int64_t give_up_ms, column_map_fetch_fn fn,
                                                 void *ctx)
{
    struct column_map_fetch *fetch = fetch_new(stream, run, give_up_ms, fn, ctx);
    for (size_t i = 0; i < fetch->count; i++)
        if (!fields || fields[i])
            column_map_put_plan(&fetch->plans[i], stream_at(stream, i), run,
                                fields ? fields[i] : NULL);
    attempt_start(&fetch->attempt, sessions);
    return fetch;
}

void column_map_fetch_free(struct column_map_fetch *fetch)
{
    if (!fetch)
        return;
    attempt_cancel(&fetch->attempt);
    drop_maps(fetch);
    for (size_t i = 0; i < fetch->count; i++)
        buf_done(&fetch->plans[i]);
    mem_free(fetch->plans);
    mem_free(fetch->maps);
    mem_free(fetch);
}

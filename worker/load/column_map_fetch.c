#include "worker/load/column_map_fetch.h"

#include <string.h>

#include "base/mem.h"
#include "worker/load/attempt.h"

enum { TIMEOUT_MS = 60000, PLAN_BYTES_MAX = 64 << 20 };

struct column_map_fetch {
    struct attempt attempt;
    const struct stream *stream;
    int64_t run;
    struct buf plan; /* empty: only read */
    column_map_fetch_fn fn;
    void *ctx;
};

static void on_begin(void *ctx, struct session *session);

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
    struct err copy = *err;
    if (column_map_is_refused(err))
        copy.kind = ERR_CONFIG;
    if (copy.kind == ERR_AGAIN || copy.kind == ERR_BUG) {
        attempt_retry(&fetch->attempt, &copy);
        return;
    }
    err_wrap(&copy, "table %.*s.%.*s", STR_ARG(fetch->stream->table.schema),
             STR_ARG(fetch->stream->table.name));
    end(fetch, NULL, &copy);
}

/* Whether a table that is there may lack what the definition says. */
static bool wants_extension(const struct column_map_fetch *fetch, const struct column_map *map)
{
    const struct table *table = &fetch->stream->table;
    return map->columns.has_table && fetch->plan.len == 0 &&
           (table->write != WRITE_APPEND || !map->is_dressed ||
            !column_map_has_declared(map, table));
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
    struct column_map *map = column_map_new(result, fetch->stream);
    if (!wants_extension(fetch, map)) {
        end(fetch, map, NULL);
        return;
    }
    column_map_unref(map);
    column_map_put_plan(&fetch->plan, fetch->stream, fetch->run, NULL);
    on_begin(fetch, fetch->attempt.session);
}

static void on_begin(void *ctx, struct session *session)
{
    struct column_map_fetch *fetch = ctx;
    const struct stream *stream = fetch->stream;
    if (fetch->plan.len) {
        struct pg_value plan = pg_text(buf_str(&fetch->plan));
        pg_query(session->pg, "select * from pagetide.extend_table($1)", &plan, 1, TIMEOUT_MS,
                 on_answer, fetch);
        return;
    }
    const struct pg_value params[] = {pg_text(stream->name), pg_text(stream->table.schema),
                                      pg_text(stream->table.name), pg_int(fetch->run)};
    pg_query(session->pg, "select * from pagetide.columns($1, $2, $3, $4)", params,
             COUNT_OF(params), TIMEOUT_MS, on_answer, fetch);
}

static struct column_map_fetch *fetch_new(const struct stream *stream, int64_t run,
                                          int64_t give_up_ms, column_map_fetch_fn fn, void *ctx)
{
    struct column_map_fetch *fetch = mem_alloc(sizeof *fetch);
    *fetch = (struct column_map_fetch){.stream = stream, .run = run, .fn = fn, .ctx = ctx};
    fetch->attempt = (struct attempt){
        .give_up_ms = give_up_ms, .on_begin = on_begin, .on_give_up = on_give_up, .ctx = fetch};
    buf_init(&fetch->plan, PLAN_BYTES_MAX);
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
                                                 const struct new_fields *fields,
                                                 int64_t give_up_ms, column_map_fetch_fn fn,
                                                 void *ctx)
{
    struct column_map_fetch *fetch = fetch_new(stream, run, give_up_ms, fn, ctx);
    column_map_put_plan(&fetch->plan, stream, run, fields);
    attempt_start(&fetch->attempt, sessions);
    return fetch;
}

void column_map_fetch_free(struct column_map_fetch *fetch)
{
    if (!fetch)
        return;
    attempt_cancel(&fetch->attempt);
    buf_done(&fetch->plan);
    mem_free(fetch);
}

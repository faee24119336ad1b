#include "scheduler/partitions.h"

#include <assert.h>

#include "base/arena.h"
#include "base/mem.h"

enum { TIMEOUT_MS = 60000, LISTING_MS = 70000 };

/* A statement alone is a transaction, and none of this session can write. */
static const char setup_sql[] =
    "set default_transaction_read_only = on; set statement_timeout = '60s'";

static const char due_sql[] = "select run, stream, sql, most from pagetide.listing_due($1)";
enum due_column { DUE_RUN, DUE_STREAM, DUE_SQL, DUE_MOST, DUE_COLUMNS };

struct partitions {
    struct partitions_options options;
    struct pg *reader; /* NULL: nothing is to be asked for */
    struct arena *arena;
    int64_t wanted, run; /* 0: any; the one that is asked for */
    int64_t most;
    const char *sql;
    size_t listed;
    bool is_busy, is_asked;
    struct loop_timer *end;
    struct err err;
    partitions_fn fn;
    void *ctx;
};

/* --- the query --- */

static struct str without_end(struct str sql)
{
    sql = str_trim(sql);
    while (str_ends(sql, STR(";")))
        sql = str_trim(str_slice(sql, 0, sql.len - 1));
    return sql;
}

/* $1: at most so many rows. */
static const char *list_sql(struct arena *arena, struct str sql)
{
    return arena_printf(arena,
                        "select coalesce(jsonb_agg(to_jsonb(p.*)), '[]')::text from "
                        "(select * from (\n%.*s\n) u limit $1::bigint) p",
                        STR_ARG(without_end(sql)))
        .ptr;
}

/*
 * A query that takes too long, or writes, is the definition's fault. To PostgreSQL the one is a
 * cancel; the other would be no fault where a replica waits to be the primary.
 */
static bool is_away(const struct err *err)
{
    return err->kind == ERR_AGAIN && strcmp(err->sqlstate, "57014") != 0 &&
           strcmp(err->sqlstate, "25006") != 0;
}

bool partitions_look(struct loop *loop, const char *database_url, struct str sql, int64_t most,
                     struct arena *arena, struct str *ret_list, struct err *err)
{
    const struct pg_options options = {
        .url = database_url, .name = "pagetide", .setup_sql = setup_sql};
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct pg_value param = pg_int(most);
    struct pg *pg;
    if (!pg_open(loop, &options, NULL, NULL, &pg, err))
        return false;
    bool is_told = pg_await(pg, list_sql(arena, sql), &param, 1, LISTING_MS, &result, err);
    pg_close(pg);
    if (is_told)
        *ret_list = arena_str(arena, pg_get_str(result, 0, 0));
    else if (!is_away(err))
        err->kind = ERR_CONFIG;
    return is_told;
}

/* --- a run's --- */

static void find_next(struct partitions *partitions);

/* A session is not closed from inside its own callback. */
static void on_end(void *ctx)
{
    struct partitions *partitions = ctx;
    bool has_failed = partitions->err.kind != ERR_NONE;
    pg_close(TAKE(partitions->reader));
    partitions->is_busy = false;
    partitions->fn(partitions->ctx, partitions->listed, has_failed ? &partitions->err : NULL);
}

static void finish(struct partitions *partitions, const struct err *err)
{
    partitions->err = err ? *err : (struct err)ERR_INIT;
    loop_timer_set(partitions->end, 0);
}

static void on_taken(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct partitions *partitions = ctx;
    (void)result;
    if (err && err->kind == ERR_STOPPED)
        return;
    if (err) {
        finish(partitions, err);
        return;
    }
    partitions->listed++;
    find_next(partitions);
}

static void take(struct partitions *partitions, struct pg_value listed, struct pg_value failure)
{
    const struct pg_value params[] = {pg_int(partitions->run), listed, failure};
    pg_query(partitions->options.pg, "select pagetide.take_listing($1, $2::jsonb, $3)", params,
             COUNT_OF(params), TIMEOUT_MS, on_taken, partitions);
}

static void on_listed(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct partitions *partitions = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    if (err && is_away(err))
        finish(partitions, err);
    else if (err)
        take(partitions, PG_NULL, pg_text(str_from(err->text)));
    else
        take(partitions, pg_get(result, 0, 0), PG_NULL);
}

/* A parameter makes it one statement, whatever the text holds. */
static void ask(struct partitions *partitions)
{
    struct pg_value most = pg_int(partitions->most + 1);
    partitions->is_asked = true;
    pg_query(partitions->reader, partitions->sql, &most, 1, LISTING_MS, on_listed, partitions);
}

static void on_reader(void *ctx, bool is_up, const struct err *err)
{
    struct partitions *partitions = ctx;
    if (is_up && !partitions->is_asked)
        ask(partitions);
    else if (!is_up && !partitions->is_asked && partitions->is_busy && err)
        finish(partitions, err);
}

static void open_reader(struct partitions *partitions)
{
    const struct pg_options options = {.url = partitions->options.database_url,
                                       .name = partitions->options.name,
                                       .setup_sql = setup_sql};
    struct err err = ERR_INIT;
    if (!pg_open(partitions->options.loop, &options, on_reader, partitions, &partitions->reader,
                 &err))
        finish(partitions, &err);
}

static void on_due(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct partitions *partitions = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    if (err || !pg_rows(result)) {
        finish(partitions, err);
        return;
    }
    assert(pg_columns(result) == DUE_COLUMNS);
    arena_reset(partitions->arena);
    partitions->run = pg_get_int(result, 0, DUE_RUN);
    partitions->most = pg_get_int(result, 0, DUE_MOST);
    partitions->sql = list_sql(partitions->arena, pg_get_str(result, 0, DUE_SQL));
    partitions->is_asked = false;
    if (!partitions->reader)
        open_reader(partitions);
    else if (pg_is_up(partitions->reader))
        ask(partitions);
}

static void find_next(struct partitions *partitions)
{
    struct pg_value wanted = partitions->wanted ? pg_int(partitions->wanted) : PG_NULL;
    pg_query(partitions->options.pg, due_sql, &wanted, 1, TIMEOUT_MS, on_due, partitions);
}

struct partitions *partitions_new(const struct partitions_options *options)
{
    struct partitions *partitions = mem_alloc(sizeof *partitions);
    partitions->options = *options;
    partitions->arena = arena_new();
    partitions->end = loop_timer_new(options->loop, on_end, partitions);
    return partitions;
}

void partitions_free(struct partitions *partitions)
{
    if (!partitions)
        return;
    partitions->is_busy = false;
    pg_close(partitions->reader);
    loop_timer_free(partitions->end);
    arena_free(partitions->arena);
    mem_free(partitions);
}

void partitions_list(struct partitions *partitions, int64_t run, partitions_fn fn, void *ctx)
{
    if (partitions->is_busy)
        return;
    partitions->is_busy = true;
    partitions->wanted = run;
    partitions->listed = 0;
    partitions->fn = fn;
    partitions->ctx = ctx;
    find_next(partitions);
}

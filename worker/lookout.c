#include <assert.h>

#include "base/arena.h"
#include "base/log.h"
#include "config/source.h"
#include "worker/access/secrets.h"
#include "worker/pace/throttle.h"
#include "worker/worker_internal.h"

/*
 * What a worker that takes any stream's jobs should say before one of them fails, or none
 * comes: which variables and secrets it lacks, and that no scheduler lives. And how many read
 * from the same sources, which share their rate limits.
 */
enum { TIMEOUT_MS = 8000, DEFINITIONS_MAX = 100 };

/* Those that became definitions since the last look, oldest first. */
static const char definitions_sql[] =
    "select d.stream, d.spec::text, d.at::text from pagetide.stream s "
    "join pagetide.definition d on d.stream = s.name and d.version = s.version "
    "where s.removed_at is null and d.at > $1::timestamptz "
    "and d.spec::text ~ '\\m(env|secrets)\\M' order by d.at limit $2";
enum definition_column {
    DEFINITION_STREAM,
    DEFINITION_SPEC,
    DEFINITION_AT,
    DEFINITION_COLUMNS,
};

static const char schedulers_sql[] =
    "select streams, to_char(last_seen, 'YYYY-MM-DD HH24:MI:SS') "
    "from pagetide.missed_scheduler(2 * $1 * interval '1 ms') where streams > 0";
static const char crowds_sql[] = "select source, workers from pagetide.crowds($1)";
enum crowd_column { CROWD_SOURCE, CROWD_WORKERS, CROWD_COLUMNS };

enum scheduler_column { SCHEDULER_STREAMS, SCHEDULER_LAST_SEEN, SCHEDULER_COLUMNS };

static void look_into(struct worker *worker, const struct pg_result *result, size_t row)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct log_where at = {.stream = pg_get_str(result, row, DEFINITION_STREAM)};
    struct secrets secrets;
    struct stream *stream;
    struct err err = ERR_INIT;
    if (source_parse_spec(arena, pg_get_str(result, row, DEFINITION_SPEC), &stream, &err) &&
        !secrets_collect(arena, stream, worker->settings->secrets_dir, &secrets, &err))
        log_write(LOG_WARN, LOG_CONFIG_MISSING, &at, "its runs fail in this process: %s",
                  err.text);
}

static void on_definitions(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct worker *worker = ctx;
    if (err)
        return;
    assert(pg_columns(result) == DEFINITION_COLUMNS);
    size_t count = pg_rows(result);
    for (size_t i = 0; i < count; i++)
        look_into(worker, result, i);
    if (count)
        snprintf(worker->looked_at, sizeof worker->looked_at, "%.*s",
                 STR_ARG(pg_get_str(result, count - 1, DEFINITION_AT)));
}

static void on_schedulers(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct worker *worker = ctx;
    if (err)
        return;
    assert(pg_columns(result) == SCHEDULER_COLUMNS);
    bool was_missing = worker->misses_scheduler;
    worker->misses_scheduler = pg_rows(result) > 0;
    if (worker->misses_scheduler && !was_missing)
        log_write(LOG_WARN, LOG_SCHEDULER_DOWN, LOG_NOWHERE,
                  "no scheduler lives (last seen: %.*s): %lld streams with a schedule wait for "
                  "pagetide up or pagetide scheduler",
                  STR_ARG(pg_is_null(result, 0, SCHEDULER_LAST_SEEN)
                              ? STR("never")
                              : pg_get_str(result, 0, SCHEDULER_LAST_SEEN)),
                  (long long)pg_get_int(result, 0, SCHEDULER_STREAMS));
    else if (was_missing && !worker->misses_scheduler)
        log_write(LOG_INFO, LOG_SCHEDULER_UP, LOG_NOWHERE, "a scheduler lives again");
}

void lookout_definitions(struct worker *worker)
{
    const struct pg_value since[] = {
        pg_text(worker->looked_at[0] ? str_from(worker->looked_at) : STR("-infinity")),
        pg_int(DEFINITIONS_MAX)};
    if (worker->queue && pg_is_up(worker->pg))
        pg_query(worker->pg, definitions_sql, since, COUNT_OF(since), TIMEOUT_MS,
                 on_definitions, worker);
}

void lookout_schedulers(struct worker *worker)
{
    const struct pg_value beat = pg_int(worker->settings->beat_ms);
    if (worker->queue && pg_is_up(worker->pg))
        pg_query(worker->pg, schedulers_sql, &beat, 1, TIMEOUT_MS, on_schedulers, worker);
}

static void on_crowds(void *ctx, const struct pg_result *result, const struct err *err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct worker *worker = ctx;
    if (err)
        return;
    assert(pg_columns(result) == CROWD_COLUMNS);
    size_t count = pg_rows(result);
    struct throttle_crowd *crowds = ARENA_ARRAY(arena, struct throttle_crowd, count + 1);
    for (size_t i = 0; i < count; i++)
        crowds[i] = (struct throttle_crowd){pg_get_str(result, i, CROWD_SOURCE),
                                            pg_get_int(result, i, CROWD_WORKERS)};
    throttle_crowd(worker->throttle, crowds, count);
}

void lookout_crowds(struct worker *worker)
{
    const struct pg_value self = pg_text(worker->self.id);
    if (pg_is_up(worker->pg))
        pg_query(worker->pg, crowds_sql, &self, 1, TIMEOUT_MS, on_crowds, worker);
}

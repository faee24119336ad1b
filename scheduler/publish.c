#include <assert.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "port/pg_array.h"
#include "scheduler/scheduler_internal.h"

/*
 * Jobs onto the queue. PostgreSQL says which jobs should be there (pagetide.publishable); all
 * of them are pushed by one call, which leaves alone what the queue has. PostgreSQL notes them:
 *
 *     on_listed → queue_push → on_pushed → note → on_noted
 *
 * Two passes run side by side, each at most once at a time:
 *
 *     publish_start     what was never on the queue (job.enqueued_at is null): every second, at
 *                       each notification, and after each tick that made a run
 *     publish_rebuild   everything that should be there: every 15 s and whenever Redis comes
 *                       back; it repairs a queue that has lost some jobs or all
 *
 * No step needs the one before it to have been noted: pushing a job that the queue has changes
 * nothing, so a scheduler may die anywhere, and two may push the same job.
 *
 * A running job is only pushed again when its worker has been silent for three leases, and that
 * silence proves something only if this scheduler's own session has been up for longer than
 * it. If not, PostgreSQL was away, and no worker could be heard. A worker that is cut off from
 * PostgreSQL alone goes on saying its beats to Redis: its lease does not count then.
 */
enum { TIMEOUT_MS = 15000 };

#define PUBLISHABLE                                                                            \
    "select p.job, p.source, p.priority, p.delay_ms, "                                         \
    "case j.state when 'running' then j.worker end "                                           \
    "from pagetide.publishable($1, $2) p join pagetide.job j on j.id = p.job "
static const char new_sql[] =
    PUBLISHABLE "where j.enqueued_at is null and j.state <> 'running'";
static const char all_sql[] = PUBLISHABLE;
static const char idle_sql[] = PUBLISHABLE "where j.state <> 'running'";
enum publishable_column {
    PUBLISHABLE_JOB,
    PUBLISHABLE_SOURCE,
    PUBLISHABLE_PRIORITY,
    PUBLISHABLE_DELAY_MS,
    PUBLISHABLE_SILENT,
    PUBLISHABLE_COLUMNS,
};

static void pass_end(struct publish_pass *pass)
{
    bool is_wanted_again = pass->is_wanted_again;
    pass->is_busy = pass->is_wanted_again = false;
    if (pass->is_rebuild && pass->pushed)
        log_write(LOG_INFO, LOG_REBUILD, LOG_NOWHERE, "%zu jobs put on the queue again",
                  pass->pushed);
    if (is_wanted_again && pass->is_rebuild)
        publish_rebuild(pass->scheduler);
    else if (is_wanted_again)
        publish_start(pass->scheduler);
}

/* Not noted, they are pushed again, which changes nothing. A full pass of which Redis had
 * nothing has more behind it. */
static void on_noted(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct publish_pass *pass = ctx;
    (void)result;
    if (err && err->kind == ERR_STOPPED)
        return;
    pass->is_wanted_again |= !err && pass->pushed == PUBLISH_JOBS_MAX;
    pass_end(pass);
}

/* All that Redis has now counts as published, no matter who put it there. */
static void note(struct publish_pass *pass)
{
    crash_point("pushed", STR_NONE, 0);
    AUTO_BUF(list, PUBLISH_JOBS_MAX * PG_ARRAY_NUMBER_BYTES + 2);
    pg_array_put(&list, pass->jobs, pass->count);
    struct pg_value jobs = pg_text(buf_str(&list));
    pg_query(pass->scheduler->pg, "select pagetide.published($1::bigint[])", &jobs, 1,
             TIMEOUT_MS, on_noted, pass);
}

static void on_pushed(void *ctx, size_t count, const struct err *err)
{
    struct publish_pass *pass = ctx;
    pass->pushed = count;
    if (err)
        pass_end(pass);
    else
        note(pass);
}

static struct queue_entry entry_of(const struct pg_result *result, size_t row)
{
    return (struct queue_entry){.job = pg_get_int(result, row, PUBLISHABLE_JOB),
                                .source = pg_get_str(result, row, PUBLISHABLE_SOURCE),
                                .priority = (int)pg_get_int(result, row, PUBLISHABLE_PRIORITY),
                                .delay_ms = pg_get_int(result, row, PUBLISHABLE_DELAY_MS),
                                .silent = pg_get_str(result, row, PUBLISHABLE_SILENT)};
}

static void on_listed(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct publish_pass *pass = ctx;
    struct queue_entry entries[PUBLISH_JOBS_MAX];
    assert(err || pg_columns(result) == PUBLISHABLE_COLUMNS);
    for (size_t i = 0; !err && i < pg_rows(result) && i < PUBLISH_JOBS_MAX; i++) {
        entries[i] = entry_of(result, i);
        pass->jobs[pass->count++] = entries[i].job;
    }
    if (err && err->kind == ERR_STOPPED)
        return;
    if (!pass->count || !redis_is_up(pass->scheduler->redis)) {
        pass_end(pass);
        return;
    }
    crash_point("push", STR_NONE, 0);
    queue_push(pass->scheduler->queue, entries, pass->count, on_pushed, pass);
}

static void begin(struct publish_pass *pass, const char *sql)
{
    struct scheduler *scheduler = pass->scheduler;
    struct pg_value params[] = {pg_int(scheduler->settings->lease_ms),
                                pg_int(PUBLISH_JOBS_MAX)};
    assert(!pass->is_busy);
    pass->is_busy = true;
    pass->count = pass->pushed = 0;
    pg_query(scheduler->pg, sql, params, COUNT_OF(params), TIMEOUT_MS, on_listed, pass);
}

static void on_shares(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    if (!err && pg_rows(result) && redis_is_up(scheduler->redis))
        queue_shares(scheduler->queue, pg_get_str(result, 0, 0), NULL, NULL);
}

static bool may_publish(const struct scheduler *scheduler)
{
    return pg_is_up(scheduler->pg) && redis_is_up(scheduler->redis);
}

void publish_start(struct scheduler *scheduler)
{
    if (!may_publish(scheduler))
        return;
    if (scheduler->publish.is_busy)
        scheduler->publish.is_wanted_again = true;
    else
        begin(&scheduler->publish, new_sql);
}

void publish_shares(struct scheduler *scheduler)
{
    if (may_publish(scheduler))
        pg_query(scheduler->pg, "select pagetide.source_shares()", NULL, 0, TIMEOUT_MS,
                 on_shares, scheduler);
}

void publish_rebuild(struct scheduler *scheduler)
{
    if (scheduler->rebuild.is_busy || !may_publish(scheduler))
        return;
    int64_t session_ms = clock_mono_ms() - scheduler->pg_up_mono_ms;
    bool may_trust_silence = session_ms > 3 * scheduler->settings->lease_ms;
    begin(&scheduler->rebuild, may_trust_silence ? all_sql : idle_sql);
}

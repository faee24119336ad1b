#include <assert.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "port/pg_array.h"
#include "scheduler/scheduler_internal.h"

/*
 * Jobs onto the queue. PostgreSQL says which jobs should be there (pagetide.publishable), and
 * Redis says which of them it has already. The others are pushed. PostgreSQL notes them all:
 *
 *     on_listed → queue_known → on_known → queue_push, each → on_pushed → note → on_noted
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
 * it. If not, PostgreSQL was away, and no worker could be heard.
 */
enum { TIMEOUT_MS = 20000 };

static const char new_sql[] =
    "select p.job, p.source, p.priority, p.delay_ms from pagetide.publishable($1, $2) p "
    "join pagetide.job j on j.id = p.job where j.enqueued_at is null";
static const char all_sql[] =
    "select job, source, priority, delay_ms from pagetide.publishable($1, $2)";
static const char idle_sql[] =
    "select p.job, p.source, p.priority, p.delay_ms from pagetide.publishable($1, $2) p "
    "join pagetide.job j on j.id = p.job where j.state <> 'running'";
enum publishable_column {
    PUBLISHABLE_JOB,
    PUBLISHABLE_SOURCE,
    PUBLISHABLE_PRIORITY,
    PUBLISHABLE_DELAY_MS,
    PUBLISHABLE_COLUMNS,
};

static void pass_end(struct publish_pass *pass)
{
    bool is_wanted_again = pass->is_wanted_again;
    pass->is_busy = pass->is_wanted_again = false;
    if (pass->is_rebuild && pass->pushed)
        log_write(LOG_INFO, LOG_REBUILD, LOG_NOWHERE, "%zu jobs put on the queue again",
                  pass->pushed);
    if (is_wanted_again)
        publish_start(pass->scheduler);
}

static void on_noted(void *ctx, const struct pg_result *result, const struct err *err)
{
    (void)result, (void)err; /* not noted, they are pushed again, which changes nothing */
    pass_end(ctx);
}

/* All that Redis has now counts as published, no matter who put it there. */
static void note(struct publish_pass *pass)
{
    int64_t queued[PUBLISH_JOBS_MAX] = {0};
    size_t count = 0;
    for (size_t i = 0; i < pass->count; i++)
        if (pass->entries[i].is_known || pass->entries[i].is_pushed)
            queued[count++] = pass->entries[i].job;
    crash_point("pushed", STR_NONE, 0);
    AUTO_BUF(list, PUBLISH_JOBS_MAX * PG_ARRAY_NUMBER_BYTES + 2);
    pg_array_put(&list, queued, count);
    struct pg_value jobs = pg_text(buf_str(&list));
    if (count)
        pg_query(pass->scheduler->pg, "select pagetide.published($1::bigint[])", &jobs, 1,
                 TIMEOUT_MS, on_noted, pass);
    else
        pass_end(pass);
}

static void on_pushed(void *ctx, const struct err *err)
{
    struct publish_entry *entry = ctx;
    struct publish_pass *pass = entry->pass;
    assert(pass->waiting > 0);
    entry->is_pushed = !err;
    pass->pushed += !err;
    if (--pass->waiting == 0)
        note(pass);
}

/* One more is waited for than is pushed, so that the pass cannot end inside the loop. */
static void push_all(struct publish_pass *pass)
{
    crash_point("push", STR_NONE, 0);
    pass->waiting = 1;
    for (size_t i = 0; i < pass->count; i++) {
        struct publish_entry *entry = &pass->entries[i];
        if (entry->is_known)
            continue;
        pass->waiting++;
        queue_push(pass->scheduler->queue, entry->job, str_from(entry->source), entry->priority,
                   entry->delay_ms, on_pushed, entry);
    }
    if (--pass->waiting == 0)
        note(pass);
}

static void on_known(void *ctx, const bool *known, size_t count, const struct err *err)
{
    struct publish_pass *pass = ctx;
    if (err) {
        pass_end(pass);
        return;
    }
    assert(count == pass->count);
    for (size_t i = 0; i < count; i++)
        pass->entries[i].is_known = known[i];
    push_all(pass);
}

static void on_listed(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct publish_pass *pass = ctx;
    int64_t jobs[PUBLISH_JOBS_MAX];
    assert(err || pg_columns(result) == PUBLISHABLE_COLUMNS);
    for (size_t i = 0; !err && i < pg_rows(result) && i < PUBLISH_JOBS_MAX; i++) {
        struct publish_entry *entry = &pass->entries[pass->count];
        *entry = (struct publish_entry){.pass = pass};
        jobs[pass->count++] = entry->job = pg_get_int(result, i, PUBLISHABLE_JOB);
        snprintf(entry->source, sizeof entry->source, "%.*s",
                 STR_ARG(pg_get_str(result, i, PUBLISHABLE_SOURCE)));
        entry->priority = (int)pg_get_int(result, i, PUBLISHABLE_PRIORITY);
        entry->delay_ms = pg_get_int(result, i, PUBLISHABLE_DELAY_MS);
    }
    if (err && err->kind == ERR_STOPPED)
        return;
    if (!pass->count || !redis_is_up(pass->scheduler->redis))
        pass_end(pass);
    else
        queue_known(pass->scheduler->queue, jobs, pass->count, on_known, pass);
}

static void begin(struct publish_pass *pass, const char *sql)
{
    struct scheduler *scheduler = pass->scheduler;
    struct pg_value params[] = {pg_int(scheduler->settings->lease_ms),
                                pg_int(PUBLISH_JOBS_MAX)};
    assert(!pass->is_busy);
    pass->is_busy = true;
    pass->count = pass->waiting = pass->pushed = 0;
    pg_query(scheduler->pg, sql, params, COUNT_OF(params), TIMEOUT_MS, on_listed, pass);
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

void publish_rebuild(struct scheduler *scheduler)
{
    if (scheduler->rebuild.is_busy || !may_publish(scheduler))
        return;
    int64_t session_ms = clock_mono_ms() - scheduler->pg_up_mono_ms;
    bool may_trust_silence = session_ms > 3 * scheduler->settings->lease_ms;
    begin(&scheduler->rebuild, may_trust_silence ? all_sql : idle_sql);
}

#include "base/clock.h"
#include "base/log.h"
#include "scheduler/scheduler_internal.h"

enum { TIMEOUT_MS = 20000 };

static void pass_end(struct publish_pass *pass)
{
    bool again = pass->again;
    pass->is_busy = pass->again = false;
    if (pass->is_rebuild && pass->pushed)
        log_write(LOG_INFO, LOG_REBUILD, LOG_NOWHERE, "%zu jobs put on the queue again",
                  pass->pushed);
    if (again)
        publish_pass(pass->scheduler);
}

static void on_noted(void *ctx, const struct pg_result *result, const struct err *err)
{
    (void)result, (void)err; /* not noted, they are pushed again, which changes nothing */
    pass_end(ctx);
}

/* All that Redis has now, whoever put it there, counts as published. */
static void note(struct publish_pass *pass)
{
    struct buf list;
    buf_init(&list, PUBLISH_JOBS_MAX * 24);
    buf_put_byte(&list, '{');
    for (size_t i = 0; i < pass->count; i++)
        if (pass->entries[i].is_known || pass->entries[i].is_pushed)
            buf_printf(&list, "%s%lld", list.len > 1 ? "," : "",
                       (long long)pass->entries[i].job);
    buf_put_byte(&list, '}');
    struct pg_value jobs = pg_text(buf_str(&list));
    if (list.len > 2)
        pg_query(pass->scheduler->pg, "select pagetide.published($1::bigint[])", &jobs, 1,
                 TIMEOUT_MS, on_noted, pass);
    else
        pass_end(pass);
    buf_done(&list);
}

static void on_pushed(void *ctx, const struct err *err)
{
    struct publish_entry *entry = ctx;
    struct publish_pass *pass = entry->pass;
    entry->is_pushed = !err;
    pass->pushed += !err;
    if (--pass->waiting == 0)
        note(pass);
}

static void push_all(struct publish_pass *pass)
{
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
    for (size_t i = 0; i < count; i++)
        pass->entries[i].is_known = known[i];
    push_all(pass);
}

static void on_listed(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct publish_pass *pass = ctx;
    int64_t jobs[PUBLISH_JOBS_MAX];
    for (size_t i = 0; !err && i < pg_rows(result) && i < PUBLISH_JOBS_MAX; i++) {
        struct publish_entry *entry = &pass->entries[pass->count];
        *entry = (struct publish_entry){.pass = pass};
        jobs[pass->count++] = entry->job = pg_get_int(result, i, 0);
        snprintf(entry->source, sizeof entry->source, "%.*s",
                 STR_ARG(pg_get_str(result, i, 1)));
        entry->priority = (int)pg_get_int(result, i, 2);
        entry->delay_ms = pg_get_int(result, i, 3);
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
    pass->is_busy = true;
    pass->count = pass->waiting = pass->pushed = 0;
    pg_query(scheduler->pg, sql, params, COUNT_OF(params), TIMEOUT_MS, on_listed, pass);
}

static bool can_publish(const struct scheduler *scheduler)
{
    return pg_is_up(scheduler->pg) && redis_is_up(scheduler->redis);
}

void publish_pass(struct scheduler *scheduler)
{
    static const char sql[] =
        "select p.job, p.source, p.priority, p.delay_ms from pagetide.publishable($1, $2) p "
        "join pagetide.job j on j.id = p.job where j.enqueued_at is null";
    if (!can_publish(scheduler))
        return;
    if (scheduler->publish.is_busy)
        scheduler->publish.again = true;
    else
        begin(&scheduler->publish, sql);
}

/*
 * A silent worker is only believed gone by a scheduler whose own session has stood for longer
 * than the silence: else it was the database that was away.
 */
void rebuild_pass(struct scheduler *scheduler)
{
    static const char all_sql[] =
        "select job, source, priority, delay_ms from pagetide.publishable($1, $2)";
    static const char idle_sql[] =
        "select p.job, p.source, p.priority, p.delay_ms from pagetide.publishable($1, $2) p "
        "join pagetide.job j on j.id = p.job where j.state <> 'running'";
    if (scheduler->rebuild.is_busy || !can_publish(scheduler))
        return;
    int64_t session_ms = clock_mono_ms() - scheduler->pg_up_mono_ms;
    bool trusts_silence = session_ms > 3 * scheduler->settings->lease_ms;
    begin(&scheduler->rebuild, trusts_silence ? all_sql : idle_sql);
}

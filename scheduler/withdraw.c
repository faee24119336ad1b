#include <assert.h>

#include "port/pg_array.h"
#include "scheduler/scheduler_internal.h"

/*
 * What was cancelled in PostgreSQL goes from the queue: asked for → taken out in Redis, or
 * flagged for its holder's next beat → noted. Workers drop such jobs anyway. This cleans up a
 * job that no worker holds, and reaches a holder that has lost PostgreSQL.
 */
enum { TIMEOUT_MS = 15000 };

static const char withdrawable_sql[] = "select job from pagetide.withdrawable($1)";
enum withdrawable_column { WITHDRAWABLE_JOB, WITHDRAWABLE_COLUMNS };

/* A job that is not noted is taken out again, which changes nothing. */
static void note(struct withdraw_pass *pass)
{
    int64_t out[WITHDRAW_JOBS_MAX] = {0};
    size_t count = 0;
    for (size_t i = 0; i < pass->count; i++)
        if (pass->entries[i].is_out)
            out[count++] = pass->entries[i].job;
    AUTO_BUF(list, WITHDRAW_JOBS_MAX * PG_ARRAY_NUMBER_BYTES + 2);
    pg_array_put(&list, out, count);
    struct pg_value jobs = pg_text(buf_str(&list));
    if (count)
        pg_query(pass->scheduler->pg, "select pagetide.withdrawn($1::bigint[])", &jobs, 1,
                 TIMEOUT_MS, NULL, NULL);
    pass->is_busy = false;
}

static void on_cancelled(void *ctx, const struct err *err)
{
    struct withdraw_entry *entry = ctx;
    assert(entry->pass->waiting > 0);
    entry->is_out = !err;
    if (--entry->pass->waiting == 0)
        note(entry->pass);
}

static void on_listed(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct withdraw_pass *pass = ctx;
    struct scheduler *scheduler = pass->scheduler;
    if (err && err->kind == ERR_STOPPED)
        return;
    assert(err || pg_columns(result) == WITHDRAWABLE_COLUMNS);
    pass->is_busy = !err && pg_rows(result) && redis_is_up(scheduler->redis);
    if (!pass->is_busy)
        return;
    pass->count = MIN(pg_rows(result), WITHDRAW_JOBS_MAX);
    pass->waiting = pass->count;
    for (size_t i = 0; i < pass->count; i++) {
        struct withdraw_entry *entry = &pass->entries[i];
        *entry = (struct withdraw_entry){.pass = pass,
                                         .job = pg_get_int(result, i, WITHDRAWABLE_JOB)};
        queue_cancel(scheduler->queue, entry->job, on_cancelled, entry);
    }
}

void withdraw_start(struct scheduler *scheduler)
{
    struct withdraw_pass *pass = &scheduler->withdraw;
    struct pg_value most = pg_int(WITHDRAW_JOBS_MAX);
    if (pass->is_busy || !pg_is_up(scheduler->pg) || !redis_is_up(scheduler->redis))
        return;
    pass->is_busy = true;
    pg_query(scheduler->pg, withdrawable_sql, &most, 1, TIMEOUT_MS, on_listed, pass);
}

#include <assert.h>

#include "base/log.h"
#include "scheduler/scheduler_internal.h"

/* Scheduled runs that failed go on by themselves, as `retry_run` of their definition says. */
enum { TIMEOUT_MS = 15000, RUNS_PER_PASS = 100 };

static const char rerun_sql[] = "select run, stream from pagetide.rerun_due($1)";
enum rerun_column { RERUN_RUN, RERUN_STREAM, RERUN_COLUMNS };

static void on_rerun(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    if (err) {
        if (err->kind != ERR_STOPPED)
            log_write(LOG_WARN, LOG_NOTE, LOG_NOWHERE, "retry_run: %s", err->text);
        return;
    }
    assert(pg_columns(result) == RERUN_COLUMNS);
    for (size_t i = 0; i < pg_rows(result); i++) {
        struct log_where at = {.stream = pg_get_str(result, i, RERUN_STREAM),
                               .run = pg_get_int(result, i, RERUN_RUN)};
        log_write(LOG_INFO, LOG_RUN_QUEUED, &at, "failed, and goes on by retry_run");
    }
    if (pg_rows(result))
        publish_start(scheduler);
}

void rerun_start(struct scheduler *scheduler)
{
    struct pg_value most = pg_int(RUNS_PER_PASS);
    if (pg_is_up(scheduler->pg))
        pg_query(scheduler->pg, rerun_sql, &most, 1, TIMEOUT_MS, on_rerun, scheduler);
}

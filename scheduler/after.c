#include <assert.h>

#include "base/log.h"
#include "scheduler/scheduler_internal.h"

/* Streams with `after` start when the streams that it names have succeeded. */
enum { TIMEOUT_MS = 15000, STREAMS_PER_PASS = 100 };

static const char after_sql[] = "select run, stream from pagetide.start_after($1)";
enum after_column { AFTER_RUN, AFTER_STREAM, AFTER_COLUMNS };

static void on_started(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    if (err) {
        if (err->kind != ERR_STOPPED)
            log_write(LOG_WARN, LOG_NOTE, LOG_NOWHERE, "after: %s", err->text);
        return;
    }
    assert(pg_columns(result) == AFTER_COLUMNS);
    for (size_t i = 0; i < pg_rows(result); i++) {
        struct log_where at = {.stream = pg_get_str(result, i, AFTER_STREAM),
                               .run = pg_get_int(result, i, AFTER_RUN)};
        log_write(LOG_INFO, LOG_RUN_QUEUED, &at, "the streams before it have succeeded");
    }
    if (pg_rows(result))
        publish_start(scheduler);
}

void after_start(struct scheduler *scheduler)
{
    struct pg_value most = pg_int(STREAMS_PER_PASS);
    if (pg_is_up(scheduler->pg))
        pg_query(scheduler->pg, after_sql, &most, 1, TIMEOUT_MS, on_started, scheduler);
}

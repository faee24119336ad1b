#include <assert.h>

#include "base/log.h"
#include "base/units.h"
#include "core/cron.h"
#include "scheduler/scheduler_internal.h"
#include "scheduler/tick_plan.h"

/*
 * One pass: PostgreSQL names the streams that are due (pagetide.due), tick_plan.h says what to
 * do about each. pagetide.tick makes the run and sets when the stream is due again, in one
 * statement. Several schedulers may get the same stream: the first to lock its row does it, the
 * others get the verdict `locked` or `none`. A stream whose run is still under way gets one
 * pending request instead, however many ticks pass. A stream whose time zone is not known yet
 * waits for it. What fails is still due at the next pass, a
 * second later.
 */

enum { TIMEOUT_MS = 15000, STREAMS_PER_PASS = 100 };

static const char due_sql[] =
    "select stream, schedule, every_ms, (extract(epoch from next_due) * 1000000)::bigint, "
    "catch_up, timezone, spread, (extract(epoch from pagetide.clock()) * 1000000)::bigint "
    "from pagetide.due($1)";
enum due_column {
    DUE_STREAM,
    DUE_SCHEDULE,
    DUE_EVERY_MS,
    DUE_NEXT_US,
    DUE_CATCH_UP,
    DUE_TIMEZONE,
    DUE_SPREAD,
    DUE_NOW_US,
    DUE_COLUMNS,
};

static const char tick_sql[] = "select verdict, run, $1 from pagetide.tick($1, "
                               "'epoch'::timestamptz + $2::bigint * interval '1 us', "
                               "'epoch'::timestamptz + $3::bigint * interval '1 us', $4)";
enum tick_column { TICK_VERDICT, TICK_RUN, TICK_STREAM, TICK_COLUMNS };

static const char skip_sql[] =
    "select pagetide.set_next_due($1, 'epoch'::timestamptz + $2::bigint * interval '1 us')";

static void on_ticked(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    if (err) {
        if (err->kind != ERR_STOPPED)
            log_write(LOG_WARN, LOG_NOTE, LOG_NOWHERE, "tick: %s", err->text);
        return;
    }
    assert(pg_columns(result) == TICK_COLUMNS);
    if (!pg_rows(result) || !str_is(pg_get_str(result, 0, TICK_VERDICT), "run"))
        return;
    struct log_where at = {.stream = pg_get_str(result, 0, TICK_STREAM),
                           .run = pg_get_int(result, 0, TICK_RUN)};
    log_write(LOG_INFO, LOG_RUN_QUEUED, &at, "scheduled");
    publish_start(scheduler);
}

static void fire(struct scheduler *scheduler, struct str stream, const struct tick_plan *plan)
{
    if (plan->at_us < 0) {
        const struct pg_value params[] = {pg_text(stream), pg_int(plan->next_us)};
        pg_query(scheduler->pg, skip_sql, params, COUNT_OF(params), TIMEOUT_MS, NULL, NULL);
        return;
    }
    const struct pg_value params[] = {
        pg_text(stream), pg_int(plan->at_us), pg_int(plan->next_us),
        pg_text(plan->is_catch_up ? STR("catch_up") : STR("schedule"))};
    pg_query(scheduler->pg, tick_sql, params, COUNT_OF(params), TIMEOUT_MS, on_ticked,
             scheduler);
}

static int64_t spread_of(struct str stream, struct str spread)
{
    int64_t ms;
    return spread.len && units_parse_duration(spread, &ms) ? cron_spread_us(stream, ms) : 0;
}

static void tick_stream(struct scheduler *scheduler, const struct pg_result *result, size_t row)
{
    struct cron cron = {0};
    struct err err = ERR_INIT;
    struct str stream = pg_get_str(result, row, DUE_STREAM);
    struct log_where at = {.stream = stream};
    const struct tick_due due = {
        .every_us = pg_get_int(result, row, DUE_EVERY_MS) * 1000,
        .next_due_us =
            pg_is_null(result, row, DUE_NEXT_US) ? -1 : pg_get_int(result, row, DUE_NEXT_US),
        .catch_up = pg_get_str(result, row, DUE_CATCH_UP),
        .now_us = pg_get_int(result, row, DUE_NOW_US),
        .spread_us = spread_of(stream, pg_get_str(result, row, DUE_SPREAD)),
    };
    if (due.every_us <= 0 && !cron_parse(pg_get_str(result, row, DUE_SCHEDULE), &cron, &err)) {
        log_write(LOG_ERROR, LOG_NOTE, &at, "schedule: %s", err.text);
        return;
    }
    const struct zone *zone =
        zones_find(scheduler, pg_get_str(result, row, DUE_TIMEZONE), due.now_us);
    if (!zone)
        return;
    struct tick_plan plan = tick_plan_for(&due, &cron, zone);
    fire(scheduler, stream, &plan);
}

static void on_due(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    scheduler->is_ticking = false;
    if (err)
        return;
    assert(pg_columns(result) == DUE_COLUMNS);
    for (size_t i = 0; i < pg_rows(result); i++)
        tick_stream(scheduler, result, i);
}

void tick_start(struct scheduler *scheduler)
{
    struct pg_value most = pg_int(STREAMS_PER_PASS);
    if (scheduler->is_ticking || !pg_is_up(scheduler->pg))
        return;
    scheduler->is_ticking = true;
    pg_query(scheduler->pg, due_sql, &most, 1, TIMEOUT_MS, on_due, scheduler);
}

#include "base/log.h"
#include "base/mem.h"
#include "core/cron.h"
#include "scheduler/scheduler_internal.h"

enum { TIMEOUT_MS = 20000, STREAMS_PER_PASS = 100 };

/* A tick that is later than this, or that another one has overtaken, was missed. */
static const int64_t LATE_US = 60000000;

struct due {
    struct str stream, schedule, catch_up;
    int64_t every_us;
    int64_t next_due_us; /* -1: never computed */
    int64_t now_us;
};

/* What to do about a due stream: fire at `at` (-1: nothing), then wait for `next`. */
struct plan {
    int64_t at_us, next_us;
    bool is_catch_up;
};

static bool next_after(const struct due *due, const struct cron *cron, int64_t after_us,
                       int64_t *ret_us)
{
    if (due->every_us > 0)
        *ret_us = after_us + due->every_us;
    else
        *ret_us = cron_next(cron, after_us);
    return *ret_us > after_us;
}

/* The latest tick not after now, without walking through all of them for `every`. */
static int64_t latest_tick(const struct due *due, const struct cron *cron)
{
    int64_t at = due->next_due_us, next;
    if (due->every_us > 0)
        return at + (due->now_us - at) / due->every_us * due->every_us;
    while (next_after(due, cron, at, &next) && next <= due->now_us)
        at = next;
    return at;
}

/* A stream seen for the first time: `every` begins now, cron at its next instant. */
static struct plan first_plan(const struct due *due, const struct cron *cron)
{
    struct plan plan = {.at_us = due->every_us > 0 ? due->now_us : -1};
    if (!next_after(due, cron, due->now_us, &plan.next_us))
        plan.next_us = due->now_us;
    return plan;
}

static struct plan plan_for(const struct due *due, const struct cron *cron)
{
    if (due->next_due_us < 0)
        return first_plan(due, cron);
    int64_t latest = latest_tick(due, cron);
    bool missed = latest != due->next_due_us || due->now_us - latest > LATE_US;
    struct plan plan = {.at_us = latest, .is_catch_up = missed};
    if (missed && str_is(due->catch_up, "all"))
        plan.at_us = due->next_due_us;
    if (!next_after(due, cron, plan.at_us, &plan.next_us))
        plan.next_us = due->now_us;
    if (missed && str_is(due->catch_up, "none"))
        plan.at_us = -1;
    return plan;
}

static void on_ticked(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    if (err) {
        if (err->kind != ERR_STOPPED)
            log_write(LOG_WARN, LOG_NOTE, LOG_NOWHERE, "tick: %s", err->text);
        return;
    }
    if (!pg_rows(result) || !str_is(pg_get_str(result, 0, 0), "run"))
        return;
    struct log_where at = {.stream = pg_get_str(result, 0, 2), .run = pg_get_int(result, 0, 1)};
    log_write(LOG_INFO, LOG_RUN_QUEUED, &at, "scheduled");
    publish_pass(scheduler);
}

static void fire(struct scheduler *scheduler, const struct due *due, const struct plan *plan)
{
    static const char tick_sql[] = "select verdict, run, $1 from pagetide.tick($1, "
                                   "'epoch'::timestamptz + $2::bigint * interval '1 us', "
                                   "'epoch'::timestamptz + $3::bigint * interval '1 us', $4)";
    static const char skip_sql[] =
        "select pagetide.set_next_due($1, 'epoch'::timestamptz + $2::bigint * interval '1 us')";
    struct pg_value params[] = {pg_text(due->stream), pg_int(plan->at_us),
                                pg_int(plan->next_us),
                                pg_text(plan->is_catch_up ? STR("catch_up") : STR("schedule"))};
    if (plan->at_us >= 0) {
        pg_query(scheduler->pg, tick_sql, params, 4, TIMEOUT_MS, on_ticked, scheduler);
        return;
    }
    params[1] = params[2];
    pg_query(scheduler->pg, skip_sql, params, 2, TIMEOUT_MS, NULL, NULL);
}

static void consider(struct scheduler *scheduler, const struct due *due)
{
    struct cron cron = {0};
    struct err err = ERR_INIT;
    struct log_where at = {.stream = due->stream};
    if (due->every_us <= 0 && !cron_parse(due->schedule, &cron, &err)) {
        log_write(LOG_ERROR, LOG_NOTE, &at, "schedule: %s", err.text);
        return;
    }
    struct plan plan = plan_for(due, &cron);
    fire(scheduler, due, &plan);
}

static void on_due(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    scheduler->is_ticking = false;
    for (size_t i = 0; !err && i < pg_rows(result); i++) {
        struct due due = {
            .stream = pg_get_str(result, i, 0),
            .schedule = pg_get_str(result, i, 1),
            .every_us = pg_get_int(result, i, 2) * 1000,
            .next_due_us = pg_is_null(result, i, 3) ? -1 : pg_get_int(result, i, 3),
            .catch_up = pg_get_str(result, i, 4),
            .now_us = pg_get_int(result, i, 5),
        };
        consider(scheduler, &due);
    }
}

void tick_pass(struct scheduler *scheduler)
{
    static const char sql[] =
        "select stream, schedule, every_ms, (extract(epoch from next_due) * 1000000)::bigint, "
        "catch_up, (extract(epoch from pagetide.clock()) * 1000000)::bigint "
        "from pagetide.due($1)";
    struct pg_value most = pg_int(STREAMS_PER_PASS);
    if (scheduler->is_ticking || !pg_is_up(scheduler->pg))
        return;
    scheduler->is_ticking = true;
    pg_query(scheduler->pg, sql, &most, 1, TIMEOUT_MS, on_due, scheduler);
}

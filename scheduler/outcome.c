#include <assert.h>

#include "core/script.h"
#include "port/json.h"
#include "scheduler/scheduler_internal.h"

/*
 * What became of reload requests, where their senders look: PREFIX:reload:result:ID, for a day.
 *
 *     pagetide.reload_outcomes ─► outcome.lua ─► pagetide.reload_told
 *     (state changed since told)      ▲
 *     pagetide.reload (intake.c) ─────┘
 *
 * Any scheduler may write any outcome, and may be stopped or cut off before its write arrives.
 * So each has the time at which PostgreSQL changed the state (request.changed_us), and the
 * script leaves alone what is newer. Told is only what Redis has answered, and what has not
 * changed meanwhile; everything else is listed, and written, again.
 */
enum { TIMEOUT_MS = 15000, OUTCOME_SECONDS = 86400 };

static const char outcomes_sql[] =
    "select id, state, run, reason, changed_us from pagetide.reload_outcomes()";
enum outcome_column {
    OUTCOME_ID,
    OUTCOME_STATE,
    OUTCOME_RUN,
    OUTCOME_REASON,
    OUTCOME_CHANGED_US,
    OUTCOME_COLUMNS,
};

struct writing {
    struct script_ask ask;
    struct scheduler *scheduler;
    struct outcome outcome; /* its texts are in the ask's arena */
};

/* A newer one that is there is as good: its writer notes it, or PostgreSQL has lost it. */
static void on_written(struct script_ask *ask, const struct redis_reply *reply,
                       const struct err *err)
{
    const struct writing *writing = (const struct writing *)ask; /* its first member */
    const struct outcome *outcome = &writing->outcome;
    (void)reply;
    if (err || !outcome->changed_us)
        return;
    const struct pg_value params[] = {pg_text(outcome->id), pg_text(outcome->state),
                                      pg_int(outcome->changed_us)};
    pg_query(writing->scheduler->pg, "select pagetide.reload_told($1, $2, $3)", params,
             COUNT_OF(params), TIMEOUT_MS, NULL, NULL);
}

static struct str text_of(struct arena *arena, const struct outcome *outcome)
{
    AUTO_JSON struct json *json = json_new();
    json_set_str(json, STR("id"), outcome->id);
    json_set_str(json, STR("state"), outcome->state);
    if (outcome->run)
        json_set_int(json, "run", outcome->run);
    if (outcome->reason.len)
        json_set_str(json, STR("reason"), outcome->reason);
    if (outcome->changed_us)
        json_set_int(json, "changed_us", outcome->changed_us);
    return json_write(json, arena);
}

void outcome_write(struct scheduler *scheduler, const struct outcome *outcome)
{
    struct writing *writing = script_ask_new(&scheduler->outcomes, sizeof *writing, on_written);
    struct arena *arena = writing->ask.arena;
    writing->scheduler = scheduler;
    writing->outcome = (struct outcome){.id = arena_str(arena, outcome->id),
                                        .state = arena_str(arena, outcome->state),
                                        .changed_us = outcome->changed_us};
    const struct str args[] = {
        arena_printf(arena, "%s:reload:result:%.*s", scheduler->settings->redis_prefix,
                     STR_ARG(outcome->id)),
        text_of(arena, outcome), script_ask_number(&writing->ask, outcome->changed_us),
        script_ask_number(&writing->ask, OUTCOME_SECONDS)};
    script_ask_send(&writing->ask, &scheduler->outcome_script, args, COUNT_OF(args));
}

static void on_outcomes(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    scheduler->is_reporting = false;
    if (err || !redis_is_up(scheduler->redis))
        return;
    assert(pg_columns(result) == OUTCOME_COLUMNS);
    for (size_t i = 0; i < pg_rows(result); i++)
        outcome_write(scheduler, &(struct outcome){
                                     .id = pg_get_str(result, i, OUTCOME_ID),
                                     .state = pg_get_str(result, i, OUTCOME_STATE),
                                     .run = pg_get_int(result, i, OUTCOME_RUN),
                                     .reason = pg_get_str(result, i, OUTCOME_REASON),
                                     .changed_us = pg_get_int(result, i, OUTCOME_CHANGED_US),
                                 });
}

void outcome_report(struct scheduler *scheduler)
{
    if (scheduler->is_reporting || !pg_is_up(scheduler->pg) || !redis_is_up(scheduler->redis))
        return;
    scheduler->is_reporting = true;
    pg_query(scheduler->pg, outcomes_sql, NULL, 0, TIMEOUT_MS, on_outcomes, scheduler);
}

void outcome_open(struct scheduler *scheduler)
{
    scheduler->outcome_script =
        (struct script){.name = "outcome", .text = script_text("outcome.lua")};
    scripts_init(&scheduler->outcomes, scheduler->redis, TIMEOUT_MS, scheduler_on_answer,
                 scheduler);
}

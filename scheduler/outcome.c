#include <assert.h>

#include "base/json_out.h"
#include "core/script.h"
#include "port/json.h"
#include "scheduler/scheduler_internal.h"

/*
 * What became of reload requests, where their senders look: PREFIX:reload:result:ID, for a day.
 *
 *     pagetide.reload_outcomes ─► outcome.lua ─► pagetide.reload_all_told
 *     (state changed since told)      ▲
 *     pagetide.reload_all (settle.c) ─┘
 *
 * Any scheduler may write any outcome, and may be stopped or cut off before its write arrives.
 * So each has the time at which PostgreSQL changed the state (request.changed_us), and the
 * script leaves alone what is newer. Told is only what Redis has answered, and what has not
 * changed meanwhile; everything else is listed, and written, again.
 *
 * A list is as long as PostgreSQL gives it. Where many runs end at once there is more behind
 * it: the next one is asked for when PostgreSQL has noted the whole of it.
 */
enum { TIMEOUT_MS = 15000, OUTCOME_SECONDS = 86400, OUTCOMES_PER_LIST = 10 * OUTCOMES_MAX };

static const char outcomes_sql[] =
    "select id, state, run, reason, changed_us from pagetide.reload_outcomes($1)";
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
    bool has_more; /* behind it, in PostgreSQL */
    size_t count;
    struct outcome outcomes[OUTCOMES_MAX]; /* texts of the ask's arena; no reasons */
};

/* What is locked stays in the list: asked for at once again, it would be the same. */
static void on_noted(void *ctx, const struct pg_result *result, const struct err *err)
{
    if (!err && pg_get_int(result, 0, 0))
        outcome_report(ctx);
}

static struct str told_text(struct arena *arena, const struct writing *writing)
{
    AUTO_BUF(buf, MIB(1));
    struct json_out out = {.buf = &buf};
    json_out_open(&out, NULL, '[');
    for (size_t i = 0; i < writing->count; i++) {
        const struct outcome *outcome = &writing->outcomes[i];
        if (!outcome->changed_us)
            continue;
        json_out_open(&out, NULL, '{');
        json_out_str(&out, "id", outcome->id);
        json_out_str(&out, "state", outcome->state);
        json_out_int(&out, "changed_us", outcome->changed_us);
        json_out_close(&out, '}');
    }
    json_out_close(&out, ']');
    return arena_str(arena, buf_str(&buf));
}

/* A newer one that is there is as good: its writer notes it, or PostgreSQL has lost it. */
static void on_written(struct script_ask *ask, const struct redis_reply *reply,
                       const struct err *err)
{
    const struct writing *writing = (const struct writing *)ask; /* its first member */
    (void)reply;
    if (err)
        return;
    struct pg_value told = pg_text(told_text(ask->arena, writing));
    pg_query(writing->scheduler->pg, "select pagetide.reload_all_told($1::jsonb)", &told, 1,
             TIMEOUT_MS, writing->has_more ? on_noted : NULL, writing->scheduler);
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

static struct writing *writing_new(struct scheduler *scheduler, const struct outcome *outcomes,
                                   size_t count)
{
    assert(count && count <= OUTCOMES_MAX);
    struct writing *writing = script_ask_new(&scheduler->outcomes, sizeof *writing, on_written);
    struct arena *arena = writing->ask.arena;
    writing->scheduler = scheduler;
    writing->count = writing->ask.keys = count;
    for (size_t i = 0; i < count; i++)
        writing->outcomes[i] = (struct outcome){.id = arena_str(arena, outcomes[i].id),
                                                .state = arena_str(arena, outcomes[i].state),
                                                .changed_us = outcomes[i].changed_us};
    return writing;
}

/* As outcome.lua has them: the keys, for how long, and what is there. */
static void writing_send(struct writing *writing, const struct outcome *outcomes)
{
    struct scheduler *scheduler = writing->scheduler;
    struct arena *arena = writing->ask.arena;
    size_t count = writing->count;
    struct str args[3 * OUTCOMES_MAX + 1];
    args[count] = script_ask_number(&writing->ask, OUTCOME_SECONDS);
    for (size_t i = 0; i < count; i++) {
        struct str *said = &args[count + 1 + 2 * i];
        args[i] = arena_printf(arena, "%s:reload:result:%.*s",
                               scheduler->settings->redis_prefix, STR_ARG(outcomes[i].id));
        said[0] = text_of(arena, &outcomes[i]);
        said[1] = script_ask_number(&writing->ask, outcomes[i].changed_us);
    }
    script_ask_send(&writing->ask, &scheduler->outcome_script, args, 3 * count + 1);
}

void outcome_write(struct scheduler *scheduler, const struct outcome *outcomes, size_t count)
{
    writing_send(writing_new(scheduler, outcomes, count), outcomes);
}

static struct outcome outcome_of(const struct pg_result *result, size_t row)
{
    return (struct outcome){
        .id = pg_get_str(result, row, OUTCOME_ID),
        .state = pg_get_str(result, row, OUTCOME_STATE),
        .run = pg_get_int(result, row, OUTCOME_RUN),
        .reason = pg_get_str(result, row, OUTCOME_REASON),
        .changed_us = pg_get_int(result, row, OUTCOME_CHANGED_US),
    };
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
    struct outcome outcomes[OUTCOMES_MAX];
    for (size_t row = 0, count = 0; row < pg_rows(result); row++) {
        outcomes[count++] = outcome_of(result, row);
        if (count < OUTCOMES_MAX && row + 1 < pg_rows(result))
            continue;
        struct writing *writing = writing_new(scheduler, outcomes, count);
        writing->has_more = row + 1 == OUTCOMES_PER_LIST;
        writing_send(writing, outcomes);
        count = 0;
    }
}

void outcome_report(struct scheduler *scheduler)
{
    if (scheduler->is_reporting || !pg_is_up(scheduler->pg) || !redis_is_up(scheduler->redis))
        return;
    scheduler->is_reporting = true;
    struct pg_value at_most = pg_int(OUTCOMES_PER_LIST);
    pg_query(scheduler->pg, outcomes_sql, &at_most, 1, TIMEOUT_MS, on_outcomes, scheduler);
}

void outcome_open(struct scheduler *scheduler)
{
    scheduler->outcome_script =
        (struct script){.name = "outcome", .text = script_text("outcome.lua")};
    scripts_init(&scheduler->outcomes, scheduler->redis, TIMEOUT_MS, scheduler_on_answer,
                 scheduler);
}

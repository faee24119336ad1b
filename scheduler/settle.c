#include <assert.h>

#include "base/arena.h"
#include "base/log.h"
#include "scheduler/scheduler_internal.h"

/*
 * The ends of reload messages, in the order of what must not be lost: the outcomes, the bad
 * messages, and then the acknowledgement of all of them. One connection, one command for each
 * but the bad ones, so that a hundred messages cost Redis little more than one.
 */
enum {
    TIMEOUT_MS = 15000,
    ID_BYTES_MAX = 255, /* of an id that gets an outcome */
    OWN_ARGS = 3,       /* command, stream, group */
};

struct settle {
    struct scheduler *scheduler;
    struct arena *arena;
    size_t count, outcome_count;
    struct str entries[OUTCOMES_MAX];
    struct outcome outcomes[OUTCOMES_MAX];
    bool has_taken;
};

struct settle *settle_new(struct scheduler *scheduler)
{
    struct arena *arena = arena_new();
    struct settle *settle = ARENA_NEW(arena, struct settle);
    settle->scheduler = scheduler;
    settle->arena = arena;
    return settle;
}

static void on_added(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    (void)reply;
    scheduler_on_answer(ctx, "XADD", err);
}

static void on_acknowledged(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    (void)reply;
    scheduler_on_answer(ctx, "XACK", err);
}

static void on_deleted(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    (void)reply;
    scheduler_on_answer(ctx, "XDEL", err);
}

static struct str key(const struct settle *settle, const char *name)
{
    return arena_printf(settle->arena, "%s:%s", settle->scheduler->settings->redis_prefix,
                        name);
}

static void put_entry(struct settle *settle, struct str entry)
{
    assert(settle->count < OUTCOMES_MAX);
    settle->entries[settle->count++] = arena_str(settle->arena, entry);
}

static void put_outcome(struct settle *settle, const struct outcome *outcome)
{
    struct arena *arena = settle->arena;
    settle->outcomes[settle->outcome_count++] =
        (struct outcome){.id = arena_str(arena, outcome->id),
                         .state = arena_str(arena, outcome->state),
                         .reason = arena_str(arena, outcome->reason),
                         .run = outcome->run,
                         .changed_us = outcome->changed_us};
}

void settle_taken(struct settle *settle, struct str entry, const struct outcome *outcome)
{
    struct log_where at = {.run = outcome->run};
    log_write(LOG_INFO, LOG_RELOAD_TAKEN, &at, "request %.*s: %.*s", STR_ARG(outcome->id),
              STR_ARG(outcome->state));
    settle->has_taken = true;
    put_entry(settle, entry);
    put_outcome(settle, outcome);
}

static void write_bad(const struct settle *settle, struct str entry, struct str id,
                      struct str reason)
{
    const struct str args[] = {STR("XADD"),   key(settle, "reload:bad"),
                               STR("MAXLEN"), STR("~"),
                               STR("10000"),  STR("*"),
                               STR("entry"),  entry,
                               STR("id"),     str_slice(id, 0, ID_BYTES_MAX),
                               STR("reason"), reason};
    redis_call(settle->scheduler->redis, args, COUNT_OF(args), TIMEOUT_MS, on_added,
               settle->scheduler);
}

void settle_refused(struct settle *settle, struct str entry, struct str id, struct str reason,
                    int64_t changed_us)
{
    log_write(LOG_WARN, LOG_RELOAD_REFUSED, LOG_NOWHERE, "message %.*s: %.*s", STR_ARG(entry),
              STR_ARG(reason));
    write_bad(settle, entry, id, reason);
    put_entry(settle, entry);
    if (id.len && id.len <= ID_BYTES_MAX)
        put_outcome(settle, &(struct outcome){id, STR("refused"), reason, 0, changed_us});
}

static void acknowledge(const struct settle *settle)
{
    struct redis *redis = settle->scheduler->redis;
    struct str args[OWN_ARGS + OUTCOMES_MAX] = {STR("XACK"), key(settle, "reload"),
                                                STR("sched")};
    for (size_t i = 0; i < settle->count; i++)
        args[OWN_ARGS + i] = settle->entries[i];
    redis_call(redis, args, OWN_ARGS + settle->count, TIMEOUT_MS, on_acknowledged,
               settle->scheduler);
    args[2] = args[1];
    args[1] = STR("XDEL");
    redis_call(redis, args + 1, OWN_ARGS - 1 + settle->count, TIMEOUT_MS, on_deleted,
               settle->scheduler);
}

void settle_send(struct settle *settle)
{
    struct scheduler *scheduler = settle->scheduler;
    if (settle->outcome_count)
        outcome_write(scheduler, settle->outcomes, settle->outcome_count);
    if (settle->count)
        acknowledge(settle);
    if (settle->has_taken)
        publish_start(scheduler);
    arena_free(settle->arena);
}

#include "core/queue.h"

#include <assert.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/script.h"

/*
 * Each call of queue.h is one script, and each question to Redis one `struct ask` (script.h).
 *
 * Scripts may be repeated with the same arguments, so the caller may simply ask again. Only
 * leases need help, since each turn makes a token of its own: one that ran without an answer
 * has leased jobs to a token that only this file knows. `unsure_token` keeps it, and the next
 * turn that wants jobs sends it again, marked as a repetition; Redis then answers with the same
 * jobs, and others. E.g.
 *
 *     turn T1 wants 2 → timeout           unsure_token = T1; the caller gets ERR_AGAIN
 *     turn T1 wants 3, again → 7, 8, 9    two leases that the first turn had made, and one more
 */
#define SCRIPTS(X)                                                                             \
    X(ENQUEUE, "enqueue")                                                                      \
    X(TURN, "turn")                                                                            \
    X(CANCEL, "cancel")                                                                        \
    X(SHARES, "shares")                                                                        \
    X(CHECK, "check")

enum script_id {
#define X(name, text) SCRIPT_##name,
    SCRIPTS(X)
#undef X
        SCRIPT_COUNT
};

static const char *const script_names[] = {
#define X(name, text) text,
    SCRIPTS(X)
#undef X
};

enum {
    ANSWER_MS = 5000,
    WAIT_SECONDS = 2,
    SHARED_ARGS = 2, /* before a script's own arguments: prefix, lease */
    ENTRY_ARGS = 5,
    TURN_ARGS = 4,
    REPORT_ARGS = 4,
};

struct queue {
    struct arena *arena;
    struct scripts asks;
    struct str prefix, wake_key, lease_ms;
    struct script scripts[SCRIPT_COUNT];
    /* Of a turn that got no answer; the next one that wants jobs asks with it again. */
    char unsure_token[RNG_TOKEN_BYTES];
};

struct ask {
    struct script_ask redis;
    struct queue *queue;
    union {
        queue_done_fn done;
        queue_push_fn push;
        queue_turn_fn turn;
        queue_wake_fn wake;
    } fn;
    void *ctx;
    /* Of a turn. */
    struct queue_answer answer;
    size_t report_count, wanted;
};

/* --- asking --- */

static struct ask *ask_new(struct queue *queue, script_answer_fn on_answer, void *ctx)
{
    struct ask *ask = script_ask_new(&queue->asks, sizeof *ask, on_answer);
    ask->queue = queue;
    ask->ctx = ctx;
    return ask;
}

static struct ask *ask_of(struct script_ask *redis)
{
    return (struct ask *)redis; /* its first member */
}

/* The arguments live as long as the ask. */
static void ask_script(struct ask *ask, enum script_id id, const struct str *args, size_t count)
{
    struct queue *queue = ask->queue;
    struct str *all = ARENA_ARRAY(ask->redis.arena, struct str, SHARED_ARGS + count);
    all[0] = queue->prefix;
    all[1] = queue->lease_ms;
    for (size_t i = 0; i < count; i++)
        all[SHARED_ARGS + i] = args[i];
    script_ask_send(&ask->redis, &queue->scripts[id], all, SHARED_ARGS + count);
}

static struct str number(struct ask *ask, int64_t value)
{
    return script_ask_number(&ask->redis, value);
}

/* --- answers --- */

static void on_done(struct script_ask *redis, const struct redis_reply *reply,
                    const struct err *err)
{
    struct ask *ask = ask_of(redis);
    (void)reply;
    if (ask->fn.done)
        ask->fn.done(ask->ctx, err);
}

static void on_push(struct script_ask *redis, const struct redis_reply *reply,
                    const struct err *err)
{
    struct ask *ask = ask_of(redis);
    struct err bug = ERR_INIT;
    if (!err && reply->type != REDIS_INTEGER) {
        script_ask_distrust(redis, &bug);
        err = &bug;
    }
    if (ask->fn.push)
        ask->fn.push(ask->ctx, err ? 0 : (size_t)reply->integer, err);
}

static const struct redis_reply *list_of(const struct redis_reply *reply, size_t i)
{
    bool is_list = reply->type == REDIS_ARRAY && reply->count > i;
    return is_list && reply->items[i]->type == REDIS_ARRAY ? reply->items[i] : NULL;
}

static bool read_verdicts(struct ask *ask, const struct redis_reply *list)
{
    if (!list || list->count != ask->report_count)
        return false;
    enum queue_verdict *verdicts =
        ARENA_ARRAY(ask->redis.arena, enum queue_verdict, list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        int64_t verdict = list->items[i]->integer;
        verdicts[i] = verdict == 2 ? QUEUE_CANCELLED : verdict == 1 ? QUEUE_OK : QUEUE_LOST;
    }
    ask->answer.verdicts = verdicts;
    return true;
}

static bool read_jobs(struct ask *ask, const struct redis_reply *list)
{
    if (!list)
        return false;
    int64_t *jobs = ARENA_ARRAY(ask->redis.arena, int64_t, list->count + 1);
    for (size_t i = 0; i < list->count; i++)
        if (!str_to_int64(list->items[i]->text, &jobs[i]))
            return false;
    ask->answer.jobs = jobs;
    ask->answer.job_count = list->count;
    return true;
}

static void on_turn(struct script_ask *redis, const struct redis_reply *reply,
                    const struct err *err)
{
    struct ask *ask = ask_of(redis);
    struct queue *queue = ask->queue;
    struct err bug = ERR_INIT;
    if (err && err->kind == ERR_AGAIN && ask->wanted)
        memcpy(queue->unsure_token, ask->answer.token, sizeof queue->unsure_token);
    bool is_well =
        !err && read_verdicts(ask, list_of(reply, 0)) && read_jobs(ask, list_of(reply, 1));
    if (!err && !is_well) {
        script_ask_distrust(redis, &bug);
        err = &bug;
    }
    ask->fn.turn(ask->ctx, err ? NULL : &ask->answer, err);
}

static void on_wake(struct script_ask *redis, const struct redis_reply *reply,
                    const struct err *err)
{
    struct ask *ask = ask_of(redis);
    ask->fn.wake(ask->ctx, reply && reply->type == REDIS_ARRAY, err);
}

/* --- calls --- */

void queue_check(struct queue *queue, queue_done_fn fn, void *ctx)
{
    struct ask *ask = ask_new(queue, on_done, ctx);
    ask->fn.done = fn;
    ask_script(ask, SCRIPT_CHECK, NULL, 0);
}

void queue_push(struct queue *queue, const struct queue_entry *entries, size_t count,
                queue_push_fn fn, void *ctx)
{
    struct ask *ask = ask_new(queue, on_push, ctx);
    ask->fn.push = fn;
    assert(count <= QUEUE_PUSH_MAX);
    struct str *args = ARENA_ARRAY(ask->redis.arena, struct str, ENTRY_ARGS * count + 1);
    for (size_t i = 0; i < count; i++) {
        struct str *entry = args + ENTRY_ARGS * i;
        entry[0] = number(ask, entries[i].job);
        entry[1] = arena_str(ask->redis.arena, entries[i].source);
        entry[2] = number(ask, entries[i].priority);
        entry[3] = number(ask, entries[i].delay_ms);
        entry[4] = arena_str(ask->redis.arena, entries[i].silent);
    }
    ask_script(ask, SCRIPT_ENQUEUE, args, ENTRY_ARGS * count);
}

static void put_report(struct ask *ask, struct str *args, const struct queue_report *report)
{
    static const char *const words[QUEUE_WORDS] = {[QUEUE_BEAT] = "beat",
                                                   [QUEUE_DONE] = "done",
                                                   [QUEUE_BACK] = "back",
                                                   [QUEUE_ADOPT] = "adopt"};
    assert(words[report->word]);
    args[0] = str_from(words[report->word]);
    args[1] = number(ask, report->job);
    args[2] = arena_str(ask->redis.arena, report->token);
    args[3] = report->word == QUEUE_BACK ? number(ask, report->delay_ms)
                                         : arena_str(ask->redis.arena, report->source);
}

/* The token of this turn's leases. True: it is that of a turn that got no answer. */
static bool choose_token(struct queue *queue, struct ask *ask)
{
    char *unsure = queue->unsure_token;
    if (!ask->wanted || !unsure[0]) {
        rng_token(ask->answer.token);
        return false;
    }
    memcpy(ask->answer.token, unsure, RNG_TOKEN_BYTES);
    unsure[0] = '\0';
    return true;
}

void queue_turn(struct queue *queue, const struct queue_turn *turn, queue_turn_fn fn, void *ctx)
{
    struct ask *ask = ask_new(queue, on_turn, ctx);
    size_t count = TURN_ARGS + REPORT_ARGS * turn->report_count;
    struct str *args = ARENA_ARRAY(ask->redis.arena, struct str, count);
    ask->fn.turn = fn;
    ask->report_count = turn->report_count;
    ask->wanted = turn->wanted;
    ask->answer.at_mono_ms = clock_mono_ms();
    bool is_again = choose_token(queue, ask);
    args[0] = arena_str(ask->redis.arena, turn->worker);
    args[1] = str_from(ask->answer.token);
    args[2] = is_again ? STR("1") : STR("0");
    args[3] = number(ask, (int64_t)turn->wanted);
    for (size_t i = 0; i < turn->report_count; i++)
        put_report(ask, args + TURN_ARGS + REPORT_ARGS * i, &turn->reports[i]);
    ask_script(ask, SCRIPT_TURN, args, count);
}

void queue_shares(struct queue *queue, struct str shares, queue_done_fn fn, void *ctx)
{
    struct ask *ask = ask_new(queue, on_done, ctx);
    ask->fn.done = fn;
    struct str *args = ARENA_NEW(ask->redis.arena, struct str);
    *args = arena_str(ask->redis.arena, shares);
    ask_script(ask, SCRIPT_SHARES, args, 1);
}

void queue_cancel(struct queue *queue, int64_t job, queue_done_fn fn, void *ctx)
{
    struct ask *ask = ask_new(queue, on_done, ctx);
    ask->fn.done = fn;
    struct str *id = ARENA_NEW(ask->redis.arena, struct str);
    *id = number(ask, job);
    ask_script(ask, SCRIPT_CANCEL, id, 1);
}

void queue_wait(struct queue *queue, struct redis *wake, queue_wake_fn fn, void *ctx)
{
    struct ask *ask = ask_new(queue, on_wake, ctx);
    ask->fn.wake = fn;
    const struct str args[] = {STR("BLPOP"), queue->wake_key, number(ask, WAIT_SECONDS)};
    script_ask_command(&ask->redis, wake, args, COUNT_OF(args),
                       SECONDS(WAIT_SECONDS) + ANSWER_MS);
}

/* --- making and freeing --- */

/* The script's first line says how Redis runs it; whose it is, and what all scripts share, come
 * second. */
static struct str compose(struct arena *arena, const char *name, struct str installation)
{
    struct str header, common = script_text("common.lua");
    struct str file = script_text(arena_printf(arena, "%s.lua", name).ptr);
    struct str body = str_split(file, '\n', &header);
    return arena_printf(arena, "%.*s\nlocal installation = '%.*s'\n%.*s%.*s", STR_ARG(header),
                        STR_ARG(installation), STR_ARG(common), STR_ARG(body));
}

struct queue *queue_new(const struct queue_options *options)
{
    struct queue *queue = mem_alloc(sizeof *queue);
    struct arena *arena = arena_new();
    *queue = (struct queue){.arena = arena};
    scripts_init(&queue->asks, options->redis, ANSWER_MS, options->on_answer, options->ctx);
    queue->prefix = arena_printf(arena, "%.*s:", STR_ARG(options->prefix));
    queue->wake_key = arena_printf(arena, "%.*s:wake", STR_ARG(options->prefix));
    queue->lease_ms = arena_printf(arena, "%jd", (intmax_t)options->lease_ms);
    assert(str_find_byte(options->installation, '\'') < 0); /* a uuid */
    for (size_t i = 0; i < SCRIPT_COUNT; i++)
        queue->scripts[i] =
            (struct script){.name = script_names[i],
                            .text = compose(arena, script_names[i], options->installation)};
    return queue;
}

void queue_free(struct queue *queue)
{
    if (!queue)
        return;
    scripts_done(&queue->asks);
    arena_free(queue->arena);
    mem_free(queue);
}

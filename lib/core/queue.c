#include "core/queue.h"

#include <assert.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/embedded.h"
#include "base/mem.h"

/*
 * Each call of queue.h is one script, and each question to Redis is one `struct ask`. Its way:
 *
 *     ask_new → ask_script → ask_send ─→ on_reply ─→ on_done, on_verdict, … ─→ ask_free
 *                    │            ↑          │
 *                    │            └──────────┘ NOSCRIPT: sent again, as EVAL
 *                    └→ no digest known yet: sent as EVAL, and SCRIPT LOAD before it
 *
 * A script's digest is learned once, from SCRIPT LOAD, and every later call sends the digest
 * alone. A Redis that was restarted or flushed answers NOSCRIPT; that answer proves that the
 * script did not run, so sending its text is the first run, not a second.
 *
 * Any other failure leaves open whether the script ran. Scripts may be repeated with the same
 * arguments, so the caller may simply ask again. Only a claim needs help, since each claim
 * makes a token of its own: one that ran without an answer has leased a job to a token that
 * only this file knows. `unsure_token` keeps it, and the next claim sends it again, marked as a
 * repetition; Redis then answers with the same job. E.g.
 *
 *     claim T1 → timeout         unsure_token = T1; the caller gets ERR_AGAIN
 *     claim T1, again → job 7    the lease that the first claim had made, or a new one
 *
 * What must hold: an ask is in `queue->asks` until it is answered or its queue is freed; after
 * that it is freed by its own reply, which redis_call promises exactly once.
 */
#define SCRIPTS(X)                                                                             \
    X(ENQUEUE, "enqueue")                                                                      \
    X(LEASE, "lease")                                                                          \
    X(BEAT, "beat")                                                                            \
    X(DONE, "done")                                                                            \
    X(RETRY, "retry")                                                                          \
    X(ADOPT, "adopt")                                                                          \
    X(CANCEL, "cancel")                                                                        \
    X(KNOWN, "known")                                                                          \
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
    ARGS_MAX = 8,
    KNOWN_MAX = 1000,
    SHA_BYTES = 40,
    NUMBER_BYTES = 24,
    /* Before a script's own arguments: command, script, number of keys, prefix, lease. */
    OWN_ARGS_AT = 5,
};

struct script {
    struct str text;
    struct str sha; /* empty until Redis said it */
};

struct queue {
    struct redis *redis;
    struct arena *arena;
    void (*on_answer)(void *ctx, const char *what, const struct err *err);
    void *ctx;
    struct str prefix, wake_key, lease_ms;
    struct script scripts[SCRIPT_COUNT];
    struct ask *asks; /* without an answer so far */
    /* Of a claim that got no answer; the next claim asks with it again. Empty: none. */
    char unsure_token[RNG_TOKEN_BYTES];
};

typedef void (*answer_fn)(struct ask *ask, const struct redis_reply *reply,
                          const struct err *err);

/* One question to Redis; it outlives its queue until the answer comes. */
struct ask {
    struct queue *queue; /* NULL: the queue was freed, and the callback will not come */
    struct ask *next, **link;
    struct arena *arena;
    enum script_id script;
    struct str *args; /* the whole command */
    size_t count;
    answer_fn on_answer;
    union {
        queue_done_fn done;
        queue_known_fn known;
        queue_claim_fn claim;
        queue_verdict_fn verdict;
        queue_wake_fn wake;
    } fn;
    void *ctx;
    struct queue_lease lease; /* of a claim */
};

/* --- asking --- */

static struct ask *ask_new(struct queue *queue, answer_fn on_answer, void *ctx)
{
    struct ask *ask = mem_alloc(sizeof *ask);
    *ask =
        (struct ask){.queue = queue, .next = queue->asks, .on_answer = on_answer, .ctx = ctx};
    ask->link = &queue->asks;
    if (ask->next)
        ask->next->link = &ask->next;
    queue->asks = ask;
    ask->arena = arena_new();
    return ask;
}

static void ask_free(struct ask *ask)
{
    if (ask->queue) {
        assert(*ask->link == ask);
        *ask->link = ask->next;
        if (ask->next)
            ask->next->link = ask->link;
    }
    arena_free(ask->arena);
    mem_free(ask);
}

static void ask_again_with_text(struct ask *ask);

/* The command itself, where it is no script of ours. */
static const char *what_of(const struct ask *ask)
{
    bool is_script = ask->count >= OWN_ARGS_AT;
    return is_script ? script_names[ask->script] : ask->args[0].ptr;
}

static void on_reply(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    struct ask *ask = ctx;
    bool is_unknown = err && str_starts(str_from(err->text), STR("NOSCRIPT"));
    if (ask->queue && is_unknown && str_is(ask->args[0], "EVALSHA")) {
        ask_again_with_text(ask);
        return;
    }
    if (ask->queue && ask->queue->on_answer)
        ask->queue->on_answer(ask->queue->ctx, what_of(ask), err);
    if (ask->queue)
        ask->on_answer(ask, reply, err);
    ask_free(ask);
}

static void ask_send(struct ask *ask)
{
    redis_call(ask->queue->redis, ask->args, ask->count, ANSWER_MS, on_reply, ask);
}

/* NOSCRIPT says that the script did not run: this is not a second sending. */
static void ask_again_with_text(struct ask *ask)
{
    ask->args[0] = STR("EVAL");
    ask->args[1] = ask->queue->scripts[ask->script].text;
    ask_send(ask);
}

static void on_sha(struct ask *ask, const struct redis_reply *reply, const struct err *err)
{
    struct script *script = &ask->queue->scripts[ask->script];
    if (!err && reply->text.len == SHA_BYTES && !script->sha.len)
        script->sha = arena_str(ask->queue->arena, reply->text);
}

static void ask_for_sha(struct queue *queue, enum script_id id)
{
    struct ask *ask = ask_new(queue, on_sha, NULL);
    ask->script = id;
    ask->args = ARENA_ARRAY(ask->arena, struct str, 3);
    ask->args[0] = STR("SCRIPT");
    ask->args[1] = STR("LOAD");
    ask->args[2] = queue->scripts[id].text;
    ask->count = 3;
    ask_send(ask);
}

/* Until Redis has said a script's digest the text itself is sent. */
static void ask_script(struct ask *ask, enum script_id id, const struct str *args, size_t count)
{
    struct queue *queue = ask->queue;
    const struct script *script = &queue->scripts[id];
    if (!script->sha.len)
        ask_for_sha(queue, id);
    ask->script = id;
    ask->count = OWN_ARGS_AT + count;
    ask->args = ARENA_ARRAY(ask->arena, struct str, ask->count);
    ask->args[0] = script->sha.len ? STR("EVALSHA") : STR("EVAL");
    ask->args[1] = script->sha.len ? script->sha : script->text;
    ask->args[2] = STR("1");
    ask->args[3] = queue->prefix;
    ask->args[4] = queue->lease_ms;
    for (size_t i = 0; i < count; i++)
        ask->args[OWN_ARGS_AT + i] = arena_str(ask->arena, args[i]);
    ask_send(ask);
}

static struct str number(struct ask *ask, int64_t value)
{
    return arena_printf(ask->arena, "%jd", (intmax_t)value);
}

/* --- answers --- */

/* Our own scripts give what we expect; a script of another version may not. */
static bool is_nonsense(struct err *err, const struct ask *ask)
{
    return !err_set(err, ERR_BUG, "queue", 0, "%s.lua: not an answer of this script",
                    script_names[ask->script]);
}

static void on_done(struct ask *ask, const struct redis_reply *reply, const struct err *err)
{
    (void)reply;
    if (ask->fn.done)
        ask->fn.done(ask->ctx, err);
}

static void on_verdict(struct ask *ask, const struct redis_reply *reply, const struct err *err)
{
    struct err bug = ERR_INIT;
    enum queue_verdict verdict = QUEUE_LOST;
    if (!err && reply->type != REDIS_INTEGER && is_nonsense(&bug, ask))
        err = &bug;
    else if (!err && reply->integer > 0)
        verdict = reply->integer == 2 ? QUEUE_CANCELLED : QUEUE_OK;
    if (ask->fn.verdict)
        ask->fn.verdict(ask->ctx, verdict, err);
}

static void on_claim(struct ask *ask, const struct redis_reply *reply, const struct err *err)
{
    struct queue *queue = ask->queue;
    struct err bug = ERR_INIT;
    if (err && err->kind == ERR_AGAIN)
        memcpy(queue->unsure_token, ask->lease.token, sizeof queue->unsure_token);
    if (!err && reply->type != REDIS_NIL && !str_to_int64(reply->text, &ask->lease.job) &&
        is_nonsense(&bug, ask))
        err = &bug;
    ask->fn.claim(ask->ctx, err ? NULL : &ask->lease, err);
}

static void on_known(struct ask *ask, const struct redis_reply *reply, const struct err *err)
{
    struct err bug = ERR_INIT;
    size_t count = ask->count - OWN_ARGS_AT;
    bool is_whole = reply && reply->type == REDIS_ARRAY && reply->count == count + 1;
    if (!err && !is_whole && is_nonsense(&bug, ask))
        err = &bug;
    if (err) {
        ask->fn.known(ask->ctx, NULL, 0, err);
        return;
    }
    bool *known = ARENA_ARRAY(ask->arena, bool, count + 1);
    for (size_t i = 0; i < count; i++)
        known[i] = reply->items[i + 1]->integer == 1;
    ask->fn.known(ask->ctx, known, count, NULL);
}

static void on_wake(struct ask *ask, const struct redis_reply *reply, const struct err *err)
{
    ask->fn.wake(ask->ctx, reply && reply->type == REDIS_ARRAY, err);
}

/* --- calls --- */

void queue_check(struct queue *queue, queue_done_fn fn, void *ctx)
{
    struct ask *ask = ask_new(queue, on_done, ctx);
    ask->fn.done = fn;
    ask_script(ask, SCRIPT_CHECK, NULL, 0);
}

void queue_push(struct queue *queue, int64_t job, struct str source, int priority,
                int64_t delay_ms, queue_done_fn fn, void *ctx)
{
    struct ask *ask = ask_new(queue, on_done, ctx);
    ask->fn.done = fn;
    struct str args[] = {number(ask, job), source, number(ask, priority),
                         number(ask, delay_ms)};
    ask_script(ask, SCRIPT_ENQUEUE, args, COUNT_OF(args));
}

void queue_known(struct queue *queue, const int64_t *jobs, size_t count, queue_known_fn fn,
                 void *ctx)
{
    struct ask *ask = ask_new(queue, on_known, ctx);
    ask->fn.known = fn;
    assert(count <= KNOWN_MAX);
    struct str *args = ARENA_ARRAY(ask->arena, struct str, count + 1);
    for (size_t i = 0; i < count; i++)
        args[i] = number(ask, jobs[i]);
    ask_script(ask, SCRIPT_KNOWN, args, count);
}

void queue_claim(struct queue *queue, struct str worker, queue_claim_fn fn, void *ctx)
{
    struct ask *ask = ask_new(queue, on_claim, ctx);
    ask->fn.claim = fn;
    ask->lease.at_mono_ms = clock_mono_ms();
    bool is_again = queue->unsure_token[0] != '\0';
    if (is_again)
        memcpy(ask->lease.token, queue->unsure_token, sizeof ask->lease.token);
    else
        rng_token(ask->lease.token);
    queue->unsure_token[0] = '\0';
    struct str args[] = {worker, str_from(ask->lease.token), is_again ? STR("1") : STR("0")};
    ask_script(ask, SCRIPT_LEASE, args, COUNT_OF(args));
}

static struct ask *ask_verdict(struct queue *queue, queue_verdict_fn fn, void *ctx)
{
    struct ask *ask = ask_new(queue, on_verdict, ctx);
    ask->fn.verdict = fn;
    return ask;
}

void queue_beat(struct queue *queue, int64_t job, struct str token, queue_verdict_fn fn,
                void *ctx)
{
    struct ask *ask = ask_verdict(queue, fn, ctx);
    ask_script(ask, SCRIPT_BEAT, (struct str[]){number(ask, job), token}, 2);
}

void queue_done(struct queue *queue, int64_t job, struct str token, queue_verdict_fn fn,
                void *ctx)
{
    struct ask *ask = ask_verdict(queue, fn, ctx);
    ask_script(ask, SCRIPT_DONE, (struct str[]){number(ask, job), token}, 2);
}

void queue_retry(struct queue *queue, int64_t job, struct str token, int64_t delay_ms,
                 queue_verdict_fn fn, void *ctx)
{
    struct ask *ask = ask_verdict(queue, fn, ctx);
    struct str args[] = {number(ask, job), token, number(ask, delay_ms)};
    ask_script(ask, SCRIPT_RETRY, args, COUNT_OF(args));
}

void queue_adopt(struct queue *queue, int64_t job, struct str token, struct str source,
                 int priority, struct str worker, queue_verdict_fn fn, void *ctx)
{
    struct ask *ask = ask_verdict(queue, fn, ctx);
    struct str args[] = {number(ask, job), token, source, number(ask, priority), worker};
    ask_script(ask, SCRIPT_ADOPT, args, COUNT_OF(args));
}

void queue_cancel(struct queue *queue, int64_t job, queue_done_fn fn, void *ctx)
{
    struct ask *ask = ask_new(queue, on_done, ctx);
    ask->fn.done = fn;
    struct str id = number(ask, job);
    ask_script(ask, SCRIPT_CANCEL, &id, 1);
}

void queue_wait(struct queue *queue, struct redis *wake, queue_wake_fn fn, void *ctx)
{
    struct ask *ask = ask_new(queue, on_wake, ctx);
    ask->fn.wake = fn;
    ask->args = ARENA_ARRAY(ask->arena, struct str, 3);
    ask->args[0] = STR("BLPOP");
    ask->args[1] = arena_str(ask->arena, queue->wake_key);
    ask->args[2] = number(ask, WAIT_SECONDS);
    ask->count = 3;
    redis_call(wake, ask->args, ask->count, SECONDS(WAIT_SECONDS) + ANSWER_MS, on_reply, ask);
}

/* --- making and freeing --- */

static struct str find_text(const char *name)
{
    for (const struct embedded *file = embedded_lua; file->name; file++)
        if (str_is(str_from(file->name), name))
            return str_from(file->text);
    fprintf(stderr, "pagetide: %s is not in the binary\n", name);
    abort();
}

/* The script's first line says how Redis runs it; whose it is, and what all scripts share, come
 * second. */
static struct str compose(struct arena *arena, const char *name, struct str installation)
{
    struct str header, common = find_text("common.lua");
    struct str file = find_text(arena_printf(arena, "%s.lua", name).ptr);
    struct str body = str_split(file, '\n', &header);
    return arena_printf(arena, "%.*s\nlocal installation = '%.*s'\n%.*s%.*s", STR_ARG(header),
                        STR_ARG(installation), STR_ARG(common), STR_ARG(body));
}

struct queue *queue_new(const struct queue_options *options)
{
    struct queue *queue = mem_alloc(sizeof *queue);
    struct arena *arena = arena_new();
    *queue = (struct queue){.redis = options->redis,
                            .arena = arena,
                            .on_answer = options->on_answer,
                            .ctx = options->ctx};
    queue->prefix = arena_printf(arena, "%.*s:", STR_ARG(options->prefix));
    queue->wake_key = arena_printf(arena, "%.*s:wake", STR_ARG(options->prefix));
    queue->lease_ms = arena_printf(arena, "%jd", (intmax_t)options->lease_ms);
    assert(str_find_byte(options->installation, '\'') < 0); /* a uuid */
    for (size_t i = 0; i < SCRIPT_COUNT; i++)
        queue->scripts[i].text = compose(arena, script_names[i], options->installation);
    return queue;
}

/* An answer that is still to come finds its ask without a queue, and only frees it. */
void queue_free(struct queue *queue)
{
    if (!queue)
        return;
    for (struct ask *ask = queue->asks; ask; ask = ask->next)
        ask->queue = NULL;
    arena_free(queue->arena);
    mem_free(queue);
}

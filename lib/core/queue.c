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
 *     ask_new → ask_script → ask_send ─→ on_reply ─→ on_done, on_turn, … ─→ ask_free
 *                    │            ↑          │
 *                    │            └──────────┘ NOSCRIPT: sent again, as EVAL
 *                    └→ no digest known yet: sent as EVAL, and SCRIPT LOAD before it
 *
 * A script's digest is learned once, from SCRIPT LOAD, and every later call sends the digest
 * alone. A Redis that was restarted or flushed answers NOSCRIPT; that answer proves that the
 * script did not run, so sending its text is the first run, not a second.
 *
 * Any other failure leaves open whether the script ran. Scripts may be repeated with the same
 * arguments, so the caller may simply ask again. Only leases need help, since each turn
 * makes a token of its own: one that ran without an answer has leased jobs to a token that
 * only this file knows. `unsure_token` keeps it, and the next turn that wants jobs sends it
 * again, marked as a repetition; Redis then answers with the same jobs, and others. E.g.
 *
 *     turn T1 wants 2 → timeout           unsure_token = T1; the caller gets ERR_AGAIN
 *     turn T1 wants 3, again → 7, 8, 9    two leases that the first turn had made, and one more
 *
 * What must hold: an ask is in `queue->asks` until it is answered or its queue is freed; after
 * that it is freed by its own reply, which redis_call promises exactly once.
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
    SHA_BYTES = 40,
    NUMBER_BYTES = 24,
    /* Before a script's own arguments: command, script, number of keys, prefix, lease. */
    OWN_ARGS_AT = 5,
    ENTRY_ARGS = 4,
    TURN_ARGS = 4,
    REPORT_ARGS = 4,
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
    /* Of a turn that got no answer; the next one that wants jobs asks with it again. */
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

/* Until Redis has said a script's digest the text itself is sent. The arguments live as long as
 * the ask. */
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
        ask->args[OWN_ARGS_AT + i] = args[i];
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

static void on_push(struct ask *ask, const struct redis_reply *reply, const struct err *err)
{
    struct err bug = ERR_INIT;
    if (!err && reply->type != REDIS_INTEGER && is_nonsense(&bug, ask))
        err = &bug;
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
    enum queue_verdict *verdicts = ARENA_ARRAY(ask->arena, enum queue_verdict, list->count + 1);
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
    int64_t *jobs = ARENA_ARRAY(ask->arena, int64_t, list->count + 1);
    for (size_t i = 0; i < list->count; i++)
        if (!str_to_int64(list->items[i]->text, &jobs[i]))
            return false;
    ask->answer.jobs = jobs;
    ask->answer.job_count = list->count;
    return true;
}

static void on_turn(struct ask *ask, const struct redis_reply *reply, const struct err *err)
{
    struct queue *queue = ask->queue;
    struct err bug = ERR_INIT;
    if (err && err->kind == ERR_AGAIN && ask->wanted)
        memcpy(queue->unsure_token, ask->answer.token, sizeof queue->unsure_token);
    bool is_well =
        !err && read_verdicts(ask, list_of(reply, 0)) && read_jobs(ask, list_of(reply, 1));
    if (!err && !is_well && is_nonsense(&bug, ask))
        err = &bug;
    ask->fn.turn(ask->ctx, err ? NULL : &ask->answer, err);
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

void queue_push(struct queue *queue, const struct queue_entry *entries, size_t count,
                queue_push_fn fn, void *ctx)
{
    struct ask *ask = ask_new(queue, on_push, ctx);
    ask->fn.push = fn;
    assert(count <= QUEUE_PUSH_MAX);
    struct str *args = ARENA_ARRAY(ask->arena, struct str, ENTRY_ARGS * count + 1);
    for (size_t i = 0; i < count; i++) {
        struct str *entry = args + ENTRY_ARGS * i;
        entry[0] = number(ask, entries[i].job);
        entry[1] = arena_str(ask->arena, entries[i].source);
        entry[2] = number(ask, entries[i].priority);
        entry[3] = number(ask, entries[i].delay_ms);
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
    args[2] = arena_str(ask->arena, report->token);
    args[3] = report->word == QUEUE_BACK ? number(ask, report->delay_ms)
                                         : arena_str(ask->arena, report->source);
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
    struct str *args = ARENA_ARRAY(ask->arena, struct str, count);
    ask->fn.turn = fn;
    ask->report_count = turn->report_count;
    ask->wanted = turn->wanted;
    ask->answer.at_mono_ms = clock_mono_ms();
    bool is_again = choose_token(queue, ask);
    args[0] = arena_str(ask->arena, turn->worker);
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
    struct str *args = ARENA_NEW(ask->arena, struct str);
    *args = arena_str(ask->arena, shares);
    ask_script(ask, SCRIPT_SHARES, args, 1);
}

void queue_cancel(struct queue *queue, int64_t job, queue_done_fn fn, void *ctx)
{
    struct ask *ask = ask_new(queue, on_done, ctx);
    ask->fn.done = fn;
    struct str *id = ARENA_NEW(ask->arena, struct str);
    *id = number(ask, job);
    ask_script(ask, SCRIPT_CANCEL, id, 1);
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

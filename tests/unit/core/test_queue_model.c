#include "core/queue.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/servers.h"
#define SUITE_TIMEOUT 120
#include "tests/support/suite.h"

/*
 * Three workers and a scheduler do random things with one queue. Some of their answers are
 * lost, some leases end, some keys vanish. After each step a job stands in one place at most;
 * a job that is leased is nobody else's; and at the end, when all is pushed once more as a
 * rebuild does, every job comes. PAGETIDE_TEST_SEED repeats a run, PAGETIDE_TEST_STEPS makes it
 * longer.
 */
enum { WORKERS = 3, JOBS = 24, SOURCES = 4, LEASE_MS = 60000, PATIENCE_MS = 10000 };

struct lease {
    int64_t job;
    char token[RNG_TOKEN_BYTES];
    enum queue_word word; /* of the report that got no answer */
    bool may_be_over;     /* its lease was ended, its key lost, or its end said */
};

struct actor {
    struct queue *queue;
    struct lease held[JOBS];
    size_t count;
};

static struct loop *loop;
static struct redis *redis, *killer;
static struct rng rng;
static struct actor workers[WORKERS];
static struct queue *scheduler;
static const char *const sources[SOURCES] = {"a", "b", "c", "d"};
static bool answered, is_up, killer_is_up, is_lost, is_done[JOBS + 1];
static struct actor *speaker;
static size_t lost_count, leased_count, taken_back_count;

static const char look_lua[] =
    "local seen, odd = {}, '' "
    "local function look(place, ids) for _, id in ipairs(ids) do "
    "  if seen[id] then odd = odd .. id .. ' in ' .. seen[id] .. ' and ' .. place .. '; ' end "
    "  seen[id] = place end end "
    "for _, name in ipairs(redis.call('KEYS', 'q:ready:*')) do "
    "  look(name, redis.call('ZRANGE', name, 0, -1)) end "
    "look('delayed', redis.call('ZRANGE', 'q:delayed', 0, -1)) "
    "look('lease', redis.call('ZRANGE', 'q:lease', 0, -1)) "
    "for _, id in ipairs(redis.call('ZRANGE', 'q:lease', 0, -1)) do "
    "  if redis.call('EXISTS', 'q:job:' .. id) == 1 and "
    "    not redis.call('HGET', 'q:job:' .. id, 'tok') then "
    "    odd = odd .. id .. ' leased to nobody; ' end end "
    "return odd";

static void on_state(void *ctx, bool up, const struct err *err)
{
    (void)err;
    *(bool *)ctx = up;
}

static void on_look(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    (void)ctx;
    ck_assert_msg(!err, "%s", err->text);
    ck_assert_msg(reply->text.len == 0, "%.*s", STR_ARG(reply->text));
    answered = true;
}

static void await(void)
{
    ck_assert(loop_run_until(loop, &answered, PATIENCE_MS));
    answered = false;
}

static void command(const struct str *args, size_t count, redis_reply_fn fn)
{
    redis_call(killer, args, count, PATIENCE_MS, fn, NULL);
    if (fn)
        await();
}

static void look(void)
{
    command((struct str[]){STR("EVAL"), str_from(look_lua), STR("0")}, 3, on_look);
}

/* --- what workers know --- */

static struct lease *find_holder(int64_t job, const struct actor *besides)
{
    for (struct actor *actor = workers; actor < workers + WORKERS; actor++)
        for (size_t i = 0; actor != besides && i < actor->count; i++)
            if (actor->held[i].job == job && !actor->held[i].may_be_over)
                return &actor->held[i];
    return NULL;
}

static void forget(struct actor *actor, size_t i)
{
    actor->held[i] = actor->held[--actor->count];
}

static void heard(struct actor *actor, size_t i, enum queue_verdict verdict)
{
    struct lease *lease = &actor->held[i];
    ck_assert_msg(verdict != QUEUE_LOST || lease->may_be_over, "job %jd: lease lost",
                  (intmax_t)lease->job);
    is_done[lease->job] |= lease->word == QUEUE_DONE && verdict == QUEUE_OK;
    if (verdict == QUEUE_LOST || lease->word == QUEUE_DONE || lease->word == QUEUE_BACK)
        forget(actor, i);
    else
        lease->word = QUEUE_SILENT;
}

static void leased(struct actor *actor, int64_t job, const char *token)
{
    leased_count++;
    ck_assert_msg(!find_holder(job, actor), "job %jd leased twice", (intmax_t)job);
    for (size_t i = 0; i < actor->count; i++)
        if (actor->held[i].job == job) {
            ck_assert(actor->held[i].may_be_over);
            forget(actor, i);
            break;
        }
    struct lease *lease = &actor->held[actor->count++];
    *lease = (struct lease){.job = job};
    memcpy(lease->token, token, sizeof lease->token);
    is_done[job] = false;
}

static void on_turn(void *ctx, const struct queue_answer *answer, const struct err *err)
{
    struct actor *actor = ctx;
    ck_assert(speaker == actor);
    answered = true;
    is_lost = err;
    lost_count += is_lost;
    ck_assert_msg(!err || err->kind == ERR_AGAIN, "%s", err->text);
    for (size_t i = actor->count, n = 0; !err && i-- > 0;)
        if (actor->held[i].word != QUEUE_SILENT)
            heard(actor, i, answer->verdicts[n++]);
    for (size_t i = 0; !err && i < answer->job_count; i++)
        leased(actor, answer->jobs[i], answer->token);
}

/* --- steps --- */

static void lose_answers(void)
{
    struct str args[] = {STR("CLIENT"), STR("KILL"), STR("SKIPME"), STR("yes")};
    command(args, COUNT_OF(args), NULL);
}

static void await_up(void)
{
    ck_assert(loop_run_until(loop, &is_up, PATIENCE_MS));
}

static void take_turn(struct actor *actor, size_t wanted, bool is_to_be_lost)
{
    struct queue_report reports[JOBS];
    struct queue_turn turn = {.worker = STR("w"), .reports = reports, .wanted = wanted};
    for (size_t i = actor->count; i-- > 0;) {
        struct lease *lease = &actor->held[i];
        if (lease->word == QUEUE_SILENT)
            continue;
        lease->may_be_over |= lease->word == QUEUE_DONE || lease->word == QUEUE_BACK;
        reports[turn.report_count++] = (struct queue_report){
            .word = lease->word, .job = lease->job, .token = str_from(lease->token)};
    }
    speaker = actor;
    queue_turn(actor->queue, &turn, on_turn, actor);
    if (is_to_be_lost)
        lose_answers();
    await();
    await_up();
}

static void choose_words(struct actor *actor)
{
    static const enum queue_word words[] = {QUEUE_SILENT, QUEUE_BEAT, QUEUE_DONE, QUEUE_BACK};
    for (size_t i = 0; i < actor->count; i++)
        if (actor->held[i].word == QUEUE_SILENT)
            actor->held[i].word = words[rng_below(&rng, COUNT_OF(words))];
}

static void on_push(void *ctx, size_t count, const struct err *err)
{
    (void)ctx, (void)count;
    ck_assert(!err || err->kind == ERR_AGAIN);
    answered = true;
}

static struct queue_entry entry_of(int64_t job, int64_t delay_ms)
{
    return (struct queue_entry){job, str_from(sources[job % SOURCES]), (int)(job % 10),
                                delay_ms, STR_NONE};
}

/* PostgreSQL's part: a job that was done is not wanted again until it is pushed anew. */
static void push_some(bool is_to_be_lost)
{
    struct queue_entry entries[JOBS];
    size_t count = 0;
    for (int64_t job = 1; job <= JOBS; job++)
        if (rng_below(&rng, 3) == 0) {
            entries[count++] = entry_of(job, rng_below(&rng, 3) ? 0 : 50);
            is_done[job] = false;
        }
    queue_push(scheduler, entries, count, on_push, NULL);
    if (is_to_be_lost)
        lose_answers();
    await();
    await_up();
}

/* Whoever holds it now. */
static void end_lease(int64_t job)
{
    char id[24];
    snprintf(id, sizeof id, "%jd", (intmax_t)job);
    struct str args[] = {STR("ZADD"), STR("q:lease"), STR("XX"), STR("1"), str_from(id)};
    command(args, COUNT_OF(args), NULL);
    struct lease *holder = find_holder(job, NULL);
    if (holder)
        holder->may_be_over = true;
    taken_back_count += holder != NULL;
}

static void end_some_leases(void)
{
    for (int64_t job = 1; job <= JOBS; job++)
        if (rng_below(&rng, 4) == 0)
            end_lease(job);
}

static void lose_a_key(void)
{
    static const char *const keys[] = {"q:ring",    "q:wake",  "q:ready:a", "q:ready:b",
                                       "q:delayed", "q:lease", "q:job:3",   "q:job:4"};
    struct str args[] = {STR("DEL"), str_from(keys[rng_below(&rng, COUNT_OF(keys))])};
    if (rng_below(&rng, 3) == 0)
        args[0] = STR("FLUSHDB"), args[1] = STR("SYNC");
    command(args, COUNT_OF(args), NULL);
    for (struct actor *actor = workers; actor < workers + WORKERS; actor++)
        for (size_t i = 0; i < actor->count; i++)
            actor->held[i].may_be_over = true;
}

static void step(void)
{
    struct actor *actor = &workers[rng_below(&rng, WORKERS)];
    bool is_to_be_lost = rng_below(&rng, 12) == 0;
    uint64_t what = rng_below(&rng, 40);
    if (what == 0)
        lose_a_key();
    else if (what < 3)
        end_some_leases();
    else if (what < 12)
        push_some(is_to_be_lost);
    else {
        choose_words(actor);
        take_turn(actor, rng_below(&rng, 8), is_to_be_lost);
    }
    look();
}

/* All is given back and pushed once more: every job comes, once. */
static void drain(void)
{
    bool has_come[JOBS + 1] = {false}, never = false;
    struct queue_entry entries[JOBS];
    for (int64_t job = 1; job <= JOBS; job++)
        entries[job - 1] = entry_of(job, 0);
    /* A job that was leased without an answer is given with the repetition. */
    for (struct actor *actor = workers; actor < workers + WORKERS; actor++) {
        take_turn(actor, 1, false);
        for (size_t i = 0; i < actor->count; i++)
            actor->held[i].word = QUEUE_BACK;
        take_turn(actor, 0, false);
    }
    queue_push(scheduler, entries, JOBS, on_push, NULL);
    await();
    loop_run_until(loop, &never, 250); /* delays of 50 ms are over */
    for (int i = 0; i < 4 * JOBS; i++)
        take_turn(&workers[i % WORKERS], 3, false);
    for (struct actor *actor = workers; actor < workers + WORKERS; actor++)
        for (size_t i = 0; i < actor->count; i++) {
            ck_assert(!has_come[actor->held[i].job]);
            has_come[actor->held[i].job] = true;
        }
    for (int64_t job = 1; job <= JOBS; job++)
        ck_assert_msg(has_come[job], "job %jd is lost", (intmax_t)job);
}

static void open_all(const char *url)
{
    struct err err = ERR_INIT;
    struct queue_options options = {.prefix = STR("q"), .lease_ms = LEASE_MS};
    ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_ok(redis_open(loop, url, "model", on_state, &is_up, &redis, &err), err);
    ck_assert_ok(redis_open(loop, url, "killer", on_state, &killer_is_up, &killer, &err), err);
    ck_assert(loop_run_until(loop, &killer_is_up, PATIENCE_MS));
    await_up();
    options.redis = redis;
    scheduler = queue_new(&options);
    for (size_t i = 0; i < WORKERS; i++)
        workers[i].queue = queue_new(&options);
}

static void close_all(void)
{
    queue_free(scheduler);
    for (size_t i = 0; i < WORKERS; i++)
        queue_free(workers[i].queue);
    redis_close(redis);
    redis_close(killer);
    loop_free(loop);
}

static int64_t number_of(const char *variable, int64_t otherwise)
{
    const char *text = getenv(variable);
    return text ? strtoll(text, NULL, 10) : otherwise;
}

START_TEST(holds_under_random_steps)
{
    struct test_redis server;
    servers_redis_start(&server);
    int64_t seed = number_of("PAGETIDE_TEST_SEED",
                             (int64_t)(rng_seed_random(&rng), rng_below(&rng, 1000000)));
    printf("seed %jd (PAGETIDE_TEST_SEED)\n", (intmax_t)seed);
    fflush(stdout);
    rng_seed(&rng, (uint64_t)seed);
    open_all(server.url);
    for (int64_t steps = number_of("PAGETIDE_TEST_STEPS", 600); steps > 0; steps--)
        step();
    drain();
    printf("%zu leases, %zu answers lost, %zu leases ended\n", leased_count, lost_count,
           taken_back_count);
    ck_assert_uint_gt(lost_count, 0);
    close_all();
    servers_redis_stop(&server);
}
END_TEST

SUITE("core/queue_model", holds_under_random_steps)

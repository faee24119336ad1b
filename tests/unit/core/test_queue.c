#include "core/queue.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>

#include "base/embedded.h"
#include "tests/support/pagetide.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"

enum { PATIENCE_MS = 10000, LONG_MS = 30000 };

enum { LEASED_MAX = 64 };

struct lease {
    int64_t job; /* 0: none */
    char token[RNG_TOKEN_BYTES];
};

/* One loop, one connection, one queue; answers of the last call. */
static struct loop *loop;
static struct redis *redis;
static const char *url;

static bool answered, up, woken;
static struct err err_seen;
static enum queue_verdict verdict;
static struct lease lease, leases[LEASED_MAX];
static size_t leased, pushed;

static void on_state(void *ctx, bool is_up, const struct err *err)
{
    (void)ctx, (void)err;
    up = is_up;
}

static void note(const struct err *err)
{
    answered = true;
    err_seen = err ? *err : (struct err)ERR_INIT;
}

static void on_done(void *ctx, const struct err *err)
{
    (void)ctx;
    note(err);
}

static void on_push(void *ctx, size_t count, const struct err *err)
{
    (void)ctx;
    pushed = count;
    note(err);
}

static void on_turn(void *ctx, const struct queue_answer *answer, const struct err *err)
{
    bool *is_report = ctx;
    if (is_report && answer)
        verdict = answer->verdicts[0];
    leased = answer ? answer->job_count : 0;
    ck_assert_uint_le(leased, LEASED_MAX);
    for (size_t i = 0; i < leased; i++) {
        leases[i].job = answer->jobs[i];
        memcpy(leases[i].token, answer->token, sizeof leases[i].token);
    }
    note(err);
}

static void on_wake(void *ctx, bool got, const struct err *err)
{
    (void)ctx;
    woken = got;
    note(err);
}

static void await(void)
{
    ck_assert(loop_run_until(loop, &answered, PATIENCE_MS));
    answered = false;
}

static void await_well(void)
{
    await();
    ck_assert_msg(!err_seen.kind, "%s", err_seen.text);
}

static struct queue *make(int64_t lease_ms)
{
    struct queue_options options = {.redis = redis, .prefix = STR("q"), .lease_ms = lease_ms};
    return queue_new(&options);
}

static struct queue *open_at(const char *where, int64_t lease_ms)
{
    struct err err = ERR_INIT;
    url = where;
    ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_ok(redis_open(loop, url, "test", on_state, NULL, &redis, &err), err);
    ck_assert(loop_run_until(loop, &up, PATIENCE_MS));
    return make(lease_ms);
}

static void close_all(struct queue *queue)
{
    queue_free(queue);
    redis_close(redis);
    loop_free(loop);
}

static void push_one(struct queue *queue, int64_t job, const char *source, int priority,
                     int64_t delay_ms)
{
    struct queue_entry entry = {job, str_from(source), priority, delay_ms, STR_NONE};
    queue_push(queue, &entry, 1, on_push, NULL);
}

static void push(struct queue *queue, int64_t job, const char *source, int priority,
                 int64_t delay_ms)
{
    push_one(queue, job, source, priority, delay_ms);
    await_well();
}

static void ask_for(struct queue *queue, size_t wanted)
{
    struct queue_turn turn = {.worker = STR("w"), .wanted = wanted};
    queue_turn(queue, &turn, on_turn, NULL);
}

/* How many were leased, up to `wanted`. */
static size_t claim_many(struct queue *queue, size_t wanted)
{
    ask_for(queue, wanted);
    await_well();
    return leased;
}

/* The job, or 0. */
static int64_t claim(struct queue *queue)
{
    lease = claim_many(queue, 1) ? leases[0] : (struct lease){0};
    return lease.job;
}

static void say(struct queue *queue, enum queue_word word, const struct lease *held,
                int64_t delay_ms)
{
    static bool is_report;
    struct queue_report report = {.word = word,
                                  .job = held->job,
                                  .token = str_from(held->token),
                                  .delay_ms = delay_ms,
                                  .source = STR("a")};
    struct queue_turn turn = {.worker = STR("w"), .reports = &report, .report_count = 1};
    queue_turn(queue, &turn, on_turn, &is_report);
}

static enum queue_verdict tell(struct queue *queue, enum queue_word word,
                               const struct lease *held, int64_t delay_ms)
{
    say(queue, word, held, delay_ms);
    await_well();
    return verdict;
}

static enum queue_verdict beat(struct queue *queue, const struct lease *held)
{
    return tell(queue, QUEUE_BEAT, held, 0);
}

static enum queue_verdict finish(struct queue *queue, const struct lease *held)
{
    return tell(queue, QUEUE_DONE, held, 0);
}

static enum queue_verdict give_back(struct queue *queue, const struct lease *held,
                                    int64_t delay_ms)
{
    return tell(queue, QUEUE_BACK, held, delay_ms);
}

static enum queue_verdict adopt(struct queue *queue, const struct lease *held)
{
    return tell(queue, QUEUE_ADOPT, held, 0);
}

static int64_t ask_number(const char *fmt, int64_t job)
{
    int64_t number = -1;
    char command[128];
    snprintf(command, sizeof command, "%s %jd", fmt, (intmax_t)job);
    struct str text = str_from(servers_redis(url, "%s", command));
    return text.len && str_to_int64(text, &number) ? number : -1;
}

/* Redis' clock, not ours, says when a time has come: wait by asking. */
static int64_t claim_within(struct queue *queue, int64_t patience_ms)
{
    bool never = false;
    for (int64_t waited = 0; waited < patience_ms; waited += 20) {
        if (claim(queue))
            return lease.job;
        loop_run_until(loop, &never, 20);
    }
    return 0;
}

START_TEST(leases_by_priority_then_age)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    push(queue, 1, "a", 4, 0);
    push(queue, 2, "a", 4, 0);
    push(queue, 3, "a", 9, 0);
    push(queue, INT64_MAX, "a", 0, 0);
    ck_assert_int_eq(claim(queue), 3);
    ck_assert_int_eq(claim(queue), 1);
    ck_assert_int_eq(claim(queue), 2);
    ck_assert_int_eq(claim(queue), INT64_MAX);
    ck_assert_int_eq(claim(queue), 0);
    close_all(queue);
}
END_TEST

START_TEST(takes_sources_in_turn)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    for (int64_t job = 1; job <= 4; job++)
        push(queue, job, "a", 9, 0);
    push(queue, 11, "b", 0, 0);
    push(queue, 21, "c", 0, 0);
    push(queue, 22, "c", 0, 0);
    const int64_t order[] = {1, 11, 21, 2, 22, 3, 4};
    for (size_t i = 0; i < COUNT_OF(order); i++)
        ck_assert_int_eq(claim(queue), order[i]);
    close_all(queue);
}
END_TEST

START_TEST(leases_many_in_turn_and_leaves_half)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    for (int64_t job = 1; job <= 6; job++) {
        push(queue, job, "a", 5, 0);
        push(queue, 10 + job, "b", 5, 0);
    }
    const int64_t order[] = {1, 11, 2, 12, 3, 13};
    ck_assert_uint_eq(claim_many(queue, 64), 6);
    for (size_t i = 0; i < COUNT_OF(order); i++)
        ck_assert_int_eq(leases[i].job, order[i]);
    ck_assert_uint_eq(claim_many(queue, 2), 2);
    ck_assert_uint_eq(claim_many(queue, 64), 2);
    ck_assert_uint_eq(claim_many(queue, 64), 1);
    ck_assert_uint_eq(claim_many(queue, 64), 1);
    ck_assert_uint_eq(claim_many(queue, 64), 0);
    close_all(queue);
}
END_TEST

START_TEST(ends_and_leases_in_one_turn)
{
    static bool is_report;
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    for (int64_t job = 1; job <= 3; job++)
        push(queue, job, "a", 5, 0);
    ck_assert_int_eq(claim(queue), 1);
    struct lease first = lease;
    struct queue_report report = {.word = QUEUE_DONE, .job = 1, .token = str_from(first.token)};
    struct queue_turn turn = {
        .worker = STR("w"), .reports = &report, .report_count = 1, .wanted = 1};
    queue_turn(queue, &turn, on_turn, &is_report);
    await_well();
    ck_assert_int_eq(verdict, QUEUE_OK);
    ck_assert_uint_eq(leased, 1);
    ck_assert_int_eq(leases[0].job, 2);
    ck_assert_str_ne(leases[0].token, first.token);
    close_all(queue);
}
END_TEST

/* One token, and only where something is left. */
START_TEST(keeps_one_token_while_something_is_ready)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    for (int64_t job = 1; job <= 3; job++)
        push(queue, job, "a", 5, 0);
    ck_assert_str_eq(servers_redis(url, "LLEN q:wake"), "1");
    servers_redis(url, "LPOP q:wake"); /* as a worker that was woken */
    ck_assert_uint_eq(claim_many(queue, 1), 1);
    ck_assert_str_eq(servers_redis(url, "LLEN q:wake"), "1");
    servers_redis(url, "LPOP q:wake");
    ck_assert_uint_eq(claim_many(queue, 0), 0); /* it had no room */
    ck_assert_str_eq(servers_redis(url, "LLEN q:wake"), "1");
    ck_assert_uint_eq(claim_many(queue, 1), 1);
    ck_assert_uint_eq(claim_many(queue, 1), 1);
    ck_assert_uint_eq(claim_many(queue, 1), 0);
    ck_assert_str_eq(servers_redis(url, "LLEN q:wake"), "0");
    close_all(queue);
}
END_TEST

static void share(struct queue *queue, const char *shares)
{
    queue_shares(queue, str_from(shares), on_done, NULL);
    await_well();
}

START_TEST(serves_sources_by_weight)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    share(queue, "\na 3 -\nb 1 -\n");
    for (int64_t job = 1; job <= 6; job++) {
        push(queue, job, "a", 5, 0);
        push(queue, 10 + job, "b", 5, 0);
    }
    int64_t of_a = 0;
    for (int i = 0; i < 8; i++)
        of_a += claim(queue) < 10;
    ck_assert_int_eq(of_a, 6);
    ck_assert_int_eq(claim(queue), 13);
    close_all(queue);
}
END_TEST

START_TEST(serves_sources_by_weight_in_one_turn)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    share(queue, "\na 3 -\n");
    for (int64_t job = 1; job <= 20; job++) {
        push(queue, job, "a", 5, 0);
        push(queue, 100 + job, "b", 5, 0);
    }
    ck_assert_uint_eq(claim_many(queue, 16), 16);
    size_t of_a = 0;
    for (size_t i = 0; i < leased; i++)
        of_a += leases[i].job < 100;
    ck_assert_uint_eq(of_a, 12);
    close_all(queue);
}
END_TEST

/* One at its limit passes, and does not hold up those behind it. */
START_TEST(a_source_at_its_limit_stops_no_other)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    share(queue, "\na 1 2\nc 1 1\n");
    for (int64_t job = 1; job <= 5; job++) {
        push(queue, job, "a", 9, 0);
        push(queue, 20 + job, "c", 9, 0);
    }
    push(queue, 11, "b", 0, 0);
    push(queue, 12, "b", 0, 0);
    ck_assert_uint_eq(claim_many(queue, 12), 5);
    struct lease first = leases[0];
    ck_assert_int_eq(first.job, 1);
    ck_assert_int_eq(leases[1].job, 11);
    ck_assert_uint_eq(claim_many(queue, 12), 0);
    ck_assert_str_eq(servers_redis(url, "LLEN q:wake"), "0");
    /* A place is free when a lease ends, whether it is said, or lost with its key. */
    ck_assert_int_eq(finish(queue, &first), QUEUE_OK);
    ck_assert_str_eq(servers_redis(url, "LLEN q:wake"), "1");
    ck_assert_uint_eq(claim_many(queue, 12), 1);
    ck_assert_int_eq(leases[0].job, 3);
    servers_redis(url, "ZREM q:lease 2");
    ck_assert_uint_eq(claim_many(queue, 12), 1);
    ck_assert_int_eq(leases[0].job, 4);
    /* Without a limit it has as many as there are. */
    share(queue, "");
    ck_assert_uint_eq(claim_many(queue, 12), 3);
    ck_assert_uint_eq(claim_many(queue, 1), 1);
    ck_assert_uint_eq(claim_many(queue, 1), 1);
    close_all(queue);
}
END_TEST

START_TEST(pushes_once)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    push(queue, 1, "a", 5, 0);
    push(queue, 1, "a", 5, 0);
    ck_assert_int_eq(claim(queue), 1);
    struct lease first = lease;
    push(queue, 1, "a", 5, 0);
    ck_assert_int_eq(claim(queue), 0);
    ck_assert_int_eq(give_back(queue, &first, LONG_MS), QUEUE_OK);
    push(queue, 1, "a", 5, 0);
    ck_assert_int_eq(claim(queue), 0);
    close_all(queue);
}
END_TEST

START_TEST(pushes_many_at_once)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    struct queue_entry entries[QUEUE_PUSH_MAX];
    for (int64_t i = 0; i < QUEUE_PUSH_MAX; i++)
        entries[i] = (struct queue_entry){
            .job = i + 1, .source = i % 2 ? STR("b") : STR("a"), .priority = 5};
    entries[10].priority = 9;
    entries[11].delay_ms = LONG_MS;
    push(queue, 2, "b", 5, 0);
    queue_push(queue, entries, QUEUE_PUSH_MAX, on_push, NULL);
    await_well();
    ck_assert_uint_eq(pushed, QUEUE_PUSH_MAX - 1);
    /* The first first, and those known already before them. */
    const int64_t order[] = {11, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 14, 13};
    for (size_t i = 0; i < COUNT_OF(order); i++)
        ck_assert_int_eq(claim(queue), order[i]);
    ck_assert_str_eq(servers_redis(url, "ZCARD q:delayed"), "1");
    queue_push(queue, entries, QUEUE_PUSH_MAX, on_push, NULL);
    await_well();
    ck_assert_uint_eq(pushed, 0);
    queue_push(queue, NULL, 0, on_push, NULL);
    await_well();
    ck_assert_uint_eq(pushed, 0);
    close_all(queue);
}
END_TEST

static bool is_known(struct queue *queue, int64_t job)
{
    push(queue, job, "shop", 5, 0);
    return pushed == 0;
}

START_TEST(puts_back_what_one_lost_key_held)
{
    static const char *const keys[] = {"job:1", "ready:shop", "ring",       "wake",
                                       "seen",  "delayed",    "active:shop"};
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        bool is_delayed = strcmp(keys[i], "delayed") == 0;
        push(queue, 1, "shop", 5, is_delayed ? LONG_MS : 0);
        servers_redis(url, "DEL q:%s", keys[i]);
        push(queue, 1, "shop", 5, 0); /* as a rebuild does */
        ck_assert_msg(claim(queue) == 1, "without q:%s", keys[i]);
        ck_assert_int_eq(finish(queue, &lease), QUEUE_OK);
    }
    close_all(queue);
}
END_TEST

START_TEST(beats_on_when_one_key_of_a_lease_is_lost)
{
    static const char *const keys[] = {"lease", "active:shop", "seen", "ring"};
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        push(queue, 1, "shop", 5, 0);
        ck_assert_int_eq(claim(queue), 1);
        servers_redis(url, "DEL q:%s", keys[i]);
        ck_assert_msg(beat(queue, &lease) == QUEUE_OK, "without q:%s", keys[i]);
        ck_assert(is_known(queue, 1));
        ck_assert_int_eq(finish(queue, &lease), QUEUE_OK);
    }
    close_all(queue);
}
END_TEST

START_TEST(ends_leave_nothing_behind)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    push(queue, 1, "a", 5, 0);
    push(queue, 2, "a", 5, 0);
    push(queue, 3, "b", 5, LONG_MS);
    ck_assert_int_eq(claim(queue), 1);
    ck_assert_int_eq(finish(queue, &lease), QUEUE_OK);
    ck_assert_int_eq(finish(queue, &lease), QUEUE_OK);
    ck_assert_int_eq(beat(queue, &lease), QUEUE_LOST);
    queue_cancel(queue, 2, on_done, NULL);
    await_well();
    queue_cancel(queue, 3, on_done, NULL);
    await_well();
    ck_assert_int_eq(claim(queue), 0);
    servers_redis(url, "DEL q:wake q:seen");
    ck_assert_str_eq(servers_redis(url, "KEYS *"), "");
    close_all(queue);
}
END_TEST

START_TEST(compares_the_token)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    push(queue, 1, "a", 5, 0);
    ck_assert_int_eq(claim(queue), 1);
    struct lease held = lease, other = lease;
    rng_token(other.token);
    ck_assert_int_eq(beat(queue, &other), QUEUE_LOST);
    ck_assert_int_eq(finish(queue, &other), QUEUE_LOST);
    ck_assert_int_eq(give_back(queue, &other, 0), QUEUE_LOST);
    ck_assert_int_eq(adopt(queue, &other), QUEUE_LOST);
    ck_assert_int_eq(beat(queue, &held), QUEUE_OK);
    close_all(queue);
}
END_TEST

START_TEST(gives_back_now_and_later)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    push(queue, 1, "a", 5, 0);
    ck_assert_int_eq(claim(queue), 1);
    struct lease held = lease;
    ck_assert_int_eq(give_back(queue, &held, 0), QUEUE_OK);
    ck_assert_int_eq(give_back(queue, &held, 0), QUEUE_OK);
    ck_assert_int_eq(claim(queue), 1);
    ck_assert_int_eq(give_back(queue, &lease, 200), QUEUE_OK);
    ck_assert_int_eq(give_back(queue, &held, 0), QUEUE_LOST);
    ck_assert_int_eq(claim(queue), 0);
    ck_assert_int_eq(claim_within(queue, PATIENCE_MS), 1);
    close_all(queue);
}
END_TEST

START_TEST(takes_back_a_lease_that_ends)
{
    enum { SHORT_MS = 400 };
    struct queue *queue = open_at(servers_redis_url(), SHORT_MS);
    push(queue, 1, "a", 5, 0);
    ck_assert_int_eq(claim(queue), 1);
    struct lease held = lease;
    int64_t first_end = ask_number("ZSCORE q:lease", 1);
    ck_assert_int_eq(claim(queue), 0);
    ck_assert_int_eq(beat(queue, &held), QUEUE_OK);
    ck_assert_int_ge(ask_number("ZSCORE q:lease", 1), first_end);
    ck_assert_int_eq(claim_within(queue, PATIENCE_MS), 1);
    ck_assert_str_ne(lease.token, held.token);
    ck_assert_int_eq(beat(queue, &held), QUEUE_LOST);
    ck_assert_int_eq(beat(queue, &lease), QUEUE_OK);
    close_all(queue);
}
END_TEST

START_TEST(cancels_at_the_next_beat)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    push(queue, 1, "a", 5, 0);
    ck_assert_int_eq(claim(queue), 1);
    queue_cancel(queue, 1, on_done, NULL);
    await_well();
    ck_assert_int_eq(beat(queue, &lease), QUEUE_CANCELLED);
    ck_assert_int_eq(beat(queue, &lease), QUEUE_CANCELLED);
    ck_assert_int_eq(finish(queue, &lease), QUEUE_OK);
    push(queue, 1, "a", 5, 0);
    ck_assert_int_eq(claim(queue), 1);
    ck_assert_int_eq(beat(queue, &lease), QUEUE_OK);
    close_all(queue);
}
END_TEST

START_TEST(a_cancelled_lease_leaves_nothing_behind)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    push(queue, 1, "a", 5, 0);
    ck_assert_int_eq(claim(queue), 1);
    queue_cancel(queue, 1, on_done, NULL);
    await_well();
    ck_assert_int_eq(give_back(queue, &lease, 0), QUEUE_OK);
    ck_assert_int_eq(claim(queue), 0);
    servers_redis(url, "DEL q:wake q:seen");
    ck_assert_str_eq(servers_redis(url, "KEYS *"), "");
    close_all(queue);
}
END_TEST

/* Retried before its holder has heard of the cancel. */
START_TEST(a_cancelled_job_can_come_back_at_once)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    push(queue, 1, "a", 5, 0);
    ck_assert_int_eq(claim(queue), 1);
    struct lease old = lease;
    queue_cancel(queue, 1, on_done, NULL);
    await_well();
    push(queue, 1, "a", 5, 0);
    ck_assert_int_eq(claim(queue), 1);
    ck_assert_int_eq(beat(queue, &old), QUEUE_LOST);
    ck_assert_int_eq(finish(queue, &old), QUEUE_LOST);
    ck_assert_int_eq(beat(queue, &lease), QUEUE_OK);
    close_all(queue);
}
END_TEST

START_TEST(adopts_what_redis_lost)
{
    struct test_redis server;
    servers_redis_start(&server);
    struct queue *queue = open_at(server.url, LONG_MS);
    push(queue, 1, "a", 5, 0);
    ck_assert_int_eq(claim(queue), 1);
    struct lease held = lease;
    servers_redis(url, "FLUSHALL");
    ck_assert_int_eq(beat(queue, &held), QUEUE_LOST);
    push(queue, 1, "a", 5, 0);
    ck_assert_int_eq(adopt(queue, &held), QUEUE_OK);
    ck_assert_int_eq(adopt(queue, &held), QUEUE_OK);
    ck_assert_int_eq(claim(queue), 0);
    ck_assert_int_eq(beat(queue, &held), QUEUE_OK);
    ck_assert_int_eq(give_back(queue, &held, 0), QUEUE_OK);

    /* Another worker has it now. */
    ck_assert_int_eq(claim(queue), 1);
    ck_assert_int_eq(adopt(queue, &held), QUEUE_LOST);
    ck_assert_int_eq(finish(queue, &lease), QUEUE_OK);
    close_all(queue);
    servers_redis_stop(&server);
}
END_TEST

static struct queue *make_for(const char *installation)
{
    struct queue_options options = {.redis = redis,
                                    .prefix = STR("q"),
                                    .lease_ms = LONG_MS,
                                    .installation = str_from(installation)};
    return queue_new(&options);
}

static void check(struct queue *queue)
{
    queue_check(queue, on_done, NULL);
    await();
}

/* The first push is by somebody who still hears of the worker. */
START_TEST(the_lease_of_a_silent_worker_does_not_count)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    struct queue_entry entry = {1, STR("a"), 5, 0, STR("another")};
    push(queue, 1, "a", 5, 0);
    ck_assert_int_eq(claim(queue), 1);
    struct lease held = lease;
    queue_push(queue, &entry, 1, on_push, NULL);
    await_well();
    ck_assert_int_eq(beat(queue, &held), QUEUE_OK);
    entry.silent = STR("w");
    queue_push(queue, &entry, 1, on_push, NULL);
    await_well();
    ck_assert_int_eq(beat(queue, &held), QUEUE_LOST);
    ck_assert_int_eq(claim(queue), 1);
    ck_assert_int_eq(adopt(queue, &held), QUEUE_LOST);
    ck_assert_int_eq(finish(queue, &lease), QUEUE_OK);
    close_all(queue);
}
END_TEST

START_TEST(another_installation_is_refused)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    struct queue *a = make_for("a-1"), *b = make_for("b-2");
    push(a, 1, "s", 5, 0);
    check(b);
    ck_assert_msg(str_starts(str_from(err_seen.text), STR("FOREIGN ")), "%s", err_seen.text);
    ask_for(b, 1);
    await();
    ck_assert_int_eq(err_seen.kind, ERR_INPUT);
    ck_assert_int_eq(claim(a), 1);
    say(b, QUEUE_DONE, &lease, 0);
    await();
    ck_assert_int_eq(err_seen.kind, ERR_INPUT);
    ck_assert_int_eq(finish(a, &lease), QUEUE_OK);
    servers_redis(url, "FLUSHDB");
    check(b);
    ck_assert_msg(!err_seen.kind, "%s", err_seen.text);
    check(a);
    ck_assert_int_eq(err_seen.kind, ERR_INPUT);
    queue_free(a);
    queue_free(b);
    close_all(queue);
}
END_TEST

START_TEST(outlives_a_script_flush)
{
    struct test_redis server;
    servers_redis_start(&server);
    struct queue *queue = open_at(server.url, LONG_MS);
    push(queue, 1, "a", 5, 0);
    servers_redis(url, "SCRIPT FLUSH");
    push(queue, 2, "a", 5, 0);
    for (int64_t job = 1; job <= 2; job++) {
        servers_redis(url, "SCRIPT FLUSH");
        ck_assert_int_eq(claim(queue), job);
        servers_redis(url, "SCRIPT FLUSH");
        ck_assert_int_eq(beat(queue, &lease), QUEUE_OK);
    }
    /* Known scripts go by their digest. */
    servers_redis(url, "CONFIG RESETSTAT");
    ck_assert_int_eq(beat(queue, &lease), QUEUE_OK);
    struct str stats = str_from(servers_redis(url, "INFO commandstats"));
    ck_assert_int_ge(str_find(stats, STR("cmdstat_evalsha:calls=1,")), 0);
    ck_assert_int_eq(str_find(stats, STR("cmdstat_eval:")), -1);
    close_all(queue);
    servers_redis_stop(&server);
}
END_TEST

START_TEST(works_on_without_memory)
{
    struct test_redis server;
    servers_redis_start(&server);
    struct queue *queue = open_at(server.url, LONG_MS);
    for (int64_t job = 1; job <= 3; job++)
        push(queue, job, "a", 5, 0);
    servers_redis(url, "CONFIG SET maxmemory 1");
    push_one(queue, 4, "a", 5, 0);
    await();
    ck_assert_int_eq(err_seen.kind, ERR_AGAIN);
    ck_assert_int_eq(claim(queue), 1);
    ck_assert_int_eq(beat(queue, &lease), QUEUE_OK);
    ck_assert_int_eq(finish(queue, &lease), QUEUE_OK);
    ck_assert_int_eq(claim(queue), 2);
    ck_assert_int_eq(give_back(queue, &lease, LONG_MS), QUEUE_OK);
    ck_assert_int_eq(claim(queue), 3);
    servers_redis(url, "FLUSHALL");
    ck_assert_int_eq(adopt(queue, &lease), QUEUE_OK);
    close_all(queue);
    servers_redis_stop(&server);
}
END_TEST

/* The server runs the script, but its answer comes too late for the client's patience. */
START_TEST(repeats_a_turn_without_an_answer)
{
    struct test_redis server;
    servers_redis_start(&server);
    struct queue *queue = open_at(server.url, LONG_MS);
    for (int64_t job = 1; job <= 7; job++)
        push(queue, job, "a", 5, 0);
    ck_assert_int_eq(claim(queue), 1);
    kill(server.pid, SIGSTOP);
    ask_for(queue, 3);
    ck_assert(loop_run_until(loop, &answered, PATIENCE_MS));
    ck_assert_int_eq(err_seen.kind, ERR_AGAIN);
    answered = false;
    up = false;
    kill(server.pid, SIGCONT);
    ck_assert(loop_run_until(loop, &up, PATIENCE_MS));
    ck_assert_str_eq(servers_redis(url, "ZCARD q:lease"), "4");
    /* A beat does not ask for jobs, so it repeats nothing. */
    ck_assert_int_eq(beat(queue, &lease), QUEUE_OK);
    ck_assert_uint_eq(claim_many(queue, 5), 5);
    for (size_t i = 0; i < leased; i++) {
        lease = leases[i];
        ck_assert_int_eq(lease.job, (int64_t)i + 2);
        ck_assert_int_eq(beat(queue, &leases[i]), QUEUE_OK);
    }
    ck_assert_int_eq(claim(queue), 7);
    close_all(queue);
    servers_redis_stop(&server);
}
END_TEST

START_TEST(a_frozen_redis_costs_no_lease)
{
    enum { SHORT_MS = 1000 };
    struct test_redis server;
    servers_redis_start(&server);
    struct queue *queue = open_at(server.url, SHORT_MS);
    push(queue, 1, "a", 5, 0);
    ck_assert_int_eq(claim(queue), 1);
    struct lease held = lease;
    kill(server.pid, SIGSTOP);
    bool never = false;
    loop_run_until(loop, &never, SHORT_MS + 300);
    kill(server.pid, SIGCONT);
    ck_assert_int_eq(claim(queue), 0);
    ck_assert_int_eq(beat(queue, &held), QUEUE_OK);
    /* Without a pause it does end. */
    ck_assert_int_eq(claim_within(queue, PATIENCE_MS), 1);
    ck_assert_int_eq(beat(queue, &held), QUEUE_LOST);
    close_all(queue);
    servers_redis_stop(&server);
}
END_TEST

START_TEST(a_clock_set_back_holds_nothing_up)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    push(queue, 1, "a", 5, 0);
    ck_assert_int_eq(claim(queue), 1);
    push(queue, 2, "a", 5, 100);
    /* As if all this had been written an hour ahead. */
    servers_redis(url, "ZINCRBY q:lease 3600000 1");
    servers_redis(url, "ZINCRBY q:delayed 3600000 2");
    int64_t seen = ask_number("INCRBY q:seen", 3600000);
    ck_assert_int_eq(claim_within(queue, PATIENCE_MS), 2);
    ck_assert_int_lt(ask_number("ZSCORE q:lease", 1), seen);
    close_all(queue);
}
END_TEST

START_TEST(wakes_who_waits)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    struct redis *wake;
    struct err err = ERR_INIT;
    up = false;
    ck_assert_ok(redis_open(loop, url, "wake", on_state, NULL, &wake, &err), err);
    ck_assert(loop_run_until(loop, &up, PATIENCE_MS));
    queue_wait(queue, wake, on_wake, NULL);
    struct queue_entry entry = {1, STR("a"), 5, 0, STR_NONE};
    queue_push(queue, &entry, 1, NULL, NULL);
    await_well();
    ck_assert(woken);
    queue_wait(queue, wake, on_wake, NULL);
    await_well();
    ck_assert(!woken);
    redis_close(wake);
    close_all(queue);
}
END_TEST

/*
 * A command that a script begins to use must be allowed to the user of docker/redis.acl; so
 * must those that limit.c sends besides.
 */
START_TEST(the_acl_file_has_what_scripts_call)
{
    static const char *const of_c[] = {" +time ", " +xadd ", " +expire ", " +xread "};
    const char *rights = pagetide_read("docker/redis.acl");
    size_t found = 0;
    for (const struct embedded *file = embedded_lua; file->name; file++)
        for (const char *at = file->text; (at = strstr(at, "redis.call('")); found++) {
            char right[32] = " +";
            at += strlen("redis.call('");
            for (size_t i = 2; *at != '\'' && i < sizeof right - 2; i++)
                right[i] = (char)tolower(*at++);
            ck_assert_msg(strstr(rights, right), "docker/redis.acl lacks%s", right);
        }
    ck_assert_uint_gt(found, 40);
    for (size_t i = 0; i < COUNT_OF(of_c); i++)
        ck_assert_msg(strstr(rights, of_c[i]), "docker/redis.acl lacks%s", of_c[i]);
}
END_TEST

START_TEST(a_freed_queue_is_silent)
{
    struct queue *queue = open_at(servers_redis_url(), LONG_MS);
    push_one(queue, 1, "a", 5, 0);
    queue_free(queue);
    queue = make(LONG_MS);
    answered = false;
    ck_assert_int_eq(claim(queue), 1);
    say(queue, QUEUE_BEAT, &lease, 0);
    queue_free(queue);
    answered = false;
    redis_close(redis);
    ck_assert(!answered);
    loop_free(loop);
}
END_TEST

SUITE("core/queue", leases_by_priority_then_age, takes_sources_in_turn,
      leases_many_in_turn_and_leaves_half, ends_and_leases_in_one_turn,
      keeps_one_token_while_something_is_ready, serves_sources_by_weight,
      serves_sources_by_weight_in_one_turn, a_source_at_its_limit_stops_no_other, pushes_once,
      pushes_many_at_once, puts_back_what_one_lost_key_held,
      beats_on_when_one_key_of_a_lease_is_lost, ends_leave_nothing_behind, compares_the_token,
      gives_back_now_and_later, takes_back_a_lease_that_ends, cancels_at_the_next_beat,
      a_cancelled_lease_leaves_nothing_behind, a_cancelled_job_can_come_back_at_once,
      adopts_what_redis_lost, the_lease_of_a_silent_worker_does_not_count,
      another_installation_is_refused, outlives_a_script_flush, works_on_without_memory,
      repeats_a_turn_without_an_answer, a_frozen_redis_costs_no_lease,
      a_clock_set_back_holds_nothing_up, wakes_who_waits, the_acl_file_has_what_scripts_call,
      a_freed_queue_is_silent)

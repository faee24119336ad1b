#include "core/limit.h"

#include "port/redis.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"

enum { PATIENCE_MS = 10000, LEASE_MS = 30000, WORKERS = 3, PLACES_MAX = 256 };

/* Workers at one Redis, each with its connections; answers of the last question. */
struct one {
    struct redis *redis, *told;
    struct limits *limits;
    char free[64];
    uint64_t peer;
    int64_t pause_ms;
};

static struct loop *loop;
static struct one workers[WORKERS];
static size_t worker_count;
static struct test_redis server;
static bool answered;
static struct err seen;
static struct limits_grant grant;
static int64_t places[PLACES_MAX], ahead[LIMITS_RULES_MAX];

static void on_state(void *ctx, bool is_up, const struct err *err)
{
    (void)ctx, (void)is_up, (void)err;
}

static void on_told_state(void *ctx, bool is_up, const struct err *err)
{
    struct one *one = ctx;
    (void)err;
    if (is_up)
        limits_listen(one->limits);
}

static void on_news(void *ctx, const struct limits_news *news)
{
    struct one *one = ctx;
    snprintf(one->free, sizeof one->free, "%.*s", STR_ARG(news->free));
    one->peer = news->peer;
    one->pause_ms = news->pause_ms;
}

/* What was refused last, "XADD EXPIRE". */
static char refused[128];

static void on_answer(void *ctx, const char *what, const struct err *err)
{
    (void)ctx;
    size_t len = strlen(refused);
    if (err && err->code == REDIS_REFUSED && !strstr(refused, what))
        snprintf(refused + len, sizeof refused - len, "%s%s", len ? " " : "", what);
}

static void on_grant(void *ctx, const struct limits_grant *got, const struct err *err)
{
    (void)ctx;
    answered = true;
    seen = err ? *err : (struct err)ERR_INIT;
    if (err)
        return;
    grant = *got;
    ck_assert_uint_le(got->count, PLACES_MAX);
    for (size_t i = 0; i < got->count; i++)
        places[i] = got->in_us[i];
    ahead[0] = got->ahead_us[0];
}

static void await(bool *is_so)
{
    ck_assert(loop_run_until(loop, is_so, PATIENCE_MS));
}

static void await_up(struct redis *redis)
{
    bool never = false;
    for (int i = 0; i < 500 && !redis_is_up(redis); i++)
        loop_run_until(loop, &never, 20);
    ck_assert(redis_is_up(redis));
}

static void open_one(struct one *one, const char *name, int64_t lease_ms)
{
    struct err err = ERR_INIT;
    ck_assert_msg(redis_open(loop, server.url, "t", on_state, NULL, &one->redis, &err), "%s",
                  err.text);
    ck_assert_msg(redis_open(loop, server.url, "t", on_told_state, one, &one->told, &err), "%s",
                  err.text);
    one->limits = limits_new(&(struct limits_options){.loop = loop,
                                                      .redis = one->redis,
                                                      .told = one->told,
                                                      .prefix = STR("t"),
                                                      .worker = str_from(name),
                                                      .lease_ms = lease_ms,
                                                      .on_news = on_news,
                                                      .on_answer = on_answer,
                                                      .ctx = one});
    await_up(one->redis);
    await_up(one->told);
}

static void start(size_t count, int64_t lease_ms)
{
    static const char *const names[] = {"one", "two", "three"};
    struct err err = ERR_INIT;
    ck_assert(loop_new(&loop, &err));
    servers_redis_start(&server);
    worker_count = count;
    for (size_t i = 0; i < count; i++)
        open_one(&workers[i], names[i], lease_ms);
}

static void stop(void)
{
    for (size_t i = 0; i < worker_count; i++) {
        limits_free(workers[i].limits);
        redis_close(workers[i].redis);
        redis_close(workers[i].told);
        workers[i] = (struct one){0};
    }
    loop_free(loop);
    servers_redis_stop(&server);
}

static void ask_rule(size_t worker, struct limits_rule rule, int64_t want)
{
    answered = false;
    limits_ask(workers[worker].limits, &rule, 1, want, on_grant, NULL);
    await(&answered);
    ck_assert_msg(!seen.kind, "%s", seen.text);
}

/* Ten a second, one at a time. */
static void ask_rate(size_t worker, int64_t want, int64_t ahead_us)
{
    ask_rule(worker,
             (struct limits_rule){.name = STR("shop:1"),
                                  .interval_us = 100000,
                                  .burst_us = 100000,
                                  .ahead_us = ahead_us},
             want);
}

static void ask_slots(size_t worker, int64_t held, int64_t want)
{
    ask_rule(worker,
             (struct limits_rule){.name = STR("shop:2"), .concurrency = 2, .held = held}, want);
}

START_TEST(places_of_one_rate_lie_one_behind_the_other)
{
    start(2, LEASE_MS);
    ask_rate(0, 5, 0);
    ck_assert_uint_eq(grant.count, 5);
    for (int64_t i = 0; i < 5; i++)
        ck_assert_int_eq(places[i], i * 100000);
    ck_assert_int_eq(ahead[0], 500000);
    ask_rate(1, 2, 0);
    ck_assert_uint_eq(grant.count, 2);
    ck_assert_int_gt(places[0], 300000);
    ck_assert_int_le(places[0], 500000);
    ck_assert_int_eq(places[1] - places[0], 100000);
    stop();
}
END_TEST

START_TEST(no_place_is_further_ahead_than_ten_seconds)
{
    start(2, LEASE_MS);
    ask_rate(0, 200, 0);
    ck_assert_uint_eq(grant.count, 101);
    ck_assert_int_gt(grant.wait_us, 10000000);
    ck_assert(!grant.is_full);
    ask_rate(1, 1, 0);
    ck_assert_uint_le(grant.count, 1);
    stop();
}
END_TEST

START_TEST(a_burst_and_several_limits_at_once)
{
    start(1, LEASE_MS);
    const struct limits_rule rules[] = {
        {.name = STR("a"), .interval_us = 100000, .burst_us = 300000},
        {.name = STR("b"), .interval_us = 1000000, .burst_us = 2000000}};
    answered = false;
    limits_ask(workers[0].limits, rules, 2, 4, on_grant, NULL);
    await(&answered);
    ck_assert_uint_eq(grant.count, 4);
    ck_assert_int_eq(places[1], 0);
    ck_assert_int_eq(places[2], 1000000);
    ck_assert_int_eq(places[3], 2000000);
    stop();
}
END_TEST

START_TEST(a_redis_that_was_emptied_learns_the_rate_again)
{
    start(2, LEASE_MS);
    ask_rate(0, 20, 0);
    servers_redis(server.url, "FLUSHALL");
    servers_redis(server.url, "SCRIPT FLUSH");
    ask_rate(0, 1, 1900000);
    ck_assert_int_eq(places[0], 1900000);
    /* The other one knows less, and is not asked. */
    ask_rate(1, 1, 500000);
    ck_assert_int_gt(places[0], 1800000);
    /* Nor does anybody push the time ahead who has nothing to tell. */
    ask_rate(1, 0, 9000000);
    ask_rate(1, 1, 0);
    ck_assert_int_lt(places[0], 2300000);
    stop();
}
END_TEST

START_TEST(slots_are_shared_and_given_back)
{
    start(2, LEASE_MS);
    ask_slots(0, 0, 5);
    ck_assert_uint_eq(grant.count, 2);
    ck_assert(grant.is_full);
    ask_slots(1, 0, 1);
    ck_assert_uint_eq(grant.count, 0);
    ck_assert(grant.is_full);
    /* Who has waited for longer comes first; then the other one does, and is told. */
    ask_slots(0, 1, 3);
    ck_assert_uint_eq(grant.count, 1);
    ask_slots(0, 1, 3);
    ck_assert_uint_eq(grant.count, 0);
    for (int i = 0; i < 100 && !workers[1].free[0]; i++) {
        bool never = false;
        loop_run_until(loop, &never, 20);
    }
    ck_assert_str_eq(workers[1].free, "shop:2");
    ask_slots(1, 0, 1);
    ck_assert_uint_eq(grant.count, 1);
    ask_slots(0, 0, 3);
    ck_assert_uint_eq(grant.count, 1);
    ask_slots(0, 0, 0);
    ask_slots(1, 0, 0);
    ck_assert_str_eq(servers_redis(server.url, "EXISTS t:limit:shop:2"), "0");
    stop();
}
END_TEST

START_TEST(slots_die_with_their_owner)
{
    start(2, 300);
    ask_slots(0, 0, 2);
    ck_assert_uint_eq(grant.count, 2);
    ask_slots(1, 0, 1);
    ck_assert_uint_eq(grant.count, 0);
    for (int i = 0; i < 100 && !grant.count; i++) {
        bool never = false;
        loop_run_until(loop, &never, 20);
        ask_slots(1, 0, 1);
    }
    ck_assert_uint_eq(grant.count, 1);
    stop();
}
END_TEST

START_TEST(a_pause_is_heard_by_all_and_by_those_who_come_later)
{
    start(2, LEASE_MS);
    limits_tell_pause(workers[0].limits, 0xfedcba9876543210, 60000);
    bool never = false;
    for (int i = 0; i < 200 && !workers[1].peer; i++)
        loop_run_until(loop, &never, 20);
    ck_assert_uint_eq(workers[1].peer, 0xfedcba9876543210);
    ck_assert_int_le(workers[1].pause_ms, 60000);
    ck_assert_int_gt(workers[1].pause_ms, 50000);
    servers_redis(server.url, "XADD t:told * pause nonsense ms 1");
    servers_redis(server.url, "XADD t:told * pause 00000000000000zz ms 1000");
    servers_redis(server.url, "XADD t:told * pause 0000000000000007 ms -1");
    servers_redis(server.url, "XADD t:told * what else");
    worker_count = 3;
    open_one(&workers[2], "three", LEASE_MS);
    for (int i = 0; i < 200 && !workers[2].peer; i++)
        loop_run_until(loop, &never, 20);
    ck_assert_uint_eq(workers[2].peer, 0xfedcba9876543210);
    ck_assert_int_lt(workers[2].pause_ms, 60000);
    ck_assert_str_ne(servers_redis(server.url, "TTL t:told"), "-1");
    stop();
}
END_TEST

START_TEST(a_pause_that_cannot_be_told_is_said)
{
    bool never = false;
    start(2, LEASE_MS);
    servers_redis(server.url, "ACL SETUSER default -xadd -expire");
    *refused = '\0';
    limits_tell_pause(workers[0].limits, 7, 1000);
    for (int i = 0; i < 500 && !strstr(refused, "EXPIRE"); i++)
        loop_run_until(loop, &never, 20);
    ck_assert_str_eq(refused, "XADD EXPIRE");
    stop();
}
END_TEST

START_TEST(a_redis_that_refuses_counts_as_away_for_a_while)
{
    start(1, LEASE_MS);
    ask_rate(0, 1, 0);
    servers_redis(server.url, "DEL t:limit:shop:1");
    servers_redis(server.url, "SET t:limit:shop:1 no-hash");
    answered = false;
    limits_ask(workers[0].limits,
               &(struct limits_rule){.name = STR("shop:1"), .interval_us = 1, .burst_us = 1}, 1,
               1, on_grant, NULL);
    await(&answered);
    ck_assert_int_ne(seen.kind, ERR_NONE);
    ck_assert(!limits_is_up(workers[0].limits));
    bool never = false;
    loop_run_until(loop, &never, LIMITS_AWAY_MS + 100);
    ck_assert(limits_is_up(workers[0].limits));
    stop();
}
END_TEST

SUITE("core/limit", places_of_one_rate_lie_one_behind_the_other,
      no_place_is_further_ahead_than_ten_seconds, a_burst_and_several_limits_at_once,
      a_redis_that_was_emptied_learns_the_rate_again, slots_are_shared_and_given_back,
      slots_die_with_their_owner, a_pause_is_heard_by_all_and_by_those_who_come_later,
      a_redis_that_refuses_counts_as_away_for_a_while, a_pause_that_cannot_be_told_is_said)

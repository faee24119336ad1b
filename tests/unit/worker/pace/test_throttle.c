#include "worker/pace/throttle.h"

#include "base/units.h"
#include "tests/support/suite.h"

static struct throttle *throttle;
static struct rate_limit limits[2];
static struct stream stream;
static const struct throttle_peer_key peer = {STR_INIT("h:443"), 7};
static int freed;

static void on_freed(void *ctx)
{
    (void)ctx;
    freed++;
}

static void start(int64_t requests, int64_t burst, int64_t concurrency)
{
    throttle = throttle_new(on_freed, NULL);
    freed = 0;
    limits[0] = (struct rate_limit){
        .requests = requests, .per_ms = 1000, .burst = burst, .concurrency = concurrency};
    stream = (struct stream){.name = STR("shop.orders"),
                             .source = STR("shop"),
                             .rate_limits = limits,
                             .rate_limit_count = 1};
}

/* When a request that asks at `now_ms` may start, asking as often as it may. */
static int64_t starts_at(struct throttle_pass *pass, const struct stream *of, int64_t now_ms)
{
    for (int i = 0; i < 100; i++) {
        int64_t wait_ms = 0;
        enum throttle_wait why = throttle_take(throttle, pass, of, &peer, now_ms, &wait_ms);
        if (why == THROTTLE_GO)
            return now_ms;
        if (why == THROTTLE_FULL)
            return -1;
        ck_assert_int_gt(wait_ms, 0);
        now_ms += wait_ms;
    }
    ck_abort_msg("never");
}

START_TEST(a_burst_and_then_the_rate)
{
    start(10, 5, 0);
    struct throttle_pass passes[160] = {0};
    for (int i = 0; i < 160; i++)
        ck_assert_int_eq(starts_at(&passes[i], &stream, 5000), 5000 + MAX(i - 4, 0) * 100);
}
END_TEST

START_TEST(a_rest_fills_no_more_than_the_burst)
{
    start(10, 3, 0);
    struct throttle_pass passes[8] = {0};
    starts_at(&passes[0], &stream, 1000);
    int64_t got[] = {
        starts_at(&passes[1], &stream, 60000), starts_at(&passes[2], &stream, 60000),
        starts_at(&passes[3], &stream, 60000), starts_at(&passes[4], &stream, 60000)};
    ck_assert_int_eq(got[2], 60000);
    ck_assert_int_eq(got[3], 60100);
}
END_TEST

START_TEST(in_no_window_are_there_more_than_rate_and_burst)
{
    start(7, 2, 0);
    struct throttle_pass passes[200] = {0};
    int64_t at[200];
    for (int i = 0; i < 200; i++)
        at[i] = starts_at(&passes[i], &stream, 1000 + i * 37);
    for (int i = 0; i < 200; i++)
        for (int j = i; j < 200; j++)
            ck_assert_msg(j - i + 1 <= 2 + (at[j] - at[i]) * 7 / 1000 + 1,
                          "%d requests in %lld ms", j - i + 1, (long long)(at[j] - at[i]));
}
END_TEST

START_TEST(concurrency)
{
    start(0, 0, 2);
    struct throttle_pass passes[3] = {0};
    ck_assert_int_eq(starts_at(&passes[0], &stream, 1), 1);
    ck_assert_int_eq(starts_at(&passes[1], &stream, 1), 1);
    ck_assert_int_eq(starts_at(&passes[2], &stream, 1), -1);
    throttle_give(throttle, &passes[0], false, 2);
    ck_assert_int_eq(freed, 1);
    ck_assert_int_eq(starts_at(&passes[2], &stream, 2), 2);
    throttle_drop(throttle, &passes[1]);
    throttle_drop(throttle, &passes[1]);
    ck_assert_int_eq(freed, 1);
    ck_assert_int_eq(starts_at(&passes[0], &stream, 3), 3);
}
END_TEST

START_TEST(streams_of_a_source_share_and_own_limits_do_not)
{
    start(1, 1, 0);
    struct throttle_pass passes[4] = {0};
    struct stream other = stream;
    other.name = STR("shop.lines");
    ck_assert_int_eq(starts_at(&passes[0], &stream, 1000), 1000);
    ck_assert_int_eq(starts_at(&passes[1], &other, 1000), 2000);
    struct rate_limit own = limits[0];
    own.is_per_stream = true;
    other.rate_limits = &own;
    ck_assert_int_eq(starts_at(&passes[2], &other, 1000), 1000);
    other.name = STR("shop.carts");
    ck_assert_int_eq(starts_at(&passes[3], &other, 1000), 1000);
}
END_TEST

START_TEST(of_several_limits_the_slowest)
{
    start(10, 10, 0);
    limits[1] = (struct rate_limit){.requests = 2, .per_ms = 60000, .burst = 2};
    stream.rate_limit_count = 2;
    struct throttle_pass passes[3] = {0};
    int64_t wait_ms;
    ck_assert_int_eq(starts_at(&passes[0], &stream, 0), 0);
    ck_assert_int_eq(starts_at(&passes[1], &stream, 0), 0);
    ck_assert_int_eq(throttle_take(throttle, &passes[2], &stream, &peer, 0, &wait_ms),
                     THROTTLE_LIMITED);
    ck_assert_int_eq(wait_ms, 30000);
}
END_TEST

START_TEST(a_rate_that_no_clock_counts)
{
    start(1, 1000000, 0);
    limits[0].per_ms = UNITS_LONGEST_MS;
    struct throttle_pass passes[2] = {0};
    int64_t wait_ms;
    ck_assert_int_eq(starts_at(&passes[0], &stream, 0), 0);
    ck_assert_int_eq(throttle_take(throttle, &passes[1], &stream, &peer, 0, &wait_ms),
                     THROTTLE_LIMITED);
    ck_assert_int_eq(wait_ms, UNITS_LONGEST_MS);
}
END_TEST

START_TEST(a_told_wait_pauses_all_of_its_peer)
{
    start(0, 0, 0);
    struct throttle_pass passes[3] = {0};
    struct throttle_peer_key stranger = {peer.host, 8};
    int64_t wait_ms;
    ck_assert_int_eq(starts_at(&passes[0], &stream, 100), 100);
    throttle_give(throttle, &passes[0], false, 200);
    throttle_pause(throttle, &passes[0], 200, 5000);
    throttle_pause(throttle, &passes[0], 201, 10);
    ck_assert_int_eq(throttle_take(throttle, &passes[1], &stream, &peer, 300, &wait_ms),
                     THROTTLE_PAUSED);
    ck_assert_int_eq(wait_ms, 4900);
    ck_assert_int_eq(throttle_take(throttle, &passes[2], &stream, &stranger, 300, &wait_ms),
                     THROTTLE_GO);
    ck_assert_int_eq(starts_at(&passes[1], &stream, 5200), 5200);
}
END_TEST

/* What waited for its place when the pause came does not come due all at once. */
START_TEST(the_rate_holds_behind_a_pause)
{
    start(10, 1, 0);
    struct throttle_pass passes[20] = {0};
    int64_t wait_ms, last = 0;
    ck_assert_int_eq(starts_at(&passes[0], &stream, 0), 0);
    for (int i = 1; i < 20; i++)
        (void)!throttle_take(throttle, &passes[i], &stream, &peer, 0, &wait_ms);
    throttle_give(throttle, &passes[0], false, 10);
    throttle_pause(throttle, &passes[0], 10, 3000);
    for (int i = 1; i < 20; i++)
        ck_assert_int_eq(throttle_take(throttle, &passes[i], &stream, &peer, 2000, &wait_ms),
                         THROTTLE_PAUSED);
    for (int i = 1; i < 20; i++) {
        int64_t at = starts_at(&passes[i], &stream, 3010);
        ck_assert_int_ge(at, last + 100);
        last = at;
    }
}
END_TEST

START_TEST(five_failures_in_a_row_pause_the_host)
{
    start(0, 0, 0);
    struct throttle_pass pass = {0};
    int64_t wait_ms;
    for (int i = 0; i < 9; i++) {
        ck_assert_int_eq(starts_at(&pass, &stream, i), i);
        throttle_give(throttle, &pass, i != 3, i);
    }
    ck_assert_int_eq(throttle_take(throttle, &pass, &stream, &peer, 1000, &wait_ms),
                     THROTTLE_FAILING);
    ck_assert_int_eq(wait_ms, 30008 - 1000);
    ck_assert_int_eq(starts_at(&pass, &stream, 30008), 30008);
    throttle_give(throttle, &pass, true, 30009);
    ck_assert_int_eq(starts_at(&pass, &stream, 30010), 30010);
}
END_TEST

START_TEST(without_redis_each_process_keeps_to_its_part)
{
    start(10, 4, 4);
    const struct throttle_crowd crowds[] = {{STR("other"), 9}, {STR("shop"), 2}};
    struct throttle_pass passes[6] = {0}, first = {0};
    starts_at(&first, &stream, 0);
    throttle_drop(throttle, &first);
    throttle_crowd(throttle, crowds, 2);
    const int64_t wanted[] = {5000, 5000, 5200, 5400};
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(starts_at(&passes[i], &stream, 5000), wanted[i]);
        if (i > 0)
            throttle_give(throttle, &passes[i], false, wanted[i]);
    }
    /* Two of the four may be under way. */
    starts_at(&passes[4], &stream, 9000);
    ck_assert_int_eq(starts_at(&passes[5], &stream, 9000), -1);
    throttle_crowd(throttle, NULL, 0);
    starts_at(&passes[5], &stream, 9000);
}
END_TEST

SUITE("worker/pace/throttle", a_rate_that_no_clock_counts,
      without_redis_each_process_keeps_to_its_part, a_burst_and_then_the_rate,
      a_rest_fills_no_more_than_the_burst, in_no_window_are_there_more_than_rate_and_burst,
      concurrency, streams_of_a_source_share_and_own_limits_do_not,
      of_several_limits_the_slowest, a_told_wait_pauses_all_of_its_peer,
      the_rate_holds_behind_a_pause, five_failures_in_a_row_pause_the_host)

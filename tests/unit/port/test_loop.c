#include "port/loop.h"

#include "base/clock.h"
#include "tests/support/suite.h"

/* A loop that skips waits: order and time are those of a loop that waits. */

enum { HOUR_MS = 3600 * 1000 };

static struct loop *loop;
static char order[32];
static size_t count;
static bool is_over;

static void start(void)
{
    struct err err = ERR_INIT;
    ck_assert_ok(loop_new(&loop, &err), err);
    loop_skip_waits(loop, 1700000000000);
}

static void note(void *ctx)
{
    order[count++] = *(const char *)ctx;
    is_over = *(const char *)ctx == '.';
}

static struct loop_timer *timer_at(const char *name, int64_t delay_ms)
{
    struct loop_timer *timer = loop_timer_new(loop, note, (void *)(uintptr_t)name);
    loop_timer_set(timer, delay_ms);
    return timer;
}

START_TEST(timers_fire_in_order_and_time_goes_with_them)
{
    start();
    int64_t mono_ms = clock_mono_ms();
    struct loop_timer *last = timer_at(".", HOUR_MS), *second = timer_at("b", 20),
                      *third = timer_at("c", 20), *first = timer_at("a", 7);
    loop_defer(loop, note, (void *)(uintptr_t) "0");
    ck_assert(loop_run_until(loop, &is_over, -1));
    ck_assert_str_eq(order, "0abc.");
    ck_assert_int_eq(clock_mono_ms() - mono_ms, HOUR_MS);
    ck_assert_int_eq(clock_wall_ms(), 1700000000000 + HOUR_MS);
    loop_timer_free(first);
    loop_timer_free(second);
    loop_timer_free(third);
    loop_timer_free(last);
    loop_free(loop);
    ck_assert_int_gt(clock_wall_ms(), 1700000000000 + HOUR_MS);
}
END_TEST

START_TEST(a_timer_that_is_moved_or_cleared_keeps_to_it)
{
    start();
    struct loop_timer *moved = timer_at("m", 5), *cleared = timer_at("x", 6),
                      *end = timer_at(".", 50);
    loop_timer_set(moved, 40);
    loop_timer_clear(cleared);
    ck_assert(!loop_timer_is_set(cleared));
    ck_assert(loop_timer_is_set(moved));
    ck_assert(loop_run_until(loop, &is_over, -1));
    ck_assert_str_eq(order, "m.");
    ck_assert(!loop_timer_is_set(moved));
    loop_timer_free(moved);
    loop_timer_free(cleared);
    loop_timer_free(end);
    loop_free(loop);
}
END_TEST

START_TEST(without_a_timer_it_returns)
{
    start();
    ck_assert(!loop_run_until(loop, &is_over, -1));
    loop_free(loop);
}
END_TEST

SUITE("port/loop", timers_fire_in_order_and_time_goes_with_them,
      a_timer_that_is_moved_or_cleared_keeps_to_it, without_a_timer_it_returns)

#include "base/backoff.h"

#include "base/macros.h"
#include "tests/support/suite.h"

START_TEST(doubles_up_to_the_ceiling)
{
    ck_assert_int_eq(backoff_ms(100, 5000, 0), 100);
    ck_assert_int_eq(backoff_ms(100, 5000, 1), 200);
    ck_assert_int_eq(backoff_ms(100, 5000, 5), 3200);
    ck_assert_int_eq(backoff_ms(100, 5000, 6), 5000);
    ck_assert_int_eq(backoff_ms(100, 5000, INT32_MAX), 5000);
    ck_assert_int_eq(backoff_ms(9000, 5000, 0), 5000);
}
END_TEST

START_TEST(keeps_within_64_bits)
{
    ck_assert_int_eq(backoff_ms(1, INT64_MAX, 62), INT64_C(1) << 62);
    ck_assert_int_eq(backoff_ms(1, INT64_MAX, 63), INT64_MAX);
    ck_assert_int_eq(backoff_ms(0, INT64_MAX, INT32_MAX), 0);
}
END_TEST

static void check_range(int64_t (*jitter)(int64_t, struct rng *), int64_t from, int64_t to)
{
    struct rng rng;
    int64_t lowest = INT64_MAX, highest = 0;
    rng_seed(&rng, 7);
    for (int i = 0; i < 2000; i++) {
        int64_t wait_ms = jitter(1000, &rng);
        lowest = MIN(lowest, wait_ms);
        highest = MAX(highest, wait_ms);
    }
    ck_assert(lowest >= from && lowest < from + 50);
    ck_assert(highest <= to && highest > to - 50);
    ck_assert_int_eq(jitter(0, &rng), 0);
}

START_TEST(full_jitter_draws_from_nothing_to_all)
{
    check_range(backoff_full_jitter, 0, 1000);
}
END_TEST

START_TEST(equal_jitter_keeps_half)
{
    check_range(backoff_equal_jitter, 500, 1000);
}
END_TEST

SUITE("base/backoff", doubles_up_to_the_ceiling, keeps_within_64_bits,
      full_jitter_draws_from_nothing_to_all, equal_jitter_keeps_half)

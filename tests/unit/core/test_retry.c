#include "core/retry.h"

#include "tests/support/suite.h"

/* The waits before attempts 2, 3, …; -1 at the end. */
static void expect(const struct retry_policy *policy, const int64_t *waits_ms, int count)
{
    struct rng rng;
    rng_seed(&rng, 1);
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(retry_delay_ms(policy, i + 1, &rng), waits_ms[i]);
}

START_TEST(fixed)
{
    const struct retry_policy policy = {4, RETRY_FIXED, 1000, 60000, RETRY_JITTER_NONE};
    expect(&policy, (const int64_t[]){1000, 1000, 1000, -1}, 4);
}
END_TEST

START_TEST(exponential)
{
    const struct retry_policy policy = {6, RETRY_EXPONENTIAL, 500, 5000, RETRY_JITTER_NONE};
    expect(&policy, (const int64_t[]){500, 1000, 2000, 4000, 5000, -1}, 6);
}
END_TEST

START_TEST(up_to_a_minute)
{
    const struct retry_policy policy = {9, RETRY_EXPONENTIAL, 1000, 60000, RETRY_JITTER_NONE};
    expect(&policy, (const int64_t[]){1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, -1},
           9);
}
END_TEST

START_TEST(full_jitter_stays_below)
{
    struct rng rng;
    int64_t lowest = INT64_MAX, highest = 0;
    const struct retry_policy policy = {5, RETRY_EXPONENTIAL, 1000, 60000, RETRY_JITTER_FULL};
    rng_seed(&rng, 7);
    for (int i = 0; i < 2000; i++) {
        int64_t wait_ms = retry_delay_ms(&policy, 3, &rng);
        lowest = MIN(lowest, wait_ms);
        highest = MAX(highest, wait_ms);
    }
    ck_assert_int_ge(lowest, 0);
    ck_assert_int_lt(lowest, 100);
    ck_assert_int_gt(highest, 3900);
    ck_assert_int_le(highest, 4000);
}
END_TEST

START_TEST(the_default_goes_on_for_a_minute)
{
    const struct retry_policy policy = {8, RETRY_EXPONENTIAL, 1000, 60000, RETRY_JITTER_EQUAL};
    struct rng rng;
    for (int seed = 1; seed <= 200; seed++) {
        int64_t all_ms = 0;
        rng_seed(&rng, (uint64_t)seed);
        for (int i = 1; i < 8; i++)
            all_ms += retry_delay_ms(&policy, i, &rng);
        ck_assert_int_eq(retry_delay_ms(&policy, 8, &rng), -1);
        ck_assert_int_ge(all_ms, 60000);
        ck_assert_int_le(all_ms, 123000);
    }
}
END_TEST

START_TEST(far_attempts_do_not_overflow)
{
    const struct retry_policy policy = {INT32_MAX, RETRY_EXPONENTIAL, 1, INT64_MAX,
                                        RETRY_JITTER_NONE};
    struct rng rng;
    rng_seed(&rng, 1);
    ck_assert_int_eq(retry_delay_ms(&policy, 1000000, &rng), INT64_MAX);
}
END_TEST

SUITE("core/retry", fixed, exponential, up_to_a_minute, full_jitter_stays_below,
      the_default_goes_on_for_a_minute, far_attempts_do_not_overflow)

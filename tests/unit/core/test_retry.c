#include "core/retry.h"

#include "tests/support/suite.h"

static struct rng rng;

static void check_delays(const struct retry_policy *policy, const int64_t *wanted, int count)
{
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(retry_after(policy, i + 1, &rng), wanted[i]);
    ck_assert_int_eq(retry_after(policy, count + 1, &rng), -1);
}

START_TEST(B01_fixed)
{
    struct retry_policy policy = {4, RETRY_FIXED, 1000, 60000, RETRY_JITTER_NONE};
    const int64_t wanted[] = {1000, 1000, 1000};
    check_delays(&policy, wanted, 3);
}
END_TEST

START_TEST(B02_exponential_from_half_a_second)
{
    struct retry_policy policy = {6, RETRY_EXPONENTIAL, 500, 5000, RETRY_JITTER_NONE};
    const int64_t wanted[] = {500, 1000, 2000, 4000, 5000};
    check_delays(&policy, wanted, 5);
}
END_TEST

START_TEST(B03_exponential_up_to_a_minute)
{
    struct retry_policy policy = {9, RETRY_EXPONENTIAL, 1000, 60000, RETRY_JITTER_NONE};
    const int64_t wanted[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    check_delays(&policy, wanted, 8);
}
END_TEST

START_TEST(C06_standards)
{
    ck_assert_int_eq(retry_default.max_attempts, 5);
    ck_assert_int_eq(retry_default.jitter, RETRY_JITTER_FULL);
    check_delays(&retry_in_pagination, NULL, 0);
    ck_assert_int_eq(retry_in_pagination.max_delay_ms, 60000);
}
END_TEST

/* Evenly from 0 to the delay: each tenth of it is met about as often as another. */
START_TEST(B04_jitter_is_flat_and_never_above)
{
    int met[10] = {0};
    rng_seed(&rng, 7);
    for (int i = 0; i < 10000; i++) {
        int64_t delay_ms = retry_after(&retry_default, 3, &rng);
        ck_assert(delay_ms >= 0 && delay_ms <= 4000);
        met[MIN(delay_ms / 400, 9)]++;
    }
    for (size_t i = 0; i < COUNT_OF(met); i++)
        ck_assert_msg(met[i] > 850 && met[i] < 1150, "%d of 10000 in tenth %zu", met[i], i);
}
END_TEST

START_TEST(B05_doubling_does_not_overflow)
{
    struct retry_policy policy = {1000, RETRY_EXPONENTIAL, INT64_MAX / 3, INT64_MAX,
                                  RETRY_JITTER_NONE};
    ck_assert_int_eq(retry_after(&policy, 999, &rng), INT64_MAX);
}
END_TEST

SUITE("core/retry", B01_fixed, B02_exponential_from_half_a_second,
      B03_exponential_up_to_a_minute, C06_standards, B04_jitter_is_flat_and_never_above,
      B05_doubling_does_not_overflow)

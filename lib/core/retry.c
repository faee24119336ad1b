#include "core/retry.h"

#include "base/backoff.h"

int64_t retry_delay_ms(const struct retry_policy *policy, int attempt, struct rng *rng)
{
    if (attempt >= policy->max_attempts)
        return -1;
    int doublings = policy->backoff == RETRY_EXPONENTIAL ? attempt - 1 : 0;
    int64_t wait_ms = backoff_ms(policy->initial_delay_ms, policy->max_delay_ms, doublings);
    if (policy->jitter == RETRY_JITTER_NONE)
        return wait_ms;
    return policy->jitter == RETRY_JITTER_FULL ? backoff_full_jitter(wait_ms, rng)
                                               : backoff_equal_jitter(wait_ms, rng);
}

#include "core/retry.h"

#include "base/macros.h"

/* min(initial · 2^doublings, max) without overflow. */
static int64_t doubled(int64_t initial, int doublings, int64_t max)
{
    int64_t delay = MIN(initial, max);
    for (int i = 0; i < doublings && delay < max; i++)
        delay = delay > max / 2 ? max : delay * 2;
    return delay;
}

int64_t retry_after(const struct retry_policy *policy, int attempt, struct rng *rng)
{
    if (attempt >= policy->max_attempts)
        return -1;
    int doublings = policy->backoff == RETRY_EXPONENTIAL ? attempt - 1 : 0;
    int64_t delay = doubled(policy->initial_delay_ms, doublings, policy->max_delay_ms);
    if (policy->jitter == RETRY_JITTER_NONE)
        return delay;
    return (int64_t)rng_below(rng, (uint64_t)delay + 1);
}

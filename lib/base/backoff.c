#include "base/backoff.h"

#include <assert.h>

#include "base/macros.h"

int64_t backoff_ms(int64_t first_ms, int64_t max_ms, int doublings)
{
    assert(first_ms >= 0 && max_ms >= 0);
    int64_t wait_ms = MIN(first_ms, max_ms);
    for (int i = 0; i < doublings && wait_ms && wait_ms < max_ms; i++)
        wait_ms = wait_ms > max_ms / 2 ? max_ms : wait_ms * 2;
    return wait_ms;
}

int64_t backoff_full_jitter(int64_t wait_ms, struct rng *rng)
{
    return (int64_t)rng_below(rng, (uint64_t)wait_ms + 1);
}

int64_t backoff_equal_jitter(int64_t wait_ms, struct rng *rng)
{
    return wait_ms / 2 + backoff_full_jitter(wait_ms / 2, rng);
}

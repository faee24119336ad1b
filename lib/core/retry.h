#ifndef CORE_RETRY_H
#define CORE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"

/* How often a page is tried, and how long the waits between are. */
enum retry_backoff { RETRY_EXPONENTIAL, RETRY_FIXED };
enum retry_jitter { RETRY_JITTER_EQUAL, RETRY_JITTER_FULL, RETRY_JITTER_NONE };

struct retry_policy {
    int max_attempts; /* counts the first try; >= 1 */
    enum retry_backoff backoff;
    int64_t initial_delay_ms, max_delay_ms;
    enum retry_jitter jitter;
};

/*
 * Milliseconds to wait before another try, or -1 for "stop trying".
 *
 *   attempt   how many tries have failed: 1 after the first
 *   rng       jitter; the only state changed
 *
 * min(initial · 2^(attempt-1), max), or initial; full jitter draws evenly from 0 to that, equal
 * jitter from half of it, so neither goes above max (base/backoff.h).
 */
int64_t retry_delay_ms(const struct retry_policy *policy, int attempt, struct rng *rng);

#endif

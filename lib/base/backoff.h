#ifndef BASE_BACKOFF_H
#define BASE_BACKOFF_H

#include <stdint.h>

#include "base/rng.h"

/*
 * How long to wait before another try: exponential backoff, then jitter, so that the clients of
 * one server do not come back together. Pure but for the generator's state; cannot fail. The
 * names and formulas are those of the AWS Architecture Blog, "Exponential Backoff And Jitter".
 */

/* min(first_ms · 2^doublings, max_ms), without overflow. Both times are >= 0. */
int64_t backoff_ms(int64_t first_ms, int64_t max_ms, int doublings);

/* Full jitter: evenly from 0 to wait_ms. */
int64_t backoff_full_jitter(int64_t wait_ms, struct rng *rng);

/* Equal jitter: half of wait_ms, and evenly from 0 to the other half. */
int64_t backoff_equal_jitter(int64_t wait_ms, struct rng *rng);

#endif

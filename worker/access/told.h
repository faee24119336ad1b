#ifndef WORKER_ACCESS_TOLD_H
#define WORKER_ACCESS_TOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "core/value.h"
#include "port/http.h"

/*
 * Told times: how long the server asks us to wait. A value is an HTTP date, an ISO 8601 time
 * or a number (below 1e8 a delay in seconds, below 1e11 epoch seconds, else epoch
 * milliseconds; fractions are rounded up). Strict: anything else tells nothing.
 */

/* Milliseconds from `now_us`, not below 0; false where the value tells nothing. */
bool told_parse(struct str value, int64_t now_us, int64_t *ret_ms) MUST_CHECK;

/* What `rate_limit: {remaining, reset}` found in an answer; undefined: nothing. */
struct told_quota {
    struct value remaining, reset;
};

/* Does a remaining quota of 0 stand in it: by `quota`, RateLimit- or X-RateLimit-Remaining? */
bool told_is_spent(const struct http_answer *answer, const struct told_quota *quota);

/*
 * What an answer tells: Retry-After (on a failure), else, on 429 or where the quota is spent,
 * `quota`'s reset, RateLimit-Reset or X-RateLimit-Reset. Dates are read against the answer's
 * own Date header, else `now_us`. Clamped to `max_ms`. -1: nothing, or a time that is over.
 */
int64_t told_in_answer(const struct http_answer *answer, const struct told_quota *quota,
                       int64_t now_us, int64_t max_ms);

/* The same for one value of the answer: a number or a string; -1: it tells nothing. */
int64_t told_in_value(const struct http_answer *answer, struct value value, int64_t now_us,
                      int64_t max_ms);

#endif

#ifndef WORKER_TOLD_H
#define WORKER_TOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "port/http.h"

/*
 * Told times: how long the server asks us to wait. A value is an HTTP date, an ISO 8601 time
 * or a number (below 1e8 a delay in seconds, below 1e11 epoch seconds, else epoch
 * milliseconds; fractions are rounded up). Strict: anything else tells nothing.
 */

/* Milliseconds from `now_us`, not below 0; false where the value tells nothing. */
bool told_parse(struct str value, int64_t now_us, int64_t *ret_ms) MUST_CHECK;

/*
 * What an answer tells: Retry-After, else RateLimit-Reset, else X-RateLimit-Reset (the two
 * resets only on 429, or where a remaining quota of 0 stands beside them). Dates are read
 * against the answer's own Date header, else `now_us`. Clamped to `max_ms`. -1: nothing, or a
 * time that is over.
 */
int64_t told_in_answer(const struct http_answer *answer, int64_t now_us, int64_t max_ms);

/* Does a remaining quota of 0 stand in the answer? */
bool told_quota_is_spent(const struct http_answer *answer);

#endif

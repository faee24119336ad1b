#ifndef WORKER_ACCESS_RETRY_AFTER_H
#define WORKER_ACCESS_RETRY_AFTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "core/value.h"
#include "port/http.h"

/*
 * How long the server asks us to wait, by Retry-After or a rate limit's reset. A value is an
 * HTTP date (RFC 9110, section 10.2.3), an ISO 8601 time or a number (below 1e8 a delay in
 * seconds, below 1e11 epoch seconds, else epoch milliseconds; fractions are rounded up).
 * A reset may also be a duration ("1999ms", "6m0s"). Strict: anything else says nothing, and
 * retry_after_unread names it.
 */

/* Milliseconds from `now_us` (wall clock), not below 0; false where the value says nothing. */
bool retry_after_parse(struct str value, int64_t now_us, int64_t *ret_ms) MUST_CHECK;
bool retry_after_parse_reset(struct str value, int64_t now_us, int64_t *ret_ms) MUST_CHECK;

/* What `rate_limit: {remaining, reset}` found in an answer; undefined: nothing. */
struct retry_after_quota {
    struct value remaining, reset;
};

/* Is the quota 0: by `quota`, or by a header that quota.h knows? */
bool retry_after_is_spent(const struct http_answer *answer,
                          const struct retry_after_quota *quota);

/*
 * The wait that an answer asks for: Retry-After, Retry-After-Ms, X-Ms-Retry-After-Ms or
 * X-Retry-After (on a failure, or 202); else, on 429 or where the quota is spent, `quota`'s
 * reset or that of a header that quota.h knows. Dates are read against the answer's own Date
 * header, else `now_us`. At most `max_ms`. -1: nothing, or a time that has passed.
 */
int64_t retry_after_in_answer(const struct http_answer *answer,
                              const struct retry_after_quota *quota, int64_t now_us,
                              int64_t max_ms);

/* A place that names a time which cannot be read; its value is borrowed from the answer. */
bool retry_after_unread(const struct http_answer *answer, const struct retry_after_quota *quota,
                        int64_t now_us, struct str *ret_name, struct str *ret_value);

/* The wait of one value of the answer: a number or a string; -1: it says nothing. */
int64_t retry_after_in_value(const struct http_answer *answer, struct value value,
                             int64_t now_us, int64_t max_ms);

#endif

#ifndef WORKER_PACE_TALLY_H
#define WORKER_PACE_TALLY_H

#include "base/str.h"
#include "worker/pace/throttle.h"

/* What is counted of a source's requests, for /metrics (core/metrics.h). */

/* An answer came, `took_ms` after the request began; status 0: there was none. */
void tally_answer(struct str source, int status, int64_t took_ms);

/* A request may not go out for a time that is known: `why` is THROTTLE_LIMITED, _PAUSED or
 * _FAILING, and wait_ms what throttle_take said. */
void tally_hold(struct str source, enum throttle_wait why, int64_t wait_ms);
/* The answer asked for a wait before the same request. */
void tally_told(struct str source, int64_t wait_ms);

/*
 * A wait whose end nobody knows. Zeroed: there is none. It may be begun again while it lasts,
 * which is the same wait; for another reason it is another.
 *
 *     [tally_begin]… → tally_end
 */
enum tally_reason { TALLY_NONE, TALLY_FULL, TALLY_MEMORY };
struct tally_wait {
    enum tally_reason reason;
    int64_t since_mono_ms;
};
void tally_begin(struct tally_wait *wait, struct str source, enum tally_reason reason,
                 int64_t now_mono_ms);
void tally_end(struct tally_wait *wait, struct str source, int64_t now_mono_ms);

/* A request will be sent again. */
void tally_retry(struct str source);

#endif

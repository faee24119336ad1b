#ifndef WORKER_PACE_TALLY_H
#define WORKER_PACE_TALLY_H

#include "base/str.h"
#include "worker/pace/throttle.h"

/* What is counted of a source's requests, for /metrics (core/metrics.h). */

/* An answer came, `took_ms` after the request began; status 0: there was none. */
void tally_answer(struct str source, int status, int64_t took_ms);

/* A request may not go out: `why` is not THROTTLE_GO, and wait_ms what throttle_take said. */
void tally_hold(struct str source, enum throttle_wait why, int64_t wait_ms);
/* The answer asked for a wait before the same request. */
void tally_told(struct str source, int64_t wait_ms);
/* Memory has no room for an answer. */
void tally_crowded(struct str source);

/* A request will be sent again. */
void tally_retry(struct str source);

#endif

#include "worker/pace/tally.h"

#include <assert.h>

#include "core/metrics.h"

void tally_answer(struct str source, int status, int64_t took_ms)
{
    metrics_add(METRIC_REQUESTS, METRIC_OF(source, metrics_code(status)), 1);
    if (status)
        metrics_observe(METRIC_REQUEST_TIME, METRIC_OF(source), took_ms);
}

static void add_wait(struct str source, struct str reason, int64_t wait_ms)
{
    metrics_add(METRIC_WAITS, METRIC_OF(source, reason), 1);
    if (wait_ms)
        metrics_add(METRIC_WAIT_TIME, METRIC_OF(source, reason), wait_ms);
}

void tally_hold(struct str source, enum throttle_wait why, int64_t wait_ms)
{
    static const struct str reasons[] = {
        [THROTTLE_FULL] = STR_INIT("full"),
        [THROTTLE_LIMITED] = STR_INIT("rate"),
        [THROTTLE_PAUSED] = STR_INIT("told"),
        [THROTTLE_FAILING] = STR_INIT("failing"),
    };
    assert(why != THROTTLE_GO);
    add_wait(source, reasons[why], why == THROTTLE_FULL ? 0 : wait_ms);
}

void tally_told(struct str source, int64_t wait_ms)
{
    add_wait(source, STR("told"), wait_ms);
}

void tally_crowded(struct str source)
{
    add_wait(source, STR("memory"), 0);
}

void tally_retry(struct str source)
{
    metrics_add(METRIC_RETRIES, METRIC_OF(source), 1);
}

#include "worker/pace/tally.h"

#include <assert.h>

#include "core/metrics.h"

void tally_answer(struct str source, int status, int64_t took_ms)
{
    metrics_add(METRIC_REQUESTS, METRIC_OF(source, metrics_code(status)), 1);
    if (status)
        metrics_observe(METRIC_REQUEST_TIME, METRIC_OF(source), took_ms);
}

static void add_wait(struct str source, const char *reason, int64_t count, int64_t wait_ms)
{
    const struct metric_labels labels = {{source, str_from(reason)}};
    metrics_add(METRIC_WAITS, &labels, count);
    metrics_add(METRIC_WAIT_TIME, &labels, wait_ms);
}

void tally_hold(struct str source, enum throttle_wait why, int64_t wait_ms)
{
    static const char *const reasons[] = {[THROTTLE_LIMITED] = "rate",
                                          [THROTTLE_PAUSED] = "told",
                                          [THROTTLE_FAILING] = "failing"};
    assert(why < COUNT_OF(reasons) && reasons[why]);
    add_wait(source, reasons[why], 1, wait_ms);
}

void tally_told(struct str source, int64_t wait_ms)
{
    add_wait(source, "told", 1, wait_ms);
}

static const char *const reason_names[] = {[TALLY_FULL] = "full", [TALLY_MEMORY] = "memory"};

void tally_begin(struct tally_wait *wait, struct str source, enum tally_reason reason,
                 int64_t now_mono_ms)
{
    if (wait->reason == reason)
        return;
    tally_end(wait, source, now_mono_ms);
    *wait = (struct tally_wait){reason, now_mono_ms};
    add_wait(source, reason_names[reason], 1, 0);
}

void tally_end(struct tally_wait *wait, struct str source, int64_t now_mono_ms)
{
    if (wait->reason != TALLY_NONE)
        add_wait(source, reason_names[wait->reason], 0, now_mono_ms - wait->since_mono_ms);
    *wait = (struct tally_wait){0};
}

void tally_retry(struct str source)
{
    metrics_add(METRIC_RETRIES, METRIC_OF(source), 1);
}

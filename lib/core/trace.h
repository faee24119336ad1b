#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "port/loop.h"

/*
 * Spans for a collector of OpenTelemetry: OTLP over HTTP, as JSON (OTLP 1.0, "OTLP/HTTP"). Off
 * unless the environment names a collector:
 *
 *     OTEL_EXPORTER_OTLP_ENDPOINT          its URL; /v1/traces is added
 *     OTEL_EXPORTER_OTLP_TRACES_ENDPOINT   the same, as it is; beats the other
 *     OTEL_EXPORTER_OTLP_HEADERS           name=value,name=value; values percent-encoded
 *     OTEL_SERVICE_NAME                    instead of `pagetide`
 *     OTEL_SDK_DISABLED                    true: off all the same
 *
 * A run is a trace, whichever processes work on it. Spans wait in memory, TRACE_QUEUE_BYTES at
 * most, and leave every second or when there are many. What the collector does not take now is
 * sent again, five times in all, and then dropped. What has no room is dropped at once, and all
 * that is dropped is counted (METRIC_SPANS). So nobody ever waits for the collector. Texts are
 * redacted as those of the log are.
 *
 *     trace_open → trace_put … → trace_close
 *
 * One for the whole process, as the log. Not from several threads.
 */
enum { TRACE_QUEUE_BYTES = 1 << 20, TRACE_CLOSE_MS = 1500 };

struct trace_options {
    struct loop *loop;
    struct str installation; /* keeps the runs of two databases apart; may be empty */
    struct str process;      /* service.instance.id; copied */
    /* The collector does not take what it gets, or (NULL) does so again. */
    void (*on_state)(void *ctx, const struct err *err);
    void *ctx;
};

/* ERR_CONFIG: the environment names a collector that cannot be; it is off then. */
bool trace_open(const struct trace_options *options, struct err *err) MUST_CHECK;
/* Sends what there is: runs the loop for TRACE_CLOSE_MS at most. Not from inside a callback.
 * Fine where it was never opened. */
void trace_close(void);
bool trace_is_on(void);

enum trace_kind { TRACE_RUN, TRACE_JOB, TRACE_PAGE, TRACE_COMMIT };

/* A job's span is one turn of it in a process, and within the run's; a page's is within the
 * job's, a commit's within the run's, because a batch has pages of several jobs. */
struct trace_span {
    enum trace_kind kind;
    int64_t run;
    int64_t job, epoch; /* of JOB and PAGE */
    int page;           /* of PAGE */
    struct str stream;
    int64_t start_ms, end_ms; /* wall clock */
    struct str error;         /* why it failed; empty: it did not */
};

struct trace_attribute {
    const char *key;
    struct str text; /* without a ptr: the number is meant */
    int64_t number;
};

/* Nothing happens where it is off. Texts are cut at 512 bytes. */
void trace_put(const struct trace_span *span, const struct trace_attribute *attributes,
               size_t count);

#endif

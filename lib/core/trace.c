#include "core/trace.h"

#include "base/arena.h"
#include "base/hex.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/redact.h"
#include "base/rng.h"
#include "core/metrics.h"
#include "core/trace_send.h"
#include "port/hash.h"

/*
 * Spans are written as JSON when they come, one behind the other, into a queue with a ceiling.
 * When it is time, and the body before is gone, all of the queue becomes the next body:
 *
 *     {"resourceSpans":[{"resource":…,"scopeSpans":[{"scope":…,"spans":[ span , span … ]}]}]}
 *
 * Ids are hashes of what a span is of, so that each process that works on a run gives the same
 * ones, and a page knows its job's span without being told.
 */
enum {
    TIMER_MS = 1000,
    FULL_BYTES = 128 << 10, /* do not wait for the timer */
    SPAN_BYTES_MAX = 8 << 10,
    TEXT_BYTES_MAX = 512,
    TRACE_ID_BYTES = 16,
    SPAN_ID_BYTES = 8,
};

/* OTLP: SpanKind, and StatusCode ERROR. */
enum { KIND_INTERNAL = 1, KIND_CLIENT = 3, STATUS_ERROR = 2 };

static struct {
    struct trace_send *send; /* NULL: off */
    struct loop *loop;
    struct loop_timer *timer;
    struct buf queue; /* spans, with commas between */
    size_t count;     /* of them */
    struct buf head;  /* of each body */
    struct rng rng;
    char *installation;
} trace;

bool trace_is_on(void)
{
    return trace.send != NULL;
}

/* --- ids --- */

static void put_id(struct json_out *out, const char *key, const uint64_t *halves, size_t bytes)
{
    char digits[TRACE_ID_BYTES * 2];
    hex_write((struct str){(const char *)halves, bytes}, digits);
    json_out_str(out, key, (struct str){digits, bytes * 2});
}

static void put_trace_id(struct json_out *out, int64_t run)
{
    struct str of = str_from(trace.installation);
    const uint64_t halves[] = {hash_fold(hash_bytes(of, 1), (uint64_t)run),
                               hash_fold(hash_bytes(of, 2), (uint64_t)run)};
    put_id(out, "traceId", halves, TRACE_ID_BYTES);
}

static uint64_t run_id(int64_t run)
{
    return hash_fold(hash_bytes(STR("run"), 0), (uint64_t)run);
}

static uint64_t job_id(const struct trace_span *span)
{
    uint64_t id = hash_fold(hash_bytes(STR("job"), 0), (uint64_t)span->job);
    return hash_fold(id, (uint64_t)span->epoch);
}

static void put_span_ids(struct json_out *out, const struct trace_span *span)
{
    uint64_t id = run_id(span->run), parent = id;
    if (span->kind == TRACE_JOB)
        id = job_id(span);
    if (span->kind == TRACE_PAGE)
        id = hash_fold(parent = job_id(span), (uint64_t)span->page);
    if (span->kind == TRACE_COMMIT)
        id = rng_next(&trace.rng);
    put_id(out, "spanId", &id, SPAN_ID_BYTES);
    if (span->kind != TRACE_RUN)
        put_id(out, "parentSpanId", &parent, SPAN_ID_BYTES);
}

/* --- JSON --- */

/* Redacted, short, and UTF-8, as JSON has to be: else the collector refuses all of the body. */
static struct str clean(struct arena *arena, struct str text)
{
    struct str shown = redact_cut(arena, text, TEXT_BYTES_MAX);
    for (int cut = 0; cut < 3 && shown.len == TEXT_BYTES_MAX - (size_t)cut; cut++)
        if (!str_is_utf8(shown))
            shown.len--;
    return str_is_utf8(shown) ? shown : STR("(no UTF-8)");
}

static void put_attribute(struct json_out *out, struct arena *arena,
                          const struct trace_attribute *attribute)
{
    char digits[24];
    bool is_number = !attribute->text.ptr;
    json_out_open(out, NULL, '{');
    json_out_str(out, "key", str_from(attribute->key));
    json_out_open(out, "value", '{');
    snprintf(digits, sizeof digits, "%lld", (long long)attribute->number);
    json_out_str(out, is_number ? "intValue" : "stringValue",
                 is_number ? str_from(digits) : clean(arena, attribute->text));
    json_out_close(out, '}');
    json_out_close(out, '}');
}

static void put_time(struct json_out *out, const char *key, int64_t ms)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%lld000000", (long long)MAX(ms, 1));
    json_out_str(out, key, str_from(digits));
}

static void put_attributes(struct json_out *out, struct arena *arena,
                           const struct trace_span *span,
                           const struct trace_attribute *attributes, size_t count)
{
    const struct trace_attribute own[] = {{.key = "pagetide.stream", .text = span->stream},
                                          {.key = "pagetide.run", .number = span->run}};
    json_out_open(out, "attributes", '[');
    for (size_t i = 0; i < COUNT_OF(own); i++)
        put_attribute(out, arena, &own[i]);
    for (size_t i = 0; i < count; i++)
        put_attribute(out, arena, &attributes[i]);
    json_out_close(out, ']');
}

static void put_status(struct json_out *out, struct arena *arena, struct str error)
{
    json_out_open(out, "status", '{');
    if (error.len) {
        json_out_int(out, "code", STATUS_ERROR);
        json_out_str(out, "message", clean(arena, error));
    }
    json_out_close(out, '}');
}

static void put_span(struct buf *buf, const struct trace_span *span,
                     const struct trace_attribute *attributes, size_t count)
{
    static const char *const names[] = {"run", "job", "page", "commit"};
    AUTO_ARENA struct arena *arena = arena_new();
    struct json_out out = {.buf = buf};
    bool is_client = span->kind == TRACE_PAGE || span->kind == TRACE_COMMIT;
    json_out_open(&out, NULL, '{');
    put_trace_id(&out, span->run);
    put_span_ids(&out, span);
    json_out_str(&out, "name", str_from(names[span->kind]));
    json_out_int(&out, "kind", is_client ? KIND_CLIENT : KIND_INTERNAL);
    put_time(&out, "startTimeUnixNano", MIN(span->start_ms, span->end_ms));
    put_time(&out, "endTimeUnixNano", span->end_ms);
    put_attributes(&out, arena, span, attributes, count);
    put_status(&out, arena, span->error);
    json_out_close(&out, '}');
}

/* What is said of the process, up to the spans. */
static void put_head(struct buf *buf, struct str process)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const char *name = getenv("OTEL_SERVICE_NAME");
    char host[PROCESS_HOST_BYTES];
    process_host(host);
    const struct trace_attribute attributes[] = {
        {.key = "service.name", .text = name && *name ? str_from(name) : STR("pagetide")},
        {.key = "service.version", .text = STR(PAGETIDE_VERSION)},
        {.key = "service.instance.id", .text = process},
        {.key = "host.name", .text = str_from(host)}};
    struct json_out out = {.buf = buf};
    json_out_open(&out, NULL, '{');
    json_out_open(&out, "resourceSpans", '[');
    json_out_open(&out, NULL, '{');
    json_out_open(&out, "resource", '{');
    json_out_open(&out, "attributes", '[');
    for (size_t i = 0; i < COUNT_OF(attributes); i++)
        put_attribute(&out, arena, &attributes[i]);
    json_out_close(&out, ']');
    json_out_close(&out, '}');
    json_out_open(&out, "scopeSpans", '[');
    json_out_open(&out, NULL, '{');
    json_out_open(&out, "scope", '{');
    json_out_str(&out, "name", STR("pagetide"));
    json_out_str(&out, "version", STR(PAGETIDE_VERSION));
    json_out_close(&out, '}');
    json_out_open(&out, "spans", '[');
}

/* --- the queue --- */

static void send_queue(void *ctx)
{
    (void)ctx;
    if (!trace.count)
        return;
    loop_timer_set(trace.timer, TIMER_MS);
    if (!trace_send_is_idle(trace.send))
        return;
    AUTO_BUF(body, TRACE_QUEUE_BYTES + 2 * SPAN_BYTES_MAX);
    buf_put(&body, buf_str(&trace.head));
    buf_put(&body, buf_str(&trace.queue));
    buf_puts(&body, "]}]}]}");
    buf_reset(&trace.queue);
    size_t count = trace.count;
    trace.count = 0;
    trace_send_body(trace.send, &body, count);
}

void trace_put(const struct trace_span *span, const struct trace_attribute *attributes,
               size_t count)
{
    if (!trace.send)
        return;
    AUTO_BUF(text, SPAN_BYTES_MAX);
    put_span(&text, span, attributes, count);
    size_t before = trace.queue.len;
    if (before)
        buf_puts(&trace.queue, ",");
    buf_put(&trace.queue, buf_str(&text));
    if (text.has_overflowed || trace.queue.has_overflowed) {
        trace.queue.has_overflowed = false;
        buf_truncate(&trace.queue, before);
        metrics_add(METRIC_SPANS, METRIC_OF(STR("dropped")), 1);
        return;
    }
    trace.count++;
    if (trace.queue.len >= FULL_BYTES && trace_send_is_idle(trace.send))
        loop_timer_set(trace.timer, 0);
    else if (!loop_timer_is_set(trace.timer))
        loop_timer_set(trace.timer, TIMER_MS);
}

/* --- life --- */

bool trace_open(const struct trace_options *options, struct err *err)
{
    if (!trace_send_new(options, &trace.send, err))
        return false;
    if (!trace.send)
        return true;
    trace.loop = options->loop;
    trace.timer = loop_timer_new(options->loop, send_queue, NULL);
    buf_init(&trace.queue, TRACE_QUEUE_BYTES);
    buf_init(&trace.head, SPAN_BYTES_MAX);
    rng_seed_random(&trace.rng);
    char token[RNG_TOKEN_BYTES];
    rng_token(token);
    trace.installation = options->installation.len
                             ? mem_printf("%.*s", STR_ARG(options->installation))
                             : mem_strdup(token);
    put_head(&trace.head, options->process);
    metrics_add(METRIC_SPANS, METRIC_OF(STR("sent")), 0);
    metrics_add(METRIC_SPANS, METRIC_OF(STR("dropped")), 0);
    return true;
}

/* What is queued goes out behind what is under way, each of them once. */
static void send_the_rest(void)
{
    enum { TURN_MS = 20 };
    const bool never = false;
    for (int i = 0; i < TRACE_CLOSE_MS / TURN_MS; i++) {
        if (trace_send_is_idle(trace.send) && !trace.count)
            return;
        if (trace_send_is_idle(trace.send))
            send_queue(NULL);
        loop_run_until(trace.loop, &never, TURN_MS);
    }
}

void trace_close(void)
{
    if (!trace.send)
        return;
    send_the_rest();
    metrics_add(METRIC_SPANS, METRIC_OF(STR("dropped")), (int64_t)trace.count);
    trace_send_free(TAKE(trace.send));
    loop_timer_free(trace.timer);
    buf_done(&trace.queue);
    buf_done(&trace.head);
    mem_free(trace.installation);
    trace.count = 0;
}

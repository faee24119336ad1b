#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

/* Spans of real runs, as a collector gets them: the mock API takes them, and tells. */
static struct mock mock;
static struct pagetide pagetide;

enum { LIMIT_MS = 30000, SPANS_MAX = 64 };
#define SQL(...)             pagetide_sql(&pagetide, __VA_ARGS__)
#define AWAIT(expected, ...) pagetide_await(&pagetide, expected, LIMIT_MS, __VA_ARGS__)

static void set_up(void)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    mock_post(&mock, "/_mock/route", "{\"path\": \"/v1/traces\", \"body\": {}}");
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", mock.url, 1);
    setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20c0llect0r, x-team = data", 1);
    setenv("SHOP_TOKEN", "t0k3n-of-the-shop", 1);
    pagetide_source(&pagetide, "shop",
                    "source: shop\n"
                    "base_url: %s\n"
                    "headers: {X-Token: '{{ env.SHOP_TOKEN }}'}\n"
                    "retry: {max_attempts: 1}\n"
                    "streams:\n"
                    "  orders: {path: /gen/offset?total=25, merge_path: data, write: upsert, "
                    "key: id, pagination: {type: offset, size: 10, "
                    "total_path: total}}\n"
                    "  items: {path: /gen/cursor?total=25, merge_path: data, write: upsert, "
                    "key: id, pagination: {type: cursor, cursor_path: next_cursor, param: "
                    "cursor}}\n"
                    "  gone: {path: '/nowhere?token={{ env.SHOP_TOKEN }}'}\n",
                    mock.url);
}

/* What was read last, until something is read anew. */
static json_t *kept;

static void tear_down(void)
{
    json_decref(kept);
    kept = NULL;
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

/* --- what the collector has --- */

static json_t *read_json(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    ck_assert_msg(json != NULL, "no JSON: %s", text);
    json_array_append_new(kept, json);
    return json;
}

static json_t *read_requests(void)
{
    json_decref(kept);
    kept = json_array();
    return json_object_get(read_json(mock_get(&mock, "/_mock/requests")), "requests");
}

struct spans {
    json_t *items[SPANS_MAX];
    size_t count;
};

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* An attribute as text; "" if there is none. */
static const char *attribute(const json_t *owner, const char *key)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(owner, "attributes"), i, item)
    {
        const json_t *value = json_object_get(item, "value");
        if (strcmp(text_of(item, "key"), key) == 0)
            return json_object_get(value, "intValue") ? text_of(value, "intValue")
                                                      : text_of(value, "stringValue");
    }
    return "";
}

static void take_body(struct spans *spans, const char *body)
{
    size_t i;
    json_t *span;
    const json_t *resource =
        json_array_get(json_object_get(read_json(body), "resourceSpans"), 0);
    ck_assert_str_eq(attribute(json_object_get(resource, "resource"), "service.name"),
                     "pagetide");
    const json_t *scope = json_array_get(json_object_get(resource, "scopeSpans"), 0);
    json_array_foreach(json_object_get(scope, "spans"), i, span)
    {
        ck_assert_uint_lt(spans->count, SPANS_MAX);
        spans->items[spans->count++] = span;
    }
}

static struct spans collected(void)
{
    struct spans spans = {0};
    size_t i;
    const json_t *request, *requests = read_requests();
    json_array_foreach(requests, i, request)
    {
        if (strcmp(text_of(request, "target"), "/v1/traces") != 0)
            continue;
        ck_assert_str_eq(text_of(request, "method"), "POST");
        char *headers = json_dumps(json_object_get(request, "headers"), 0);
        expect_holds(headers, "Bearer c0llect0r");
        expect_holds(headers, "application/json");
        free(headers);
        const char *body = text_of(request, "body");
        expect_lacks(body, "t0k3n-of-the-shop");
        expect_lacks(body, "c0llect0r");
        take_body(&spans, body);
    }
    return spans;
}

/* The n-th of that name, from 0; NULL: there are fewer. */
static const json_t *find(const struct spans *spans, const char *name, const char *stream,
                          size_t n)
{
    for (size_t i = 0; i < spans->count; i++) {
        const json_t *span = spans->items[i];
        if (strcmp(text_of(span, "name"), name) == 0 &&
            strcmp(attribute(span, "pagetide.stream"), stream) == 0 && n-- == 0)
            return span;
    }
    return NULL;
}

static const json_t *get(const struct spans *spans, const char *name, const char *stream,
                         size_t n)
{
    const json_t *span = find(spans, name, stream, n);
    ck_assert_msg(span != NULL, "%s has no span %zu of a %s", stream, n, name);
    return span;
}

static void expect_child(const json_t *span, const json_t *parent)
{
    ck_assert_str_eq(text_of(span, "traceId"), text_of(parent, "traceId"));
    ck_assert_str_eq(text_of(span, "parentSpanId"), text_of(parent, "spanId"));
    ck_assert_uint_eq(strlen(text_of(span, "spanId")), 16);
    ck_assert_uint_eq(strlen(text_of(span, "traceId")), 32);
    ck_assert_int_ge(strtoll(text_of(span, "endTimeUnixNano"), NULL, 10),
                     strtoll(text_of(span, "startTimeUnixNano"), NULL, 10));
}

static void expect_run_of_offsets(const struct spans *spans)
{
    static const char *const offsets[] = {"0", "10", "20"}, *const records[] = {"10", "10",
                                                                                "5"};
    const json_t *run = get(spans, "run", "shop.orders", 0);
    const json_t *job = get(spans, "job", "shop.orders", 0);
    ck_assert_str_eq(attribute(run, "pagetide.state"), "succeeded");
    ck_assert_ptr_null(json_object_get(run, "parentSpanId"));
    expect_child(job, run);
    ck_assert_str_eq(attribute(job, "pagetide.records"), "25");
    for (size_t i = 0; i < COUNT_OF(offsets); i++) {
        const json_t *page = get(spans, "page", "shop.orders", i);
        expect_child(page, job);
        ck_assert_str_eq(attribute(page, "pagetide.offset"), offsets[i]);
        ck_assert_str_eq(attribute(page, "pagetide.records"), records[i]);
        ck_assert_str_eq(attribute(page, "http.response.status_code"), "200");
    }
    ck_assert_ptr_null(find(spans, "page", "shop.orders", COUNT_OF(offsets)));
    expect_child(get(spans, "commit", "shop.orders", 0), run);
}

START_TEST(a_sync_leaves_its_spans)
{
    set_up();
    pagetide_expect(&pagetide, 0, "sync shop.orders");
    struct spans spans = collected();
    expect_run_of_offsets(&spans);
    tear_down();
}
END_TEST

START_TEST(a_worker_leaves_its_spans)
{
    set_up();
    setenv("PAGETIDE_HTTP", "127.0.0.1:0", 1);
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    int port = pagetide_http_port(&up, LIMIT_MS);
    AWAIT("3", "select count(*) from pagetide.stream");
    pagetide_expect(&pagetide, 0, "reload shop.orders --wait");
    pagetide_expect(&pagetide, 0, "reload shop.items --wait");
    pagetide_expect(&pagetide, 1, "reload shop.gone --wait");
    int64_t deadline = pagetide_deadline(LIMIT_MS);
    struct spans spans = collected();
    while (!find(&spans, "run", "shop.gone", 0)) {
        ck_assert_int_lt(clock_mono_ms(), deadline);
        usleep(100000);
        spans = collected();
    }
    expect_run_of_offsets(&spans);
    ck_assert_str_ne(attribute(get(&spans, "page", "shop.items", 1), "pagetide.cursor"), "");
    const json_t *failed = json_object_get(get(&spans, "job", "shop.gone", 0), "status");
    ck_assert_int_eq(json_integer_value(json_object_get(failed, "code")), 2);
    expect_holds(text_of(failed, "message"), "status 404");
    expect_holds(pagetide_http_get(port, "/metrics"), "pagetide_spans_total{state=\"sent\"}");
    pagetide_signal(&up, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&up, LIMIT_MS), 0);
    tear_down();
}
END_TEST

/* The body of the n-th request to the collector; "" while there are fewer. */
static const char *body_of(size_t n)
{
    size_t i;
    const json_t *request, *requests = read_requests();
    json_array_foreach(requests, i, request)
    {
        if (strcmp(text_of(request, "target"), "/v1/traces") == 0 && n-- == 0)
            return text_of(request, "body");
    }
    return "";
}

START_TEST(what_is_not_taken_is_sent_again)
{
    set_up();
    setenv("PAGETIDE_HTTP", "127.0.0.1:0", 1);
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/v1/traces\", \"answers\": [{\"status\": 503}, {\"body\": {}}]}");
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    int port = pagetide_http_port(&up, LIMIT_MS);
    AWAIT("3", "select count(*) from pagetide.stream");
    pagetide_expect(&pagetide, 0, "reload shop.orders --wait");
    pagetide_await_err(&up, "traces are not taken: ", LIMIT_MS);
    pagetide_await_err(&up, "traces are taken again", LIMIT_MS);
    char *first = strdup(body_of(0));
    expect_holds(first, "spanId");
    ck_assert_str_eq(body_of(1), first);
    free(first);
    expect_holds(pagetide_http_get(port, "/metrics"),
                 "pagetide_spans_total{state=\"dropped\"} 0\n");
    pagetide_kill(&up);
    tear_down();
}
END_TEST

/* Nobody listens: the run is none the worse for it, and what is dropped is counted. */
START_TEST(a_collector_that_is_away_is_no_fault)
{
    set_up();
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1", 1);
    struct pagetide_result got = pagetide_expect(&pagetide, 0, "sync shop.orders");
    expect_holds(got.err, "traces are not taken: http://127.0.0.1:1/v1/traces: ");
    ck_assert_str_eq(SQL("select count(*) from shop.orders"), "25");
    mock_post(&mock, "/_mock/route", "{\"path\": \"/refused\", \"status\": 400}");
    setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", pagetide_text("%s/refused", mock.url), 1);
    got = pagetide_expect(&pagetide, 0, "sync shop.items");
    expect_holds(got.err, "/refused: status 400");
    ck_assert_int_eq(mock_count(&mock, "/v1/traces"), 0);
    setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector:4318", 1);
    got = pagetide_expect(&pagetide, 0, "sync shop.items");
    expect_holds(got.err, "no traces: OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' is no");
    tear_down();
}
END_TEST

SUITE("flow/traces", a_sync_leaves_its_spans, a_worker_leaves_its_spans,
      what_is_not_taken_is_sent_again, a_collector_that_is_away_is_no_fault)

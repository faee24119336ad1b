#include "core/trace.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/metrics.h"
#include "tests/support/suite.h"

/* The queue of spans; tests/flow/test_traces has what a collector gets of it. */

static struct loop *loop;

static bool open_trace(const char *endpoint)
{
    struct err err = ERR_INIT;
    ck_assert_ok(loop_new(&loop, &err), err);
    if (endpoint)
        setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint, 1);
    const struct trace_options options = {.loop = loop, .process = STR("p")};
    return trace_open(&options, &err);
}

static void put_spans(int count)
{
    const struct trace_attribute attributes[] = {{.key = "a", .text = STR("\xff\xfe")},
                                                 {.key = "b", .number = 7}};
    for (int i = 0; i < count; i++) {
        struct trace_span span = {.kind = TRACE_PAGE,
                                  .run = 1,
                                  .job = 2,
                                  .page = i,
                                  .stream = STR("shop.orders"),
                                  .start_ms = 1000,
                                  .end_ms = 2000};
        trace_put(&span, attributes, COUNT_OF(attributes));
    }
}

static long long spans(const char *state)
{
    static char text[1 << 16];
    char name[64];
    struct buf out = {.max = sizeof text - 1};
    metrics_put(&out);
    snprintf(text, sizeof text, "%.*s", STR_ARG(buf_str(&out)));
    buf_done(&out);
    snprintf(name, sizeof name, "pagetide_spans_total{state=\"%s\"} ", state);
    const char *at = strstr(text, name);
    return at ? strtoll(at + strlen(name), NULL, 10) : -1;
}

START_TEST(is_off_unless_somebody_listens)
{
    ck_assert(open_trace(NULL));
    ck_assert(!trace_is_on());
    put_spans(3);
    trace_close();
    ck_assert_int_eq(spans("dropped"), -1);
    loop_free(loop);
}
END_TEST

START_TEST(is_off_where_that_is_said)
{
    setenv("OTEL_SDK_DISABLED", "true", 1);
    ck_assert(open_trace("http://127.0.0.1:1"));
    ck_assert(!trace_is_on());
    trace_close();
    loop_free(loop);
}
END_TEST

START_TEST(is_off_where_the_url_is_none)
{
    ck_assert(!open_trace("collector:4317"));
    ck_assert(!trace_is_on());
    trace_close();
    loop_free(loop);
}
END_TEST

/* Nobody waits for the collector: what has no room is dropped at once, and all is counted. */
START_TEST(the_queue_has_an_end)
{
    enum { COUNT = 10000 };
    ck_assert(open_trace("http://127.0.0.1:1"));
    put_spans(COUNT);
    long long at_once = spans("dropped");
    ck_assert_int_gt(at_once, 0);
    ck_assert_int_lt(at_once, COUNT);
    ck_assert_int_eq(spans("sent"), 0);
    trace_close();
    ck_assert_int_eq(spans("dropped"), COUNT);
    ck_assert(!trace_is_on());
    loop_free(loop);
}
END_TEST

SUITE("core/trace", is_off_unless_somebody_listens, is_off_where_that_is_said,
      is_off_where_the_url_is_none, the_queue_has_an_end)

#include "worker/exchange/recall.h"

#include "tests/support/exchange_fixture.h"
#include "tests/support/suite.h"

static struct exchange_fixture fixture;
static const struct http_header headers[] = {{STR_INIT("x-next"), STR_INIT("h2")},
                                             {STR_INIT("set-cookie"), STR_INIT("sid=1")}};

/* What is kept of the answer by a stream with these keys. */
static struct str kept(const char *keys, const char *response)
{
    exchange_fixture_open(&fixture, "", keys);
    fixture.scope.response = exchange_fixture_value(fixture.arena, response);
    fixture.scope.status = 200;
    fixture.scope.headers = headers;
    fixture.scope.header_count = COUNT_OF(headers);
    struct value value = recall_take(fixture.stream, &fixture.scope, fixture.arena);
    ck_assert(value.kind == VALUE_UNDEFINED || recall_is_needed(fixture.stream));
    return value.kind == VALUE_UNDEFINED ? STR("nothing")
                                         : exchange_fixture_json(fixture.arena, value);
}

#define EXPECT_KEPT(keys, response, expected)                                                  \
    do {                                                                                       \
        ck_assert_str_is(kept(keys, response), expected);                                      \
        exchange_fixture_close(&fixture);                                                      \
    } while (0)

START_TEST(what_the_request_reads_is_kept)
{
    EXPECT_KEPT("path: /x, params: {a: 1}", "{\"next\": 1}", "nothing");
    EXPECT_KEPT("path: /x, params: {a: \"{{ response.meta.next | default(1) }}\"}",
                "{\"meta\": {\"next\": 7, \"n\": 1}, \"data\": []}",
                "{\"response\":{\"meta\":{\"next\":7,\"n\":1}},\"status\":200,\"headers\":{}}");
    EXPECT_KEPT(
        "path: \"/{{ response.a }}{{ response.a.b }}\", body: {c: \"{{ response.c }}\"}",
        "{\"a\": 1, \"b\": 2}", "{\"response\":{\"a\":1},\"status\":200,\"headers\":{}}");
    EXPECT_KEPT("path: \"{{ response.a if response is defined else '/x' }}\"",
                "{\"a\": \"/y\", \"data\": [1]}",
                "{\"response\":{\"a\":\"/y\"},\"status\":200,\"headers\":{}}");
    EXPECT_KEPT("path: \"{{ (response or {}).a or '/x' }}\"", "{\"a\": 1, \"b\": 2}",
                "{\"response\":{\"a\":1,\"b\":2},\"status\":200,\"headers\":{}}");
    EXPECT_KEPT("path: /x, headers: {N: \"{{ http.headers['x-next'] }}\"}", "{\"a\": 1}",
                "{\"response\":{},\"status\":200,\"headers\":{\"x-next\":\"h2\"}}");
    EXPECT_KEPT("path: /x, params: {a: \"{{ response | length }}\"}", "[1,2]",
                "{\"response\":[1,2],\"status\":200,\"headers\":{}}");
    EXPECT_KEPT("path: /x, params: {a: \"{{ response.a }}\"}", "{\"a\": \"\\u0000\"}",
                "nothing");
}
END_TEST

START_TEST(it_is_the_answer_again)
{
    exchange_fixture_open(&fixture, "", "path: /x");
    struct value answer = exchange_fixture_value(
        fixture.arena,
        "{\"response\": {\"a\": 1}, \"status\": 203, \"headers\": {\"x\": \"y\"}}");
    recall_give(answer, fixture.arena, &fixture.scope);
    ck_assert_int_eq(fixture.scope.status, 203);
    ck_assert_uint_eq(fixture.scope.header_count, 1);
    ck_assert_str_is(fixture.scope.headers[0].value, "y");
    ck_assert_str_is(exchange_fixture_json(fixture.arena, fixture.scope.response), "{\"a\":1}");
    exchange_fixture_close(&fixture);
}
END_TEST

SUITE("worker/exchange/recall", what_the_request_reads_is_kept, it_is_the_answer_again)

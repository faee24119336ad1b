#include "worker/rehearsal/recording.h"

#include <stdio.h>

#include "port/yaml.h"
#include "tests/support/suite.h"
#include "worker/rehearsal/recording_text.h"

static struct arena *arena;
static struct err err = ERR_INIT;

static void start(void)
{
    arena = arena_new();
}

static struct recording of_bodies(struct exchange *exchanges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        exchanges[i].method = STR("GET");
        exchanges[i].url = STR("http://h/a?b=1&c=%20");
        exchanges[i].status = 200;
        exchanges[i].is_end_told = i % 2;
    }
    return (struct recording){.stream = STR("shop.orders"),
                              .pages = 3,
                              .at_ms = 1700000000123,
                              .exchanges = exchanges,
                              .count = count};
}

static struct recording reread(const struct recording *recording, struct value outcome)
{
    AUTO_BUF(text, YAML_TEXT_MAX_BYTES);
    struct recording read;
    recording_put(&text, recording);
    recording_put_expect(&text, outcome);
    ck_assert_msg(recording_parse(arena, "x.yaml", buf_str(&text), &read, &err), "%s\n%.*s",
                  err.text, STR_ARG(buf_str(&text)));
    return read;
}

static struct value from_json(const char *json)
{
    struct value value;
    ck_assert_ok(value_parse(arena, str_from(json), VALUE_WHOLE, &value, &err), err);
    return value;
}

static struct value nothing(void)
{
    return from_json("{\"state\":\"succeeded\",\"tables\":{}}");
}

/* Whatever an API may send. */
START_TEST(bodies_come_back_byte_by_byte)
{
    static const struct str bodies[] = {
        STR_INIT("[{\"id\": 1}]"),
        STR_INIT("[1]\n"),
        STR_INIT("a\nb\n\nc"),
        STR_INIT("a\n\n"),
        STR_INIT("\n"),
        STR_INIT("\n\na"),
        STR_INIT("   lead\n  less\nnone"),
        STR_INIT(" "),
        STR_INIT("trail  \n\t\ttabs\t"),
        STR_INIT("cr\r\nlf"),
        STR_INIT("nul\0nul"),
        STR_INIT("--- \n...\n# no comment\n- item: x"),
        STR_INIT("'quotes\" \\ \\u0041"),
        STR_INIT("\xC3\xA9 \xF0\x9F\x87\xA6 \xE2\x80\xA8 \xC2\x85 \xEF\xBB\xBF"),
        STR_INIT("\xFF\xFE not text"),
        STR_INIT("<xml attr='1'>\n  <a/>\n</xml>\n"),
        STR_INIT("\x7F\x01"),
        STR_INIT("null"),
        STR_INIT("12.50"),
        STR_INIT("| - >"),
        STR_INIT("a\n   \nb\n \n"),
    };
    struct exchange exchanges[COUNT_OF(bodies)] = {0};
    start();
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        exchanges[i].answer_body = exchanges[i].body = bodies[i];
        exchanges[i].has_body = true;
    }
    struct recording recording = of_bodies(exchanges, COUNT_OF(bodies));
    struct recording read = reread(&recording, nothing());
    ck_assert_uint_eq(read.count, COUNT_OF(bodies));
    ck_assert_int_eq(read.at_ms, recording.at_ms);
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        ck_assert_msg(str_eq(read.exchanges[i].answer_body, bodies[i]), "body %zu", i);
        ck_assert_msg(str_eq(read.exchanges[i].body, bodies[i]), "request's body %zu", i);
        ck_assert_int_eq(read.exchanges[i].is_end_told, i % 2);
        ck_assert_str_is(read.exchanges[i].url, "http://h/a?b=1&c=%20");
    }
}
END_TEST

START_TEST(headers_come_back_in_their_order)
{
    static const struct http_header headers[] = {
        {STR_INIT("link"), STR_INIT("<http://h/2>; rel=\"next\"")},
        {STR_INIT("x-total-count"), STR_INIT("0012")},
        {STR_INIT("link"), STR_INIT("<http://h/9>; rel=last")},
        {STR_INIT("x-odd: name"), STR_INIT("null")},
        {STR_INIT("x-empty"), STR_INIT("")},
    };
    static const char *const names[] = {"link", "link", "x-total-count", "x-odd: name",
                                        "x-empty"};
    static const char *const values[] = {"<http://h/2>; rel=\"next\"", "<http://h/9>; rel=last",
                                         "0012", "null", ""};
    struct exchange exchange = {0};
    start();
    struct recording recording = of_bodies(&exchange, 1);
    exchange.answer_headers = headers;
    exchange.answer_header_count = COUNT_OF(headers);
    struct recording read = reread(&recording, nothing());
    ck_assert_uint_eq(read.exchanges[0].answer_header_count, COUNT_OF(headers));
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        ck_assert_str_is(read.exchanges[0].answer_headers[i].name, names[i]);
        ck_assert_str_is(read.exchanges[0].answer_headers[i].value, values[i]);
    }
}
END_TEST

START_TEST(an_answer_that_did_not_come_comes_back)
{
    struct exchange exchange = {.failed = ERR_AGAIN, .code = -101, .after_ms = 12};
    start();
    exchange.error = STR("no answer for 200 ms: x");
    struct recording recording = of_bodies(&exchange, 1);
    struct recording read = reread(&recording, nothing());
    ck_assert_int_eq(read.exchanges[0].failed, ERR_AGAIN);
    ck_assert_int_eq(read.exchanges[0].code, -101);
    ck_assert_int_eq(read.exchanges[0].after_ms, 12);
    ck_assert_str_is(read.exchanges[0].error, "no answer for 200 ms: x");
}
END_TEST

START_TEST(rows_come_back_as_values)
{
    struct exchange exchange = {0};
    start();
    struct recording recording = of_bodies(&exchange, 1);
    recording.partition = from_json("{\"region\":\"eu\"}");
    recording.values = from_json("{\"env.REGION\":\"eu\"}");
    struct value outcome = from_json(
        "{\"state\":\"failed\",\"reason\":\"http\",\"requests\":2,\"pages\":1,\"tables\":{"
        "\"shop.orders\":{\"columns\":{\"id\":\"bigint\",\"at\":\"timestamp with time zone\"},"
        "\"rows\":[{\"id\":1,\"n\":12.50,\"s\":\"\\u2028\\u0000\\\"x: y\",\"l\":[1,null]}],"
        "\"rejected\":[{\"reason\":\"r\",\"record\":\"{}\"}]},\"a b\":{\"columns\":{},"
        "\"rows\":[]}}}");
    struct recording read = reread(&recording, outcome);
    ck_assert(value_same(read.expect, outcome));
    ck_assert(value_same(read.partition, recording.partition));
    ck_assert(value_same(read.values, recording.values));
    ck_assert(read.is_expect_last);
}
END_TEST

static void refuses(const char *text, const char *why)
{
    struct recording recording;
    err = (struct err)ERR_INIT;
    ck_assert_msg(!recording_parse(arena, "x.yaml", str_from(text), &recording, &err), "%s",
                  text);
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_msg(strstr(err.text, why), "'%s' is not in: %s", why, err.text);
}

#define HEAD "stream: a.b\npages: 1\nat: 2026-01-01T00:00:00Z\n"

START_TEST(what_is_wrong_is_named_with_its_line)
{
    start();
    refuses("", "x.yaml:1:1: a recording: a map is expected");
    refuses("stream: a.b\n", "\"pages\" is missing");
    refuses(HEAD "pagse: 1\nexchanges: []\n", "x.yaml:4:8: a recording: unknown key \"pagse\"");
    refuses("stream: a.b\npages: 0\nat: x\nexchanges: []\n", "pages: a number from 1");
    refuses("stream: a.b\npages: 1\nat: today\nexchanges: []\n", "x.yaml:3:5: at: a time");
    refuses(HEAD "exchanges: 1\n", "exchanges: a list");
    refuses(HEAD "exchanges:\n  - request: {method: GET, url: u}\n", "\"answer\" is missing");
    refuses(HEAD "exchanges:\n  - request: {method: GET, url: u}\n    answer: {status: 0}\n",
            "status: a number from 1 to 999");
    refuses(HEAD "exchanges:\n  - request: {method: GET, url: u}\n    answer: {status: 200, "
                 "body_base64: '?'}\n",
            "body_base64: this is no base64");
    refuses(HEAD "exchanges:\n  - request: {method: [], url: u}\n    answer: {status: 200}\n",
            "x.yaml:5:23: a text is expected, this is a list");
    refuses(HEAD "exchanges:\n  - request: {method: GET, url: u}\n    answer: {failed: so, "
                 "error: x}\n",
            "failed: again, input or config");
    refuses(HEAD "exchanges: []\nexpect: 1\n", "expect: a map");
    refuses("a: [", "x.yaml");
}
END_TEST

SUITE("worker/rehearsal/recording", an_answer_that_did_not_come_comes_back,
      bodies_come_back_byte_by_byte, headers_come_back_in_their_order, rows_come_back_as_values,
      what_is_wrong_is_named_with_its_line)

#include "worker/exchange/rules.h"

#include "tests/support/exchange_fixture.h"
#include "tests/support/suite.h"

static struct exchange_fixture fixture;
static struct ruling ruling;
static struct retry_after_quota quota;

static void open_rules(const char *keys)
{
    AUTO_ARENA struct arena *arena = arena_new();
    if (fixture.arena)
        exchange_fixture_close(&fixture);
    exchange_fixture_open(&fixture, "", arena_printf(arena, "path: /x, %s", keys).ptr);
}

static void ask(int status, const char *body)
{
    static const struct http_header headers[] = {{STR_INIT("x-left"), STR_INIT("0")},
                                                 {STR_INIT("x-wait"), STR_INIT("7")}};
    const struct http_answer answer = {.status = status,
                                       .headers = headers,
                                       .header_count = COUNT_OF(headers),
                                       .body = str_from(body)};
    rules_find(fixture.stream, &answer, &fixture.scope, fixture.arena, &ruling, &quota);
}

START_TEST(the_first_rule_that_fits_counts)
{
    open_rules("responses: [{status: [404, 5xx], then: end}, {status: 4xx, then: empty}, "
               "{when: '{{ response.ok == false }}', then: fail}]");
    ask(404, "{}");
    ck_assert_uint_eq(ruling.index, 0);
    ck_assert_int_eq(ruling.rule->then, RESPONSE_END);
    ask(503, "{}");
    ck_assert_uint_eq(ruling.index, 0);
    ask(410, "{}");
    ck_assert_uint_eq(ruling.index, 1);
    ask(200, "{\"ok\":false}");
    ck_assert_uint_eq(ruling.index, 2);
    ask(200, "{\"ok\":true}");
    ck_assert_ptr_null(ruling.rule);
}
END_TEST

/* Both conditions of a rule must hold. */
START_TEST(status_and_when_go_together)
{
    open_rules("responses: {status: 200, when: '{{ http.headers[\"x-left\"] == \"0\" }}', "
               "then: retry}");
    ask(200, "");
    ck_assert_ptr_nonnull(ruling.rule);
    ask(201, "");
    ck_assert_ptr_null(ruling.rule);
}
END_TEST

START_TEST(what_cannot_be_evaluated_does_not_hold)
{
    open_rules("responses: {when: '{{ response.a.b == false }}', then: fail}");
    ask(200, "{}");
    ck_assert_ptr_null(ruling.rule);
    ask(200, "<html>");
    ck_assert_ptr_null(ruling.rule);
    ask(200, "{\"a\":{\"b\":false}}");
    ck_assert_ptr_nonnull(ruling.rule);
}
END_TEST

START_TEST(the_body_is_read_only_where_something_wants_it)
{
    open_rules("responses: [{status: 404, then: end}, {status: 500, when: "
               "'{{ response.done }}', then: end}]");
    ask(200, "{\"a\":1}");
    ck_assert_int_eq(fixture.scope.response.kind, VALUE_UNDEFINED);
    ask(404, "{\"a\":1}");
    ck_assert_int_eq(fixture.scope.response.kind, VALUE_UNDEFINED);
    ask(500, "{\"a\":1}");
    ck_assert_int_eq(fixture.scope.response.kind, VALUE_MAP);
    ck_assert_int_eq(fixture.scope.status, 500);
}
END_TEST

START_TEST(a_wait_is_the_definitions_or_the_answers)
{
    open_rules("max_wait: 20s, responses: [{status: 500, then: retry, wait: 5s}, {status: 501, "
               "then: retry, wait: header:X-Wait}, {status: 502, then: retry, wait: 1h}, "
               "{status: 503, then: retry}]");
    ask(500, "");
    ck_assert_int_eq(ruling.delay_ms, 5000);
    ck_assert_int_eq(ruling.server_wait_ms, -1);
    ask(501, "");
    ck_assert_int_eq(ruling.delay_ms, -1);
    ck_assert_int_eq(ruling.server_wait_ms, 7000);
    ask(502, "");
    ck_assert_int_eq(ruling.delay_ms, 20000);
    ask(503, "");
    ck_assert_int_eq(ruling.delay_ms, -1);
    ck_assert_int_eq(ruling.server_wait_ms, -1);
}
END_TEST

START_TEST(messages_are_made_from_the_answer)
{
    open_rules("responses: [{status: 500, then: fail, message: 'it says {{ response.e }}'}, "
               "{status: 501, then: fail, message: '{{ response }}'}, "
               "{status: 502, then: fail, message: '{{ response.gone.e }}'}]");
    ask(500, "{\"e\":\"no\"}");
    ck_assert_str_is(ruling.message, "it says no");
    ask(501, "{\"e\":1}");
    ck_assert_str_is(ruling.message, "{\"e\":1}");
    ask(502, "{}");
    ck_assert_ptr_null(ruling.message.ptr);
}
END_TEST

START_TEST(a_rate_limit_says_where_the_quota_is)
{
    open_rules("rate_limit: {requests: 5, remaining: header:X-Left, reset: reset}");
    ask(200, "{\"reset\":30}");
    ck_assert_str_is(quota.remaining.text, "0");
    ck_assert_str_is(quota.reset.text, "30");
    open_rules("rate_limit: {requests: 5}");
    ask(200, "{\"reset\":30}");
    ck_assert_int_eq(quota.remaining.kind, VALUE_UNDEFINED);
    ck_assert_int_eq(quota.reset.kind, VALUE_UNDEFINED);
    ck_assert_int_eq(fixture.scope.response.kind, VALUE_UNDEFINED);
}
END_TEST

SUITE("worker/exchange/rules", the_first_rule_that_fits_counts, status_and_when_go_together,
      what_cannot_be_evaluated_does_not_hold, the_body_is_read_only_where_something_wants_it,
      a_wait_is_the_definitions_or_the_answers, messages_are_made_from_the_answer,
      a_rate_limit_says_where_the_quota_is)

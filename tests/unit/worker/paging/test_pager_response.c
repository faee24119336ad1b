#include "worker/paging/pager_response.h"

#include "tests/support/exchange_fixture.h"
#include "tests/support/suite.h"

static struct exchange_fixture fixture;
static struct pager next;

/* The page {"more": true, "id": 7, …} by a stream with that next_page. */
static bool follow(const char *next_page, const char *response)
{
    static struct pager_facts facts;
    setenv("TEST_KEY", "k-0815", 1);
    char keys[1024];
    snprintf(keys, sizeof keys,
             "path: /x, pagination: {type: response_based, merge_strategy: append, "
             "continue_while: '{{ response.more }}', next_page: %s}",
             next_page);
    if (fixture.arena)
        exchange_fixture_close(&fixture);
    exchange_fixture_open(&fixture, "", keys);
    fixture.scope.response = exchange_fixture_value(fixture.arena, response);
    facts = (struct pager_facts){.url = STR("https://h.example/x?a=1"),
                                 .home_url = STR("https://h.example/x"),
                                 .stream = fixture.stream,
                                 .scope = &fixture.scope.expr,
                                 .leg_arena = fixture.arena};
    struct pager_step step = {
        .pager = &fixture.pager, .facts = &facts, .arena = fixture.arena, .next = &next};
    next = fixture.pager;
    bool is_done = pager_response_next(&step, &fixture.err);
    ck_assert(is_done || step.decision.outcome == PAGER_FAILED);
    return is_done && !step.signs.has_end;
}

static const char *shown(struct value value)
{
    return exchange_fixture_json(fixture.arena, value).ptr;
}

START_TEST(what_next_page_says_becomes_the_state)
{
    ck_assert(follow("{params: {after: '{{ response.id }}', size: 2}, "
                     "headers: {x-at: '{{ response.id + 1 }}'}}",
                     "{\"more\":\"yes\",\"id\":7}"));
    ck_assert_str_eq(shown(next.params), "{\"after\":7,\"size\":2}");
    ck_assert_str_eq(shown(next.headers), "{\"x-at\":8}");
    ck_assert_int_eq(next.body.kind, VALUE_UNDEFINED);
    ck_assert_uint_eq(next.url.len, 0);
}
END_TEST

START_TEST(credentials_stay_out_of_the_state)
{
    ck_assert(follow("{params: {after: '{{ response.id }}', key: '{{ env.TEST_KEY }}'}}",
                     "{\"more\":true,\"id\":7}"));
    ck_assert_str_eq(shown(next.params), "{\"after\":7}");
}
END_TEST

/* What the API sends is data, also where it looks like an expression. */
START_TEST(an_answer_is_not_evaluated)
{
    ck_assert(follow("{params: {after: '{{ response.id }}'}}",
                     "{\"more\":1,\"id\":\"{{ env.TEST_KEY }}\"}"));
    ck_assert_str_eq(shown(next.params), "{\"after\":\"{{ env.TEST_KEY }}\"}");
}
END_TEST

START_TEST(false_is_the_end)
{
    ck_assert(!follow("{params: {after: 1}}", "{\"more\":\"0\"}"));
    ck_assert_int_eq(fixture.err.kind, ERR_NONE);
}
END_TEST

static void check_failure(const char *next_page, const char *response, const char *part)
{
    ck_assert(!follow(next_page, response));
    ck_assert_int_eq(fixture.err.kind, ERR_INPUT);
    ck_assert_msg(strstr(fixture.err.text, part), "%s", fixture.err.text);
    fixture.err = (struct err)ERR_INIT;
}

START_TEST(what_cannot_be_used_fails)
{
    check_failure("{params: {after: '{{ response.id }}'}}", "{\"more\":true}",
                  "next_page.params");
    check_failure("{params: {after: '{{ response.id }}'}}",
                  "{\"more\":true,\"id\":\"a\\u0000\"}", "NUL");
    check_failure("{params: '{{ response.id }}'}", "{\"more\":true,\"id\":7}",
                  "must be an object");
    check_failure("{url: '{{ response.id }}'}", "{\"more\":true,\"id\":\"\"}",
                  "an empty string");
    check_failure("{url: '{{ response.id }}'}",
                  "{\"more\":true,\"id\":\"https://other.example/x\"}", "allow_hosts");
}
END_TEST

START_TEST(what_is_made_of_a_secret_is_refused)
{
    const char *const refused = "makes something of a secret";
    check_failure("{body: \"{{ {'s': env.TEST_KEY | upper} }}\"}", "{\"more\":true}", refused);
    check_failure("{url: \"/x?s={{ env.TEST_KEY[:4] }}\"}", "{\"more\":true}", refused);
    check_failure("{headers: \"{{ {'a': env.TEST_KEY | length} }}\"}", "{\"more\":true}",
                  refused);
    ck_assert(follow("{body: \"{{ {'s': 'a' ~ env.TEST_KEY, 'c': response.c} }}\"}",
                     "{\"more\":true, \"c\":\"k-0815\"}"));
    ck_assert_str_eq(shown(next.body), "{\"s\":\"ak-0815\",\"c\":\"k-0815\"}");
    ck_assert(follow("{url: \"/x?s={{ env.TEST_KEY | urlencode }}\"}", "{\"more\":true}"));
}
END_TEST

START_TEST(a_url_is_resolved_on_the_page)
{
    ck_assert(follow("{url: '{{ response.id }}'}", "{\"more\":true,\"id\":\"?a=2\"}"));
    ck_assert_str_is(next.url, "https://h.example/x?a=2");
}
END_TEST

SUITE("worker/paging/pager_response", what_next_page_says_becomes_the_state,
      credentials_stay_out_of_the_state, an_answer_is_not_evaluated, false_is_the_end,
      what_cannot_be_used_fails, what_is_made_of_a_secret_is_refused,
      a_url_is_resolved_on_the_page)

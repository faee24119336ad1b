#include "worker/access/graphql.h"

#include "tests/support/suite.h"

static struct graphql_says says(struct arena *arena, const char *body, const char *retry_after)
{
    struct http_header header = {STR("retry-after"), str_from(retry_after)};
    struct http_answer answer = {.status = 200,
                                 .headers = &header,
                                 .header_count = retry_after ? 1 : 0,
                                 .body = str_from(body)};
    struct graphql_says ret;
    graphql_read(&answer, 0, 60000, arena, &ret);
    return ret;
}

#define COST(requested, available, most, rate)                                                 \
    "{\"data\":{},\"extensions\":{\"cost\":{\"requestedQueryCost\":" requested                 \
    ",\"throttleStatus\":{\"currentlyAvailable\":" available ",\"maximumAvailable\":" most     \
    ",\"restoreRate\":" rate "}}}}"

START_TEST(waits_until_the_bucket_has_enough)
{
    AUTO_ARENA struct arena *arena = arena_new();
    ck_assert_int_eq(says(arena, COST("100", "40", "1000", "50.0"), NULL).wait_ms, 1200);
    ck_assert_int_eq(says(arena, COST("100", "99.9", "1000", "3"), NULL).wait_ms, 334);
    ck_assert_int_eq(says(arena, COST("100", "100", "1000", "50"), NULL).wait_ms, -1);
    ck_assert_int_eq(says(arena, COST("100", "1", "1000", "0"), NULL).wait_ms, -1);
    ck_assert_int_eq(says(arena, COST("999999999999", "-5", "1", "1"), NULL).wait_ms, 60000);
    ck_assert_int_eq(says(arena, COST("1e400", "\"x\"", "null", "[]"), NULL).wait_ms, -1);
    ck_assert(says(arena, COST("1001", "1000", "1000", "50"), NULL).is_too_dear);
    ck_assert(!says(arena, COST("1000", "0", "1000", "50"), NULL).is_too_dear);
}
END_TEST

START_TEST(knows_a_quota_by_its_codes)
{
    AUTO_ARENA struct arena *arena = arena_new();
    static const char *const quotas[] = {
        "{\"errors\":[{\"message\":\"a\"},{\"extensions\":{\"code\":\"THROTTLED\"}}]}",
        "{\"errors\":[{\"type\":\"RATE_LIMITED\"}]}",
        "{\"errors\":[{\"extensions\":{\"type\":\"ratelimited\"}}]}",
        "{\"errors\":[{\"extensions\":{\"status_code\":429}}],\"data\":null}",
    };
    for (size_t i = 0; i < COUNT_OF(quotas); i++)
        ck_assert_msg(says(arena, quotas[i], NULL).is_throttled, "%s", quotas[i]);
    ck_assert(!says(arena, "{\"errors\":[{\"type\":\"NOT_FOUND\"}]}", NULL).is_throttled);
    ck_assert(
        says(arena, "{\"errors\":[{\"extensions\":{\"code\":\"TIMEOUT\"}}]}", NULL).is_passing);
}
END_TEST

START_TEST(takes_the_time_that_is_told)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const char *body = "{\"errors\":[{\"extensions\":{\"code\":\"COMPLEXITY_BUDGET_EXHAUSTED\","
                       "\"retry_in_seconds\":15}}]}";
    ck_assert_int_eq(says(arena, body, "7").wait_ms, 15000);
    ck_assert_int_eq(says(arena, "{\"errors\":[{\"message\":\"a\"}]}", "7").wait_ms, 7000);
    ck_assert(says(arena, "{\"errors\":[{\"message\":\"a\"}]}", "7").is_throttled);
    ck_assert_int_eq(says(arena, "{\"data\":{}}", "7").wait_ms, -1);
}
END_TEST

START_TEST(takes_any_errors_and_no_others)
{
    AUTO_ARENA struct arena *arena = arena_new();
    static const struct {
        const char *body, *errors;
    } cases[] = {
        {"{\"errors\":[{\"message\":\"a\"}],\"x\":1}", "[{\"message\":\"a\"}]"},
        {"{\"data\":{},\"errors\": [\"a\"]}", "[\"a\"]"},
        {"{\"errors\":{\"a\":1}}", "{\"a\":1}"},
        {"{\"errors\":null}", ""},
        {"{\"errors\":[ ]}", ""},
        {"{\"data\":{\"errors\":[1]}}", ""},
        {"[{\"errors\":[1]}]", ""},
        {"{\"errors\":[", ""},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct graphql_says got = says(arena, cases[i].body, NULL);
        ck_assert_msg(str_is(got.errors, cases[i].errors), "%s: %.*s", cases[i].body,
                      STR_ARG(got.errors));
    }
}
END_TEST

SUITE("worker/access/graphql", waits_until_the_bucket_has_enough, knows_a_quota_by_its_codes,
      takes_the_time_that_is_told, takes_any_errors_and_no_others)

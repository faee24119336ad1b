#include "worker/told.h"

#include "tests/support/lines.h"
#include "tests/support/suite.h"

static const int64_t now_us = 1559559600000000; /* 2019-06-03 11:00:00 UTC */

START_TEST(follows_the_table)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct line_cases all = lines_read(arena, "told.txt");
    for (size_t i = 0; i < all.count; i++) {
        const struct line_case *one = &all.items[i];
        int64_t wanted_s = -1, got_ms = -1000;
        bool told = told_parse(one->input, now_us, &got_ms);
        bool none = str_is(one->expected, "-");
        ck_assert_msg(none || str_to_int64(one->expected, &wanted_s), "told.txt:%d",
                      one->number);
        ck_assert_msg(told == !none && got_ms == wanted_s * 1000, "told.txt:%d: %.*s: %lld ms",
                      one->number, STR_ARG(one->id), (long long)got_ms);
    }
}
END_TEST

static int64_t told(int status, const struct http_header *headers, size_t count)
{
    struct http_answer answer = {.status = status, .headers = headers, .header_count = count};
    const struct told_quota quota = {VALUE_NOTHING, VALUE_NOTHING};
    return told_in_answer(&answer, &quota, now_us, 3600000);
}

#define HEADERS(...)      ((const struct http_header[]){__VA_ARGS__})
#define TOLD(status, ...) told((status), HEADERS(__VA_ARGS__), COUNT_OF(HEADERS(__VA_ARGS__)))

START_TEST(prefers_retry_after)
{
    ck_assert_int_eq(TOLD(429, {STR("x-ratelimit-reset"), STR("9")},
                          {STR("ratelimit-reset"), STR("8")}, {STR("retry-after"), STR("7")}),
                     7000);
    ck_assert_int_eq(
        TOLD(429, {STR("x-ratelimit-reset"), STR("9")}, {STR("ratelimit-reset"), STR("8")}),
        8000);
    ck_assert_int_eq(TOLD(429, {STR("x-ratelimit-reset"), STR("1559559660000")}), 60000);
    ck_assert_int_eq(
        TOLD(429, {STR("retry-after"), STR("soon")}, {STR("ratelimit-reset"), STR("8")}), 8000);
    ck_assert_int_eq(told(429, NULL, 0), -1);
}
END_TEST

/* A02, A09: a time that is over is none; A12: clamped. */
START_TEST(a_time_that_is_over_tells_nothing)
{
    ck_assert_int_eq(TOLD(503, {STR("retry-after"), STR("0")}), -1);
    ck_assert_int_eq(TOLD(503, {STR("retry-after"), STR("Mon, 03 Jun 2019 10:59:30 GMT")}), -1);
    ck_assert_int_eq(TOLD(503, {STR("retry-after"), STR("86400")}), 3600000);
}
END_TEST

START_TEST(a_reset_counts_where_the_quota_is_spent)
{
    ck_assert_int_eq(TOLD(503, {STR("x-ratelimit-reset"), STR("9")}), -1);
    ck_assert_int_eq(TOLD(503, {STR("x-ratelimit-reset"), STR("9")},
                          {STR("x-ratelimit-remaining"), STR("3")}),
                     -1);
    ck_assert_int_eq(TOLD(503, {STR("x-ratelimit-reset"), STR("9")},
                          {STR("x-ratelimit-remaining"), STR("0")}),
                     9000);
}
END_TEST

/* The server's clock may be off: its dates are read against its own Date. */
START_TEST(dates_are_read_against_the_answers_own)
{
    ck_assert_int_eq(TOLD(503, {STR("date"), STR("Mon, 03 Jun 2019 12:00:00 GMT")},
                          {STR("retry-after"), STR("Mon, 03 Jun 2019 12:00:30 GMT")}),
                     30000);
    ck_assert_int_eq(TOLD(503, {STR("date"), STR("yesterday")},
                          {STR("retry-after"), STR("Mon, 03 Jun 2019 11:00:30 GMT")}),
                     30000);
}
END_TEST

SUITE("worker/told", follows_the_table, prefers_retry_after, a_time_that_is_over_tells_nothing,
      a_reset_counts_where_the_quota_is_spent, dates_are_read_against_the_answers_own)

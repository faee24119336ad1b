#include "worker/access/retry_after.h"

#include "tests/support/lines.h"
#include "tests/support/suite.h"

enum { HEADERS_MAX = 8, HOUR_MS = 3600000 };

static const int64_t now_us = 1559559600000000; /* 2019-06-03 11:00:00 UTC */

static struct arena *arena;

static size_t read_headers(struct str text, struct http_header *headers)
{
    size_t count = 0;
    while (text.ptr && count < HEADERS_MAX) {
        struct str one = text, name;
        ptrdiff_t end = str_find(text, STR(" ; "));
        text = end < 0 ? STR_NONE : str_slice(text, (size_t)end + 3, text.len);
        one.len = end < 0 ? one.len : (size_t)end;
        struct str value = str_split(one, ':', &name);
        headers[count++] = (struct http_header){str_trim(name), str_trim(value)};
    }
    return count;
}

/* Milliseconds; -1: nothing. */
static int64_t wanted_ms(struct str text)
{
    return str_is(text, "-") ? -1 : (int64_t)(strtod(arena_cstr(arena, text), NULL) * 1000);
}

/* `status | header: value ; header: value`. */
static bool check_line(const struct line_case *one)
{
    struct http_header headers[HEADERS_MAX];
    struct retry_after_quota quota = {UNDEFINED_VALUE, UNDEFINED_VALUE};
    struct str rest = one->input, status = lines_take_cell(&rest);
    int64_t number = 0;
    ck_assert(str_to_int64(status, &number));
    struct http_answer answer = {
        .status = (int)number,
        .headers = headers,
        .header_count = read_headers(rest, headers),
    };
    int64_t got = retry_after_in_answer(&answer, &quota, now_us, HOUR_MS);
    if (got == wanted_ms(one->expected))
        return true;
    fprintf(stderr, "%s:%d: got %lld ms\n", one->path, one->number, (long long)got);
    return false;
}

START_TEST(follows_the_table)
{
    arena = arena_new();
    struct line_cases all = lines_read(arena, "tests/tables/retry_after.txt");
    int bad = 0;
    for (size_t i = 0; i < all.count; i++)
        bad += !check_line(&all.items[i]);
    ck_assert_int_eq(bad, 0);
    ck_assert_int_gt(all.count, 40);
    arena_free(arena);
}
END_TEST

START_TEST(locators_of_the_definition_come_before_the_usual_names)
{
    struct http_header headers[] = {{STR("x-ratelimit-reset"), STR("60")}};
    struct http_answer answer = {.status = 403, .headers = headers, .header_count = 1};
    struct retry_after_quota quota = {value_number(STR("0")), value_string(STR("4"))};
    ck_assert_int_eq(retry_after_in_answer(&answer, &quota, now_us, HOUR_MS), 4000);
    quota.reset = NULL_VALUE;
    ck_assert_int_eq(retry_after_in_answer(&answer, &quota, now_us, HOUR_MS), 60000);
    quota.remaining = value_string(STR("1"));
    ck_assert_int_eq(retry_after_in_answer(&answer, &quota, now_us, HOUR_MS), -1);
}
END_TEST

START_TEST(values_of_the_body)
{
    struct http_answer answer = {.status = 200};
    ck_assert_int_eq(retry_after_in_value(&answer, value_number(STR("2.5")), now_us, HOUR_MS),
                     3000);
    ck_assert_int_eq(retry_after_in_value(&answer, NULL_VALUE, now_us, HOUR_MS), -1);
    ck_assert_int_eq(retry_after_in_value(&answer, value_bool(true), now_us, HOUR_MS), -1);
    ck_assert_int_eq(retry_after_in_value(&answer, value_number(STR("99999")), now_us, HOUR_MS),
                     HOUR_MS);
}
END_TEST

/* What is spent, though nobody says until when: a 403 is then temporary. */
START_TEST(spent_without_a_time)
{
    static const struct {
        struct http_header header;
        bool is_spent;
    } cases[] = {
        {{STR_INIT("sforce-limit-info"), STR_INIT("api-usage=5000/5000")}, true},
        {{STR_INIT("sforce-limit-info"), STR_INIT("api-usage=18/5000")}, false},
        {{STR_INIT("sforce-limit-info"),
          STR_INIT("api-usage=18/5000; per-app-api-usage=250/250(appName=x)")},
         true},
        {{STR_INIT("sforce-limit-info"), STR_INIT("api-usage=")}, false},
        {{STR_INIT("x-ms-ratelimit-remaining-subscription-reads"), STR_INIT("0")}, true},
        {{STR_INIT("x-ms-ratelimit-remaining-resource"), STR_INIT("a/b;107,a/c;0")}, true},
        {{STR_INIT("x-ms-ratelimit-remaining-resource"), STR_INIT("a/b;107,a/c;10")}, false},
        {{STR_INIT("x-minlimit-remaining"), STR_INIT("0")}, true},
        {{STR_INIT("x-ratelimit-nearlimit"), STR_INIT("true")}, false},
    };
    const struct retry_after_quota quota = {UNDEFINED_VALUE, UNDEFINED_VALUE};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct http_answer answer = {
            .status = 403, .headers = &cases[i].header, .header_count = 1};
        ck_assert_msg(retry_after_is_spent(&answer, &quota) == cases[i].is_spent, "%zu", i);
    }
}
END_TEST

START_TEST(a_broken_field_is_named)
{
    struct http_header headers[] = {{STR("ratelimit"), STR("\"a\";r=0;t=4,")}};
    struct http_answer answer = {.status = 429, .headers = headers, .header_count = 1};
    const struct retry_after_quota quota = {UNDEFINED_VALUE, UNDEFINED_VALUE};
    struct str name, value;
    ck_assert(retry_after_unread(&answer, &quota, now_us, &name, &value));
    ck_assert(str_is(name, "ratelimit") && str_eq(value, headers[0].value));
}
END_TEST

SUITE("worker/access/retry_after", spent_without_a_time, a_broken_field_is_named,
      follows_the_table, locators_of_the_definition_come_before_the_usual_names,
      values_of_the_body)

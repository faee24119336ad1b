#include "worker/access/retry_after.h"

#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

enum { HEADERS_MAX = 8, HOUR_MS = 3600000 };

static const int64_t now_us = 1559559600000000; /* 2019-06-03 11:00:00 UTC */

static struct arena *arena;

static struct str unescape(struct str text)
{
    struct str head;
    struct str rest = str_cut(text, '\\', &head);
    return rest.ptr ? arena_printf(arena, "\t%.*s", STR_ARG(str_slice(rest, 1, rest.len)))
                    : text;
}

static size_t read_headers(struct str text, struct http_header *headers)
{
    size_t count = 0;
    while (text.ptr && count < HEADERS_MAX) {
        struct str one, name;
        text = str_cut(text, ';', &one);
        if (text.ptr && text.len && text.ptr[0] != ' ') { /* a parameter, not the next header */
            struct str rest;
            text = str_cut(text, ';', &rest);
            one.len = (size_t)(rest.ptr + rest.len - one.ptr);
        }
        struct str value = str_cut(one, ':', &name);
        headers[count++] = (struct http_header){str_trim(name), unescape(str_trim(value))};
    }
    return count;
}

/* Milliseconds; -1: nothing. */
static int64_t wanted_ms(struct str text)
{
    return str_is(text, "-") ? -1 : (int64_t)(strtod(arena_cstr(arena, text), NULL) * 1000);
}

static bool check_line(struct str line)
{
    struct http_header headers[HEADERS_MAX];
    struct retry_after_quota quota = {UNDEFINED_VALUE, UNDEFINED_VALUE};
    struct str id, status;
    ptrdiff_t arrow = str_find(line, STR("->"));
    ck_assert_msg(arrow > 0, "%.*s", STR_ARG(line));
    struct str left = str_slice(line, 0, (size_t)arrow);
    struct str wanted = str_trim(str_slice(line, (size_t)arrow + 2, line.len));
    struct str rest = str_cut(str_cut(left, '|', &id), '|', &status);
    int64_t number = 0;
    ck_assert(str_to_int64(str_trim(status), &number));
    struct http_answer answer = {
        .status = (int)number,
        .headers = headers,
        .header_count = read_headers(rest, headers),
    };
    int64_t got = retry_after_in_answer(&answer, &quota, now_us, HOUR_MS);
    if (got == wanted_ms(wanted))
        return true;
    fprintf(stderr, "%.*s: got %lld ms\n", STR_ARG(line), (long long)got);
    return false;
}

START_TEST(A_tells_the_table)
{
    arena = arena_new();
    struct str line, rest = str_from(pagetide_read("tests/tables/retry_after.txt"));
    int count = 0, bad = 0;
    while (rest.ptr) {
        rest = str_cut(rest, '\n', &line);
        if (!line.len || line.ptr[0] == '#')
            continue;
        bad += !check_line(line);
        count++;
    }
    ck_assert_int_eq(bad, 0);
    ck_assert_int_gt(count, 40);
    arena_free(arena);
}
END_TEST

START_TEST(A20_locators_of_the_definition_come_before_the_usual_names)
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

START_TEST(A21_values_of_the_body)
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

SUITE("worker/access/retry_after", A_tells_the_table,
      A20_locators_of_the_definition_come_before_the_usual_names, A21_values_of_the_body)

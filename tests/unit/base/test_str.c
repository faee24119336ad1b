#include "base/str.h"

#include "tests/support/suite.h"

START_TEST(parses_integers_whole)
{
    int64_t number = 7;
    ck_assert(str_to_int64(STR("-9223372036854775808"), &number));
    ck_assert_int_eq(number, INT64_MIN);
    ck_assert(!str_to_int64(STR("9223372036854775808"), &number));
    ck_assert(!str_to_int64(STR("+1"), &number));
    ck_assert(!str_to_int64(STR(""), &number));
    ck_assert(!str_to_int64(STR("-"), &number));
    ck_assert(!str_to_int64(STR("1 "), &number));
    ck_assert_int_eq(number, INT64_MIN);
}
END_TEST

START_TEST(refuses_bad_utf8)
{
    ck_assert(str_is_utf8(STR("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8C\x8A")));
    ck_assert(!str_is_utf8(STR("\xC0\x80")));
    ck_assert(!str_is_utf8(STR("\xED\xA0\x80")));
    ck_assert(!str_is_utf8(STR("\xF4\x90\x80\x80")));
    ck_assert(!str_is_utf8(STR("\xE2\x82")));
    ck_assert(!str_is_utf8(STR("\xFF")));
}
END_TEST

START_TEST(cuts_and_trims)
{
    struct str head;
    struct str rest = str_split(STR("a=b=c"), '=', &head);
    ck_assert_str_is(head, "a");
    ck_assert_str_is(rest, "b=c");
    rest = str_split(STR("abc"), '=', &head);
    ck_assert_str_is(head, "abc");
    ck_assert_ptr_null(rest.ptr);
    ck_assert_str_is(str_trim(STR(" \t x y \n")), "x y");
    ck_assert_int_eq(str_find(STR("abcabd"), STR("abd")), 3);
    ck_assert_int_eq(str_find(STR("abc"), STR("x")), -1);
}
END_TEST

START_TEST(measures_distance)
{
    ck_assert_int_eq(str_distance(STR("typ"), STR("type"), 3), 1);
    ck_assert_int_eq(str_distance(STR("kitten"), STR("sitting"), 5), 3);
    ck_assert_int_eq(str_distance(STR("abc"), STR("xyz"), 2), 3);
}
END_TEST

START_TEST(finds_a_part_at_any_place)
{
    static const char *const parts[] = {"ab", "aab", "abaab", "abaababa", "x", ""};
    char text[101];
    for (size_t len = 0; len < sizeof text; len++) {
        for (size_t i = 0; i < len; i++)
            text[i] = (i * i + len) % 7 < 4 ? 'a' : 'b';
        text[len] = '\0';
        for (size_t i = 0; i < COUNT_OF(parts); i++) {
            const char *at = strstr(text, parts[i]);
            ptrdiff_t wanted = at ? at - text : -1;
            ck_assert_int_eq(str_find(str_from(text), str_from(parts[i])), wanted);
        }
    }
}
END_TEST

/* It is searched piece by piece. */
START_TEST(finds_a_part_in_a_large_text)
{
    enum { BYTES = 3 << 20, BORDER = 1 << 20 };
    char *text = malloc(BYTES);
    memset(text, '.', BYTES);
    for (ptrdiff_t at = BORDER - 9; at <= BORDER + 1; at++) {
        memcpy(text + at, "\"errors\"", 8);
        ck_assert_int_eq(str_find((struct str){text, BYTES}, STR("\"errors\"")), at);
        ck_assert_int_eq(str_find((struct str){text, (size_t)at + 7}, STR("\"errors\"")), -1);
        memset(text + at, '.', 8);
    }
    ck_assert_int_eq(str_find((struct str){text, BYTES}, STR("\"errors\"")), -1);
    memcpy(text + BYTES - 8, "\"errors\"", 8);
    ck_assert_int_eq(str_find((struct str){text, BYTES}, STR("\"errors\"")), BYTES - 8);
    free(text);
}
END_TEST

SUITE("base/str", parses_integers_whole, refuses_bad_utf8, cuts_and_trims, measures_distance,
      finds_a_part_at_any_place, finds_a_part_in_a_large_text)

#include "config/identifier.h"

#include "tests/support/suite.h"

#define LETTERS_48 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuv"

START_TEST(a_name_is_lower_case_and_short)
{
    ck_assert(identifier_is_name(STR("a")));
    ck_assert(identifier_is_name(STR("a_1")));
    ck_assert(identifier_is_name(STR(LETTERS_48)));
    static const char *const bad[] = {"", "_a", "1a", "A", "a-b", "a.b", "é"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        ck_assert_msg(!identifier_is_name(str_from(bad[i])), "%s", bad[i]);
    ck_assert(!identifier_is_name(STR(LETTERS_48 "w")));
}
END_TEST

START_TEST(a_name_in_sql_is_what_postgresql_keeps)
{
    ck_assert(identifier_is_sql(STR("Order Lines")));
    ck_assert(identifier_is_sql(STR("größe")));
    ck_assert(identifier_is_sql(STR("select")));
    ck_assert(identifier_is_sql(STR(LETTERS_48 "abcdefghijklmno")));
    ck_assert(!identifier_is_sql(STR(LETTERS_48 "abcdefghijklmnop")));
    ck_assert(!identifier_is_sql(STR("")));
    ck_assert(!identifier_is_sql(STR("_pt_run")));
    ck_assert(!identifier_is_sql((struct str){"a\0b", 3}));
    ck_assert(!identifier_is_sql(STR("\xff")));
}
END_TEST

START_TEST(a_name_of_a_header_is_a_token)
{
    ck_assert(identifier_is_header(STR("X-Api_Key.1")));
    ck_assert(identifier_is_header(STR("!#$%&'*+-.^_`|~")));
    static const char *const bad[] = {"", "a b", "a:b", "a\n", "a/b", "(a)", "é"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        ck_assert_msg(!identifier_is_header(str_from(bad[i])), "%s", bad[i]);
}
END_TEST

SUITE("config/identifier", a_name_is_lower_case_and_short,
      a_name_in_sql_is_what_postgresql_keeps, a_name_of_a_header_is_a_token)

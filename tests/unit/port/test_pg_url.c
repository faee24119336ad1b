#include "port/pg_url.h"

#include "tests/support/suite.h"

START_TEST(shows_where_it_is_and_no_password)
{
    static const char *const cases[][2] = {
        {"postgresql://me:secret@h:5432/d", "postgresql://h:5432/d"},
        {"postgresql://h/d?password=secret", "postgresql://h/d"},
        {"postgresql://h/d?sslpassword=secret&user=a@b", "postgresql://h/d"},
        {"postgres://me:se%40cret@h1:1,h2:2/d", "postgresql://h1:1,h2:2/d"},
        {"host=h dbname=d password='se cret@x'", "postgresql://h/d"},
        {"postgresql:///d?host=/run/pg", "postgresql:///d?host=/run/pg"},
        {"postgresql:///", "postgresql:///"},
        {"postgresql://me:se@cret@h/d", "the server of database_url"},
        {"postgresql://me:se/cret@h/d", "the server of database_url"},
        {"postgresql://me:se?cret@h/d", "postgresql://h/d"},
        {"postgresql://me:se/c@r@h/d", "the server of database_url"},
        {"postgresql://me:secret", "the server of database_url"},
        {"secret", "the server of database_url"},
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_str_eq(pg_url_shown(arena, cases[i][0]), cases[i][1]);
    arena_free(arena);
}
END_TEST

START_TEST(what_is_wrong_is_said_without_any_part_of_it)
{
    static const char *const cases[] = {
        "postgresql://me:se@cret@h/d", "postgresql://me:se/cret@h/d", "postgresql://me:cret/d",
        "host=h password='cret",       "postgresql://h/d?cret",       "postgresql://h/d?x=cret",
        "postgresql://h:%zzcret/d",
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = ERR_INIT;
        struct _PQconninfoOption *options;
        ck_assert(!pg_url_parse(cases[i], &options, &err));
        ck_assert_int_eq(err.kind, ERR_CONFIG);
        ck_assert_msg(strstr(err.text, "cret") == NULL, "%s", err.text);
    }
}
END_TEST

SUITE("port/pg_url", shows_where_it_is_and_no_password,
      what_is_wrong_is_said_without_any_part_of_it)

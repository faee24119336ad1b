#include "port/pg_sql.h"

#include "tests/support/suite.h"

static void check_word(const char *name, const char *wanted)
{
    AUTO_BUF(buf, 1024);
    pg_sql_put_word(&buf, str_from(name));
    ck_assert_str_is(buf_str(&buf), wanted);
}

START_TEST(a_word_is_quoted_where_it_must_be)
{
    check_word("orders", "orders");
    check_word("_a1", "_a1");
    check_word("1a", "\"1a\"");
    check_word("", "\"\"");
    check_word("Orders", "\"Orders\"");
    check_word("a b", "\"a b\"");
    check_word("a\"b", "\"a\"\"b\"");
    check_word("caf\xc3\xa9", "\"caf\xc3\xa9\"");
    check_word("all", "\"all\"");
    check_word("user", "\"user\"");
    check_word("users", "users");
    check_word("with", "\"with\"");
}
END_TEST

START_TEST(names_and_strings_are_always_quoted)
{
    AUTO_BUF(buf, 1024);
    pg_sql_put_name(&buf, STR("a\"b"), STR("c"));
    buf_puts(&buf, " ");
    pg_sql_put_string(&buf, STR("it's"));
    ck_assert_str_is(buf_str(&buf), "\"a\"\"b\".\"c\" 'it''s'");
}
END_TEST

SUITE("port/pg_sql", a_word_is_quoted_where_it_must_be, names_and_strings_are_always_quoted)

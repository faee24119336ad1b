#include "cli/query_print.h"

#include "tests/support/command.h"
#include "tests/support/suite.h"

static int code;

static struct captured print(const struct query *query, bool as_json)
{
    struct cli cli;
    command_open(&cli);
    cli.options.json = as_json;
    command_capture();
    code = query_print(&cli, query);
    struct captured captured = command_captured();
    command_close(&cli);
    return captured;
}

START_TEST(columns_are_aligned_under_their_names)
{
    const struct query query = {.sql =
                                    "select * from (values (1, 'a', null), (234, 'äöü', 'x')) "
                                    "v (n, letters, last)"};
    ck_assert_str_eq(print(&query, false).out, "n    letters  last\n"
                                               "1    a\n"
                                               "234  äöü      x\n");
    ck_assert_int_eq(code, EXIT_DONE);
}
END_TEST

START_TEST(a_wide_value_does_not_widen_its_column_beyond_40)
{
    const struct query query = {.sql =
                                    "select * from (values (repeat('x', 50), 1), ('y', 2)) v "
                                    "(a, b)"};
    ck_assert_str_eq(print(&query, false).out,
                     "a                                         b\n"
                     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  1\n"
                     "y                                         2\n");
}
END_TEST

START_TEST(a_cell_is_one_line_without_controls)
{
    const struct query query = {.sql = "select * from (values (e'a\\x1b[2J\\nb', 1), ('y', 2)) "
                                       "v (a, b)"};
    ck_assert_str_eq(print(&query, false).out, "a              b\n"
                                               "a\\u001b[2J\\nb  1\n"
                                               "y              2\n");
}
END_TEST

START_TEST(json_is_one_object_a_line)
{
    const struct query query = {.sql = "select * from (values (1, 'a'), (2, null)) v (n, c)"};
    ck_assert_str_eq(print(&query, true).out, "{\"c\": \"a\", \"n\": 1}\n"
                                              "{\"c\": null, \"n\": 2}\n");
}
END_TEST

START_TEST(no_row_of_what_is_known_is_said_and_fine)
{
    const struct query query = {.sql = "select 1 where false",
                                .nothing = "nothing yet",
                                .known = "select 1",
                                .unknown = "never heard of"};
    struct captured captured = print(&query, false);
    ck_assert_str_eq(captured.err, "pagetide: nothing yet\n");
    ck_assert_str_eq(captured.out, "");
    ck_assert_int_eq(code, EXIT_DONE);
}
END_TEST

START_TEST(no_row_of_what_is_unknown_is_a_mistake)
{
    const struct query query = {.sql = "select 1 where false",
                                .nothing = "nothing yet",
                                .known = "select 1 where false",
                                .unknown = "never heard of"};
    ck_assert_str_eq(print(&query, false).err, "pagetide: never heard of\n");
    ck_assert_int_eq(code, EXIT_USAGE);
}
END_TEST

SUITE("cli/query_print", columns_are_aligned_under_their_names,
      a_wide_value_does_not_widen_its_column_beyond_40, a_cell_is_one_line_without_controls,
      json_is_one_object_a_line, no_row_of_what_is_known_is_said_and_fine,
      no_row_of_what_is_unknown_is_a_mistake)

#include "cli/order.h"

#include "tests/support/command.h"
#include "tests/support/schema.h"
#include "tests/support/suite.h"

START_TEST(a_run_is_a_number_and_may_have_a_job)
{
    static const struct {
        const char *text;
        int64_t run, job;
    } cases[] = {{"7", 7, 0}, {"7/3", 7, 3}, {"123456789012/1000000", 123456789012, 1000000}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t run = 0, job = -1;
        ck_assert_msg(order_parse_run(cases[i].text, &run, &job), "%s", cases[i].text);
        ck_assert_int_eq(run, cases[i].run);
        ck_assert_int_eq(job, cases[i].job);
    }
}
END_TEST

START_TEST(what_is_no_run_is_refused)
{
    static const char *const cases[] = {"",
                                        "0",
                                        "-1",
                                        "x",
                                        "7/",
                                        "7/0",
                                        "/3",
                                        "7/x",
                                        "7/-1",
                                        "7 ",
                                        "7/3/1",
                                        "7/1000001",
                                        "99999999999999999999"};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t run, job;
        ck_assert_msg(!order_parse_run(cases[i], &run, &job), "%s", cases[i]);
    }
}
END_TEST

START_TEST(a_job_is_refused_where_a_run_is_asked_for)
{
    int64_t run;
    ck_assert(order_parse_run("7", &run, NULL));
    ck_assert(!order_parse_run("7/3", &run, NULL));
}
END_TEST

static int cancel(struct cli *cli, int64_t run, struct order *ret_order,
                  struct captured *ret_captured)
{
    const struct pg_value params[] = {pg_int(run)};
    command_capture();
    int code = order_give_once(cli, "pagetide.cancel($1)", params, 1, ret_order);
    *ret_captured = command_captured();
    return code;
}

START_TEST(an_order_says_what_it_has_changed)
{
    struct cli cli;
    struct order order = {0};
    struct captured captured;
    command_open(&cli);
    command_make_run(&cli, "shop.orders", 2);
    ck_assert_int_eq(cancel(&cli, 1, &order, &captured), EXIT_DONE);
    ck_assert_int_eq(order.run, 1);
    ck_assert_int_eq(order.jobs, 2);
    ck_assert_str_is(order.stream, "shop.orders");
    ck_assert_str_is(order.state, "cancelled");
    ck_assert_str_eq(captured.out, "");
    ck_assert_str_eq(schema_sql(cli.settings.database_url, "select state from pagetide.run"),
                     "cancelled");
    command_close(&cli);
}
END_TEST

START_TEST(an_order_that_comes_too_late_is_refused)
{
    struct cli cli;
    struct order order = {.run = 99};
    struct captured captured;
    command_open(&cli);
    command_make_run(&cli, "shop.orders", 1);
    schema_sql(cli.settings.database_url, "update pagetide.job set state = 'failed'; "
                                          "update pagetide.run set state = 'failed'");
    ck_assert_int_eq(cancel(&cli, 1, &order, &captured), EXIT_RUN_FAILED);
    ck_assert_str_eq(captured.err, "pagetide: run 1 has ended already: failed\n");
    ck_assert_int_eq(order.run, 99);
    command_close(&cli);
}
END_TEST

START_TEST(an_order_for_a_run_that_is_not_there_is_a_mistake)
{
    struct cli cli;
    struct order order;
    struct captured captured;
    command_open(&cli);
    cli.options.json = true;
    ck_assert_int_eq(cancel(&cli, 4, &order, &captured), EXIT_USAGE);
    ck_assert_str_eq(captured.err, "pagetide: there is no run 4\n");
    ck_assert_str_eq(captured.out, "");
    command_close(&cli);
}
END_TEST

START_TEST(with_json_the_answer_is_printed_as_it_came)
{
    struct cli cli;
    struct order order;
    struct captured captured;
    command_open(&cli);
    command_make_run(&cli, "shop.orders", 2);
    cli.options.json = true;
    ck_assert_int_eq(cancel(&cli, 1, &order, &captured), EXIT_DONE);
    ck_assert_str_eq(captured.out, "{\"run\": 1, \"jobs\": 2, \"state\": \"cancelled\", "
                                   "\"stream\": \"shop.orders\"}\n");
    command_close(&cli);
}
END_TEST

SUITE("cli/order", a_run_is_a_number_and_may_have_a_job, what_is_no_run_is_refused,
      a_job_is_refused_where_a_run_is_asked_for, an_order_says_what_it_has_changed,
      an_order_that_comes_too_late_is_refused,
      an_order_for_a_run_that_is_not_there_is_a_mistake,
      with_json_the_answer_is_printed_as_it_came)

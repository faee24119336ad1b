#include "cli/exit_code.h"

#include "core/job.h"
#include "tests/support/suite.h"
#include "worker/discover/preview.h"

START_TEST(only_a_run_that_succeeded_exits_with_0)
{
    for (enum job_state state = JOB_QUEUED; state <= JOB_DEAD; state++)
        ck_assert_int_eq(exit_code_of_run(str_from(job_state_name(state))),
                         state == JOB_SUCCEEDED ? 0 : 1);
    ck_assert_int_eq(exit_code_of_run(STR_NONE), 1);
}
END_TEST

START_TEST(an_error_exits_by_what_may_be_done_about_it)
{
    static const int codes[] = {
        [ERR_AGAIN] = 3, [ERR_INPUT] = 1, [ERR_CONFIG] = 2, [ERR_STOPPED] = 1, [ERR_BUG] = 1};
    for (enum err_kind kind = ERR_AGAIN; kind <= ERR_BUG; kind++) {
        struct err err = {.kind = kind};
        ck_assert_int_eq(exit_code_of_error(&err), codes[kind]);
    }
}
END_TEST

START_TEST(a_preview_exits_with_0_while_a_run_would_go_on)
{
    static const struct {
        enum preview_how how;
        enum job_state state;
        int code;
        int64_t records, rejects;
    } cases[] = {
        {PREVIEW_STOPPED, JOB_QUEUED, 0, 0, 0},  {PREVIEW_ENDED, JOB_SUCCEEDED, 0, 0, 0},
        {PREVIEW_ENDED, JOB_FAILED, 1, 0, 0},    {PREVIEW_ENDED, JOB_TRUNCATED, 1, 0, 0},
        {PREVIEW_WAITS, JOB_SUCCEEDED, 1, 0, 0}, {PREVIEW_ENDED, JOB_SUCCEEDED, 0, 3, 2},
        {PREVIEW_ENDED, JOB_SUCCEEDED, 1, 3, 3}, {PREVIEW_STOPPED, JOB_QUEUED, 1, 3, 3},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct preview preview = {.how = cases[i].how,
                                  .state = cases[i].state,
                                  .records = cases[i].records,
                                  .rejects = cases[i].rejects};
        ck_assert_int_eq(exit_code_of_preview(&preview), cases[i].code);
    }
}
END_TEST

START_TEST(the_worst_of_several_counts)
{
    ck_assert_int_eq(exit_code_worst(EXIT_DONE, EXIT_RUN_FAILED), 1);
    ck_assert_int_eq(exit_code_worst(EXIT_RUN_FAILED, EXIT_DONE), 1);
    ck_assert_int_eq(exit_code_worst(EXIT_UNREACHABLE, EXIT_USAGE), 3);
    ck_assert_int_eq(exit_code_worst(EXIT_DONE, EXIT_DONE), 0);
}
END_TEST

START_TEST(a_request_that_was_skipped_is_done_a_refused_one_is_a_mistake)
{
    ck_assert_int_eq(exit_code_of_request(STR("skipped")), 0);
    ck_assert_int_eq(exit_code_of_request(STR("refused")), 2);
}
END_TEST

START_TEST(an_order_for_what_does_not_exist_is_a_mistake)
{
    ck_assert_int_eq(exit_code_of_refusal(false), 2);
    ck_assert_int_eq(exit_code_of_refusal(true), 1);
}
END_TEST

SUITE("cli/exit_code", only_a_run_that_succeeded_exits_with_0,
      an_error_exits_by_what_may_be_done_about_it,
      a_preview_exits_with_0_while_a_run_would_go_on, the_worst_of_several_counts,
      a_request_that_was_skipped_is_done_a_refused_one_is_a_mistake,
      an_order_for_what_does_not_exist_is_a_mistake)

#include "cli/hint.h"

#include "core/job.h"
#include "tests/support/suite.h"

static void expect_for_run(const char *reason, const char *text)
{
    AUTO_BUF(line, 4096);
    hint_put_for_run(&line, str_from(reason), STR("shop.orders"), 7);
    ck_assert_str_is(buf_str(&line), text);
}

static void expect_for_preview(const char *reason, const char *text)
{
    AUTO_BUF(line, 4096);
    hint_put_for_preview(&line, str_from(reason));
    ck_assert_str_is(buf_str(&line), text);
}

START_TEST(every_reason_has_a_hint)
{
    for (enum job_reason reason = REASON_NONE + 1; reason <= REASON_SERVER; reason++) {
        AUTO_BUF(line, 4096);
        hint_put_for_run(&line, str_from(job_reason_name(reason)), STR("s.t"), 1);
        ck_assert_msg(line.len > 0, "no hint for %s", job_reason_name(reason));
    }
}
END_TEST

START_TEST(what_is_no_reason_has_none)
{
    expect_for_run("", "");
    expect_for_run("unheard of", "");
    expect_for_preview("", "");
}
END_TEST

START_TEST(a_trace_is_shown_by_a_command_of_that_stream)
{
    expect_for_run("loop",
                   "`pagetide preview shop.orders --trace` shows the requests: does the "
                   "page, offset or cursor move on?");
    expect_for_preview("loop",
                       "--trace shows the requests: does the page, offset or cursor move "
                       "on?");
}
END_TEST

START_TEST(rejects_are_listed_by_a_command_of_that_run)
{
    expect_for_run("rejects", "look at the rejected records; max_rejects is the limit "
                              "(`pagetide rejects 7`)");
    expect_for_preview("rejects", "look at the rejected records; max_rejects is the limit");
}
END_TEST

START_TEST(what_needs_no_new_definition_can_be_retried)
{
    expect_for_run("cancelled",
                   "nothing is wrong: it was cancelled; `pagetide retry 7` goes on "
                   "where it stopped");
    expect_for_run("definition", "correct the definition; `pagetide check` validates it");
}
END_TEST

SUITE("cli/hint", every_reason_has_a_hint, what_is_no_reason_has_none,
      a_trace_is_shown_by_a_command_of_that_stream, rejects_are_listed_by_a_command_of_that_run,
      what_needs_no_new_definition_can_be_retried)

#include "cli/hint.h"

#include "core/job.h"
#include "tests/support/lines.h"
#include "tests/support/suite.h"

static void expect_for_run(const char *reason, const char *text)
{
    AUTO_BUF(line, 4096);
    hint_put_for_run(&line, &(struct hint_of){.reason = str_from(reason)}, STR("shop.orders"),
                     7);
    ck_assert_str_is(buf_str(&line), text);
}

static void expect_for_preview(const char *reason, const char *text)
{
    AUTO_BUF(line, 4096);
    hint_put_for_preview(&line, &(struct hint_of){.reason = str_from(reason)});
    ck_assert_str_is(buf_str(&line), text);
}

/* `reason | error => the beginning of the hint`; a hint that is not expected is none at all. */
static bool is_as_expected(const struct line_case *test)
{
    AUTO_BUF(line, 4096);
    struct hint_of of = {.error = test->input};
    of.reason = str_trim(lines_take_cell(&of.error));
    if (str_is(of.reason, "postgresql"))
        hint_put_for_server(&line, of.error);
    else
        hint_put_for_preview(&line, &of);
    bool is_good = test->expected.len ? str_starts(buf_str(&line), test->expected) : !line.len;
    if (!is_good)
        fprintf(stderr, "%s:%d: %.*s\n", test->path, test->number, STR_ARG(buf_str(&line)));
    return is_good;
}

START_TEST(hints_go_by_cause)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct line_cases all = lines_read(arena, "tests/tables/hints.txt");
    int bad = 0;
    for (size_t i = 0; i < all.count; i++)
        bad += !is_as_expected(&all.items[i]);
    ck_assert_int_eq(bad, 0);
}
END_TEST

START_TEST(every_reason_has_a_hint)
{
    for (enum job_reason reason = REASON_NONE + 1; reason <= REASON_SERVER; reason++) {
        AUTO_BUF(line, 4096);
        const struct hint_of of = {.reason = str_from(job_reason_name(reason))};
        hint_put_for_run(&line, &of, STR("s.t"), 1);
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

SUITE("cli/hint", hints_go_by_cause, every_reason_has_a_hint, what_is_no_reason_has_none,
      a_trace_is_shown_by_a_command_of_that_stream, rejects_are_listed_by_a_command_of_that_run,
      what_needs_no_new_definition_can_be_retried)

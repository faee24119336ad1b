#include "cli/say.h"

#include <stdlib.h>

#include "base/redact.h"
#include "tests/support/command.h"
#include "tests/support/suite.h"

START_TEST(text_is_shown_without_controls_and_secrets)
{
    redact_add(STR("env.T"), STR("s3cret-value"));
    command_capture();
    say_line(stdout, "%s: s3cret-value\x1b]0;x\x07", "a\nb");
    say_text(stderr, STR("\xC2\x9B"
                         "2J\r\xE2\x80\xAE"));
    struct captured captured = command_captured();
    ck_assert_str_eq(captured.out, "a\nb: <env.T>\\u001b]0;x\\u0007\n");
    ck_assert_str_eq(captured.err, "\\u009b2J\\u000d\\u202e");
}
END_TEST

/* JSON leaves DEL, C1 and the marks of direction as they are; a terminal obeys them. */
START_TEST(json_is_one_line_that_a_terminal_can_show)
{
    command_capture();
    say_json(STR("{\"a\":\n\"\xC2\x9B"
                 "2J\x7F\xE2\x80\xAE\"}"));
    struct captured captured = command_captured();
    ck_assert_str_eq(captured.out, "{\"a\": \"\\u009b2J\\u007f\\u202e\"}\n");
}
END_TEST

START_TEST(quiet_leaves_out_notes)
{
    command_capture();
    say_note(stdout, "all good");
    say_set_quiet(true);
    say_note(stdout, "all good");
    say_note(stderr, "a warning");
    say_line(stderr, "an error");
    say_set_quiet(false);
    struct captured captured = command_captured();
    ck_assert_str_eq(captured.out, "all good\n");
    ck_assert_str_eq(captured.err, "an error\n");
}
END_TEST

START_TEST(our_own_sequences_stay)
{
    command_capture();
    say_sequence(stderr, "\r\033[K");
    ck_assert_str_eq(command_captured().err, "\r\033[K");
}
END_TEST

START_TEST(nothing_prints_past_it)
{
    ck_assert_int_eq(system("tools/check-printing.sh"), 0); // NOLINT
}
END_TEST

SUITE("cli/say", text_is_shown_without_controls_and_secrets,
      json_is_one_line_that_a_terminal_can_show, quiet_leaves_out_notes, our_own_sequences_stay,
      nothing_prints_past_it)

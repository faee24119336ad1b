#include "base/printable.h"

#include "tests/support/suite.h"

static struct str shown(struct str text, enum printable form)
{
    static struct buf buf;
    buf_done(&buf);
    buf_init(&buf, KIB(64));
    printable_put(&buf, text, form);
    return buf_str(&buf);
}

START_TEST(what_drives_a_terminal_is_escaped)
{
    static const struct {
        struct str text;
        const char *line;
    } cases[] = {
        {STR_INIT("plain, äöü, 税率, 👍"), "plain, äöü, 税率, 👍"},
        {STR_INIT("\x1b]0;title\x07\x1b[2J"), "\\u001b]0;title\\u0007\\u001b[2J"},
        {STR_INIT("a\rb\x08\x7f"), "a\\u000db\\u0008\\u007f"},
        {STR_INIT("\xC2\x9B"
                  "31m"),
         "\\u009b31m"},
        {STR_INIT("\x9B"
                  "31m"),
         "\\x9b31m"},
        {STR_INIT("\xE2\x80\xAE"
                  "fdp"),
         "\\u202efdp"},
        {STR_INIT("\xE2\x81\xA6x\xE2\x81\xA9"), "\\u2066x\\u2069"},
        {STR_INIT("\xD8\x9C\xE2\x80\x8E\xE2\x80\xA8"), "\\u061c\\u200e\\u2028"},
        {STR_INIT("\0\xC3"), "\\u0000\\xc3"},
        {STR_INIT("one\ntwo\tthree"), "one\\ntwo\\u0009three"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        ck_assert_str_is(shown(cases[i].text, PRINTABLE_LINE), cases[i].line);
        ck_assert_str_is(shown(str_from(cases[i].line), PRINTABLE_LINE), cases[i].line);
    }
}
END_TEST

START_TEST(each_form_keeps_what_it_needs)
{
    struct str text = STR("a\nb\t\r\"\\\xFF\x1b");
    ck_assert_str_is(shown(text, PRINTABLE_BLOCK), "a\nb\t\\u000d\"\\\\xff\\u001b");
    ck_assert_str_is(shown(text, PRINTABLE_STRING),
                     "a\\nb\\u0009\\u000d\\\"\\\\\xEF\xBF\xBD\\u001b");
    ck_assert_str_is(shown(STR("{\"a\":\t\"\xC2\x9B\x7F\"}\n"), PRINTABLE_JSON),
                     "{\"a\": \"\\u009b\\u007f\"} ");
}
END_TEST

START_TEST(clean_text_is_not_copied)
{
    struct arena *arena = arena_new();
    struct str text = STR("clean");
    ck_assert_ptr_eq(printable_str(arena, text, PRINTABLE_LINE).ptr, text.ptr);
    arena_free(arena);
}
END_TEST

START_TEST(fixed_buffers_are_cut_at_a_character)
{
    char text[10] = "\x1b[2J";
    printable_cstr(text, sizeof text);
    ck_assert_str_eq(text, "\\u001b[2J");
    char full[8] = "\x07"
                   "äx";
    printable_cstr(full, sizeof full);
    ck_assert_str_eq(full, "\\u0007");
}
END_TEST

SUITE("base/printable", what_drives_a_terminal_is_escaped, each_form_keeps_what_it_needs,
      clean_text_is_not_copied, fixed_buffers_are_cut_at_a_character)

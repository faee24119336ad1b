#include "base/date_text.h"

#include "base/date.h"
#include "tests/support/lines.h"
#include "tests/support/suite.h"

static bool parse(struct str how, struct str text, int64_t *ret_us)
{
    if (str_is(how, "rfc2822"))
        return date_parse_rfc2822(text, ret_us);
    if (str_is(how, "dotnet"))
        return date_parse_dotnet(text, ret_us);
    if (str_is(how, "epoch_s"))
        return date_parse_epoch(text, 0, ret_us);
    if (str_is(how, "epoch_ms"))
        return date_parse_epoch(text, 3, ret_us);
    if (str_is(how, "epoch_us"))
        return date_parse_epoch(text, 6, ret_us);
    ck_assert_msg(date_pattern_is_known(how), "%.*s", STR_ARG(how));
    return date_parse_pattern(text, how, ret_us);
}

/* `how | text`. */
static void check_line(const struct line_case *one)
{
    enum { UNTOUCHED = 42 };
    struct str text = one->input, how = lines_take_cell(&text);
    int64_t us = UNTOUCHED;
    bool taken = parse(how, text, &us);
    AUTO_BUF(came, 64);
    if (taken)
        date_format_rfc3339(&came, us);
    else
        buf_puts(&came, "-");
    ck_assert_msg(str_eq(buf_str(&came), one->expected), "%s:%d: %.*s", one->path, one->number,
                  STR_ARG(buf_str(&came)));
    ck_assert(taken || us == UNTOUCHED);
}

START_TEST(reads_the_table)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct line_cases all = lines_read(arena, "tests/tables/date_text.txt");
    for (size_t i = 0; i < all.count; i++)
        check_line(&all.items[i]);
}
END_TEST

START_TEST(knows_its_directives)
{
    ck_assert(date_pattern_is_known(STR("%d.%m.%Y %%")));
    ck_assert(!date_pattern_is_known(STR("%Q")));
    ck_assert(!date_pattern_is_known(STR("%Y%")));
    ck_assert(!date_pattern_is_known(((struct str){"%\0", 2})));
}
END_TEST

SUITE("base/date_text", reads_the_table, knows_its_directives)

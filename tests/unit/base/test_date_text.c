#include "base/date_text.h"

#include "base/date.h"
#include "base/file.h"
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

static struct str take_column(struct str *rest)
{
    struct str bar = STR(" | ");
    ptrdiff_t at = str_find(*rest, bar);
    struct str head = at < 0 ? *rest : str_slice(*rest, 0, (size_t)at);
    *rest = at < 0 ? STR_NONE : str_slice(*rest, (size_t)at + bar.len, rest->len);
    return head;
}

static void check_line(struct str line, int number)
{
    enum { UNTOUCHED = 42 };
    struct str rest = line, how = take_column(&rest), text = take_column(&rest);
    int64_t us = UNTOUCHED;
    bool taken = parse(how, text, &us);
    AUTO_BUF(came, 64);
    if (taken)
        date_format_rfc3339(&came, us);
    else
        buf_puts(&came, "-");
    ck_assert_msg(str_eq(buf_str(&came), rest), "date_text.txt:%d: %.*s", number,
                  STR_ARG(buf_str(&came)));
    ck_assert(taken || us == UNTOUCHED);
}

START_TEST(reads_the_table)
{
    AUTO_BUF(text, KIB(64));
    struct err err = ERR_INIT;
    ck_assert_ok(file_read("tests/tables/date_text.txt", &text, &err), err);
    struct str rest = buf_str(&text);
    for (int number = 1; rest.len; number++) {
        struct str line;
        rest = str_cut(rest, '\n', &line);
        if (line.len && line.ptr[0] != '#')
            check_line(line, number);
    }
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

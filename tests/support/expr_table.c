#include "tests/support/expr_table.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/suite.h"

static int wrong_count; /* all wrong rows of a table are told before the test fails */

/* At the last arrow; without one, the whole line is input. */
static void split_row(struct expr_row *row)
{
    struct str arrow = STR("-> "), text = row->input;
    for (size_t i = text.len; i-- > 0;) {
        if (!str_starts(str_slice(text, i, text.len), arrow))
            continue;
        row->input = str_trim(str_slice(text, 0, i));
        row->expected = str_trim(str_slice(text, i + arrow.len, text.len));
        return;
    }
}

int expr_table_each(const char *name, expr_row_fn fn, void *ctx)
{
    FILE *file = fopen(name, "r");
    ck_assert_msg(file, "%s: run at the project's root", name);
    size_t size = 0;
    char *line = NULL;
    ssize_t len;
    int called = 0;
    for (int number = 1; (len = getline(&line, &size, file)) >= 0; number++) {
        struct str text = {line, (size_t)len - (len && line[len - 1] == '\n')};
        if (!text.len || text.ptr[0] == '#')
            continue;
        struct expr_row row = {name, number, text, STR_NONE};
        split_row(&row);
        fn(ctx, &row);
        called++;
    }
    free(line);
    fclose(file);
    ck_assert_msg(!wrong_count, "%d rows of %s are wrong", wrong_count, name);
    return called;
}

static bool find(void *ctx, struct str name, struct arena *arena, struct value *ret)
{
    (void)arena;
    const struct value *context = ctx;
    *ret = value_get(*context, name);
    return ret->kind != VALUE_UNDEFINED;
}

struct expr_scope expr_table_scope(struct value *context)
{
    return (struct expr_scope){
        .find = find, .ctx = context, .now_us = (int64_t)1767323045 * 1000000};
}

static void complain(const struct expr_row *row, const char *what, struct str shown)
{
    wrong_count++;
    fprintf(stderr, "%s:%d: expected %.*s, got %s: %.*s\n", row->file, row->line,
            STR_ARG(row->expected), what, STR_ARG(shown));
}

static void check_message(const struct expr_row *row, char mark, const struct err *err)
{
    struct str part = str_trim(str_slice(row->expected, 1, row->expected.len));
    bool as_expected = row->expected.len && row->expected.ptr[0] == mark;
    if (!as_expected || str_find(str_from(err->text), part) < 0)
        complain(row, mark == 'S' ? "a refusal" : "a failure", str_from(err->text));
}

static void check_value(const struct expr_row *row, struct value value)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(shown, MIB(64));
    struct err err = ERR_INIT;
    struct value wanted;
    value_format(&shown, value);
    if (value.kind == VALUE_UNDEFINED || value.kind == VALUE_OMIT) {
        const char *name = value.kind == VALUE_OMIT ? "omit" : "undefined";
        if (!str_is(row->expected, name))
            complain(row, "the value", str_from(name));
        return;
    }
    if (!value_parse(arena, row->expected, (struct value_hole){0}, &wanted, &err) ||
        !value_same(value, wanted))
        complain(row, "the value", buf_str(&shown));
}

void expr_row_check(const struct expr_row *row, enum expr_outcome outcome, struct value value,
                    const struct err *err)
{
    if (outcome == OUTCOME_VALUE)
        check_value(row, value);
    else
        check_message(row, outcome == OUTCOME_REFUSED ? 'S' : 'E', err);
}

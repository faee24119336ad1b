#include "tests/support/expr_table.h"

#include <stdio.h>

#include "tests/support/suite.h"

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

struct value expr_table_json(struct arena *arena, struct str text)
{
    struct err err = ERR_INIT;
    struct value value;
    ck_assert_ok(value_parse(arena, text, VALUE_WHOLE, &value, &err), err);
    return value;
}

static bool complain(const struct line_case *one, const char *what, struct str shown)
{
    fprintf(stderr, "%s:%d: expected %.*s, got %s: %.*s\n", one->path, one->number,
            STR_ARG(one->expected), what, STR_ARG(shown));
    return false;
}

static bool agrees_message(const struct line_case *one, char mark, struct str message)
{
    struct str part = str_trim(str_slice(one->expected, 1, one->expected.len));
    bool as_expected = one->expected.len && one->expected.ptr[0] == mark;
    return (as_expected && str_find(message, part) >= 0) ||
           complain(one, mark == 'S' ? "a refusal" : "a failure", message);
}

static bool agrees_value(const struct line_case *one, struct value value)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(shown, MIB(64));
    struct err err = ERR_INIT;
    struct value wanted;
    if (value.kind == VALUE_UNDEFINED)
        buf_puts(&shown, "undefined");
    else if (value.kind == VALUE_OMIT)
        buf_puts(&shown, "omit");
    else
        value_format(&shown, value);
    bool is_right = value.kind == VALUE_UNDEFINED || value.kind == VALUE_OMIT
                        ? str_eq(one->expected, buf_str(&shown))
                        : value_parse(arena, one->expected, VALUE_WHOLE, &wanted, &err) &&
                              value_same(value, wanted);
    return is_right || complain(one, "the value", buf_str(&shown));
}

bool expr_table_agrees(const struct line_case *one, enum expr_outcome outcome,
                       struct value value, const struct err *err)
{
    if (outcome == OUTCOME_VALUE)
        return agrees_value(one, value);
    return agrees_message(one, outcome == OUTCOME_REFUSED ? 'S' : 'E', str_from(err->text));
}

#include "core/expr/test.h"

#include "core/expr/number.h"
#include "core/expr/ops.h"

/* The tests, each as Jinja2 has it (jinja2/tests.py). */

/* --- kinds --- */

#define TEST(name, holds)                                                                      \
    static bool name(struct eval *ev, const struct call *call, struct value *ret)              \
    {                                                                                          \
        struct value subject = call->subject;                                                  \
        (void)ev;                                                                              \
        *ret = value_bool(holds);                                                              \
        return true;                                                                           \
    }
TEST(test_defined, subject.kind != VALUE_UNDEFINED)
TEST(test_undefined, subject.kind == VALUE_UNDEFINED)
/* The one departure from Jinja2: what is not there is none, too. */
TEST(test_none, subject.kind == VALUE_NULL || subject.kind == VALUE_UNDEFINED)
TEST(test_number, number_is_numeric(subject))
TEST(test_integer, subject.kind == VALUE_NUMBER && number_is_integer(subject.text))
TEST(test_float, subject.kind == VALUE_NUMBER && !number_is_integer(subject.text))
TEST(test_string, subject.kind == VALUE_STRING)
TEST(test_boolean, subject.kind == VALUE_BOOL)
TEST(test_true, subject.kind == VALUE_BOOL && subject.boolean)
TEST(test_false, subject.kind == VALUE_BOOL && !subject.boolean)
TEST(test_mapping, subject.kind == VALUE_MAP)
/* All that has a length, as in Jinja2: an undefined value, too. */
TEST(test_sequence, subject.kind == VALUE_LIST || subject.kind == VALUE_STRING ||
                        subject.kind == VALUE_MAP || subject.kind == VALUE_UNDEFINED)
#undef TEST

/* --- arithmetic --- */

/* subject % divisor == rest */
static bool modulo_is(struct eval *ev, struct value subject, struct value divisor,
                      struct value rest, struct value *ret)
{
    struct value modulo;
    if (!number_is_numeric(subject) && number_is_numeric(divisor))
        return eval_fail(ev, "not a number: %s", eval_show(ev, subject));
    if (!ops_binary(ev, OP_MOD, subject, divisor, &modulo))
        return false;
    *ret = value_bool(ops_equal(ev, modulo, rest));
    return true;
}

static bool test_odd(struct eval *ev, const struct call *call, struct value *ret)
{
    return modulo_is(ev, call->subject, value_number(STR("2")), value_number(STR("1")), ret);
}

static bool test_even(struct eval *ev, const struct call *call, struct value *ret)
{
    return modulo_is(ev, call->subject, value_number(STR("2")), value_number(STR("0")), ret);
}

static bool test_divisibleby(struct eval *ev, const struct call *call, struct value *ret)
{
    return modulo_is(ev, call->subject, call->args[0], value_number(STR("0")), ret);
}

/* --- comparison --- */

static bool compare(struct eval *ev, const struct call *call, enum op op, struct value *ret)
{
    bool holds;
    if (!ops_compare(ev, op, call->subject, call->args[0], &holds))
        return false;
    *ret = value_bool(holds);
    return true;
}

#define COMPARISON(name, op)                                                                   \
    static bool name(struct eval *ev, const struct call *call, struct value *ret)              \
    {                                                                                          \
        return compare(ev, call, op, ret);                                                     \
    }
COMPARISON(test_eq, OP_EQ)
COMPARISON(test_ne, OP_NE)
COMPARISON(test_in, OP_IN)
COMPARISON(test_gt, OP_GT)
COMPARISON(test_ge, OP_GE)
COMPARISON(test_lt, OP_LT)
COMPARISON(test_le, OP_LE)
#undef COMPARISON

const struct callable test_table[] = {
    {"defined", test_defined, {0}, 0, 0},
    {"undefined", test_undefined, {0}, 0, 0},
    {"none", test_none, {0}, 0, 0},
    {"number", test_number, {0}, 0, 0},
    {"integer", test_integer, {0}, 0, 0},
    {"float", test_float, {0}, 0, 0},
    {"string", test_string, {0}, 0, 0},
    {"boolean", test_boolean, {0}, 0, 0},
    {"true", test_true, {0}, 0, 0},
    {"false", test_false, {0}, 0, 0},
    {"mapping", test_mapping, {0}, 0, 0},
    {"sequence", test_sequence, {0}, 0, 0},
    {"iterable", test_sequence, {0}, 0, 0},
    {"odd", test_odd, {0}, 0, 0},
    {"even", test_even, {0}, 0, 0},
    {"divisibleby", test_divisibleby, {"num"}, 1, 1},
    {"equalto", test_eq, {"other"}, 1, 1},
    {"eq", test_eq, {"other"}, 1, 1},
    {"ne", test_ne, {"other"}, 1, 1},
    {"in", test_in, {"seq"}, 1, 1},
    {"gt", test_gt, {"other"}, 1, 1},
    {"ge", test_ge, {"other"}, 1, 1},
    {"lt", test_lt, {"other"}, 1, 1},
    {"le", test_le, {"other"}, 1, 1},
    {"greaterthan", test_gt, {"other"}, 1, 1},
    {"lessthan", test_lt, {"other"}, 1, 1},
    {0},
};

/* As selectattr may write them: `==` for eq. */
static const struct {
    const char *sign, *name;
} signs[] = {{"==", "eq"}, {"!=", "ne"}, {">", "gt"}, {">=", "ge"}, {"<", "lt"}, {"<=", "le"}};

const struct callable *test_find(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(signs); i++)
        if (str_is(name, signs[i].sign))
            name = str_from(signs[i].name);
    return call_find(test_table, name);
}

const char *test_nearest(struct str name)
{
    int best = CALL_DISTANCE_MAX;
    return call_nearest(test_table, name, NULL, &best);
}

#include "core/expr/filter.h"

#include <math.h>
#include <string.h>

#include "core/decimal.h"
#include "core/expr/number.h"
#include "core/expr/number_parse.h"
#include "core/expr/text.h"

/* default, conversions and filters on numbers. */

static bool filter_default(struct eval *ev, const struct call *call, struct value *ret)
{
    (void)ev;
    bool replace = call->subject.kind == VALUE_UNDEFINED ||
                   (call_flag(call, 1) && !value_is_true(call->subject));
    struct value fallback = call->given[0] ? call->args[0] : value_string(STR(""));
    *ret = replace ? fallback : call->subject;
    return true;
}

/* --- int, float --- */

static bool int_of_number(struct eval *ev, struct str text, struct value *ret)
{
    struct str whole;
    if (!decimal_truncate(ev->arena, text, NUMBER_DIGITS_MAX, &whole))
        return eval_fail(ev, "%.*s is too large", (int)MIN(text.len, (size_t)200), text.ptr);
    *ret = value_number(whole);
    return true;
}

static bool int_of_text(struct eval *ev, struct str text, int64_t base, struct value *ret)
{
    struct str digits, whole;
    bool special;
    if (number_parse_int(ev->arena, text, (int)base, &digits))
        *ret = value_number(digits);
    else if (number_parse_float(ev->arena, text, &digits, &special) && !special &&
             decimal_truncate(ev->arena, digits, NUMBER_DIGITS_MAX, &whole))
        *ret = value_number(whole);
    return true;
}

static bool filter_int(struct eval *ev, const struct call *call, struct value *ret)
{
    int64_t base;
    struct value fallback = call->given[0] ? call->args[0] : value_number(STR("0"));
    if (!call_int(ev, call, 1, 10, &base))
        return false;
    if (base != 0 && (base < 2 || base > 36))
        base = 10;
    *ret = fallback;
    switch (call->subject.kind) {
    case VALUE_UNDEFINED:
        return eval_fail_undefined(ev, call->subject);
    case VALUE_BOOL:
        *ret = value_int(ev->arena, call->subject.boolean);
        return true;
    case VALUE_NUMBER:
        return int_of_number(ev, call->subject.text, ret);
    case VALUE_STRING:
        return int_of_text(ev, call->subject.text, base, ret);
    default:
        return true;
    }
}

static bool float_of_text(struct eval *ev, struct str text, struct value *ret)
{
    struct str digits;
    struct number number;
    bool special = false;
    if (!number_parse_float(ev->arena, text, &digits, &special))
        return true;
    if (special)
        return eval_fail(ev, "%.*s is not a finite number", STR_ARG(str_trim(text)));
    if (number_is_integer(digits))
        digits = arena_printf(ev->arena, "%.*s.0", STR_ARG(digits));
    return number_read(ev, value_number(digits), &number) &&
           number_from_real(ev, number.real, ret);
}

static bool filter_float(struct eval *ev, const struct call *call, struct value *ret)
{
    *ret = call->given[0] ? call->args[0] : value_number(STR("0.0"));
    switch (call->subject.kind) {
    case VALUE_UNDEFINED:
        return eval_fail_undefined(ev, call->subject);
    case VALUE_BOOL:
        *ret = value_number(call->subject.boolean ? STR("1.0") : STR("0.0"));
        return true;
    case VALUE_NUMBER:
    case VALUE_STRING:
        return float_of_text(ev, call->subject.text, ret);
    default:
        return true;
    }
}

/* --- bool, string --- */

/* White space around a word does not count here. */
static bool filter_bool(struct eval *ev, const struct call *call, struct value *ret)
{
    if (call->subject.kind != VALUE_STRING) {
        *ret = value_bool(value_is_true(call->subject));
        return true;
    }
    int flag = value_flag(value_string(str_trim(call->subject.text)));
    if (flag < 0)
        return eval_fail(ev, "neither yes nor no: %s", eval_show(ev, call->subject));
    *ret = value_bool(flag);
    return true;
}

static bool filter_string(struct eval *ev, const struct call *call, struct value *ret)
{
    struct str text;
    if (!text_read(ev, call->subject, &text))
        return false;
    *ret = value_string(text);
    return true;
}

/* --- round, abs --- */

/* Digits left of the point: half to even, as Python rounds. */
static double round_left(double real, int64_t digits)
{
    double scale = pow(10, (double)digits);
    return isfinite(scale) ? rint(real / scale) * scale : 0;
}

/* printf rounds the exact binary value, half to even: what Python's round does. */
static bool round_real(struct eval *ev, double real, int64_t precision, struct value *ret)
{
    if (precision < 0)
        return number_from_real(ev, round_left(real, -precision), ret);
    if (precision > 300)
        return number_from_real(ev, real, ret);
    struct str text = arena_printf(ev->arena, "%.*f", (int)precision, real);
    return number_from_real(ev, strtod(text.ptr, NULL), ret);
}

static bool round_integer(struct eval *ev, struct value subject, int64_t precision,
                          struct value *ret)
{
    struct number number;
    if (precision >= 0 && subject.kind == VALUE_NUMBER) {
        *ret = subject;
        return true;
    }
    if (!number_read(ev, subject, &number))
        return false;
    int64_t scale = 1;
    for (; precision < 0; precision++)
        if (__builtin_mul_overflow(scale, 10, &scale)) {
            *ret = value_int(ev->arena, 0);
            return true;
        }
    int64_t rest = number.integer % scale, down = number.integer - rest;
    uint64_t twice = 2 * (rest < 0 ? 0 - (uint64_t)rest : (uint64_t)rest);
    bool away =
        twice > (uint64_t)scale || (twice == (uint64_t)scale && (down / scale) % 2 != 0);
    if (away && __builtin_add_overflow(down, rest < 0 ? -scale : scale, &down))
        return eval_fail(ev, "the result is beyond the 64 bits of arithmetic");
    *ret = value_int(ev->arena, down);
    return true;
}

static bool round_towards(struct eval *ev, double real, int64_t precision, bool up,
                          struct value *ret)
{
    double scale = pow(10, (double)precision);
    double moved = up ? ceil(real * scale) : floor(real * scale);
    return number_from_real(ev, moved / scale, ret);
}

static bool filter_round(struct eval *ev, const struct call *call, struct value *ret)
{
    int64_t precision;
    struct str method;
    struct number number;
    if (!call_int(ev, call, 0, 0, &precision) ||
        !call_text(ev, call, 1, STR("common"), &method))
        return false;
    bool up = str_is(method, "ceil"), down = str_is(method, "floor");
    if (!up && !down && !str_is(method, "common"))
        return eval_fail(ev, "the method of round is common, ceil or floor");
    struct value subject = call->subject;
    bool is_integer = subject.kind == VALUE_BOOL ||
                      (subject.kind == VALUE_NUMBER && number_is_integer(subject.text));
    if (is_integer && !up && !down)
        return round_integer(ev, subject, precision, ret);
    if (!number_read(ev, subject, &number))
        return false;
    return up || down ? round_towards(ev, number.real, precision, up, ret)
                      : round_real(ev, number.real, precision, ret);
}

static bool filter_abs(struct eval *ev, const struct call *call, struct value *ret)
{
    struct number number;
    struct value zero = value_number(STR("0"));
    if (!number_is_numeric(call->subject))
        return eval_fail(ev, "not a number: %s", eval_show(ev, call->subject));
    if (number_compare(call->subject, zero) < 0)
        return number_negate(ev, call->subject, ret);
    if (!number_read(ev, call->subject, &number))
        return false;
    *ret =
        call->subject.kind == VALUE_BOOL ? value_int(ev->arena, number.integer) : call->subject;
    if (number.is_real && number.real == 0)
        return number_from_real(ev, 0, ret);
    return true;
}

const struct callable filter_basic_table[] = {
    {"default", filter_default, {"default_value", "boolean"}, 2, 0},
    {"d", filter_default, {"default_value", "boolean"}, 2, 0},
    {"int", filter_int, {"default", "base"}, 2, 0},
    {"float", filter_float, {"default"}, 1, 0},
    {"string", filter_string, {0}, 0, 0},
    {"bool", filter_bool, {0}, 0, 0},
    {"round", filter_round, {"precision", "method"}, 2, 0},
    {"abs", filter_abs, {0}, 0, 0},
    {0},
};

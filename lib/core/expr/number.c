#include "core/expr/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/decimal.h"

/*
 * Numbers are text until arithmetic touches them, so that what only passes through keeps every
 * digit: 12345678901234567890 or 0.10 comes out as it went in. Arithmetic reads one of two
 * kinds, by Python's rules:
 *
 *     integer   no point and no exponent; 64 bits. Overflow is an error, never a wrap and
 *               never a silent double: `2**63` fails.
 *     real      all else; an IEEE double, printed as Python's repr: `0.1 + 0.2` gives
 *               0.30000000000000004. NaN and infinity never become a value.
 *
 * integer op integer stays an integer except for `/`; one real operand makes the result real.
 * Comparison and hashing go by the decimal digits (core/decimal.h), never through a double:
 * 9007199254740993 and 9007199254740992.0 differ.
 */

bool number_is_integer(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '.' || (text.ptr[i] | 0x20) == 'e')
            return false;
    return true;
}

bool number_is_numeric(struct value value)
{
    return value.kind == VALUE_NUMBER || value.kind == VALUE_BOOL;
}

static bool read_real(struct eval *ev, struct str text, double *ret)
{
    char small[64];
    const char *digits = small;
    if (text.len < sizeof small) {
        memcpy(small, text.ptr, text.len);
        small[text.len] = '\0';
    } else {
        digits = arena_cstr(ev->arena, text);
    }
    double real = strtod(digits, NULL);
    if (!isfinite(real))
        return eval_fail(ev, "%s is too large for arithmetic",
                         eval_show(ev, value_number(text)));
    *ret = real;
    return true;
}

bool number_read(struct eval *ev, struct value value, struct number *ret)
{
    if (value.kind == VALUE_BOOL) {
        *ret = (struct number){.integer = value.boolean, .real = value.boolean};
        return true;
    }
    if (value.kind != VALUE_NUMBER)
        return eval_fail(ev, "not a number: %s", eval_show(ev, value));
    struct number number = {.is_real = !number_is_integer(value.text)};
    if (number.is_real) {
        if (!read_real(ev, value.text, &number.real))
            return false;
    } else {
        if (!str_to_int64(value.text, &number.integer))
            return eval_fail(ev, "%s is beyond the 64 bits of arithmetic",
                             eval_show(ev, value));
        number.real = (double)number.integer;
    }
    *ret = number;
    return true;
}

/* --- to text --- */

/* Python's float.__repr__ (Python/pystrtod.c, format_float_short with 'r'). */
struct str number_format_real(struct arena *arena, double real)
{
    char digits[40];
    int precision = 0;
    do {
        snprintf(digits, sizeof digits, "%.*e", precision++, real);
    } while (precision <= 17 && strtod(digits, NULL) != real);
    char *e = strchr(digits, 'e');
    int exponent = (int)strtol(e + 1, NULL, 10);
    if (exponent < -4 || exponent >= 16)
        return arena_printf(arena, "%.*se%c%02d", (int)(e - digits), digits,
                            exponent < 0 ? '-' : '+', abs(exponent));
    int decimals = MAX(precision - 1 - exponent, 1);
    return arena_printf(arena, "%.*f", decimals, real);
}

bool number_from_real(struct eval *ev, double real, struct value *ret)
{
    if (!isfinite(real))
        return eval_fail(ev, "the result is not a finite number");
    *ret = value_number(number_format_real(ev->arena, real));
    return true;
}

static bool from_int(struct eval *ev, bool overflow, int64_t number, struct value *ret)
{
    if (overflow)
        return eval_fail(ev, "the result is beyond the 64 bits of arithmetic");
    *ret = value_int(ev->arena, number);
    return true;
}

/* --- comparison --- */

static struct str digits_of(struct value value)
{
    if (value.kind == VALUE_BOOL)
        return value.boolean ? STR("1") : STR("0");
    return value.text;
}

int number_compare(struct value a, struct value b)
{
    return decimal_compare(digits_of(a), digits_of(b));
}

uint64_t number_hash(struct value value)
{
    return decimal_hash(digits_of(value));
}

/* --- arithmetic --- */

static bool floor_divide(struct eval *ev, int64_t a, int64_t b, struct value *ret)
{
    if (a == INT64_MIN && b == -1)
        return from_int(ev, true, 0, ret);
    int64_t quotient = a / b;
    return from_int(ev, false, quotient - (a % b != 0 && (a < 0) != (b < 0)), ret);
}

static bool floor_modulo(struct eval *ev, int64_t a, int64_t b, struct value *ret)
{
    int64_t rest = b == -1 ? 0 : a % b;
    return from_int(ev, false, rest && (rest < 0) != (b < 0) ? rest + b : rest, ret);
}

static uint64_t absolute(int64_t number)
{
    return number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
}

/*
 * a / b rounded once: the quotient of the shifted dividend has at least 63 bits, its last one
 * made sticky, so that the conversion to double rounds correctly.
 */
static double divide_integers(int64_t a, int64_t b)
{
    if (a == 0)
        return 0;
    uint64_t dividend = absolute(a), divisor = absolute(b);
    int shift = 63 + __builtin_clzll(dividend);
    unsigned __int128 wide = (unsigned __int128)dividend << shift;
    unsigned __int128 quotient = wide / divisor;
    quotient |= wide % divisor != 0;
    double real = ldexp((double)quotient, -shift);
    return (a < 0) != (b < 0) ? -real : real;
}

/* a^b by squaring; false on overflow. b >= 0. */
static bool power_of_integers(int64_t a, int64_t b, int64_t *ret)
{
    int64_t result = 1;
    while (b) {
        if ((b & 1) && __builtin_mul_overflow(result, a, &result))
            return false;
        b >>= 1;
        if (b && __builtin_mul_overflow(a, a, &a))
            return false;
    }
    *ret = result;
    return true;
}

static bool integer_power(struct eval *ev, int64_t a, int64_t b, struct value *ret)
{
    if (b < 0 && a == 0)
        return eval_fail(ev, "0 cannot be raised to a negative power");
    if (b < 0)
        return number_from_real(ev, pow((double)a, (double)b), ret);
    int64_t result = 0;
    bool fits = power_of_integers(a, b, &result);
    return from_int(ev, !fits, result, ret);
}

static bool integer_binary(struct eval *ev, enum op op, int64_t a, int64_t b, struct value *ret)
{
    int64_t result = 0;
    bool overflow;
    switch (op) {
    case OP_ADD:
        overflow = __builtin_add_overflow(a, b, &result);
        return from_int(ev, overflow, result, ret);
    case OP_SUB:
        overflow = __builtin_sub_overflow(a, b, &result);
        return from_int(ev, overflow, result, ret);
    case OP_MUL:
        overflow = __builtin_mul_overflow(a, b, &result);
        return from_int(ev, overflow, result, ret);
    case OP_DIV:
        return number_from_real(ev, divide_integers(a, b), ret);
    case OP_FLOORDIV:
        return floor_divide(ev, a, b, ret);
    case OP_MOD:
        return floor_modulo(ev, a, b, ret);
    default:
        return integer_power(ev, a, b, ret);
    }
}

/* CPython, Objects/floatobject.c, _float_div_mod. */
static void divide_reals(double a, double b, double *ret_floor, double *ret_modulo)
{
    double rest = fmod(a, b);
    double quotient = (a - rest) / b;
    if (rest != 0) {
        if ((b < 0) != (rest < 0)) {
            rest += b;
            quotient -= 1;
        }
    } else {
        rest = copysign(0, b);
    }
    double whole = copysign(0, a / b);
    if (quotient != 0) {
        whole = floor(quotient);
        whole += quotient - whole > 0.5;
    }
    *ret_floor = whole;
    *ret_modulo = rest;
}

static bool real_power(struct eval *ev, double a, double b, struct value *ret)
{
    if (a == 0 && b < 0)
        return eval_fail(ev, "0 cannot be raised to a negative power");
    if (a < 0 && b != floor(b))
        return eval_fail(ev, "a negative number cannot be raised to a fraction");
    return number_from_real(ev, pow(a, b), ret);
}

static bool real_binary(struct eval *ev, enum op op, double a, double b, struct value *ret)
{
    double whole, rest;
    switch (op) {
    case OP_ADD:
        return number_from_real(ev, a + b, ret);
    case OP_SUB:
        return number_from_real(ev, a - b, ret);
    case OP_MUL:
        return number_from_real(ev, a * b, ret);
    case OP_DIV:
        return number_from_real(ev, a / b, ret);
    case OP_POW:
        return real_power(ev, a, b, ret);
    default:
        divide_reals(a, b, &whole, &rest);
        return number_from_real(ev, op == OP_MOD ? rest : whole, ret);
    }
}

bool number_binary(struct eval *ev, enum op op, struct value a, struct value b,
                   struct value *ret)
{
    struct number x, y;
    if (!number_read(ev, a, &x) || !number_read(ev, b, &y))
        return false;
    bool divides = op == OP_DIV || op == OP_FLOORDIV || op == OP_MOD;
    if (divides && (y.is_real ? y.real == 0 : y.integer == 0))
        return eval_fail(ev, "division by zero");
    if (x.is_real || y.is_real)
        return real_binary(ev, op, x.real, y.real, ret);
    return integer_binary(ev, op, x.integer, y.integer, ret);
}

/* The sign of an integer is turned in its text, so that -9223372036854775808 can be written. */
static bool negate_integer(struct eval *ev, struct str text, struct value *ret)
{
    int64_t number;
    struct str turned = text.ptr[0] == '-' ? str_slice(text, 1, text.len)
                                           : arena_printf(ev->arena, "-%.*s", STR_ARG(text));
    bool fits = str_to_int64(turned, &number);
    return from_int(ev, !fits, fits ? number : 0, ret);
}

bool number_negate(struct eval *ev, struct value value, struct value *ret)
{
    struct number number;
    if (value.kind == VALUE_NUMBER && number_is_integer(value.text))
        return negate_integer(ev, value.text, ret);
    if (!number_read(ev, value, &number))
        return false;
    if (number.is_real)
        return number_from_real(ev, -number.real, ret);
    return from_int(ev, false, -number.integer, ret);
}

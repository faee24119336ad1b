#include "core/expr/number_parse.h"

#include <string.h>

#include "core/expr/text.h"

/*
 * Numbers in strings, as Python's int() and float() read them (Lexical analysis, 2.4.5 and
 * 2.4.6; white space and underscores included), turned into JSON number text.
 */

enum { DIGITS_MAX = 4300 }; /* Python's own ceiling for int() */

int number_parse_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

static bool skip_sign(struct str *text)
{
    bool negative = text->len && text->ptr[0] == '-';
    if (negative || (text->len && text->ptr[0] == '+'))
        *text = str_slice(*text, 1, text->len);
    return negative;
}

/*
 * Digits of the base from the front of *text, single underscores between them left out;
 * appended to `out`. False where there is none or an underscore is not between digits.
 */
static bool take_digits(struct str *text, int base, char *out, size_t *len)
{
    size_t i = 0;
    bool after_digit = false;
    for (; i < text->len; i++) {
        char c = text->ptr[i];
        if (c == '_' && after_digit) {
            after_digit = false;
            continue;
        }
        if (number_parse_digit(c) >= base)
            break;
        out[(*len)++] = c;
        after_digit = true;
    }
    if (!after_digit)
        return false;
    *text = str_slice(*text, i, text->len);
    return true;
}

/* 0x, 0o, 0b where the base allows it; base 0 takes what the prefix says. */
static int skip_prefix(struct str *text, int base)
{
    static const char letters[] = {'x', 'o', 'b'};
    static const int bases[] = {16, 8, 2};
    for (size_t i = 0; i < COUNT_OF(bases); i++) {
        if ((base != 0 && base != bases[i]) || text->len < 3 || text->ptr[0] != '0' ||
            (text->ptr[1] | 0x20) != letters[i])
            continue;
        *text = str_slice(*text, 2 + (text->ptr[2] == '_'), text->len);
        return bases[i];
    }
    return base;
}

static struct str with_sign(struct arena *arena, bool negative, struct str digits)
{
    size_t zeros = 0;
    while (zeros + 1 < digits.len && digits.ptr[zeros] == '0')
        zeros++;
    digits = str_slice(digits, zeros, digits.len);
    if (str_is(digits, "0"))
        negative = false;
    return arena_printf(arena, "%s%.*s", negative ? "-" : "", STR_ARG(digits));
}

static bool convert_base(struct arena *arena, bool negative, struct str digits, int base,
                         struct str *ret)
{
    uint64_t number = 0;
    for (size_t i = 0; i < digits.len; i++)
        if (__builtin_mul_overflow(number, (uint64_t)base, &number) ||
            __builtin_add_overflow(number, (uint64_t)number_parse_digit(digits.ptr[i]),
                                   &number))
            return false;
    struct str text = arena_printf(arena, "%llu", (unsigned long long)number);
    *ret = with_sign(arena, negative, text);
    return true;
}

bool number_parse_int(struct arena *arena, struct str text, int base, struct str *ret)
{
    text = text_trim(text, NULL);
    bool negative = skip_sign(&text);
    bool guess = base == 0;
    base = skip_prefix(&text, base);
    if (text.len == 0 || text.len > DIGITS_MAX)
        return false;
    char *digits = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    if (!take_digits(&text, base ? base : 10, digits, &len) || text.len)
        return false;
    struct str read = {digits, len};
    bool starts_with_zero = len > 1 && digits[0] == '0';
    if (guess && base == 0 && starts_with_zero && !str_is(with_sign(arena, false, read), "0"))
        return false;
    if (base != 0 && base != 10)
        return convert_base(arena, negative, read, base, ret);
    *ret = with_sign(arena, negative, read);
    return true;
}

static bool is_special(struct str text)
{
    return str_eq_nocase(text, STR("nan")) || str_eq_nocase(text, STR("inf")) ||
           str_eq_nocase(text, STR("infinity"));
}

/* digits [. digits] or . digits, into `out` as JSON wants it: at least one digit each side. */
static bool take_mantissa(struct str *text, char *out, size_t *len)
{
    size_t start = *len;
    bool has_whole = take_digits(text, 10, out, len);
    if (!has_whole)
        out[(*len)++] = '0';
    if (!text->len || text->ptr[0] != '.')
        return has_whole;
    *text = str_slice(*text, 1, text->len);
    out[(*len)++] = '.';
    bool has_fraction = text->len && number_parse_digit(text->ptr[0]) < 10;
    if (has_fraction && !take_digits(text, 10, out, len))
        return false;
    if (!has_fraction)
        out[(*len)++] = '0';
    size_t zeros = start;
    while (out[zeros] == '0' && out[zeros + 1] != '.')
        zeros++;
    memmove(out + start, out + zeros, *len - zeros);
    *len -= zeros - start;
    return has_whole || has_fraction;
}

static bool take_exponent(struct str *text, char *out, size_t *len)
{
    if (!text->len || (text->ptr[0] | 0x20) != 'e')
        return true;
    *text = str_slice(*text, 1, text->len);
    out[(*len)++] = 'e';
    if (skip_sign(text))
        out[(*len)++] = '-';
    return take_digits(text, 10, out, len);
}

static struct str without_zeros(struct str text)
{
    size_t zeros = 0;
    while (zeros + 1 < text.len && text.ptr[zeros] == '0' &&
           number_parse_digit(text.ptr[zeros + 1]) < 10)
        zeros++;
    return str_slice(text, zeros, text.len);
}

bool number_parse_float(struct arena *arena, struct str text, struct str *ret,
                        bool *ret_special)
{
    text = text_trim(text, NULL);
    bool negative = skip_sign(&text);
    *ret_special = is_special(text);
    if (*ret_special)
        return true;
    if (text.len == 0 || text.len > DIGITS_MAX)
        return false;
    char *out = arena_alloc(arena, text.len + 8);
    size_t len = 0;
    if (!take_mantissa(&text, out, &len) || !take_exponent(&text, out, &len) || text.len)
        return false;
    struct str number = without_zeros((struct str){out, len});
    *ret = arena_printf(arena, "%s%.*s", negative ? "-" : "", STR_ARG(number));
    return true;
}

#include "core/decimal.h"

#include <assert.h>

#include "port/hash.h"

static struct str take_digits(struct str *rest)
{
    size_t len = str_count_digits(*rest);
    struct str digits = str_slice(*rest, 0, len);
    *rest = str_slice(*rest, len, rest->len);
    return digits;
}

static bool take_byte(struct str *rest, char byte)
{
    if (rest->len == 0 || rest->ptr[0] != byte)
        return false;
    *rest = str_slice(*rest, 1, rest->len);
    return true;
}

static bool take_exponent(struct str *rest, int *ret_exponent)
{
    bool negative = take_byte(rest, '-');
    if (!negative)
        (void)take_byte(rest, '+');
    struct str digits = take_digits(rest);
    int exponent = 0;
    for (size_t i = 0; i < digits.len; i++)
        exponent = MIN(exponent * 10 + (digits.ptr[i] - '0'), DECIMAL_EXPONENT_MAX);
    *ret_exponent = negative ? -exponent : exponent;
    return digits.len > 0;
}

bool decimal_parse(struct str text, struct decimal *ret)
{
    struct decimal decimal = {.is_negative = take_byte(&text, '-')};
    decimal.whole = take_digits(&text);
    if (decimal.whole.len == 0 || (decimal.whole.len > 1 && decimal.whole.ptr[0] == '0'))
        return false;
    if (take_byte(&text, '.')) {
        decimal.fraction = take_digits(&text);
        if (decimal.fraction.len == 0)
            return false;
    }
    if ((take_byte(&text, 'e') || take_byte(&text, 'E')) &&
        !take_exponent(&text, &decimal.exponent))
        return false;
    if (text.len)
        return false;
    *ret = decimal;
    return true;
}

size_t decimal_leading_zeros(const struct decimal *decimal)
{
    size_t at = 0, count = decimal_count(decimal);
    while (at < count && decimal_digit(decimal, at) == 0)
        at++;
    return at;
}

bool decimal_is_zero(struct str text)
{
    struct decimal decimal;
    return !decimal_parse(text, &decimal) ||
           decimal_leading_zeros(&decimal) == decimal_count(&decimal);
}

/* --- what comparing needs --- */

/*
 * 0.d₁d₂… × 10^magnitude with d₁ not 0. Zero has no digits and is not negative; so two numbers
 * that are equal are equal member by member, but for zeros after the last digit.
 */
struct scientific {
    struct decimal decimal;
    size_t first; /* d₁ among the digits */
    bool is_zero, is_negative;
    int64_t magnitude;
};

static struct scientific scientific_read(struct str text)
{
    struct scientific number = {.is_zero = true};
    if (!decimal_parse(text, &number.decimal))
        return number;
    number.first = decimal_leading_zeros(&number.decimal);
    number.is_zero = number.first == decimal_count(&number.decimal);
    if (number.is_zero)
        return number;
    number.is_negative = number.decimal.is_negative;
    number.magnitude =
        (int64_t)number.decimal.whole.len - (int64_t)number.first + number.decimal.exponent;
    return number;
}

/* dᵢ, i from 0; 0 after the last. */
static int digit_at(const struct scientific *number, size_t i)
{
    size_t at = number->first + i;
    return at < decimal_count(&number->decimal) ? decimal_digit(&number->decimal, at) : 0;
}

static size_t digits_left(const struct scientific *number)
{
    return decimal_count(&number->decimal) - number->first;
}

static int compare_absolute(const struct scientific *a, const struct scientific *b)
{
    if (a->is_zero || b->is_zero)
        return b->is_zero - a->is_zero;
    if (a->magnitude != b->magnitude)
        return a->magnitude < b->magnitude ? -1 : 1;
    size_t count = MAX(digits_left(a), digits_left(b));
    for (size_t i = 0; i < count; i++) {
        int difference = digit_at(a, i) - digit_at(b, i);
        if (difference)
            return difference;
    }
    return 0;
}

int decimal_compare(struct str a, struct str b)
{
    struct scientific x = scientific_read(a), y = scientific_read(b);
    if (x.is_negative != y.is_negative)
        return x.is_negative ? -1 : 1;
    return x.is_negative ? compare_absolute(&y, &x) : compare_absolute(&x, &y);
}

/* Zeros are folded in once a digit follows them: 1, 1.0 and 10e-1 hash alike. */
uint64_t decimal_hash(struct str text)
{
    struct scientific number = scientific_read(text);
    uint64_t hash = hash_fold(number.is_negative, (uint64_t)number.magnitude), zeros = 0;
    for (size_t i = 0; i < digits_left(&number); i++) {
        int digit = digit_at(&number, i);
        if (digit == 0) {
            zeros++;
            continue;
        }
        for (; zeros; zeros--)
            hash = hash_fold(hash, 0);
        hash = hash_fold(hash, (uint64_t)digit);
    }
    return hash;
}

bool decimal_truncate(struct arena *arena, struct str text, size_t digits_max, struct str *ret)
{
    struct scientific number = scientific_read(text);
    if (number.is_zero || number.magnitude <= 0) {
        *ret = STR("0");
        return true;
    }
    assert(digits_left(&number) > 0);
    size_t count = (size_t)number.magnitude;
    if (count > digits_max)
        return false;
    char *digits = arena_alloc(arena, count + 1);
    size_t len = 0;
    if (number.is_negative)
        digits[len++] = '-';
    for (size_t i = 0; i < count; i++)
        digits[len++] = (char)('0' + digit_at(&number, i));
    *ret = (struct str){digits, len};
    return true;
}

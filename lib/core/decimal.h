#ifndef CORE_DECIMAL_H
#define CORE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/macros.h"
#include "base/str.h"

/*
 * A JSON number (RFC 8259, section 6) taken apart, whatever its length: its value is
 * 0.DIGITS × 10^(whole.len + exponent), where DIGITS are those of `whole` and then those of
 * `fraction`. Both are slices of the text.
 */
struct decimal {
    bool is_negative; /* a minus was written; -0 is negative too */
    struct str whole, fraction;
    int exponent; /* beyond ±DECIMAL_EXPONENT_MAX it stays there */
};

enum { DECIMAL_EXPONENT_MAX = 1000 * 1000 };

/* False where the text is not exactly one number. */
bool decimal_parse(struct str text, struct decimal *ret) MUST_CHECK;

static inline size_t decimal_count(const struct decimal *decimal)
{
    return decimal->whole.len + decimal->fraction.len;
}

/* Digit number `at` of DIGITS, 0 to 9; at < decimal_count. */
static inline int decimal_digit(const struct decimal *decimal, size_t at)
{
    size_t whole = decimal->whole.len;
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): at is below the sum of both lengths
    return (at < whole ? decimal->whole.ptr[at] : decimal->fraction.ptr[at - whole]) - '0';
}

/* How many zeros DIGITS begin with: decimal_count where the number is 0. */
size_t decimal_leading_zeros(const struct decimal *decimal);

/* The others take numbers; a text that is none counts as 0. */

bool decimal_is_zero(struct str text); /* 0, -0.0, 0e7 */

/* Less than, equal to or greater than 0, exactly. -0 equals 0. */
int decimal_compare(struct str a, struct str b);

/* Equal numbers have equal hashes. */
uint64_t decimal_hash(struct str text);

/* The number cut towards zero, as text; false where that has more than `digits_max` digits. */
bool decimal_truncate(struct arena *arena, struct str text, size_t digits_max,
                      struct str *ret) MUST_CHECK;

#endif

#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"

/*
 * A slice of bytes, passed by value; it owns nothing and need not end with NUL. The empty
 * slice may have a NULL pointer.
 */
struct str {
    const char *ptr;
    size_t len;
};

/* A literal: `""` beside it makes anything else a compile error. */
#define STR(literal) ((struct str){("" literal), sizeof(literal) - 1})
#define STR_NONE     ((struct str){NULL, 0})

/* The same as the initialiser of a static struct str. */
#define STR_INIT(literal)                                                                      \
    {                                                                                          \
        ("" literal), sizeof(literal) - 1                                                      \
    }

/* For printf: `"%.*s", STR_ARG(text)`. */
#define STR_ARG(text) (int)(text).len, (text).ptr ? (text).ptr : ""

static inline struct str str_from(const char *text)
{
    return (struct str){text, text ? strlen(text) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
    // NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): a.len > 0
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_is(struct str text, const char *literal)
{
    return str_eq(text, str_from(literal));
}

bool str_eq_nocase(struct str a, struct str b); /* ASCII letters only */
bool str_ends(struct str text, struct str suffix);
int str_compare(struct str a, struct str b); /* bytewise, shorter first */

/* The part from `from` up to `to` (exclusive); both are clamped to the text. */
static inline struct str str_slice(struct str text, size_t from, size_t to)
{
    to = MIN(to, text.len);
    from = MIN(from, to);
    return (struct str){text.ptr ? text.ptr + from : NULL, to - from};
}

static inline bool str_starts(struct str text, struct str prefix)
{
    return text.len >= prefix.len && str_eq(str_slice(text, 0, prefix.len), prefix);
}

struct str str_without_bom(struct str text); /* the mark of UTF-8 */
struct str str_trim(struct str text);        /* ASCII white space on both sides */
size_t str_count_digits(struct str text);    /* ASCII digits that it begins with */

/* Position of the first `byte` / `part`, or -1. */
ptrdiff_t str_find_byte(struct str text, char byte);
ptrdiff_t str_find(struct str text, struct str part);

/* Is it one of the words, which single blanks part? */
bool str_is_among(struct str text, const char *words);

/*
 * Splits at the first `byte`: *ret_head is what comes before it, the result what comes
 * after. Without `byte`, *ret_head is all and the result is STR_NONE.
 */
struct str str_split(struct str text, char byte, struct str *ret_head);

/*
 * The whole text as a decimal integer with optional '-'. False on anything else (sign '+',
 * spaces, empty, beyond 64 bits); *ret is then left alone.
 */
bool str_to_int64(struct str text, int64_t *ret) MUST_CHECK;

/* Length of the UTF-8 character the text begins with, 0 if it is none. RFC 3629, section 4. */
size_t str_utf8_length(struct str text);

/* The code point of one whole character, as str_utf8_length measured it. */
uint32_t str_utf8_code(struct str character);

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool str_is_utf8(struct str text);

/* Fewest single-byte edits from a to b, at most `max` + 1; for "did you mean". */
int str_distance(struct str a, struct str b, int max);

#endif

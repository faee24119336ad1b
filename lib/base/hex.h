#ifndef BASE_HEX_H
#define BASE_HEX_H

#include "base/str.h"

/* Hexadecimal digits. Readers take either case, the writer writes lower case. */

/* The value of one digit, 0 to 15, or -1 if `c` is not a digit. */
static inline int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The byte that two digits at `pair` make, 0 to 255, or -1 if either is not a digit. */
static inline int hex_byte(const char *pair)
{
    int high = hex_digit(pair[0]), low = hex_digit(pair[1]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/*
 * The byte of a percent-encoded triple (`%2F`; RFC 3986, section 2.1) at the start of the
 * text, 0 to 255, or -1 if the text does not begin with one.
 */
static inline int hex_percent(struct str text)
{
    return text.len >= 3 && text.ptr[0] == '%' ? hex_byte(text.ptr + 1) : -1;
}

/* Writes 2 * bytes.len digits to `ret_digits`, without a NUL. */
void hex_write(struct str bytes, char *ret_digits);

#endif

#ifndef BASE_HEX_H
#define BASE_HEX_H

#include "base/macros.h"
#include "base/str.h"

/* Hexadecimal digits. Readers take either case, the writer writes lower case. */

/* The value of one digit, 0 to 15, or -1 if `c` is not a digit. Nothing branches by which digit
 * it is: that cannot be foretold. */
static inline int hex_digit(char c)
{
    unsigned byte = (unsigned char)c;
    bool is_digit = (byte - '0' < 10) | ((byte | 0x20) - 'a' < 6);
    return is_digit ? (int)((byte & 15) + 9 * (byte >> 6)) : -1;
}

/* The byte that two digits at `pair` make, 0 to 255, or -1 if either is not a digit. */
static inline int hex_byte(const char *pair)
{
    int byte = hex_digit(pair[0]) * 16 | hex_digit(pair[1]);
    return MAX(byte, -1);
}

/*
 * The byte of a percent-encoded triple (`%2F`; RFC 3986, section 2.1) at the start of the
 * text, 0 to 255, or -1 if the text does not begin with one.
 */
static inline int hex_percent(struct str text)
{
    return text.len >= 3 && text.ptr[0] == '%' ? hex_byte(text.ptr + 1) : -1;
}

/*
 * Undoes percent-encoding; other bytes, '+' too, stay. Writes at most text.len bytes and no NUL
 * behind them; returns how many, or -1 where a '%' is not followed by two digits.
 */
ptrdiff_t hex_undo_percent(struct str text, char *ret_bytes);

/* Writes 2 * bytes.len digits to `ret_digits`, without a NUL. */
void hex_write(struct str bytes, char *ret_digits);

#endif

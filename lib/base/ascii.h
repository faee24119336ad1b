#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include <stdbool.h>

/* Kinds of bytes, in no locale: a byte of a longer character is none of them. */

static inline bool ascii_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ascii_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

#endif

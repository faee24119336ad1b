#ifndef CORE_EXPR_NUMBER_PARSE_H
#define CORE_EXPR_NUMBER_PARSE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * Text as Python's int(text, base) and float(text) read it: white space around, sign,
 * underscores between digits. The result is the text of a number, as JSON has it. For float,
 * `*ret_special` says that it is a nan or an infinity and has no text.
 */
bool number_parse_int(struct arena *arena, struct str text, int base,
                      struct str *ret) MUST_CHECK;
bool number_parse_float(struct arena *arena, struct str text, struct str *ret,
                        bool *ret_special) MUST_CHECK;

/* The digit's value, up to 35 for a letter of either case; 99 where it is none. */
int number_parse_digit(char c);

#endif

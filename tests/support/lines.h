#ifndef TESTS_SUPPORT_LINES_H
#define TESTS_SUPPORT_LINES_H

#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * Reads tables of lines, `input => expected` (notation: tests/tables/README). The last arrow of
 * a line counts; either side may be empty. Needs no Check, so that fuzzers read the same
 * tables. A table that cannot be read, or a line without an arrow, ends the program with a
 * message.
 */
struct line_case {
    const char *path;
    int number; /* of the line, from 1 */
    struct str input, expected;
};

struct line_cases {
    struct line_case *items;
    size_t count;
};

/* All of it lives as long as the arena. Programs run at the project's root. */
struct line_cases lines_read(struct arena *arena, const char *path);

/* The same of a part of a file that begins at line `number`; the text is borrowed. */
struct line_cases lines_parse(struct arena *arena, const char *path, int number,
                              struct str text);

/* Takes the first cell of an input: up to " | ", which is gone then, or all there is. */
struct str lines_take_cell(struct str *input);

#endif

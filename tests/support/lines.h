#ifndef TESTS_SUPPORT_LINES_H
#define TESTS_SUPPORT_LINES_H

#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

/* One line `ID: INPUT => EXPECTED` of a table; <TAB> stands for a tab. */
struct line_case {
    int number;
    struct str id, input, expected;
};

struct line_cases {
    struct line_case *items;
    size_t count;
};

/* Reads tests/tables/`file`; fails the running test if it cannot. */
struct line_cases lines_read(struct arena *arena, const char *file);

#endif

#ifndef TESTS_SUPPORT_DEFINITION_CASES_H
#define TESTS_SUPPORT_DEFINITION_CASES_H

#include "base/arena.h"
#include "base/str.h"

/* One case of tests/tables/definitions/: a text and the lines that stand after its "---". */
struct definition_case {
    struct str name;
    struct str text; /* a whole file: keys of a stream alone have been put into one */
    struct str *lines;
    size_t line_count;
};

struct definition_cases {
    struct definition_case *cases;
    size_t count;
};

/* Reads a table; fails the running test if it cannot. Programs run at the project's root. */
struct definition_cases definition_cases_read(struct arena *arena, const char *file);

#endif

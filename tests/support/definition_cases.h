#ifndef TESTS_SUPPORT_DEFINITION_CASES_H
#define TESTS_SUPPORT_DEFINITION_CASES_H

#include "base/arena.h"
#include "base/str.h"

/*
 * A case of tests/tables/definitions/ or of merge.txt: a block whose head is a definition and
 * whose one part holds lines.
 */
struct definition_case {
    struct str name;
    struct str text; /* a whole file: keys of a stream alone have been put into one */
    struct str *lines;
    size_t line_count; /* empty lines are left out */
};

struct definition_cases {
    struct definition_case *cases;
    size_t count;
};

/* The cases of a table, or the chosen one (choice.h). Ends the program where it cannot. */
struct definition_cases definition_cases_read(struct arena *arena, const char *path,
                                              const char *part);

#endif

#ifndef TESTS_SUPPORT_JSON_CASES_H
#define TESTS_SUPPORT_JSON_CASES_H

#include "base/arena.h"
#include "base/str.h"

/* One line of tests/tables/json.txt, which has the notation at its top. */
struct json_case {
    enum { JSON_TAKEN, JSON_REFUSED, JSON_EITHER } verdict;
    int line;
    struct str
        text; /* a heap block of exactly this size, so that ASan sees a read past its end */
};

struct json_cases {
    struct json_case *cases;
    size_t count;
};

/* Ends the program where the table cannot be read. Programs run at the project's root. */
struct json_cases json_cases_read(struct arena *arena);
void json_cases_done(struct json_cases *cases);

/* Decodes the notation: `[<0A>]`. To be freed with mem_free(text.ptr). */
struct str json_case_text(struct str notation);

#endif

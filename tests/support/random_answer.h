#ifndef TESTS_SUPPORT_RANDOM_ANSWER_H
#define TESTS_SUPPORT_RANDOM_ANSWER_H

#include "tests/support/random_api.h"

/* One answer of a random API, with its faults. It depends on nothing but its arguments. */

/* What one answer says about the end, rightly or not. */
struct random_signs {
    int64_t total, pages; /* -1: not given */
    int flag;             /* 1 more, 0 no more, -1 not given */
    bool has_next;        /* a link or a cursor */
};

struct random_answer {
    int status;
    struct str headers; /* lines "Name: value\r\n" */
    struct str body;
    int seen; /* records in it */
    struct random_signs signs;
};

/*
 * `rest` is what follows /random/SEED in the path: nothing, or "/count", which has the total at
 * `count`. The query is what follows '?'. `nth` is the number of the request, for volatile
 * fields.
 */
struct random_answer random_answer_make(const struct random_api *api, struct arena *arena,
                                        struct str rest, struct str query, int64_t nth);

/* The key of a record, from 1 on; 0: it is hidden from everybody. */
int random_answer_key(const struct random_api *api, int index);

#endif

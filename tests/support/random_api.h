#ifndef TESTS_SUPPORT_RANDOM_API_H
#define TESTS_SUPPORT_RANDOM_API_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

/*
 * An API made by chance: how it pages, what it says about its end, and what it gets wrong. All
 * of it comes from a seed, so that one answer can be made again anywhere. The property test of
 * the end of a run (tests/support/random_run.h) reads it, in one process or over the mock API,
 * where it is at /random/SEED.
 *
 * It has `count` records in a fixed order. A request names a window of them: by page number, by
 * offset or by a cursor (tests/support/random_answer.h).
 */
#define RANDOM_FAULTS(X)                                                                       \
    X(IGNORES_PLACE, "ignores the page parameter")                                             \
    X(IGNORES_SIZE, "ignores the size parameter")                                              \
    X(HIDES_SOME, "hides rows after it has made the window")                                   \
    X(HIDES_PAGES, "hides rows until whole pages are empty")                                   \
    X(TIES, "orders ties anew for each window")                                                \
    X(DUPLICATES, "has records twice")                                                         \
    X(VOLATILE, "changes a field at each request")                                             \
    X(CUTS, "says nothing of the next page at one page")                                       \
    X(LOOPS, "names the first page as the next at one page")                                   \
    X(FLAG_LIES, "gives the flag wrongly at one page")                                         \
    X(FLAG_STUCK, "gives the same flag on every page")                                         \
    X(CAPS_LATER, "caps the size of every page but the first")                                 \
    X(PAGES_OF_ASKED, "counts pages of the size asked for, not of the size given")             \
    X(ERRS, "answers one page with an error and status 200")                                   \
    X(NO_CONTENT, "answers one page with 204")

enum random_fault {
#define X(name, words) RANDOM_##name,
    RANDOM_FAULTS(X)
#undef X
        RANDOM_FAULT_COUNT,
};

#define RANDOM_TOTALS(X)                                                                       \
    X(NONE, "no total")                                                                        \
    X(RIGHT, "a total of the records that it shows")                                           \
    X(ALL, "a total that counts hidden rows too")                                              \
    X(OF_ANSWER, "a total of this answer only")                                                \
    X(LESS, "a total that is too small")                                                       \
    X(MORE, "a total that is too large")                                                       \
    X(FIRST_ONLY, "a total on the first page only")

enum random_total {
#define X(name, words) RANDOM_TOTAL_##name,
    RANDOM_TOTALS(X)
#undef X
        RANDOM_TOTAL_COUNT,
};

/* What it answers to a window behind the last record. */
#define RANDOM_BEHINDS(X)                                                                      \
    X(EMPTY, "an empty page")                                                                  \
    X(NOT_FOUND, "404")                                                                        \
    X(BAD, "400")                                                                              \
    X(NO_CONTENT, "204")                                                                       \
    X(LAST, "the last page again")                                                             \
    X(FIRST, "the first page again")

enum random_behind {
#define X(name, words) RANDOM_BEHIND_##name,
    RANDOM_BEHINDS(X)
#undef X
        RANDOM_BEHIND_COUNT,
};

enum random_paging {
    RANDOM_BY_PAGE,
    RANDOM_BY_OFFSET,
    RANDOM_BY_CURSOR,
    RANDOM_BY_LINK, /* page numbers, in a Link header */
    RANDOM_BY_URL,  /* page numbers, in a URL of the body */
    RANDOM_PAGING_COUNT,
};

enum { RANDOM_RECORDS_MAX = 60 };

struct random_api {
    uint64_t seed;
    enum random_paging paging;
    bool faults[RANDOM_FAULT_COUNT];
    enum random_total total;
    enum random_behind behind;
    int count;                          /* records, hidden ones among them */
    int size, size_max;                 /* of a page that nobody sized; the most of any page */
    int first;                          /* number of the first page or record: 0 or 1 */
    int size_later;                     /* the most of a page of CAPS_LATER */
    int fault_page;                     /* index of the one page where a fault happens */
    bool has_pages, has_flag, has_echo; /* a count of pages; a flag; the page's own number */
    bool is_bare;                       /* the body is the list: signs are in headers only */
    const char *container;              /* of the signs: "" or the name of an object */
    const char *place_param, *size_param;
    const char *total_name, *pages_name, *flag_name, *next_name;
};

void random_api_make(struct random_api *api, uint64_t seed);

/* In words, one line for each thing. */
void random_api_describe(const struct random_api *api, struct buf *buf);

/* `container.name`, or the name alone. */
struct str random_api_path(const struct random_api *api, struct arena *arena, const char *name);

#endif

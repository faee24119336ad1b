#ifndef TESTS_SUPPORT_RANDOM_DEFINITION_H
#define TESTS_SUPPORT_RANDOM_DEFINITION_H

#include "tests/support/random_api.h"

/*
 * A stream made by chance for an API made by chance: mostly it asks as the API means it, but
 * types, names, places and numbers may be wrong, and limits may stand in it.
 */
struct random_definition {
    struct str keys;  /* YAML of the stream, for between braces; without `path` */
    struct str ahead; /* the same with `parallel`; empty: its type has none */
    int parallel;
    bool is_matching; /* it asks as the API means it, for everything */
    bool has_end;     /* and has a sign of the end: nothing behind the end is asked for */
    bool has_key;
    bool has_count;   /* `total` is a request of its own */
    bool has_ceiling; /* response_based and auto: 1,000 pages */
    bool sends_size;
    int size; /* of a page as it knows it; 0: it does not say */
};

/* From another sequence than the API's own; the strings are in `arena`. */
void random_definition_make(struct random_definition *definition, const struct random_api *api,
                            struct arena *arena);

#endif

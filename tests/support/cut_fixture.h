#ifndef TESTS_SUPPORT_CUT_FIXTURE_H
#define TESTS_SUPPORT_CUT_FIXTURE_H

#include "worker/rows/cut.h"

/*
 * What cut_page needs around it: an arena, a batch of 16 MiB, an empty stream, and the map of a
 * table that is there, without a column yet. `cut` points at all of them and takes any number
 * of records.
 *
 *     cut_fixture_open → cut_fixture_add_column… → cut_page… → cut_fixture_close
 */
struct cut_fixture {
    struct arena *arena;
    struct stream stream;
    struct column items[8];
    struct columns columns;
    struct expr_scope scope;
    struct batch *batch;
    struct cut cut;
};

/* The fixture stays where it is until it is closed. */
void cut_fixture_open(struct cut_fixture *ret_fixture);
void cut_fixture_close(struct cut_fixture *fixture);

/* A column called after its field; at most eight. */
void cut_fixture_add_column(struct cut_fixture *fixture, struct str name,
                            enum column_type type);

#endif

#ifndef WORKER_ROWS_WITH_H
#define WORKER_ROWS_WITH_H

#include "worker/records/records.h"
#include "worker/rows/row.h"

/*
 * `with`: the fields that are added to each record, as the writer's extras. Expressions are
 * evaluated once for the page; a path is read again whenever its anchor has moved on.
 *
 *     with_start → row_start, records_start → with_watch → with_take before every row_put
 */
struct with {
    const struct merge *merge;
    struct row_writer *writer;
    struct arena *arena;
    const struct with_field **paths; /* of these extras; NULL: an expression */
    size_t path_count;
    bool follows_record; /* one of them is read in the record itself */
    size_t place;
};

bool with_start(struct with *with, const struct expr_scope *scope, struct err *err) MUST_CHECK;
void with_watch(const struct with *with, struct records *records);
void with_take(struct with *with, const struct records *records, const struct record *record);

#endif

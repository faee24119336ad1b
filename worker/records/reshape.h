#ifndef WORKER_RECORDS_RESHAPE_H
#define WORKER_RECORDS_RESHAPE_H

#include "config/stream.h"
#include "core/scan.h"
#include "worker/records/record.h"

/*
 * `flatten` and `exclude`: give a record other fields than those of its text, which stays as it
 * is.
 *
 *     reshape_start → for each record: reshape_flatten → reshape_exclude
 *
 * The members of an object that is flattened come after the other fields. A member whose name
 * is taken is called `object.member`. A field that is not an object, or is nested too deep,
 * stays. Objects are flattened in the order of the list: a later name may be a member lifted
 * before.
 */
struct reshape {
    const struct merge *merge;
    struct scan scan;
    struct fields *flattened;        /* one for each name of the list */
    bool *met_flatten, *met_exclude; /* for each name: has any record such a field? */
    struct record_field *kept;
    size_t kept_capacity;
};

void reshape_start(struct reshape *reshape, const struct merge *merge, struct arena *arena);

/* The fields live until the next call for another record. */
void reshape_flatten(struct reshape *reshape, struct record *record);
void reshape_exclude(struct reshape *reshape, struct record *record);

/*
 * The value at a path into the record, also of what flatten or exclude took away. A value below
 * a flawed field counts as flawed too: the flaw may be in it. False: nothing is there.
 */
bool reshape_find(struct arena *arena, const struct record *record, const struct path *path,
                  struct record_field *ret_field) MUST_CHECK;

#endif

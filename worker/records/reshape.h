#ifndef WORKER_RECORDS_RESHAPE_H
#define WORKER_RECORDS_RESHAPE_H

#include "config/stream.h"
#include "core/scan.h"
#include "worker/records/record.h"

/*
 * `flatten` and `exclude`: other fields for a record than its own, whose bytes stay as they
 * are.
 *
 *     reshape_start → for each record: reshape_flatten → reshape_exclude
 *
 * The members of an object that is flattened stand behind the other fields. One whose name is
 * taken is called `object.member`. What is no object, or what no table could hold, stays.
 * Objects are flattened in the order of the list: a later name may be a member lifted before.
 */
struct reshape {
    const struct merge *merge;
    struct scan scan;
    struct fields *flattened; /* one for each name of the list */
    struct record_field *kept;
    size_t kept_capacity;
};

void reshape_start(struct reshape *reshape, const struct merge *merge, struct arena *arena);

/* The fields live until the next call for another record. */
void reshape_flatten(struct reshape *reshape, struct record *record);
void reshape_exclude(struct reshape *reshape, struct record *record);

#endif

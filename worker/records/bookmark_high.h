#ifndef WORKER_RECORDS_BOOKMARK_HIGH_H
#define WORKER_RECORDS_BOOKMARK_HIGH_H

#include "config/stream.h"
#include "worker/records/record.h"

/*
 * The greatest value at the bookmark's path among the records seen: compared as numbers, or as
 * instants if both are RFC 3339, else bytewise, as pagetide.later does between pages; with a
 * `type`, values that are not of it do not count. Kept as sent. An instant later than the run's
 * start is not taken.
 */
struct bookmark_high {
    const struct bookmark *bookmark;
    int64_t now_us; /* the run's start */
    struct arena *arena;
    struct str text; /* empty: none yet */
    bool met_future;
};

/* Before flatten and exclude: the path leads into the record as it was sent. */
void bookmark_high_take(struct bookmark_high *high, const struct record *record);

#endif

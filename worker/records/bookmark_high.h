#ifndef WORKER_RECORDS_BOOKMARK_HIGH_H
#define WORKER_RECORDS_BOOKMARK_HIGH_H

#include "config/stream.h"
#include "worker/records/record.h"

/*
 * The greatest value at the bookmark's path among the records of a page: compared as numbers,
 * or as instants if both are RFC 3339, else bytewise, as pagetide.later does between pages. If
 * the bookmark has a `type`, values of another type do not count. The value is kept as it was
 * sent. An instant later than the run's start is not taken: a record from the future would
 * make the next run miss all others.
 *
 * The bookmark itself is moved when the run is complete, in PostgreSQL
 * (pagetide.move_bookmarks).
 */
struct bookmark_high {
    const struct bookmark *bookmark;
    int64_t now_us; /* the run's start */
    struct arena *arena;
    struct str text;     /* empty: none yet */
    bool has_met_future; /* such an instant was seen */
};

/* Is `text` higher than `than`, by the order of bookmarks of this type? */
bool bookmark_high_is_later(enum bookmark_type type, struct str text, struct str than);

/* Before flatten and exclude: the path leads into the record as it was sent. */
void bookmark_high_take(struct bookmark_high *high, const struct record *record);

#endif

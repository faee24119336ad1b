#ifndef WORKER_RECORDS_BOOKMARK_HIGH_H
#define WORKER_RECORDS_BOOKMARK_HIGH_H

#include "base/arena_buf.h"
#include "config/stream.h"
#include "worker/records/record.h"

/*
 * The greatest value at the bookmark's path among the records of a page. Numbers are compared
 * as numbers, times as instants: RFC 3339, a time without an offset (UTC), a date. Text is
 * compared bytewise, and only with `type: text`. pagetide.later does so between pages. With a
 * `type`, values of another type do not count, and without one the first value says whether
 * the others are numbers or times.
 *
 * The value is kept as it was sent. With `from` it is kept as RFC 3339 in UTC, so that it can
 * be compared without the definition. An instant later than the run's start is not taken: a
 * record from the future would make the next run miss all others.
 *
 * The bookmark itself is moved when the run is complete, in PostgreSQL
 * (pagetide.move_bookmarks).
 */
struct bookmark_counts {
    int64_t met;    /* records looked at; of them those that have */
    int64_t absent; /* nothing, or null, at the path */
    int64_t unread; /* a value that is of another type than is compared */
    int64_t before; /* a value that is not later than `since` */
};

struct bookmark_high {
    const struct bookmark *bookmark;
    int64_t now_us;   /* the run's start */
    struct str since; /* what the run began with; empty: records before it are not counted */
    struct arena *arena;
    struct str text;       /* empty: none yet. In `kept` */
    struct arena_buf kept; /* private */
    bool has_met_future;   /* such an instant was seen */
    struct bookmark_counts counts;
};

/* Is `text` higher than `than`, by the order of bookmarks of this type? */
bool bookmark_high_is_later(enum bookmark_type type, struct str text, struct str than);

/* What to say of a job's records; empty: nothing. In the arena. */
struct str bookmark_high_warning(struct arena *arena, const struct bookmark *bookmark,
                                 const struct bookmark_counts *counts);

/* Before flatten and exclude: the path leads into the record as it was sent. */
void bookmark_high_take(struct bookmark_high *high, const struct record *record);

#endif

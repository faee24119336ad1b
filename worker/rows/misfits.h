#ifndef WORKER_ROWS_MISFITS_H
#define WORKER_ROWS_MISFITS_H

#include "base/arena.h"
#include "base/buf.h"
#include "worker/records/name_index.h"
#include "worker/rows/bind.h"

/*
 * The values of one page that did not fit and are kept aside, by column: how many, where the
 * first is, and what would take them. Begins as {.arena = …}; an arena holds all of it. Names
 * past MISFITS_NAMES_MAX are counted together, as MISFITS_OTHERS.
 */
enum { MISFITS_NAMES_MAX = 1000 };
#define MISFITS_OTHERS "(others)"

struct misfit_count {
    struct str name; /* the column's, or the field's where it has no column */
    int64_t count;
    size_t position;  /* of the first one's record in the page, from 0 */
    const char *what; /* the first: "text", "an object", …; static */
    unsigned kinds;   /* of all values and of the column, as column_infer.h has them; 0: no type
                         would take them, or the column's is not ours to change */
};

struct misfits {
    struct misfit_count *items;
    size_t count, capacity;
    struct arena *arena;
    struct name_index index;
    int64_t total;
    struct str of; /* what stands before each name: that of one of `tables`, and a dot */
};

/* Counts an aside that is a misfit; its texts must live as long as the arena. */
void misfits_add(struct misfits *misfits, const struct bind_aside *aside, size_t position);

/*
 * As JSON: {column: count}, and {column: {label, position, what, wider}}. `label` is the name
 * as it may be shown; `wider` is a type that takes all values, absent where there is none.
 */
void misfits_put_counts(const struct misfits *misfits, struct buf *buf);
void misfits_put_notes(const struct misfits *misfits, struct buf *buf);

#endif

#ifndef WORKER_ROW_H
#define WORKER_ROW_H

#include "worker/batch.h"
#include "worker/columns.h"
#include "worker/records.h"

/*
 * One record as one COPY BINARY tuple (PostgreSQL manual, COPY, "Binary Format"). Values go in
 * binary where we know the type: boolean, bigint, numeric, timestamptz, date, uuid, text,
 * jsonb (keys in jsonb's own order). A value that does not fit its column is null there and
 * stands in `_pt_aside` as {column: source text}.
 */
enum row_result {
    ROW_PUT,
    ROW_ASIDE,    /* put, with at least one value aside */
    ROW_REJECTED, /* *ret_reason says why; nothing was put */
    ROW_UNKNOWN,  /* fields that the map does not know, or a bigint to widen: the shape has them
                   */
};

struct row_extra { /* what `with` adds, evaluated for this page or record */
    struct str name;
    struct record_field field;
};

/*
 * `arena` is the page's, for scratch. With ROW_UNKNOWN nothing was put; the caller goes on
 * through the page to complete the shape, then extends the map and cuts the page again.
 */
enum row_result row_put(struct batch *batch, const struct columns *columns,
                        const struct table *table, const struct record *record,
                        const struct row_extra *extras, size_t extra_count, struct shape *shape,
                        struct arena *arena, const char **ret_reason);

#endif

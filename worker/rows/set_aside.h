#ifndef WORKER_ROWS_SET_ASIDE_H
#define WORKER_ROWS_SET_ASIDE_H

#include "worker/rows/batch.h"

/* A value of a batch that the cast to its column's type refused. */
struct misfit {
    size_t row;    /* in the batch */
    size_t column; /* of the map by which the rows were cut */
};

/*
 * Moves values that PostgreSQL could not cast from their columns to `_pt_aside`, as row.c does
 * with those that it sees itself, and counts them in the marks of their pages. `misfits` are in
 * ascending order of rows. A value was staged as text: it is kept as the JSON number that it
 * reads as, else as a JSON string. The trailer goes, so the batch must be closed again.
 */
void set_aside(struct batch *batch, const struct columns *columns, const struct misfit *misfits,
               size_t count);

#endif

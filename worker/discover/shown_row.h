#ifndef WORKER_DISCOVER_SHOWN_ROW_H
#define WORKER_DISCOVER_SHOWN_ROW_H

#include "worker/rows/row.h"

/*
 * The row that a record was bound to, as a JSON object of its columns, with values as they were
 * sent; those that did not fit are null there and stand in `_pt_aside`, and of a record that
 * says that it is gone `_pt_deleted` is true. For what sees rows (row_seen_fn).
 */
void shown_row_put(struct buf *text, const struct row_writer *writer);

#endif

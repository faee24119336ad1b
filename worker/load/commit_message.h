#ifndef WORKER_LOAD_COMMIT_MESSAGE_H
#define WORKER_LOAD_COMMIT_MESSAGE_H

#include "base/buf.h"
#include "config/stream.h"
#include "worker/load/column_map.h"
#include "worker/rows/batch.h"

/*
 * A batch's marks and rejects, and the tables to merge from and into, as the JSON that
 * pagetide.commit_batch() reads. `map` is NULL where the batch has no rows: nothing is merged
 * then. `loader` 0: the rows are in the table already. `stream` is NULL where the definition
 * cannot be read: then all marks are ends.
 */
void commit_message_put(struct buf *buf, const char *worker, const struct batch *batch,
                        const struct stream *stream, const struct column_map *map,
                        unsigned loader);

#endif

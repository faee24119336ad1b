#ifndef WORKER_LOAD_DIRECT_H
#define WORKER_LOAD_DIRECT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/stream.h"
#include "worker/load/column_map.h"

/*
 * A batch that is copied into the stream's table itself, in one transaction with its marks:
 *
 *     direct_put_start_sql → batch_aim_at_table(time) → direct_put_copy_sql with the rows →
 *     commit_batch and commit
 *
 * It costs half of what a staging table does. PostgreSQL refuses it where the table is not what
 * the rows were cut for, and where a page is not to be stored. Then everything is rolled back,
 * and the batch goes by a staging table.
 */

/*
 * Where no row can meet another, and nobody need see the keys in a staging table: without a
 * key, or where rows are appended and the worker hashes the key itself. Every column must be of
 * a type whose binary form is ours.
 */
bool direct_is_possible(const struct stream *stream, const struct column_map *map);

/* Whether the message brings hashes of the keys (row_keys.h). Not with `merge: fill`, where the
 * pieces of a record rightly come with its key. */
bool direct_hashes_keys(const struct stream *stream, const struct column_map *map);

/* Begins the transaction and locks the table; its result is one number, the time for _pt_at in
 * microseconds since 2000-01-01 UTC. */
void direct_put_start_sql(struct buf *sql, const struct stream *stream,
                          const struct column_map *map);
void direct_put_copy_sql(struct buf *sql, const struct stream *stream,
                         const struct column_map *map);

#endif

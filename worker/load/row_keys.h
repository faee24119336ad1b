#ifndef WORKER_LOAD_ROW_KEYS_H
#define WORKER_LOAD_ROW_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/rows/batch.h"
#include "worker/rows/columns.h"

/*
 * A hash of each row's key, from the bytes that COPY gets: equal keys have equal hashes, also
 * where the column was a bigint for one row and a numeric for the other (1, 1.0, 1e0). They say
 * which rows of a batch have the same key, and PostgreSQL counts by them the records whose key
 * came before in the job (schema/functions/folded.sql), so they must not change: what is stored
 * of a job that is under way was hashed by the process before.
 *
 *     row_keys_can → row_keys_read … → row_keys_done
 *
 * Equal means equal bytes of the normal form. A text column whose collation takes other bytes
 * for equal (PostgreSQL: "Nondeterministic Collations") has keys that are equal to PostgreSQL
 * and not here: such a batch is refused by the index, and goes by the staging table.
 */
struct row_keys {
    uint64_t *hashes; /* one a row of the batch */
    size_t count, capacity;
};

/* Are all columns of the key there, and of types whose bytes tell what is equal? The columns
 * are those of the map, `key_count` is the definition's. */
bool row_keys_can(const struct columns *columns, size_t key_count);

/* Of all rows of the batch, in its order. What was read before is forgotten. */
void row_keys_read(struct row_keys *keys, const struct batch *batch,
                   const struct columns *columns);
void row_keys_done(struct row_keys *keys);

/* Whether two rows have the same hash. */
bool row_keys_has_twice(const struct row_keys *keys);

#endif

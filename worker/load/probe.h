#ifndef WORKER_LOAD_PROBE_H
#define WORKER_LOAD_PROBE_H

#include "config/stream.h"
#include "port/pg.h"
#include "worker/load/column_map.h"
#include "worker/rows/batch.h"

/*
 * Asks PostgreSQL which rows of a batch its table lacks, in one of two ways:
 *
 *     dense    keys that are one integer and lie close together: the keys and `_pt_hash` of the
 *              range come from the table, and are compared here
 *     sparse   the keys and `_pt_hash` of all rows go there as arrays, and the numbers of those
 *              come back that are new or changed
 *
 *     probe_send → its callback: probe_read → [probe_read …] → probe_done
 *
 * The keys must be of types that row_keys_can takes, without two rows of one key, and the
 * table must have the columns and the unique index that start_direct (direct.sql) looks for.
 *
 * The answer is that of one moment. Another session may change or delete a row before the
 * batch commits, and a row that was left out as "the same" is then not written again. That is
 * as if this batch had written it just before the other session did: both are under way at
 * the same time, so no order of the two was promised. Other batches of the same job do not
 * come between, since they are committed one after another, and an answer is never kept: a
 * batch that is sent again is probed again. The table stays the one that was asked, as its
 * lock keeps TRUNCATE, DROP and ALTER out until the commit. A row that is new by the answer
 * and is there in the end makes COPY fail or is merged as every staged row is.
 */
enum { PROBE_KEY_COLUMNS_MAX = PG_PARAMS_MAX - 1 };

struct probe_key {
    int64_t number, hash;
    bool has_hash; /* else the record says that it is gone */
    uint32_t row;
};

struct probe {
    size_t *rows; /* to be sent, ascending */
    size_t count, capacity;
    size_t fresh; /* how many of them have a key that the table has not */

    /* Private: what was asked for where it is dense, ascending. */
    struct probe_key *keys;
    size_t key_count;
    bool is_dense;
};

struct probe_question {
    const struct stream *stream;
    const struct column_map *map;
    const struct batch *batch;
    bool has_marks;  /* the table has `_pt_deleted_at`, by this definition or one before */
    struct str hash; /* what a row `t` of the table is compared by, in SQL; empty: `_pt_hash` */
};

/* Nothing of the question is kept. */
void probe_send(struct probe *probe, struct pg *pg, const struct probe_question *question,
                pg_done_fn fn, void *ctx);

/* What was read before is forgotten. */
void probe_read(struct probe *probe, const struct pg_result *result);
/*
 * `_pt_hash` of the rows that are not to be sent, as a bigint[] in binary format; returns how
 * many there are. None of them is without one.
 */
size_t probe_put_same(const struct probe *probe, const struct probe_question *question,
                      struct buf *buf);
void probe_done(struct probe *probe);

#endif

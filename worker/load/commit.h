#ifndef WORKER_LOAD_COMMIT_H
#define WORKER_LOAD_COMMIT_H

#include "base/err.h"
#include "config/stream.h"
#include "port/pg.h"
#include "worker/load/column_map.h"
#include "worker/load/periods.h"
#include "worker/load/sessions.h"
#include "worker/load/way.h"
#include "worker/rows/batch.h"
#include "worker/rows/mark.h"

/*
 * One batch's way into PostgreSQL. Where way.h says so it is tried in one transaction
 * (direct.h); else, and after that was refused:
 *
 *     session → partitions → stage (made or emptied) → COPY → commit_batch → verdicts
 *        ↑                        ↑                       ↓
 *        │                        └── find bad rows ← data error: rejects of their pages
 *        └── pause ← session lost, lock not given, …: sent again whole; what was committed
 *                    although the answer got lost is recognised by commit_batch (skipped)
 *
 * Rows without a table (a batch of marks alone) skip stage and COPY. A catalogue that does not
 * fit any more is read again once.
 */
struct commit;

struct commit_options {
    struct sessions *sessions;
    const char *worker;          /* name for the message */
    const struct stream *stream; /* NULL: cannot be read; the batch has only ends of jobs */
    struct column_map *map;      /* by which the rows were cut; NULL where there are none */
    struct batch *batch;         /* borrowed until the end; rows that are refused leave it */
    unsigned loader;             /* number: names the staging table */
    int64_t give_up_ms;
    struct way_memory *memory; /* the stream's; outlives the commit */
    struct periods *periods;   /* likewise: one for each of its tables */
};

struct commit_result {
    const struct pg_result *verdicts; /* of commit_batch; NULL: err */
    const struct err *err;
    enum job_reason reason; /* with err: what the end of the jobs should say */
    struct column_map
        *fresh; /* the catalogue had to be read again: its map, borrowed; or NULL */
};

/* From the loop, once, never before commit_start returns. */
typedef void (*commit_fn)(void *ctx, const struct commit_result *result);

struct commit *commit_start(const struct commit_options *options, commit_fn fn,
                            void *ctx) MUST_CHECK;
/* The verdict on a mark of the batch, by its index; for a result without `err`. Leaves *outcome
 * alone where PostgreSQL gave none. */
void commit_read_verdict(const struct commit_result *result, size_t mark,
                         struct mark_outcome *outcome);

/* In or after its callback, or after sessions_close: no callback comes. NULL is fine. */
void commit_free(struct commit *commit);

#endif

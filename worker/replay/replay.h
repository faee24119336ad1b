#ifndef WORKER_REPLAY_REPLAY_H
#define WORKER_REPLAY_REPLAY_H

#include "base/arena.h"
#include "base/err.h"
#include "config/stream.h"
#include "port/loop.h"
#include "port/pg.h"

/*
 * This room, worker/replay, loads the rejects of a run again, by a definition that may have
 * changed since: `pagetide rejects RUN --replay`. reread.h makes a page of a reject, as if the
 * API had sent that record alone; the room worker/rows cuts it, and schema/functions/replay.sql
 * decides what is stored.
 *
 *     the newest 200 rejects ─► cut ─► COPY into a staging table ─► replay_batch ─► the next
 *                                │                                    200, older ones
 *                                └─► a new field: the table is extended, and they are cut again
 *
 * From the newest to the oldest: of two records of one key the newer one is there first, and
 * the older one stays a reject. Each batch is a transaction: its rows come and its rejects go
 * together, so that it may be stopped, and done again, at any time.
 */
struct replay_options {
    struct loop *loop;
    struct pg *pg;               /* a session that does nothing else meanwhile */
    const struct stream *stream; /* its tables one after another */
    int64_t run;
};

struct replay_result {
    int64_t stored;
    int64_t left_out;   /* `where` does not want them any more: they are no rejects either */
    int64_t kept;       /* still rejects, with the reason of today */
    struct str refusal; /* why nothing, or no more, may be loaded again; empty: none */
};

/*
 * Runs the loop until it is done. ERR_CONFIG where the definition and the table do not go
 * together; other errors are PostgreSQL's. *ret_result also counts what was committed before
 * an error. Texts are in the arena.
 */
bool replay_run(const struct replay_options *options, struct arena *arena,
                struct replay_result *ret_result, struct err *err) MUST_CHECK;

#endif

#ifndef WORKER_LOAD_DIRECT_H
#define WORKER_LOAD_DIRECT_H

#include "base/err.h"
#include "port/pg.h"
#include "worker/load/commit_message.h"
#include "worker/load/sessions.h"
#include "worker/load/way.h"

/*
 * A batch that goes into the stream's table in one transaction with its marks:
 *
 *     begin, lock the table, compare it with the map
 *        │
 *        ├─ WAY_DIRECT ─────────────────► COPY all rows into the table ───────┐
 *        └─ WAY_PROBE ─► ask ─┬─ some are new, none changed ─► COPY those ────┤
 *                             ├─ some have changed ─► COPY new and changed    │
 *                             │                       into a staging table ───┤
 *                             └─ all are there ───────────────────────────────┤
 *                                                                             ▼
 *                                                         commit_batch and commit
 *
 * PostgreSQL refuses it where the table is not what the rows were cut for, where a page is not
 * to be stored, and where a row is not taken. Then everything is rolled back, and the batch is
 * as it was, to go by a staging table as a whole.
 */
struct direct;

struct direct_options {
    struct session *session;
    struct batch *batch;           /* the same as the message's */
    struct commit_message message; /* all but `rows` */
    enum way way;                  /* not WAY_STAGED */
};

struct direct_result {
    const struct pg_result *verdicts; /* of commit_batch; NULL: not committed */
    const struct err *err;            /* the session is in doubt; NULL: it can be used */
    bool is_refused;                  /* not committed: PostgreSQL said so, and will again */
    bool has_conflict;                /* … because a row was there already */
    const struct probe *probe;        /* what it said; NULL: there was none, or no answer */
};

/* From the loop, once. Not called with ERR_STOPPED: the owner frees us then. */
typedef void (*direct_fn)(void *ctx, const struct direct_result *result);

struct direct *direct_start(const struct direct_options *options, direct_fn fn,
                            void *ctx) MUST_CHECK;
/* In or after its callback, or after sessions_close. NULL is fine. */
void direct_free(struct direct *direct);

#endif

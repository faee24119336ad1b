#ifndef WORKER_AFTER_CHORES_H
#define WORKER_AFTER_CHORES_H

#include "base/err.h"
#include "base/str.h"
#include "config/settings.h"
#include "port/loop.h"
#include "port/pg.h"

/*
 * This room, worker/after, does what is to be done after a run has ended: chores
 * (schema/functions/chores.sql), one after another, in a session that is there
 * only while there is something to do. SQL of a definition has a session of its own:
 * what it sets there, or leaves, is seen by nobody else.
 *
 *     take_chore ─► its statements, and end_chore, in one transaction ─► the next
 *        ▲            │ a webhook: the request, then end_chore
 *        │            ▼ failed
 *        └── fail_chore: again later, or given up, and a warning of the run
 *
 * A process that dies leaves its chore; it is due again a minute after its time is over.
 */
struct chores;

struct chores_options {
    struct loop *loop;
    const struct settings *settings; /* borrowed */
    struct pg *pg;       /* where it is asked what is due; closed before the chores are freed */
    bool shares_session; /* statements of ours run there too; else in one opened for them */
    struct str streams;  /* only of these, as PostgreSQL's text[]; empty: of all */
};

bool chores_new(const struct chores_options *options, struct chores **ret_chores,
                struct err *err) MUST_CHECK;
void chores_free(struct chores *chores); /* what is under way is left; NULL is fine */

/* From now on, once a second. */
void chores_start(struct chores *chores);

/* Runs the loop until nothing of `streams` is due any more but statistics, PostgreSQL is away,
 * or *is_stopped. */
void chores_work_off(struct chores *chores, const bool *is_stopped);

/* Asks for the statistics of `streams`. PostgreSQL works them out, also when the session has
 * been closed behind it. */
void chores_send_statistics(struct chores *chores);

#endif

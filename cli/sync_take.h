#ifndef CLI_SYNC_TAKE_H
#define CLI_SYNC_TAKE_H

#include "cli/cli.h"

/*
 * Makes the run of one stream this process's own: a new run, or the one that an earlier `sync`
 * or a dead worker left, to go on at its last committed page. Its jobs are then reserved for
 * `worker`, so that no other process takes them from the queue.
 *
 *     pagetide.define     the definition, as the folder has it now
 *     pagetide.sync_take  answers
 *         new, resumed    the run is ours
 *         wait            a worker has it and may live, or the run is locked: asked again
 *         busy            that worker has beaten since we first asked: it lives
 *         over            the run that we waited for has ended, and is the one that we want
 *
 * Whether a worker lives shows within two beats; then it is either busy or counts as dead. A
 * worker of this host whose process is gone need not be waited for: it is asked again at once,
 * with the worker's id as known to be gone. A run of another definition, mode or window is
 * cancelled, and a new one begins.
 */
struct sync_take {
    struct cli *cli;
    struct pg *pg;
    struct str worker;          /* the id of this process's worker */
    const bool *is_interrupted; /* ends the waiting */
};

/*
 * Says on stderr what is waited for, and what became of a run that was there. ERR_INPUT: a
 * process that lives has the run; else as pg_await. A run that has ended has no jobs for
 * sync_take_jobs.
 */
bool sync_take_run(const struct sync_take *take, const struct stream *stream, int64_t *ret_run,
                   struct err *err) MUST_CHECK;

/* Asks for the partitions that a definition has from SQL. The run may end by it. */
bool sync_take_partitions(const struct sync_take *take, const struct stream *stream,
                          int64_t run, struct err *err) MUST_CHECK;

/* The jobs of the run that have not ended, in their order; allocated in the command's arena. */
bool sync_take_jobs(const struct sync_take *take, int64_t run, int64_t **ret_jobs,
                    size_t *ret_count, struct err *err) MUST_CHECK;

#endif

#ifndef CORE_OWNERSHIP_H
#define CORE_OWNERSHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "core/job.h"
#include "port/pg.h"

/*
 * What a process that holds jobs says to PostgreSQL about them, apart from commits (those are
 * the loader's): each call is one SQL function of the control schema (schema/functions), so
 * each is one statement that either happened or did not. Callbacks come exactly once.
 */
struct ownership_worker {
    struct str id; /* "host-pid-random" */
    struct str host;
    int pid;
    struct str version;
};

typedef void (*ownership_done_fn)(void *ctx, const struct err *err);

/* Registers the process (pagetide.worker), or says that it still is there. */
void ownership_register(struct pg *pg, const struct ownership_worker *worker,
                        ownership_done_fn fn, void *ctx);
void ownership_unregister(struct pg *pg, struct str worker, ownership_done_fn fn, void *ctx);

enum ownership_verdict {
    OWNERSHIP_TAKEN,   /* ours: *job is set */
    OWNERSHIP_GONE,    /* finished, dead, cancelled or reserved by another: `done` in Redis */
    OWNERSHIP_BUSY,    /* its owner lives: back to the queue for wait_ms, uncounted */
    OWNERSHIP_WAITING, /* its wait is not over: back for wait_ms */
    OWNERSHIP_CRASHED, /* it lost a worker; this process already holds such a job: back */
};

struct ownership_activation {
    enum ownership_verdict verdict;
    int64_t wait_ms;
    const struct job *job; /* TAKEN: in the arena given */
    /* The loop guards' memory: one pair per committed page, in page order; in the arena given.
     * `legs`: of which of the job's (job_leg.n), 0 where it has none; only those not over. */
    const int64_t *request_hashes, *records_hashes;
    const int *legs;
    size_t page_count;
};

typedef void (*ownership_take_fn)(void *ctx, const struct ownership_activation *activation,
                                  const struct err *err);

/*
 * Takes the fence of a leased job: epoch + 1 and a fresh owner token, durable. An owner whose
 * worker is stale (two beats) is lost; so is one on this host whose process is gone (looked
 * up here with kill(pid, 0)). `worker` is borrowed until the callback. After an
 * error the job may be ours in PostgreSQL all the same: the next beat gives it back.
 */
void ownership_take(struct pg *pg, int64_t job, const struct ownership_worker *worker,
                    int64_t beat_ms, bool may_take_crashed, struct arena *arena,
                    ownership_take_fn fn, void *ctx);

/*
 * The worker of a job with losses begins with the page that it has fetched: if it is lost now,
 * the page is suspect. ERR_AGAIN where the job is another's, or PostgreSQL is away.
 */
void ownership_enter_page(struct pg *pg, const struct job *job, ownership_done_fn fn,
                          void *ctx);

/* The page is still at hand, but it is PostgreSQL that works on it: nobody waits for this. */
void ownership_leave_page(struct pg *pg, const struct job *job);

/*
 * One round of beats: seen_at of the worker; jobs that PostgreSQL says it owns but that are
 * not among `held` go back to queued, uncounted. Calls back with those of `held` that are no
 * longer ours.
 *
 * `held` must name the jobs being activated too, or the beat would give them back meanwhile. Of
 * these, and of jobs being given back or set waiting, "lost" says nothing.
 */
struct ownership_held {
    int64_t job;
    const char
        *step; /* where its crawl is, for `pagetide jobs`; "activate" before it has one */
};

typedef void (*ownership_beat_fn)(void *ctx, const int64_t *lost, size_t lost_count,
                                  const struct err *err);
void ownership_beat(struct pg *pg, const struct ownership_worker *worker,
                    const struct ownership_held *held, size_t held_count, ownership_beat_fn fn,
                    void *ctx);

#endif

#ifndef CORE_PROGRESS_H
#define CORE_PROGRESS_H

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
 * the loader's): each call is one SQL function of the control schema (schema/sql), so each is
 * one statement that either happened or did not. Callbacks come exactly once.
 */
struct progress_worker {
    struct str id; /* "host-pid-random" */
    struct str host;
    int pid;
    struct str version;
};

typedef void (*progress_done_fn)(void *ctx, const struct err *err);

/* Registers the process (pagetide.worker), or says that it still is there. */
void progress_worker_start(struct pg *pg, const struct progress_worker *worker,
                           progress_done_fn fn, void *ctx);
void progress_worker_stop(struct pg *pg, struct str worker, progress_done_fn fn, void *ctx);

enum progress_verdict {
    PROGRESS_TAKEN,   /* ours: *job is set */
    PROGRESS_GONE,    /* finished, dead, cancelled or reserved by another: `done` in Redis */
    PROGRESS_BUSY,    /* its owner lives: back to the queue for wait_ms, uncounted */
    PROGRESS_WAITING, /* its wait is not over: back for wait_ms */
    PROGRESS_CRASHED, /* it crashed before and this process holds such a one already: back */
};

struct progress_activation {
    enum progress_verdict verdict;
    int64_t wait_ms;
    const struct job *job; /* TAKEN: in the arena given */
    /* The loop guards' memory: one pair per committed page, in page order; borrowed. */
    const int64_t *request_hashes, *records_hashes;
    size_t page_count;
};

typedef void (*progress_activate_fn)(void *ctx, const struct progress_activation *activation,
                                     const struct err *err);

/*
 * Takes the fence of a leased job: epoch + 1 and a fresh owner token, durable. An owner whose
 * worker is stale (two beats) counts as a crash; so does one on this host whose process is
 * gone (looked up here with kill(pid, 0)). `worker` is borrowed until the callback. After an
 * error the job may be ours in PostgreSQL all the same: the next beat gives it back.
 */
void progress_activate(struct pg *pg, int64_t job, const struct progress_worker *worker,
                       int64_t beat_ms, bool may_take_crashed, struct arena *arena,
                       progress_activate_fn fn, void *ctx);

/*
 * One round of beats: seen_at of the worker; jobs that PostgreSQL says it owns but that are
 * not among `held` go back to queued, uncounted. Calls back with those of `held` that are no
 * longer ours.
 *
 * `held` must name the jobs being activated too, or the beat would give them back behind the
 * activation. Of these, and of jobs being given back or set waiting, "lost" says nothing.
 */
typedef void (*progress_beat_fn)(void *ctx, const int64_t *lost, size_t lost_count,
                                 const struct err *err);
void progress_beat(struct pg *pg, const struct progress_worker *worker, const int64_t *held,
                   size_t held_count, progress_beat_fn fn, void *ctx);

#endif

#ifndef WORKER_RUN_H
#define WORKER_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/rng.h"
#include "core/job.h"
#include "port/http.h"
#include "port/loop.h"
#include "worker/access/throttle.h"
#include "worker/load/loader.h"
#include "worker/rows/mark.h"

/*
 * One activated job while this process holds it: a step machine that asks for a page, sends,
 * judges the answer, cuts it into the batch and turns to the next, until the job's turn ends.
 * The next page is fetched while the batch of this one is being committed.
 *
 *     run_new → (run_outcome for every mark) … → run_ended_fn (once) → run_free
 *
 * run_stop asks for an early end; run_ended_fn still comes. It never comes from inside a call.
 */
struct run;
struct run_watch;

enum run_how {
    RUN_FINISHED, /* the job has its end in PostgreSQL: `done` in the queue */
    RUN_PARKED,   /* it waits: back to the queue in wait_ms */
    RUN_RETURNED, /* given back for another worker, uncounted */
    RUN_LOST,     /* another process has it, or it could not be ended: leave it alone */
};

struct run_end {
    enum run_how how;
    enum job_state state; /* FINISHED */
    enum job_reason reason;
    const struct err *err; /* its text is "" if none; borrowed until run_free */
    int64_t wait_ms;       /* PARKED */
    bool run_ended;        /* this was the last job of its run, which ended as: */
    enum job_state run_state;
};

/* What the process lends to its runs. */
struct run_env {
    struct loop *loop;
    struct http *http;
    struct loaders *loaders;
    struct throttle *throttle;
    struct rng *rng;
    const char *secrets_dir;
    /* May a request start now? If not, run_wake is called when it may be worth asking again. */
    bool (*may_send)(void *ctx, const struct run *run);
    /* A request failed and will be tried again in `delay_ms`. */
    void (*retrying)(void *ctx, const struct run *run, const struct err *err, int64_t delay_ms);
    /* A page was read (not committed yet). */
    void (*paged)(void *ctx, const struct run *run, int64_t records, int64_t bytes);
    /* What `auto` made of the first answer. */
    void (*recognised)(void *ctx, const struct run *run, struct str what);
    void (*ended)(void *ctx, struct run *run, const struct run_end *end);
    void *ctx;
    const struct run_watch *watch; /* worker/watch.h; NULL: nobody looks */
};

/* What an activation brings besides the job: the loop guards' memory. */
struct run_past {
    const int64_t *request_hashes, *records_hashes;
    size_t count;
};

/* `job` and `past` are copied. `env` must outlive the run. Begins at the next turn of the loop.
 */
struct run *run_new(const struct run_env *env, const struct job *job,
                    const struct run_past *past) MUST_CHECK;
void run_free(struct run *run); /* only after its ended callback */

void run_outcome(struct run *run, const struct mark_outcome *outcome);
void run_wake(struct run *run); /* may_send may be true now */

enum run_stop {
    RUN_STOP_SOON, /* drain: the request in flight may finish, then the job goes back */
    RUN_STOP_NOW,  /* the job goes back at once: the request in flight is abandoned */
    RUN_STOP_LOST, /* the job is another's: write nothing more of it */
};
void run_stop(struct run *run, enum run_stop how);

const struct job *run_job(const struct run *run);
const struct columns *run_columns(const struct run *run); /* NULL: not known yet */
bool run_is_idle(const struct run *run);                  /* no request of it is in flight */

struct run_stats {
    int page;               /* number of the page that is being read */
    int pages, pages_total; /* committed in this and earlier turns; 0: unknown */
    int64_t records;
    int64_t rejects; /* those that the loader refuses are not among them */
    size_t bytes;    /* memory of the body it holds */
};
struct run_stats run_stats(const struct run *run);

#endif

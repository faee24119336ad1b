#ifndef WORKER_CRAWL_CRAWL_H
#define WORKER_CRAWL_CRAWL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/rng.h"
#include "core/job.h"
#include "port/http.h"
#include "port/loop.h"
#include "worker/access/tokens.h"
#include "worker/load/loader.h"
#include "worker/pace/throttle.h"
#include "worker/rows/mark.h"

/*
 * One activated job while this process holds it: a step machine that asks for a page, sends,
 * judges the answer, cuts it into the batch and goes on to the next, until the job's turn ends.
 * The next page is fetched while the batch of this one is being committed.
 *
 *     crawl_new → (crawl_outcome for every mark) … → env.on_ended (once) → crawl_free
 *
 * crawl_stop asks for an early end; on_ended still comes. It never comes from inside a call.
 */
struct crawl;
struct crawl_watch;

enum crawl_how {
    CRAWL_FINISHED, /* the job has its end in PostgreSQL: `done` in the queue */
    CRAWL_PARKED,   /* it waits: back to the queue in wait_ms */
    CRAWL_RETURNED, /* given back for another worker, uncounted */
    CRAWL_SET_BACK, /* PostgreSQL has lost pages that it had confirmed: to be taken anew */
    CRAWL_LOST,     /* another process has it, or it could not be ended: leave it alone */
};

struct crawl_end {
    enum crawl_how how;
    enum job_state state; /* FINISHED */
    enum job_reason reason;
    const struct err *err; /* its text is "" if none; borrowed until crawl_free */
    int64_t wait_ms;       /* PARKED */
    bool is_refused;       /* LOST: PostgreSQL does not take the end, and no wait mends that */
    bool has_run_ended;    /* the whole run, not only this job, is over, in run_state */
    enum job_state run_state;
    struct str run_warnings; /* lines; borrowed until crawl_free */
};

/* How the turn ended, in a word: the job's own state, "waiting", "returned", "lost". Static. */
const char *crawl_end_name(const struct crawl_end *end);

/* What the process lends to its crawls. */
struct crawl_env {
    struct loop *loop;
    struct http *http;
    struct loaders *loaders;
    struct throttle *throttle;
    struct tokens *tokens;
    struct rng *rng;
    const char *secrets_dir;
    /* May a request start now? If not, crawl_wake is called when it may be worth asking
     * again. */
    bool (*may_send)(void *ctx, const struct crawl *crawl);
    /* The same for a page that is half cut: may it go on to grow? */
    bool (*may_cut)(void *ctx, const struct crawl *crawl);
    size_t memory_bytes; /* what a page may become, at least */
    /* A request failed and will be tried again in `delay_ms`. */
    void (*on_retry)(void *ctx, const struct crawl *crawl, const struct err *err,
                     int64_t delay_ms);
    /* A page was read (not committed yet). */
    void (*on_page)(void *ctx, const struct crawl *crawl, int64_t records, int64_t bytes);
    /* The page of a job that has lost a worker is at hand: crawl_ready when that is written
     * down. */
    void (*on_enter)(void *ctx, struct crawl *crawl);
    /* What `auto` made of the first answer. */
    void (*on_recognised)(void *ctx, const struct crawl *crawl, struct str what);
    void (*on_ended)(void *ctx, struct crawl *crawl, const struct crawl_end *end);
    void *ctx;
    const struct crawl_watch *watch; /* worker/crawl/watch.h; NULL: nobody looks */
};

/* What an activation brings besides the job: the loop guards' memory. */
struct crawl_past {
    const int64_t *request_hashes, *records_hashes;
    const int *legs; /* to which of the job's a page belongs (legs.h) */
    size_t count;
};

/* `job` and `past` are copied. `env` must outlive the crawl. Begins at the loop's next
 * turn. */
struct crawl *crawl_new(const struct crawl_env *env, const struct job *job,
                        const struct crawl_past *past) MUST_CHECK;
void crawl_free(struct crawl *crawl); /* only after its ended callback */

void crawl_outcome(struct crawl *crawl, const struct mark_outcome *outcome);
void crawl_wake(struct crawl *crawl); /* may_send may be true now */

/* What the crawl waits for is there; or it is not, and the job's turn ends. */
void crawl_ready(void *ctx, const struct err *err);

enum crawl_stop {
    CRAWL_STOP_SOON, /* drain: the request in flight may finish, then the job goes back */
    CRAWL_STOP_NOW,  /* the job goes back at once: the request in flight is abandoned */
    CRAWL_STOP_LOST, /* the job is another's: write nothing more of it */
};
void crawl_stop(struct crawl *crawl, enum crawl_stop how);

const struct job *crawl_job(const struct crawl *crawl);
const struct columns *crawl_columns(const struct crawl *crawl);
/* Those of the stream's parts, in the arena; NULL: it has none. */
const struct columns **crawl_part_columns(const struct crawl *crawl,
                                          struct arena *arena); /* NULL: not known yet */
/* The request is for the count that the definition names, and for no page. */
bool crawl_is_counting(const struct crawl *crawl);
/* No request of it is in flight, and no page half cut. */
bool crawl_is_idle(const struct crawl *crawl);
bool crawl_is_cutting(const struct crawl *crawl); /* a page is half cut */
/* Its request was given up because memory was full; it wants to be alone. */
bool crawl_is_crowded_out(const struct crawl *crawl);

struct crawl_stats {
    int page;               /* number of the page that is being read */
    int pages, pages_total; /* committed in this and earlier turns; 0: unknown */
    int64_t records;
    int64_t rejects;  /* those that the loader refuses are not among them */
    size_t bytes;     /* memory of the body it holds, and of what it becomes */
    const char *step; /* that it is at, or waits for: "send", "cut", …; static */
};
struct crawl_stats crawl_stats(const struct crawl *crawl);

/* The page that env.on_page is about; for inside it. */
struct crawl_fetched {
    int number;           /* of all the job's */
    int64_t place;        /* page number or offset that was asked for; -1: by something else */
    bool is_offset;       /* … it is an offset */
    struct str cursor;    /* that was asked with; empty: none. Borrowed */
    struct str host;      /* borrowed */
    int status, attempts; /* of the last answer; tries it took */
    int64_t asked_at_ms;  /* wall clock: when its last request began */
};
struct crawl_fetched crawl_fetched(const struct crawl *crawl);
int64_t crawl_began_at_ms(const struct crawl *crawl); /* this turn; wall clock */

#endif

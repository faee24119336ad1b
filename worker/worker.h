#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/settings.h"
#include "port/loop.h"
#include "port/pg.h"
#include "worker/crawl/crawl.h"

/*
 * A process that holds jobs. It claims them from the queue, or is given them (`sync`). It runs
 * up to `jobs` of them at once in one event loop and keeps their leases. When it is asked to
 * stop, it gives them back.
 *
 *     worker_new → worker_start → [worker_add]… → worker_drain → its callback → worker_free
 */
struct worker;

struct worker_options {
    struct loop *loop;
    const struct settings *settings; /* borrowed as long as the worker lives */
    bool has_queue;                  /* claim from Redis; else only worker_add brings jobs */
    struct str installation;         /* of the queue's jobs, as queue.h has it; borrowed */
    struct str secret; /* of the installation, for what it shares by Redis; borrowed */
    /* For an owner that has a session already: its id, of process_new_id, and the session. It
     * has the name that worker_session_name gives for the id, and is the worker's now. */
    const char *id;
    struct pg *pg;
    int64_t give_up_ms; /* how long a batch is tried while the database is away; -1: for ever */
    /* A job's turn here is over; `end` as crawl.h has it. May be NULL. */
    void (*on_ended)(void *ctx, const struct job *job, const struct crawl_end *end);
    void *ctx;
};

bool worker_new(const struct worker_options *options, struct worker **ret_worker,
                struct err *err) MUST_CHECK;
void worker_start(struct worker *worker);
void worker_free(struct worker *worker); /* NULL is fine */

enum { WORKER_SESSION_NAME_BYTES = 160 };
void worker_session_name(const char *id, char ret_name[WORKER_SESSION_NAME_BYTES]);

/* The id under which PostgreSQL knows it: "host-pid-random". */
struct str worker_id(const struct worker *worker);

/* Its session for control, for the owner's own questions; borrowed. */
struct pg *worker_session(const struct worker *worker);

/* Puts a job on the in-process queue. */
void worker_add(struct worker *worker, int64_t job);

/*
 * No new job; pages in flight may finish for 10 s, then they are abandoned; everything read is
 * committed and the jobs are given back. Calls fn once, from the loop.
 */
void worker_drain(struct worker *worker, loop_fn fn, void *ctx);

/* For /readyz, /metrics and progress bars. */
struct worker_stats {
    bool pg_up, redis_up;
    const struct refusal *refusal; /* what a server refuses, though it is up; NULL: nothing */
    bool misses_scheduler;         /* streams have a schedule, and no scheduler lives */
    size_t held;                   /* jobs */
    size_t waiting;                /* jobs on the in-process queue */
    int64_t pages;                 /* read here, committed or not */
    int64_t records;
    int64_t bytes;
    int64_t retries;
    size_t in_flight;                          /* requests */
    size_t memory_bytes;                       /* bodies, and batches that are not committed */
    int64_t jobs_max, memory_max_bytes;        /* of the settings */
    int64_t pg_connections, redis_connections; /* that are up */
    const struct refusals *refusals;           /* borrowed as long as the worker lives */
    int64_t pages_known; /* committed pages of the jobs held, and the totals that they know: */
    int64_t pages_total; /* 0 where one of them does not */
};
struct worker_stats worker_stats(const struct worker *worker);

#endif

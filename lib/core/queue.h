#ifndef CORE_QUEUE_H
#define CORE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"
#include "base/str.h"
#include "port/redis.h"

/*
 * The job queue in Redis: who works on what, until when. It only dispatches; PostgreSQL knows
 * what must run and how far it got. Protocol: docs/queue-protocol.md; scripts: lua/. Every
 * call may be repeated. Callbacks come exactly once, with err where Redis did not answer
 * (ERR_AGAIN: unknown whether it ran).
 */
struct queue;

struct queue_options {
    struct redis *redis;
    struct str prefix; /* "pagetide" */
    int64_t lease_ms;
    /*
     * The id of the control schema that the jobs are of; empty: not checked. The first one that
     * comes owns the keys under the prefix; calls of any other fail with "FOREIGN …".
     */
    struct str installation;
    /*
     * Sees how every call went, before its own callback: `what` is the script ("enqueue") or
     * command, `err` NULL where it was taken. May be NULL.
     */
    void (*on_answer)(void *ctx, const char *what, const struct err *err);
    void *ctx;
};

/* Borrows the connection. */
struct queue *queue_new(const struct queue_options *options) MUST_CHECK;
void queue_free(struct queue *queue); /* its callbacks will not come any more; NULL is fine */

typedef void (*queue_done_fn)(void *ctx, const struct err *err);

/* Are the keys under the prefix ours? Else the error says whose. */
void queue_check(struct queue *queue, queue_done_fn fn, void *ctx);

/* Puts a job on the queue; nothing happens where it is there already. */
void queue_push(struct queue *queue, int64_t job, struct str source, int priority,
                int64_t delay_ms, queue_done_fn fn, void *ctx);

/*
 * Which of these jobs are known to Redis (queued, delayed or leased)? The callback's known[i]
 * answers for jobs[i]; it lasts until the callback returns. At most 1,000 jobs a call.
 */
typedef void (*queue_known_fn)(void *ctx, const bool *known, size_t count,
                               const struct err *err);
void queue_known(struct queue *queue, const int64_t *jobs, size_t count, queue_known_fn fn,
                 void *ctx);

/* A lease, or job == 0 where nothing is ready. */
struct queue_lease {
    int64_t job;
    char token[RNG_TOKEN_BYTES];
    int64_t at_mono_ms; /* when we asked: the lease is at least this young */
};

typedef void (*queue_claim_fn)(void *ctx, const struct queue_lease *lease,
                               const struct err *err);
/*
 * Leases the next job that is ready. A claim that got no answer is repeated by the next one, so
 * a job that it may have leased is not lost until the lease ends.
 */
void queue_claim(struct queue *queue, struct str worker, queue_claim_fn fn, void *ctx);

/* How a beat, done, retry or adopt was taken. */
enum queue_verdict {
    QUEUE_OK,
    QUEUE_LOST,      /* the lease is not ours: gone, or held by another token */
    QUEUE_CANCELLED, /* ours, and the job is to be cancelled (beat only) */
};

typedef void (*queue_verdict_fn)(void *ctx, enum queue_verdict verdict, const struct err *err);

/* Extends the lease to a full length from now. */
void queue_beat(struct queue *queue, int64_t job, struct str token, queue_verdict_fn fn,
                void *ctx);
/* The job is finished; the entry goes. */
void queue_done(struct queue *queue, int64_t job, struct str token, queue_verdict_fn fn,
                void *ctx);
/* Gives the job back, to be leased again after `delay_ms`. */
void queue_retry(struct queue *queue, int64_t job, struct str token, int64_t delay_ms,
                 queue_verdict_fn fn, void *ctx);
/*
 * Makes a lease again that Redis has lost; QUEUE_LOST where another token holds the job. Takes
 * the job out of ready and delayed.
 */
void queue_adopt(struct queue *queue, int64_t job, struct str token, struct str source,
                 int priority, struct str worker, queue_verdict_fn fn, void *ctx);
/* Asks the worker that holds it to stop; takes it out of the queue where none does. */
void queue_cancel(struct queue *queue, int64_t job, queue_done_fn fn, void *ctx);

/*
 * Waits on a second connection for a wake-up token (BLPOP, 2 s at most) and calls back with
 * whether one came. A wake-up may be lost, work never: poll anyway.
 */
typedef void (*queue_wake_fn)(void *ctx, bool woken, const struct err *err);
void queue_wait(struct queue *queue, struct redis *wake, queue_wake_fn fn, void *ctx);

#endif

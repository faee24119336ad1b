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

/* A job for the queue, ready after delay_ms; nothing happens where it is there already. */
struct queue_entry {
    int64_t job;
    struct str source;
    int priority;
    int64_t delay_ms;
    struct str silent; /* the worker whose lease does not count any more; empty: none */
};

/* Puts jobs on the queue, all or none: at most QUEUE_PUSH_MAX. *count: how many are new. */
enum { QUEUE_PUSH_MAX = 1000 };
typedef void (*queue_push_fn)(void *ctx, size_t count, const struct err *err);
void queue_push(struct queue *queue, const struct queue_entry *entries, size_t count,
                queue_push_fn fn, void *ctx);

/* What a worker says of a lease that it has. */
enum queue_word {
    QUEUE_SILENT, /* nothing: never sent */
    QUEUE_BEAT,   /* the lease ends a full length from now */
    QUEUE_DONE,   /* the job is finished; the entry goes */
    QUEUE_BACK,   /* the job is given back, to be leased again after delay_ms */
    QUEUE_ADOPT,  /* makes a lease again that Redis has lost, wherever the job stands */
    QUEUE_WORDS,
};

struct queue_report {
    enum queue_word word;
    int64_t job;
    struct str token;
    int64_t delay_ms;  /* BACK */
    struct str source; /* ADOPT */
};

/* How a report was taken. */
enum queue_verdict {
    QUEUE_OK,
    QUEUE_LOST,      /* the lease is not ours: gone, or held by another token */
    QUEUE_CANCELLED, /* ours, and the job is to be cancelled (BEAT only) */
};

/* All that a worker says and wants at once: one round trip. */
struct queue_turn {
    struct str worker;
    const struct queue_report *reports;
    size_t report_count;
    size_t wanted; /* jobs to lease at most; 0: none */
};

/* Borrowed until the callback returns. */
struct queue_answer {
    const enum queue_verdict *verdicts; /* of the reports, in their order */
    const int64_t *jobs;                /* leased: all with this token */
    size_t job_count;
    char token[RNG_TOKEN_BYTES];
    int64_t at_mono_ms; /* when we asked: the leases are at least this young */
};

typedef void (*queue_turn_fn)(void *ctx, const struct queue_answer *answer,
                              const struct err *err);
/*
 * Takes the reports in their order, and leases what is ready. The reports may be made again
 * where no answer came. A turn that got none is repeated by the next one that wants jobs, so
 * those that it may have leased are not lost until their leases end. One turn at a time.
 */
void queue_turn(struct queue *queue, const struct queue_turn *turn, queue_turn_fn fn,
                void *ctx);

/*
 * Which sources have a weight in the ring, or a limit: as pagetide.source_shares says it. They
 * stand until they are said anew, or lost.
 */
void queue_shares(struct queue *queue, struct str shares, queue_done_fn fn, void *ctx);
/* Asks the worker that holds it to stop; takes it out of the queue where none does. */
void queue_cancel(struct queue *queue, int64_t job, queue_done_fn fn, void *ctx);

/*
 * Waits on a second connection for a wake-up token (BLPOP, 2 s at most) and calls back with
 * whether one came. A wake-up may be lost, work never: poll anyway.
 */
typedef void (*queue_wake_fn)(void *ctx, bool woken, const struct err *err);
void queue_wait(struct queue *queue, struct redis *wake, queue_wake_fn fn, void *ctx);

#endif

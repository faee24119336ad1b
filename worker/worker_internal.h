#ifndef WORKER_WORKER_INTERNAL_H
#define WORKER_WORKER_INTERNAL_H

#include "base/process.h"
#include "base/rng.h"
#include "core/ownership.h"
#include "core/queue.h"
#include "port/http.h"
#include "port/pg.h"
#include "port/redis.h"
#include "worker/load/loader.h"
#include "worker/worker.h"

/*
 * The inside of a worker, shared by worker.c (its life and its crawls), claim.c (from the queue
 * to a crawl) and beat.c (leases).
 */

/*
 * A job from the moment its lease came until its crawl is over. `crawl` is NULL while it is being
 * activated. Freed when it is over and no callback of the queue is under way.
 */
struct held {
    struct held *next, **link; /* worker->held */
    struct worker *worker;
    int64_t job;
    char token[RNG_TOKEN_BYTES]; /* of the lease; "" in `sync` */
    int64_t leased_mono_ms;
    struct arena *arena;
    struct ownership_activation activation; /* in the arena; valid once it was taken */
    struct crawl *crawl;
    bool had_crashes;
    bool is_over;
    int calls; /* callbacks under way */
};

/* A job of the in-process queue. */
struct local_job {
    int64_t job;
    int64_t due_mono_ms;
};

struct worker {
    struct worker_options options;
    const struct settings *settings;
    struct loop *loop;
    char id[PROCESS_ID_BYTES], host[PROCESS_HOST_BYTES], application_name[160];
    struct ownership_worker self;
    struct rng rng;

    struct http *http;
    struct pg *pg; /* control session: activations and beats */
    struct loaders *loaders;
    struct throttle *throttle;
    struct redis *redis, *wake; /* commands; BLPOP. NULL in `sync` */
    struct queue *queue;

    struct crawl_env env;
    struct held *held;
    size_t held_count;
    struct local_job *local;
    size_t local_count, local_capacity;

    struct loop_timer *beat_timer, *local_timer, *drain_timer, *claim_timer, *starved_timer;
    bool is_started, is_registered, is_claiming, is_waiting_wake, is_draining, has_signed_off,
        wake_is_due;
    loop_fn drained;
    void *drained_ctx;

    int64_t pages, records, bytes, retries;
};

/* claim.c */
void claim_more(struct worker *worker); /* takes what is there, as far as there is room */
void claim_wake(struct worker *worker); /* waits for wake-ups */
void claim_put_local(struct worker *worker, int64_t job, int64_t delay_ms);

/* beat.c */
void beat_start(struct worker *worker);

/* worker.c */
struct held *held_new(struct worker *worker, int64_t job);
void held_release(struct held *held); /* a callback came back */
void held_over(struct held *held);
void held_run(struct held *held); /* its activation was taken: begins to work */

#endif

#ifndef WORKER_WORKER_INTERNAL_H
#define WORKER_WORKER_INTERNAL_H

#include "base/process.h"
#include "core/limit.h"
#include "core/queue.h"
#include "core/refusals.h"
#include "port/http.h"
#include "port/pg.h"
#include "port/redis.h"
#include "worker/held.h"
#include "worker/load/loader.h"
#include "worker/worker.h"

/*
 * The inside of a worker, shared by worker.c (its life, and what its crawls report), claim.c
 * (from a lease to a crawl, and back), suspect.c (jobs that have lost a worker), turn.c (the
 * talk with the queue), beat.c (leases) and lookout.c (what else to say).
 */

/* A job of the in-process queue. */
struct local_job {
    int64_t job;
    int64_t due_mono_ms;
};

/* A job whose end PostgreSQL has refused so often. */
struct refused_end {
    int64_t job;
    int times;
};
enum { REFUSED_ENDS_MAX = 64 }; /* that are remembered */

struct worker {
    struct worker_options options;
    const struct settings *settings;
    struct loop *loop;
    char id[PROCESS_ID_BYTES], host[PROCESS_HOST_BYTES];
    char application_name[WORKER_SESSION_NAME_BYTES];
    struct ownership_worker self;
    struct rng rng;

    struct http *http;
    struct pg *pg; /* control session: activations and beats */
    struct loaders *loaders;
    struct throttle *throttle;
    struct tokens *tokens;
    struct redis *redis, *wake, *told; /* commands; BLPOP; XREAD. NULL in `sync` */
    struct queue *queue;
    struct limits *limits;
    struct refusals refusals;

    struct crawl_env env;
    struct held_list held;
    struct local_job *local;
    size_t local_count, local_capacity;

    struct loop_timer *beat_timer, *local_timer, *drain_timer, *claim_timer, *starved_timer,
        *page_timer;
    struct held **reporters; /* of the turn under way, in the order of its reports */
    size_t reporter_count, reporter_capacity;
    bool is_in_turn; /* one is under way, or its answer is being heard */
    bool is_woken;   /* by a token: the next turn is taken, whatever there is to say */
    /* What turn.c hears is for those above it: */
    void (*on_lease)(struct worker *worker, int64_t job, const struct queue_answer *answer);
    void (*on_first_beat)(struct held *held, enum queue_verdict verdict);
    void (*on_heard)(struct worker *worker); /* the whole answer, or that none came */
    bool knows_fences; /* a round of beats was answered since the session came up */
    bool is_started, is_registered, is_waiting_wake, is_draining, has_signed_off, wake_is_due,
        misses_scheduler;
    char looked_at
        [64]; /* the newest definition that lookout.c has seen, as PostgreSQL says it */
    loop_fn drained;
    void *drained_ctx;

    struct refused_end refused_ends[REFUSED_ENDS_MAX];
    size_t refused_end_count; /* ever; the oldest place is taken again */

    int64_t away_said_mono_ms; /* that no session loads; 0: never */
    struct {
        int64_t count; /* of requests that waited, since it began; 0: nothing is lacking */
        int64_t said_mono_ms, last_mono_ms;
    } lack;            /* base/lack.h */
    int64_t ended_run; /* that was told of last, until it goes on; 0: none */
    int64_t pages, records, bytes, retries;
};

/* claim.c */
void claim_more(struct worker *worker); /* takes what is there, as far as there is room */
void claim_lease(struct worker *worker, int64_t job, const struct queue_answer *answer);
void claim_beaten(struct held *held, enum queue_verdict verdict); /* the first beat's answer */
void claim_put_local(struct worker *worker, int64_t job, int64_t delay_ms);
/* The lease's end: the job is done in the queue, or goes back there for delay_ms. */
void claim_done(struct held *held);
void claim_put_back(struct held *held, int64_t delay_ms);

/* suspect.c: of a crawl's environment; the timer's */
void suspect_enter(void *ctx, struct crawl *crawl);
void suspect_look(void *ctx);

/* turn.c */
size_t turn_room(const struct worker *worker); /* how many more jobs it may take */
void turn_take(struct worker *worker);         /* says and asks what there is, now or later */
void turn_wait_wake(struct worker *worker);    /* where there is room, waits for a wake-up */
bool turn_is_silent(const struct worker *worker); /* all was said that can be said */

/* beat.c */
void beat_start(struct worker *worker);

/* lookout.c: with every beat, definitions also at the beginning */
void lookout_definitions(struct worker *worker);
void lookout_schedulers(struct worker *worker);
void lookout_crowds(struct worker *worker);

#endif

#ifndef TESTS_SUPPORT_MODEL_H
#define TESTS_SUPPORT_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"

/*
 * The rules by which workers, schedulers, Redis and PostgreSQL share jobs, as a small world in
 * memory. A seed chooses what happens next: a step of somebody, time, or a fault. A fault may
 * come between any two steps: a process dies or sleeps, an answer is lost, a message arrives
 * after its sender has given it up, Redis forgets or goes back to what it was.
 *
 *     model_postgres.c   activation, beats, commit, ends of runs, reload requests
 *     model_redis.c      the queue's scripts
 *     model_worker.c     claim, activate, fetch, commit, beat, adopt
 *     model.c            the seed's choices, schedulers, and what must hold
 *
 * Each function there names the code that it stands for; they change together. What a page
 * holds is its cursor: a number that only this answer to this request has. So a page that does
 * not follow the one before it, or is written twice, is seen at once.
 */
enum {
    MODEL_WORKERS = 3,
    MODEL_SLOTS = 2, /* jobs that a worker holds */
    MODEL_RUNS = 4,
    MODEL_JOBS_A_RUN = 2,
    MODEL_JOBS = MODEL_RUNS * MODEL_JOBS_A_RUN,
    MODEL_PAGES = 4, /* of a job */
    MODEL_BATCH = 2, /* pages in a commit, at most */
    MODEL_MESSAGES = 12,
    MODEL_REQUESTS = 3,

    MODEL_BEAT_S = 10,
    MODEL_LEASE_S = 30,
};

/* What the tests take out, to see that the model misses it. */
struct model_rules {
    bool fences;     /* a commit needs the job's epoch and owner */
    bool recognises; /* … and pages that are in already are not written again */
    bool adopts;     /* a lease that Redis lost is made anew; else the job is dropped */
    bool rebuilds;   /* what should be on the queue and is not is put there */
    bool knows_ids;  /* a reload request is one run, however often it is read */
};

#define MODEL_ALL_RULES ((struct model_rules){true, true, true, true, true})

/* --- PostgreSQL --- */

enum model_state {
    MODEL_NONE,
    MODEL_QUEUED,
    MODEL_RUNNING,
    MODEL_WAITING,
    MODEL_DONE,
    MODEL_CANCELLED
};

struct model_job {
    enum model_state state;
    int epoch, owner, worker; /* 0: none */
    int page, cursor;         /* the checkpoint */
    int wait_until;
    bool is_enqueued;
    int written[MODEL_PAGES + 1]; /* how often each page is in the table */
    int cursors[MODEL_PAGES + 1]; /* … and which it was */
};

struct model_run {
    bool is_begun, is_over;
    int request;
};

enum model_request { MODEL_UNREAD, MODEL_PENDING, MODEL_STARTED };

struct model_postgres {
    struct model_job jobs[MODEL_JOBS];
    struct model_run runs[MODEL_RUNS];
    enum model_request requests[MODEL_REQUESTS];
    int seen_at[64]; /* of each worker that ever was; -1: not registered */
};

/* --- Redis --- */

enum model_place { MODEL_NOWHERE, MODEL_READY, MODEL_DELAYED, MODEL_LEASED };

struct model_entry {
    enum model_place place;
    int until; /* the lease, or the delay */
    int token;
    bool is_cancelled;
};

struct model_redis {
    struct model_entry entries[MODEL_JOBS];
    bool messages[MODEL_REQUESTS]; /* reload messages that are not acknowledged */
    int seen;
};

/* --- workers --- */

enum model_stage {
    MODEL_FREE,
    MODEL_CLAIMED, /* a lease, no fence */
    MODEL_TAKEN,   /* a fence; one beat comes before the first request */
    MODEL_CRAWLS,
};

enum model_end { MODEL_GOES_ON, MODEL_ENDS, MODEL_RETURNS, MODEL_WAITS };

/* What a commit carries: pages from..from+count-1, and perhaps the end of the turn. */
struct model_batch {
    int job, epoch, owner;
    int from, count;
    int before,
        cursors[MODEL_BATCH]; /* before: the cursor with which the first was asked for */
    enum model_end end;
};

struct model_held {
    enum model_stage stage;
    int job, token, leased_at;
    int epoch, owner;
    int page, cursor; /* the last one that was fetched */
    struct model_batch batch;
    bool is_sent; /* the batch is under way, or was, and no answer has come */
};

struct model_worker {
    int id;
    bool is_asleep;
    int beat_at;
    int unanswered_token; /* of a claim; 0: none */
    struct model_held held[MODEL_SLOTS];
};

enum model_verdict { MODEL_APPLIED, MODEL_SKIPPED, MODEL_REFUSED };

/* A commit between a worker and PostgreSQL. */
struct model_message {
    bool is_used, is_answered;
    bool
        is_given_up; /* its sender does not listen any more, and has sent it again or is dead */
    int worker;      /* its id */
    int slot;
    struct model_batch batch;
    enum model_verdict verdict;
};

struct model {
    struct model_rules rules;
    struct rng rng;
    bool is_traced;
    int now, numbers;     /* numbers: the last one given, as token, owner, cursor */
    int ids;              /* of workers */
    bool is_hard;         /* workers are lost too */
    bool has_lost_worker; /* one was killed, or slept: only then is a page fetched again */
    struct model_postgres pg;
    struct model_redis redis, snapshot;
    struct model_worker workers[MODEL_WORKERS];
    struct model_message messages[MODEL_MESSAGES];
    int fetched[MODEL_JOBS][MODEL_PAGES + 1];
    const char *wrong; /* the first promise that was broken */
};

/*
 * Lives the life that the seed chooses, then lets everybody work without faults until nothing
 * is left to do. NULL, or what was broken. With `is_traced` every event is printed.
 */
const char *model_run(uint64_t seed, const struct model_rules *rules, bool is_traced);

/* --- for the parts --- */

int model_number(struct model *model); /* one that nobody else has */
bool model_happens(struct model *model, int percent);
void model_breaks(struct model *model, const char *promise);
void model_trace(const struct model *model, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* model_postgres.c */
enum model_activation { MODEL_TOOK, MODEL_GONE, MODEL_BUSY };
enum model_activation model_activate(struct model *model, int job, int worker, int owner);
void model_beat(struct model *model, struct model_worker *worker);
bool model_is_held(const struct model *model, int job, int worker);
enum model_verdict model_commit(struct model *model, const struct model_batch *batch);
void model_request(struct model *model, int request);
void model_cancel_run(struct model *model, int run);
bool model_is_publishable(const struct model *model, int job);

/* model_redis.c: as the scripts in lib/core/lua; tokens are numbers */
bool model_knows(const struct model *model, int job);
void model_enqueue(struct model *model, int job);
int model_lease(struct model *model, int token, bool again); /* a job, or -1 */
bool model_extend(struct model *model, int job, int token);  /* false: the lease is lost */
void model_done(struct model *model, int job, int token);
void model_retry(struct model *model, int job, int token, int delay_s);
void model_adopt(struct model *model, int job, int token);
void model_cancel(struct model *model, int job);

/* model_worker.c: something that this worker may do now, chosen by the seed */
void model_work(struct model *model, struct model_worker *worker);
void model_worker_beats(struct model *model, struct model_worker *worker);
void model_answer(struct model *model, struct model_message *message);
struct model_worker *model_worker_find(struct model *model, int id);

#endif

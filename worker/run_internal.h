#ifndef WORKER_RUN_INTERNAL_H
#define WORKER_RUN_INTERNAL_H

#include "worker/exchange/request.h"
#include "worker/exchange/scope.h"
#include "worker/paging/checkpoint.h"
#include "worker/paging/guard.h"
#include "worker/rows/cut.h"
#include "worker/run.h"

/*
 * The inside of a run, shared by run.c (its life), step.c (from the request to the rows) and
 * turn.c (from the rows to the next request).
 */

/* The steps of a page, in their order; PAUSE leaves the machine until something comes back. */
#define STEPS(X)                                                                               \
    X(open)                                                                                    \
    X(ask)                                                                                     \
    X(send)                                                                                    \
    X(judge)                                                                                   \
    X(cut)                                                                                     \
    X(turn)

enum step {
#define X(name) STEP_##name,
    STEPS(X)
#undef X
        STEP_PAUSE,
};

enum phase {
    PHASE_WORKING,
    PHASE_ENDING,  /* the end mark is on its way; nothing more is fetched */
    PHASE_FAILING, /* a batch failed: the end mark follows when no mark is under way */
    PHASE_ENDED,   /* PostgreSQL itself ended the job; the marks under way are refused */
    PHASE_LEAVING, /* no mark may follow; waiting for the outcomes of earlier ones */
    PHASE_OVER,    /* the ended callback is due */
};

struct run {
    const struct run_env *env;
    struct job job;
    struct arena *arena; /* as long as the run */
    struct arena *page;  /* this page: pager state, request, answer, scratch */
    struct arena *next;  /* the same of the page after it; the two swap */
    struct loader *loader;
    const struct stream *stream;
    struct scope scope;
    struct pager pager;
    struct guard guard;
    enum phase phase;
    enum step resume; /* where a pause goes on */
    bool is_paused, is_starved, is_draining;
    int64_t began_mono_ms; /* the job, in whatever process */

    struct request request;
    struct http_call *call;
    struct throttle_pass pass;
    struct loop_timer *timer;
    const struct http_answer *answer; /* only while its callback runs */
    const struct err *failed;         /* likewise */
    int attempt, told_waits, redirects;
    int64_t retries, waited_ms; /* since the last mark */
    int64_t fetched_at_ms, body_wire_bytes;

    struct buf body;
    struct cut cut;
    bool body_is_empty; /* 204, or `responses` said so */
    bool is_told_end;   /* `responses` said that there is no more */

    size_t pending; /* marks without an outcome yet */
    bool is_cancelled;
    struct run_end end;
    struct err err; /* of the end */
    struct run_stats stats;
};

/* Each does one step and says which is next. */
#define X(name) enum step step_##name(struct run *run);
STEPS(X)
#undef X

/* Leaves the machine; run_resume goes on there. */
enum step run_pause(struct run *run, enum step resume);
void run_resume(struct run *run);
/* A callback of the loader: goes on, or ends the job where there is an error. */
void run_ready(void *ctx, const struct err *err);

/*
 * Ends the job's turn behind the pages already marked; run->err says why, where it failed.
 * run_fail adds the page that was being read.
 */
enum step run_end_turn(struct run *run, enum job_state state, enum job_reason reason);
enum step run_fail(struct run *run, enum job_reason reason);
enum step run_give_back(struct run *run);

/* Puts the end into a mark that travels behind a page. */
void run_set_end(struct run *run, struct mark *mark, enum job_state state,
                 enum job_reason reason);
void run_put_mark(struct run *run, struct mark *mark);

/* Puts "GET https://…" before the error. */
void run_wrap_request(struct run *run);

#endif

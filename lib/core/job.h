#ifndef CORE_JOB_H
#define CORE_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * Words shared by worker, scheduler and commands: states and reasons as PostgreSQL
 * has them, and the job as a worker gets it.
 */

/* The order is the order of "worst": a run's state is the worst of its jobs'. */
#define JOB_STATES(X)                                                                          \
    X(QUEUED, "queued")                                                                        \
    X(RUNNING, "running")                                                                      \
    X(WAITING, "waiting")                                                                      \
    X(SUCCEEDED, "succeeded")                                                                  \
    X(TRUNCATED, "truncated")                                                                  \
    X(CANCELLED, "cancelled")                                                                  \
    X(FAILED, "failed")                                                                        \
    X(DEAD, "dead")

enum job_state {
#define X(name, text) JOB_##name,
    JOB_STATES(X)
#undef X
};

#define JOB_REASONS(X)                                                                         \
    X(NONE, "")                                                                                \
    X(HTTP, "http")                                                                            \
    X(AUTH, "auth")                                                                            \
    X(BODY, "body")                                                                            \
    X(MERGE, "merge")                                                                          \
    X(EVAL, "eval")                                                                            \
    X(LOOP, "loop")                                                                            \
    X(LIMIT, "limit")                                                                          \
    X(INCONSISTENT_END, "inconsistent_end")                                                    \
    X(REJECTS, "rejects")                                                                      \
    X(SHRINK, "shrink")                                                                        \
    X(DEFINITION, "definition")                                                                \
    X(CANCELLED, "cancelled")                                                                  \
    X(CRASH, "crash")                                                                          \
    X(SERVER, "server")

enum job_reason {
#define X(name, text) REASON_##name,
    JOB_REASONS(X)
#undef X
};

/* What proves that a job has read all there is; the order is the order of "worst". */
#define JOB_COMPLETES(X)                                                                       \
    X(UNKNOWN, "")                                                                             \
    X(PROVED, "proved")             /* the API's own count was reached */                      \
    X(TOLD, "told")                 /* the API said that no more follows */                    \
    X(ASSUMED, "assumed")           /* nothing said that more follows */                       \
    X(CONTRADICTED, "contradicted") /* something said that more follows */

enum job_complete {
#define X(name, text) COMPLETE_##name,
    JOB_COMPLETES(X)
#undef X
};

const char *job_complete_name(enum job_complete complete);
enum job_complete job_complete_parse(struct str text); /* UNKNOWN for what is none */
const char *job_state_name(enum job_state state);
const char *job_reason_name(enum job_reason reason);
enum job_reason job_reason_parse(struct str text); /* NONE for what is no reason */
bool job_state_parse(struct str text, enum job_state *ret_state) MUST_CHECK;

/* One activated job: all that a worker needs, no files. Strings are in the caller's
 * arena. */
struct job {
    int64_t id, run;
    int n;             /* written RUN/N */
    struct str stream; /* source.stream */
    int version;
    struct str spec; /* the stream's definition, JSON (config/source.h) */
    /* JSON: {}, {"partition": {...}, "window": {...}}, or {"legs": [...]}, several of them
     * (worker/crawl/legs.h) */
    struct str part;
    struct str mode;                   /* incremental, full, window */
    struct str window_from, window_to; /* RFC 3339 or empty */
    struct str bookmark;               /* value at the run's start, empty if none */
    int64_t started_us;                /* the run's frozen time, PostgreSQL's clock */
    int64_t epoch;                     /* the fence: both are compared at each commit */
    struct str owner;
    struct str checkpoint; /* JSON, empty before the first page */
    int page;              /* last committed page, 0 if none */
    int64_t records;       /* committed so far */
    int64_t rejects;       /* committed so far, of the whole run */
    int attempt;           /* stored with a wait, reset by a committed page */
    int server_waits;
    int losses;         /* of workers, since the last committed page */
    int64_t elapsed_ms; /* since the job began for the first time, when it was activated */
};

#endif

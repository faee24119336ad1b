#ifndef WORKER_LOAD_SESSIONS_H
#define WORKER_LOAD_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "port/loop.h"
#include "port/pg.h"

/*
 * A small pool of PostgreSQL sessions, each lent to one piece of work at a time, and the rule
 * by which work is tried again.
 *
 *     attempt_start → begin(session) … → attempt_done, or
 *                                      → attempt_retry → begin(session) … or give_up(err)
 */
struct sessions;

struct session {
    struct pg *pg; /* NULL: closed */
    struct sessions *owner;
    bool is_busy;
    /* Temporary staging tables that this session has: which loader's, for which map. */
    struct session_stage {
        unsigned loader, map;
    } * stages;
    size_t stage_count, stage_capacity;
};

bool sessions_new(struct loop *loop, const char *url, const char *name, size_t count,
                  struct sessions **ret_sessions, struct err *err) MUST_CHECK;
/* Queries under way call back with ERR_STOPPED, and nothing is lent any more. */
void sessions_close(struct sessions *sessions);
void sessions_free(struct sessions *sessions); /* after all attempts; NULL is fine */

/* The map for which the session has this loader's staging table; 0 if none. */
unsigned session_find_stage(const struct session *session, unsigned loader);
void session_note_stage(struct session *session, unsigned loader, unsigned map);

/*
 * A piece of work that wants a session, and another one after errors that pass: ERR_AGAIN until
 * give_up_ms have gone since the first (-1: for ever), with growing pauses; other errors four
 * times. The session of a failed try is dropped: its state is in doubt.
 */
struct attempt {
    /* in */
    int64_t give_up_ms;
    void (*begin)(void *ctx, struct session *session); /* from the loop */
    void (*give_up)(void *ctx, const struct err *err); /* from the loop; no session is held */
    void *ctx;
    /* private */
    struct sessions *sessions;
    struct session *session; /* while begin's work is under way */
    struct attempt *next;    /* in the queue for a session */
    struct loop_timer *timer;
    bool is_queued;
    int64_t failing_since_mono_ms; /* 0: has not failed */
    int failures, odd_failures;
    struct err err;
};

void attempt_start(struct attempt *attempt, struct sessions *sessions);
void attempt_done(struct attempt *attempt); /* gives the session back as it is */
void attempt_retry(struct attempt *attempt, const struct err *err);
void attempt_cancel(struct attempt *attempt); /* no callback comes; a held session is dropped,
                                                 so no query of it may be under way */

#endif

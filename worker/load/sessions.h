#ifndef WORKER_LOAD_SESSIONS_H
#define WORKER_LOAD_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"
#include "port/loop.h"
#include "port/pg.h"

/*
 * A small pool of PostgreSQL sessions, each lent to one piece of work at a time, first come
 * first served. Work does not ask here itself but by an attempt (attempt.h), which also has the
 * rule by which it is tried again.
 *
 *     sessions_new → [sessions_wait → on_session → sessions_return]… → sessions_close →
 *     sessions_free
 */
struct sessions;

struct session {
    struct pg *pg; /* NULL: closed */
    struct sessions *owner;
    bool is_busy; /* lent */
    /* Temporary staging tables that this session has: which loader's, for which map. */
    struct session_stage {
        unsigned loader, map;
    } * stages;
    size_t stage_count, stage_capacity;
};

/* A place in the queue for a session. The memory is the caller's and stays where it is. */
struct sessions_waiter {
    /* in */
    void (*on_session)(void *ctx, struct session *session); /* from the loop */
    void *ctx;
    /* private */
    struct sessions_waiter *next;
    bool is_queued;
};

/*
 * At most `count` sessions; of `options` the setup is ours. One is opened at once, and another
 * only when work waits while all others are lent: a role or pooler may have few.
 */
bool sessions_new(struct loop *loop, const struct pg_options *options, size_t count,
                  struct sessions **ret_sessions, struct err *err) MUST_CHECK;

/* To be called, from the loop, when no session is up any more, or none came up; and why. */
typedef void (*sessions_away_fn)(void *ctx, const struct err *err);
void sessions_on_away(struct sessions *sessions, sessions_away_fn fn, void *ctx);
/* The server did not answer elsewhere: every session is made anew, and work under way in one is
 * tried again. */
void sessions_doubt(struct sessions *sessions);
/* Queries under way call back with ERR_STOPPED, and nothing is lent any more. */
void sessions_close(struct sessions *sessions);
void sessions_free(struct sessions *sessions); /* when nothing waits any more; NULL is fine */

/* Queues the waiter; it is called once, with a session that is up and nobody else's. */
void sessions_wait(struct sessions *sessions, struct sessions_waiter *waiter);
void sessions_unwait(struct sessions *sessions, struct sessions_waiter *waiter);

/* `is_in_doubt`: something failed in it; the connection is made anew. */
void sessions_return(struct session *session, bool is_in_doubt);

size_t sessions_up(const struct sessions *sessions); /* how many are connected */
bool sessions_has_any_up(const struct sessions *sessions);
/* Why the session that was lost last is down; ERR_NONE: none was lost. Borrowed. */
const struct err *sessions_down(const struct sessions *sessions);
struct loop *sessions_loop(const struct sessions *sessions);
struct rng *sessions_rng(struct sessions *sessions); /* for jitter */

/* The map for which the session has this loader's staging table; 0 if none. */
unsigned sessions_find_stage(const struct session *session, unsigned loader);
void sessions_note_stage(struct session *session, unsigned loader, unsigned map);

#endif

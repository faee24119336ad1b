#ifndef WEB_SESSION_H
#define WEB_SESSION_H

#include "port/loop.h"
#include "port/pg.h"

/*
 * A session with PostgreSQL that is there while somebody asks: opened by the first question,
 * closed when nobody has asked for a minute. A question waits until it is up, for at most ten
 * seconds in all, two where the server is known to be away; its statement is ended by the
 * server after five.
 *
 *     session_new → session_ask … → session_free
 */
struct session;

struct session_options {
    struct loop *loop;
    const char *url, *name; /* borrowed as long as the session lives */
    const char *setup_sql;  /* besides the time limit of a statement */
    /* A notification, or, with an empty payload, that the session is up, again: some may be
     * lost. NULL: nobody listens. */
    void (*on_notify)(void *ctx, struct str payload);
    void *notify_ctx;
};

enum { SESSION_ASKED_MAX = 64, SESSION_LIMIT_MS = 10000 };

struct session *session_new(const struct session_options *options) MUST_CHECK;
void session_free(struct session *session); /* questions end with ERR_STOPPED; NULL is fine */

/*
 * `sql` is one statement and borrowed until the answer; the parameters are copied. `fn` is
 * called exactly once, never before this returns. ERR_AGAIN: the server is away, did not answer
 * in time, or SESSION_ASKED_MAX questions wait already.
 */
void session_ask(struct session *session, const char *sql, const struct pg_value *params,
                 size_t count, pg_done_fn fn, void *ctx);

/* The same where the answer is bytes (pg_query_binary). */
void session_ask_bytes(struct session *session, const char *sql, const struct pg_value *params,
                       size_t count, pg_done_fn fn, void *ctx);

/* Counts who listens: while there is anybody, the session stays open. */
void session_hold(struct session *session);
void session_release(struct session *session);

#endif

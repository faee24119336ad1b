#ifndef WORKER_LOAD_ATTEMPT_H
#define WORKER_LOAD_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "port/loop.h"
#include "worker/load/sessions.h"

/*
 * A piece of work that wants a session, and another one after errors that pass:
 *
 *     attempt_start → on_begin(session) … → attempt_done, or
 *                                         → attempt_retry → on_begin(session) … or on_give_up
 *
 * ERR_AGAIN is tried until give_up_ms have passed since the first failure (-1: for ever), with
 * growing pauses; any other error five times in all. The session of a failed try is dropped:
 * its state is in doubt.
 */
struct attempt {
    /* in */
    int64_t give_up_ms;
    void (*on_begin)(void *ctx, struct session *session); /* from the loop */
    /* From the loop, or from within attempt_retry. The attempt is over; no session is held. */
    void (*on_give_up)(void *ctx, const struct err *err);
    void *ctx;
    /* private */
    struct sessions *sessions;
    struct session *session; /* while on_begin's work is under way */
    struct sessions_waiter waiter;
    struct loop_timer *timer;      /* NULL: over, or not started */
    int64_t failing_since_mono_ms; /* 0: has not failed */
    int failures, odd_failures;    /* odd: not ERR_AGAIN */
    struct err err;                /* of the last failure */
};

void attempt_start(struct attempt *attempt, struct sessions *sessions);

/* Both end the work of on_begin: it is over and the session given back as it is; or it failed
 * and comes again. */
void attempt_done(struct attempt *attempt);
void attempt_retry(struct attempt *attempt, const struct err *err);

/* No callback comes. A session that is held is dropped, so no query of it may be under way.
 * Does nothing to an attempt that is over. */
void attempt_cancel(struct attempt *attempt);

#endif

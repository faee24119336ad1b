#include "worker/load/attempt.h"

#include <assert.h>

#include "base/backoff.h"
#include "base/clock.h"

/*
 * An attempt is in one of these states; `timer` is what moves it where no session does:
 *
 *                     a session is free               attempt_done
 *     start ─► QUEUED ─────────────────► LENT ───────────────────────► over
 *               ▲  │                      │
 *       pause   │  │ timer: no session    │ attempt_retry
 *       is over │  ▼ up for give_up_ms    ▼
 *               │ given up ◄──────────── too long, or too often
 *               │                         │ else
 *               └─────────────────────── PAUSED
 *
 *   QUEUED   waiter.is_queued. The timer runs for give_up_ms. If any session is up then,
 *            the pool is merely busy and it runs again; if none is, PostgreSQL is away.
 *   LENT     session is set; no timer.
 *   PAUSED   neither; the timer runs for the pause, 100 ms at first, 5 s at most.
 *   over     timer is NULL: done, given up or cancelled.
 *
 * Two clocks bound the tries. `failing_since_mono_ms` is set at the first failure and stays,
 * so a database that comes back and is lost again does not start anew. `odd_failures` counts
 * errors that waiting does not mend, such as a bug: they are tried five times, because one of
 * them may still have been the other side's moment of weakness (a restart in the middle of a
 * deployment).
 *
 * Example, give_up_ms 30,000: the session is lost during COPY (ERR_AGAIN): it is dropped,
 * PAUSED for about 100 ms, QUEUED; no session is up for 30 s: given up with the reason the
 * pool knows.
 */
enum {
    PAUSE_FIRST_MS = 100,
    PAUSE_MAX_MS = 5000,
    ODD_FAILURES_MAX = 5,
};

static void enqueue(struct attempt *attempt)
{
    assert(attempt->timer && !attempt->session && !attempt->waiter.is_queued);
    if (attempt->give_up_ms >= 0)
        loop_timer_set(attempt->timer, attempt->give_up_ms);
    sessions_wait(attempt->sessions, &attempt->waiter);
}

static void give_up(struct attempt *attempt)
{
    struct err err = attempt->err;
    err_wrap(&err, "giving up");
    loop_timer_free(TAKE(attempt->timer));
    attempt->on_give_up(attempt->ctx, &err);
}

/* The pause is over; or, while queued, no session came in time. */
static void on_timer(void *ctx)
{
    struct attempt *attempt = ctx;
    if (!attempt->waiter.is_queued) {
        enqueue(attempt);
        return;
    }
    if (sessions_has_any_up(attempt->sessions)) {
        loop_timer_set(attempt->timer, attempt->give_up_ms);
        return;
    }
    sessions_unwait(attempt->sessions, &attempt->waiter);
    if (sessions_down(attempt->sessions)->kind)
        attempt->err = *sessions_down(attempt->sessions);
    else
        err_set(&attempt->err, ERR_AGAIN, "pg", 0, "PostgreSQL cannot be reached");
    give_up(attempt);
}

static void on_session(void *ctx, struct session *session)
{
    struct attempt *attempt = ctx;
    loop_timer_clear(attempt->timer);
    attempt->session = session;
    attempt->on_begin(attempt->ctx, session);
}

void attempt_start(struct attempt *attempt, struct sessions *sessions)
{
    attempt->sessions = sessions;
    attempt->waiter = (struct sessions_waiter){.on_session = on_session, .ctx = attempt};
    attempt->timer = loop_timer_new(sessions_loop(sessions), on_timer, attempt);
    attempt->session = NULL;
    attempt->failing_since_mono_ms = 0;
    attempt->failures = attempt->odd_failures = 0;
    attempt->err = (struct err)ERR_INIT;
    enqueue(attempt);
}

void attempt_done(struct attempt *attempt)
{
    assert(attempt->session);
    sessions_return(TAKE(attempt->session), false);
    loop_timer_free(TAKE(attempt->timer));
}

void attempt_cancel(struct attempt *attempt)
{
    if (!attempt->timer)
        return;
    if (attempt->waiter.is_queued)
        sessions_unwait(attempt->sessions, &attempt->waiter);
    if (attempt->session)
        sessions_return(TAKE(attempt->session), true);
    loop_timer_free(TAKE(attempt->timer));
}

static bool is_over(const struct attempt *attempt)
{
    if (attempt->err.kind != ERR_AGAIN)
        return attempt->odd_failures >= ODD_FAILURES_MAX;
    int64_t failing_ms = clock_mono_ms() - attempt->failing_since_mono_ms;
    return attempt->give_up_ms >= 0 && failing_ms >= attempt->give_up_ms;
}

void attempt_retry(struct attempt *attempt, const struct err *err)
{
    assert(attempt->session);
    sessions_return(TAKE(attempt->session), true);
    attempt->err = *err;
    attempt->odd_failures += err->kind != ERR_AGAIN;
    if (!attempt->failing_since_mono_ms)
        attempt->failing_since_mono_ms = clock_mono_ms();
    if (is_over(attempt)) {
        give_up(attempt);
        return;
    }
    int64_t wait_ms = backoff_ms(PAUSE_FIRST_MS, PAUSE_MAX_MS, attempt->failures++);
    loop_timer_set(attempt->timer,
                   backoff_equal_jitter(wait_ms, sessions_rng(attempt->sessions)));
}

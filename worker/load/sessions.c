#include "worker/load/sessions.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/mem.h"

enum {
    PAUSE_FIRST_MS = 100,
    PAUSE_MAX_MS = 5000,
    ODD_FAILURES_MAX = 5,
    STAGES_MAX = 64, /* temporary tables that one session keeps */
};

/* A lock that is not given within this time is a sign of a stuck session elsewhere: 55P03 is
 * tried again, and whoever waits does not wait unseen. */
static const char setup_sql[] = "set lock_timeout = '10s';"
                                "set idle_in_transaction_session_timeout = '60s';"
                                "set client_min_messages = warning;"
                                "set jit = off";

struct sessions {
    struct session *items;
    size_t count;
    struct attempt *first, **last; /* wait for a session */
    struct loop_timer *kick;       /* sessions are only lent from the loop */
    struct loop *loop;
    struct rng rng;
    struct err down; /* why the last session that was lost is down */
};

static void state_changed(void *ctx, bool up, const struct err *err)
{
    struct session *session = ctx;
    session->stage_count = 0;
    if (err)
        session->owner->down = *err;
    if (up)
        loop_timer_set(session->owner->kick, 0);
}

static struct session *find_idle(struct sessions *sessions)
{
    for (size_t i = 0; i < sessions->count; i++)
        if (!sessions->items[i].is_busy && pg_is_up(sessions->items[i].pg))
            return &sessions->items[i];
    return NULL;
}

static bool has_any_up(const struct sessions *sessions)
{
    for (size_t i = 0; i < sessions->count; i++)
        if (pg_is_up(sessions->items[i].pg))
            return true;
    return false;
}

static void queue_remove(struct sessions *sessions, struct attempt *attempt)
{
    struct attempt **link = &sessions->first;
    while (*link && *link != attempt)
        link = &(*link)->next;
    if (!*link)
        return;
    *link = attempt->next;
    if (!*link)
        sessions->last = link;
    attempt->is_queued = false;
}

static void lend(void *ctx)
{
    struct sessions *sessions = ctx;
    for (struct session *idle; sessions->first && (idle = find_idle(sessions));) {
        struct attempt *attempt = sessions->first;
        queue_remove(sessions, attempt);
        loop_timer_clear(attempt->timer);
        idle->is_busy = true;
        attempt->session = idle;
        attempt->begin(attempt->ctx, idle);
    }
}

bool sessions_new(struct loop *loop, const char *url, const char *name, size_t count,
                  struct sessions **ret_sessions, struct err *err)
{
    struct sessions *sessions = mem_alloc(sizeof *sessions);
    struct pg_options options = {.url = url, .name = name, .setup_sql = setup_sql};
    sessions->items = mem_alloc(count * sizeof *sessions->items);
    sessions->last = &sessions->first;
    sessions->loop = loop;
    sessions->kick = loop_timer_new(loop, lend, sessions);
    sessions->down = (struct err)ERR_INIT;
    rng_seed_random(&sessions->rng);
    for (; sessions->count < count; sessions->count++) {
        struct session *session = &sessions->items[sessions->count];
        session->owner = sessions;
        if (!pg_open(loop, &options, state_changed, session, &session->pg, err)) {
            sessions_free(sessions);
            return false;
        }
    }
    *ret_sessions = sessions;
    return true;
}

void sessions_close(struct sessions *sessions)
{
    loop_timer_clear(sessions->kick);
    for (size_t i = 0; i < sessions->count; i++)
        pg_close(TAKE(sessions->items[i].pg));
}

void sessions_free(struct sessions *sessions)
{
    if (!sessions)
        return;
    sessions_close(sessions);
    for (size_t i = 0; i < sessions->count; i++)
        mem_free(sessions->items[i].stages);
    loop_timer_free(sessions->kick);
    mem_free(sessions->items);
    mem_free(sessions);
}

unsigned session_find_stage(const struct session *session, unsigned loader)
{
    for (size_t i = 0; i < session->stage_count; i++)
        if (session->stages[i].loader == loader)
            return session->stages[i].map;
    return 0;
}

void session_note_stage(struct session *session, unsigned loader, unsigned map)
{
    for (size_t i = 0; i < session->stage_count; i++)
        if (session->stages[i].loader == loader) {
            session->stages[i].map = map;
            return;
        }
    MEM_GROW(session->stages, session->stage_count, session->stage_capacity);
    session->stages[session->stage_count++] = (struct session_stage){loader, map};
}

/* A session with very many temporary tables starts anew. */
static void session_return(struct session *session, bool in_doubt)
{
    session->is_busy = false;
    if (!session->pg)
        return;
    if (in_doubt || session->stage_count > STAGES_MAX) {
        session->stage_count = 0;
        pg_reset(session->pg);
    }
    loop_timer_set(session->owner->kick, 0);
}

static void enqueue(struct attempt *attempt)
{
    struct sessions *sessions = attempt->sessions;
    attempt->next = NULL;
    *sessions->last = attempt;
    sessions->last = &attempt->next;
    attempt->is_queued = true;
    if (attempt->give_up_ms >= 0)
        loop_timer_set(attempt->timer, attempt->give_up_ms);
    loop_timer_set(sessions->kick, 0);
}

static void give_up(struct attempt *attempt)
{
    struct err err = attempt->err;
    err_wrap(&err, "giving up");
    attempt->give_up(attempt->ctx, &err);
}

/* The pause is over; or, while queued, no session came in time. */
static void timer_fired(void *ctx)
{
    struct attempt *attempt = ctx;
    if (!attempt->is_queued) {
        enqueue(attempt);
        return;
    }
    if (has_any_up(attempt->sessions)) {
        loop_timer_set(attempt->timer, attempt->give_up_ms);
        return;
    }
    queue_remove(attempt->sessions, attempt);
    if (attempt->sessions->down.kind)
        attempt->err = attempt->sessions->down;
    else
        err_set(&attempt->err, ERR_AGAIN, "pg", 0, "PostgreSQL cannot be reached");
    give_up(attempt);
}

void attempt_start(struct attempt *attempt, struct sessions *sessions)
{
    attempt->sessions = sessions;
    attempt->timer = loop_timer_new(sessions->loop, timer_fired, attempt);
    attempt->session = NULL;
    attempt->failing_since_mono_ms = 0;
    attempt->failures = attempt->odd_failures = 0;
    attempt->err = (struct err)ERR_INIT;
    enqueue(attempt);
}

static void release(struct attempt *attempt, bool in_doubt)
{
    struct session *session = TAKE(attempt->session);
    if (session)
        session_return(session, in_doubt);
}

void attempt_done(struct attempt *attempt)
{
    release(attempt, false);
    loop_timer_free(TAKE(attempt->timer));
}

void attempt_cancel(struct attempt *attempt)
{
    if (attempt->is_queued)
        queue_remove(attempt->sessions, attempt);
    release(attempt, true);
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
    release(attempt, true);
    attempt->err = *err;
    attempt->odd_failures += err->kind != ERR_AGAIN;
    if (!attempt->failing_since_mono_ms)
        attempt->failing_since_mono_ms = clock_mono_ms();
    if (is_over(attempt)) {
        give_up(attempt);
        return;
    }
    int64_t wait_ms = backoff_ms(PAUSE_FIRST_MS, PAUSE_MAX_MS, attempt->failures++);
    loop_timer_set(attempt->timer, backoff_equal_jitter(wait_ms, &attempt->sessions->rng));
}

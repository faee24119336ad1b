#include "worker/load/sessions.h"

#include <assert.h>

#include "base/mem.h"

/*
 * A session is down, idle or lent. The port connects it again by itself whenever it is lost
 * (port/pg.h); here it only matters whether it is up when someone waits.
 *
 *     down ──── up ────► idle ── lend, to the first waiter ──► lent
 *      ▲                  ▲ ▲                                   │
 *      │                  │ └────── sessions_return ────────────┤
 *      └── connected anew ┴──────── sessions_return, in doubt ◄─┘
 *
 * Lending is done from the loop, by `kick`, never inside sessions_wait or sessions_return: a
 * caller is not called back before its own call has returned. Whatever may make lending
 * possible sets the kick: a new waiter, a session that came up, a session given back. Where
 * one still waits after that, and all sessions are up and lent, another session is opened.
 *
 * A session that is lost while it is lent stays lent; the query under way fails, and the work
 * gives the session back in doubt. With the connection go its temporary tables, so the list of
 * staging tables is emptied whenever the state changes.
 */
enum {
    STAGES_MAX = 64, /* temporary tables that one session keeps */
    WARM_UP_TIMEOUT_MS = 60000,
};

/* A lock that is not given within this time is a sign of a stuck session elsewhere: 55P03 is
 * tried again, so the wait is seen in the log. */
static const char setup_sql[] = "set lock_timeout = '10s';"
                                "set idle_in_transaction_session_timeout = '60s'";

/* What a session does first takes PostgreSQL up to ten times as long: it is done with nothing,
 * while there is nothing to do yet. */
static const char warm_up_sql[] = "select pagetide.warm_up()";

struct sessions {
    struct pg_options options;
    struct session *items;
    size_t count, most; /* opened so far; at most */
    sessions_away_fn on_away;
    void *away_ctx;
    bool is_away;                          /* and that was told */
    struct sessions_waiter *first, **last; /* the queue */
    struct loop_timer *kick;               /* sessions are only lent from the loop */
    struct loop *loop;
    struct rng rng;
    struct err down; /* of the session that was lost last */
};

static void tell_away(struct sessions *sessions, const struct err *err)
{
    if (sessions->is_away || sessions_has_any_up(sessions))
        return;
    sessions->is_away = true;
    if (sessions->on_away)
        sessions->on_away(sessions->away_ctx, err);
}

static void on_state(void *ctx, bool up, const struct err *err)
{
    struct session *session = ctx;
    session->stage_count = 0;
    if (err)
        session->owner->down = *err;
    if (up) {
        session->owner->is_away = false;
        pg_query(session->pg, warm_up_sql, NULL, 0, WARM_UP_TIMEOUT_MS, NULL, NULL);
        loop_timer_set(session->owner->kick, 0);
    } else if (err) {
        tell_away(session->owner, err);
    }
}

static struct session *find_idle(struct sessions *sessions)
{
    for (size_t i = 0; i < sessions->count; i++)
        if (!sessions->items[i].is_busy && pg_is_up(sessions->items[i].pg))
            return &sessions->items[i];
    return NULL;
}

/* --- the queue --- */

void sessions_wait(struct sessions *sessions, struct sessions_waiter *waiter)
{
    assert(!waiter->is_queued);
    waiter->next = NULL;
    *sessions->last = waiter;
    sessions->last = &waiter->next;
    waiter->is_queued = true;
    loop_timer_set(sessions->kick, 0);
}

void sessions_unwait(struct sessions *sessions, struct sessions_waiter *waiter)
{
    struct sessions_waiter **link = &sessions->first;
    assert(waiter->is_queued);
    while (*link != waiter)
        link = &(*link)->next;
    *link = waiter->next;
    if (!*link)
        sessions->last = link;
    waiter->is_queued = false;
}

static bool open_session(struct sessions *sessions, struct err *err)
{
    struct session *session = &sessions->items[sessions->count];
    session->owner = sessions;
    if (!pg_open(sessions->loop, &sessions->options, on_state, session, &session->pg, err))
        return false;
    sessions->count++;
    return true;
}

/* The first one was opened with the same options: what they say is right. */
static void open_one(struct sessions *sessions)
{
    struct err err = ERR_INIT;
    if (!open_session(sessions, &err))
        sessions->most = sessions->count;
}

/* Where one is not up, another would not be either. */
static bool may_grow(const struct sessions *sessions)
{
    for (size_t i = 0; i < sessions->count; i++)
        if (!sessions->items[i].pg || !pg_is_up(sessions->items[i].pg))
            return false;
    return sessions->count < sessions->most;
}

static void on_kick(void *ctx)
{
    struct sessions *sessions = ctx;
    for (struct session *idle; sessions->first && (idle = find_idle(sessions));) {
        struct sessions_waiter *waiter = sessions->first;
        sessions_unwait(sessions, waiter);
        idle->is_busy = true;
        waiter->on_session(waiter->ctx, idle);
    }
    if (sessions->first && may_grow(sessions))
        open_one(sessions);
}

void sessions_return(struct session *session, bool is_in_doubt)
{
    assert(session->is_busy);
    session->is_busy = false;
    if (!session->pg)
        return;
    /* A session with very many temporary tables starts anew. */
    if (is_in_doubt || session->stage_count > STAGES_MAX) {
        session->stage_count = 0;
        pg_reset(session->pg);
    }
    loop_timer_set(session->owner->kick, 0);
}

/* --- the pool --- */

bool sessions_new(struct loop *loop, const struct pg_options *options, size_t count,
                  struct sessions **ret_sessions, struct err *err)
{
    struct sessions *sessions = mem_alloc(sizeof *sessions);
    sessions->options = *options;
    sessions->options.setup_sql = setup_sql;
    sessions->items = mem_alloc(count * sizeof *sessions->items);
    sessions->most = count;
    sessions->last = &sessions->first;
    sessions->loop = loop;
    sessions->kick = loop_timer_new(loop, on_kick, sessions);
    sessions->down = (struct err)ERR_INIT;
    rng_seed_random(&sessions->rng);
    if (!open_session(sessions, err)) {
        sessions_free(sessions);
        return false;
    }
    *ret_sessions = sessions;
    return true;
}

void sessions_on_away(struct sessions *sessions, sessions_away_fn fn, void *ctx)
{
    sessions->on_away = fn;
    sessions->away_ctx = ctx;
}

void sessions_doubt(struct sessions *sessions)
{
    for (size_t i = 0; i < sessions->count; i++)
        pg_reset(sessions->items[i].pg);
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

size_t sessions_up(const struct sessions *sessions)
{
    size_t count = 0;
    for (size_t i = 0; i < sessions->count; i++)
        count += pg_is_up(sessions->items[i].pg);
    return count;
}

bool sessions_has_any_up(const struct sessions *sessions)
{
    return sessions_up(sessions) > 0;
}

const struct err *sessions_down(const struct sessions *sessions)
{
    return &sessions->down;
}

struct loop *sessions_loop(const struct sessions *sessions)
{
    return sessions->loop;
}

struct rng *sessions_rng(struct sessions *sessions)
{
    return &sessions->rng;
}

/* --- staging tables --- */

unsigned sessions_find_stage(const struct session *session, unsigned loader)
{
    for (size_t i = 0; i < session->stage_count; i++)
        if (session->stages[i].loader == loader)
            return session->stages[i].map;
    return 0;
}

void sessions_note_stage(struct session *session, unsigned loader, unsigned map)
{
    for (size_t i = 0; i < session->stage_count; i++)
        if (session->stages[i].loader == loader) {
            session->stages[i].map = map;
            return;
        }
    MEM_GROW(session->stages, session->stage_count, session->stage_capacity);
    session->stages[session->stage_count++] = (struct session_stage){loader, map};
}

#include "web/session.h"

#include <assert.h>

#include "base/arena.h"
#include "base/mem.h"

/*
 * A question is in one of two places: in the list `waiting`, until the session is up and the
 * one before is answered, or, one at a time, with the port, which calls back exactly once. The
 * deadline takes back one that waits, so that nothing is done of which its caller was told that
 * it was not. One that was sent is answered by the port, which has a deadline of its own.
 */
enum { IDLE_MS = 60000, STATEMENT_MS = 8000, AWAY_MS = 2000 };

struct question {
    struct session *session;
    struct question *next; /* in `waiting` */
    const char *sql;
    const struct pg_value *params; /* in the arena */
    size_t count;
    bool wants_bytes;
    pg_done_fn fn;
    void *ctx;
    struct loop_timer *limit;
    struct arena *arena;
};

struct session {
    struct session_options options;
    char *setup_sql;
    struct pg *pg; /* NULL: nobody asks */
    struct loop_timer *idle;
    struct question *waiting, **waiting_end;
    struct question *sent; /* NULL: none is with the port */
    bool is_down;          /* known to be: a try has failed */
    int asked;             /* questions there are */
    int holders;
};

static void rest(struct session *session)
{
    if (!session->asked && !session->holders)
        loop_timer_set(session->idle, IDLE_MS);
}

static void question_free(struct question *question)
{
    struct session *session = question->session;
    session->asked--;
    loop_timer_free(question->limit);
    arena_free(question->arena);
    mem_free(question);
    rest(session);
}

static void send_next(struct session *session);

static void answer(struct question *question, const struct pg_result *result,
                   const struct err *err)
{
    question->fn(question->ctx, result, err);
    question_free(question);
}

static void on_done(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct question *question = ctx;
    struct session *session = question->session;
    answer(question, result, err);
    session->sent = NULL;
    send_next(session);
}

static void send_question(struct question *question)
{
    struct session *session = question->session;
    session->sent = question;
    loop_timer_clear(question->limit);
    if (question->wants_bytes)
        pg_query_binary(
            session->pg,
            &(struct pg_statement){question->sql, question->params, question->count},
            STATEMENT_MS, on_done, question);
    else
        pg_query(session->pg, question->sql, question->params, question->count, STATEMENT_MS,
                 on_done, question);
}

static struct question *take_first(struct session *session)
{
    struct question *question = session->waiting;
    session->waiting = question->next;
    if (!session->waiting)
        session->waiting_end = &session->waiting;
    return question;
}

static void send_next(struct session *session)
{
    if (session->waiting && !session->sent && session->pg && pg_is_up(session->pg))
        send_question(take_first(session));
}

static void on_limit(void *ctx)
{
    struct question *question = ctx;
    struct session *session = question->session;
    struct err err = ERR_INIT;
    struct question **at = &session->waiting;
    while (*at != question)
        at = &(*at)->next;
    *at = question->next;
    if (!*at)
        session->waiting_end = at;
    err_set(&err, ERR_AGAIN, "web", 0, "PostgreSQL did not answer in time");
    answer(question, NULL, &err);
}

/* --- the session --- */

static void on_state(void *ctx, bool is_up, const struct err *err)
{
    struct session *session = ctx;
    struct err away = ERR_INIT;
    err_set(&away, ERR_AGAIN, "web", 0, "PostgreSQL is away");
    session->is_down = !is_up;
    while (session->waiting && !is_up)
        answer(take_first(session), NULL, err ? err : &away);
    send_next(session);
    if (is_up && session->options.on_notify)
        session->options.on_notify(session->options.notify_ctx, STR_NONE);
}

static void on_notify(void *ctx, struct str channel, struct str payload)
{
    (void)channel;
    struct session *session = ctx;
    session->options.on_notify(session->options.notify_ctx, payload);
}

static bool open_session(struct session *session, struct err *err)
{
    const struct pg_options options = {.url = session->options.url,
                                       .name = session->options.name,
                                       .setup_sql = session->setup_sql};
    if (session->pg)
        return true;
    if (!pg_open(session->options.loop, &options, on_state, session, &session->pg, err))
        return false;
    if (session->options.on_notify)
        pg_on_notify(session->pg, on_notify, session);
    return true;
}

static void on_idle(void *ctx)
{
    struct session *session = ctx;
    pg_close(TAKE(session->pg));
    session->is_down = false;
}

struct session *session_new(const struct session_options *options)
{
    struct session *session = mem_alloc(sizeof *session);
    *session = (struct session){.options = *options};
    session->setup_sql = mem_printf("set statement_timeout = '5s';%s",
                                    options->setup_sql ? options->setup_sql : "");
    session->waiting_end = &session->waiting;
    session->idle = loop_timer_new(options->loop, on_idle, session);
    return session;
}

void session_free(struct session *session)
{
    if (!session)
        return;
    struct err err = ERR_INIT;
    err_set(&err, ERR_STOPPED, "web", 0, "stopping");
    pg_close(TAKE(session->pg));
    while (session->waiting)
        answer(take_first(session), NULL, &err);
    assert(!session->asked);
    loop_timer_free(session->idle);
    mem_free(session->setup_sql);
    mem_free(session);
}

/* --- questions --- */

static struct pg_value *copy_params(struct arena *arena, const struct pg_value *params,
                                    size_t count)
{
    struct pg_value *copy = ARENA_ARRAY(arena, struct pg_value, count + 1);
    for (size_t i = 0; i < count; i++) {
        copy[i] = params[i];
        copy[i].text = arena_str(arena, params[i].text);
    }
    return copy;
}

static void ask(struct session *session, const struct question *wanted)
{
    struct question *question = mem_alloc(sizeof *question);
    struct err err = ERR_INIT;
    *question = *wanted;
    question->session = session;
    question->arena = arena_new();
    question->params = copy_params(question->arena, wanted->params, wanted->count);
    question->limit = loop_timer_new(session->options.loop, on_limit, question);
    loop_timer_set(question->limit, session->is_down ? AWAY_MS : SESSION_LIMIT_MS);
    loop_timer_clear(session->idle);
    bool is_open = session->asked++ < SESSION_ASKED_MAX && open_session(session, &err);
    *session->waiting_end = question;
    session->waiting_end = &question->next;
    if (is_open)
        send_next(session);
    else
        loop_timer_set(question->limit, 0);
}

void session_ask(struct session *session, const char *sql, const struct pg_value *params,
                 size_t count, pg_done_fn fn, void *ctx)
{
    ask(session,
        &(struct question){.sql = sql, .params = params, .count = count, .fn = fn, .ctx = ctx});
}

void session_ask_bytes(struct session *session, const char *sql, const struct pg_value *params,
                       size_t count, pg_done_fn fn, void *ctx)
{
    ask(session, &(struct question){.sql = sql,
                                    .params = params,
                                    .count = count,
                                    .wants_bytes = true,
                                    .fn = fn,
                                    .ctx = ctx});
}

void session_hold(struct session *session)
{
    session->holders++;
    loop_timer_clear(session->idle);
}

void session_release(struct session *session)
{
    session->holders--;
    rest(session);
}

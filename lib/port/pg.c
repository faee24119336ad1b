/*
 * The session's machine. What it does next follows from `phase` and the event:
 *
 *     DOWN ──retry fires──> CONNECTING ──connected──> SETUP ──answered──> UP
 *      ^                        │                       │                 │
 *      │   every address failed │      error, loss,     │  loss, timeout, │
 *      └────────────────────────┴─────── timeout ───────┴──── pg_reset ───┘
 *
 * pg_open begins in DOWN with `retry` due at once; pg_close ends every phase.
 *
 *     DOWN         `retry` is set; nothing is open
 *     CONNECTING   `connect` is at work (pg_connect.c)
 *     SETUP        logged in; setup_sql is `current`
 *     UP           `current` is the statement at the server, or NULL; others wait in `queue`
 *
 * `conn` and `watch` are set in SETUP and UP only, `current` too; `queue` has something only
 * while `current` is set in UP.
 *
 * A statement is in one place at a time: `queue`, then `current`, then its callback comes. If
 * the session goes down before that, it goes to `failed`, and its callback comes with an error
 * at the next turn of the loop (`kick`). It is never sent twice: whether a statement that was
 * at the server has been carried out is not known, and only its caller can find out.
 *
 * A caller is never called back from inside its own call, pg_close apart. But a callback may
 * call anything, pg_close too. So every entry from the loop that may reach a callback is
 * between enter() and leave(), and the memory goes with the outermost leave().
 *
 * Example: the server restarts while A is being answered and B waits.
 *     on_io: libpq reports the end of the connection → session_broke → connection_down: A and B
 *     go to `failed`, phase is DOWN, `retry` is set to about 0.1 s, `kick` to now.
 *     on_kick: A's callback hears ERR_AGAIN, then B's, then the owner hears that it is down.
 *     on_retry: CONNECTING; "the database system is starting up" (57P03, ERR_AGAIN) → DOWN,
 *     `retry` twice as long. Later: CONNECTING → SETUP → UP, and the owner hears that too.
 */
#include "port/pg.h"

#include <assert.h>
#include <libpq-fe.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "port/pg_connect.h"
#include "port/pg_op.h"

enum {
    SETUP_TIMEOUT_MS = 30000,
    RETRY_FIRST_MS = 100,
    RETRY_MAX_MS = 5000,
};

/*
 * Nothing of a session is left to what the database, the role or the user's configuration says:
 * the SQL of this program, and of its schema, is written for these. Two timeouts are younger
 * than the oldest server. By `set`, because a pooler refuses startup options.
 */
static const char base_sql[] =
    "set statement_timeout = 0;"
    "set quote_all_identifiers = off;"
    "set default_transaction_isolation = 'read committed';"
    "set default_transaction_read_only = off;"
    "set default_transaction_deferrable = off;"
    "set standard_conforming_strings = on;"
    "set lock_timeout = 0;"
    "set idle_in_transaction_session_timeout = 0;"
    "set search_path = pg_catalog, pg_temp;"
    "set datestyle = 'ISO, MDY';"
    "set intervalstyle = postgres;"
    "set timezone = 'UTC';"
    "set bytea_output = hex;"
    "set extra_float_digits = 1;"
    "set xmloption = content;"
    "set array_nulls = on;"
    "set transform_null_equals = off;"
    "set jit = off;" /* compiling takes longer than any statement of ours */
    "set client_min_messages = warning;"
    "select pg_catalog.set_config(name, '0', false) "
    "from pg_catalog.unnest('{idle_session_timeout, transaction_timeout}'::text[]) name "
    "where pg_catalog.current_setting(name, true) is not null;"
    /* The server, too, gives up a peer that the network has lost, when it reads or writes. */
    "set tcp_keepalives_idle = 10;"
    "set tcp_keepalives_interval = 5;"
    "set tcp_keepalives_count = 3;"
    "select pg_catalog.set_config('tcp_user_timeout', '15000', false) "
    "where pg_catalog.current_setting('tcp_user_timeout', true) is not null;";

enum phase { PHASE_DOWN, PHASE_CONNECTING, PHASE_SETUP, PHASE_UP };

struct pg {
    struct loop *loop;
    char *setup_sql; /* base_sql, and the owner's */
    struct pg_connect *connect;
    enum phase phase;
    PGconn *conn;
    struct loop_fd *watch;
    struct loop_timer *deadline; /* of `current`: each byte of answer moves it */
    struct loop_timer *retry;    /* the next try to connect */
    struct loop_timer *kick;     /* delivers `failed` and "down" at the next turn */
    struct pg_op *current;
    struct pg_ops queue, failed;
    int failures; /* tries to connect since the session was last up */
    struct rng rng;

    pg_state_fn on_state;
    void *state_ctx;
    enum { NOTHING_REPORTED, UP_REPORTED, DOWN_REPORTED } reported; /* to on_state */
    bool is_loss_due;    /* the next turn reports that the session is down */
    bool is_handed_over; /* … or that it is up */
    struct err lost;     /* why it was down last; ERR_NONE: it has not been */
    pg_notify_fn on_notify;
    void *notify_ctx;
    void (*on_answer)(void *ctx, const struct err *err);
    void *answer_ctx;

    bool is_settled; /* up, or a try failed that no waiting will mend */
    int depth;       /* entries from the loop under way */
    bool is_closed;
};

static void start_next(struct pg *pg);

/* --- callbacks: `pg` lives until the outermost leave --- */

static void enter(struct pg *pg)
{
    pg->depth++;
}

static void leave(struct pg *pg)
{
    assert(pg->depth > 0);
    if (--pg->depth > 0 || !pg->is_closed)
        return;
    loop_timer_free(pg->deadline);
    loop_timer_free(pg->retry);
    loop_timer_free(pg->kick);
    pg_connect_free(pg->connect);
    mem_free(pg->setup_sql);
    mem_free(pg);
}

static void report_state(struct pg *pg, bool is_up, const struct err *err)
{
    int state = is_up ? UP_REPORTED : DOWN_REPORTED;
    if (pg->is_closed || (int)pg->reported == state)
        return;
    pg->reported = state;
    if (pg->on_state)
        pg->on_state(pg->state_ctx, is_up, err);
}

static void report_answer(struct pg *pg, const struct err *err)
{
    if (pg->on_answer)
        pg->on_answer(pg->answer_ctx, err);
}

static void fail_op(struct pg *pg, struct pg_op *op, const struct err *err)
{
    op->err = *err;
    pg_ops_put(&pg->failed, op);
    loop_timer_set(pg->kick, 0);
}

static void on_kick(void *ctx)
{
    struct pg *pg = ctx;
    size_t count = pg_ops_count(&pg->failed); /* what comes meanwhile waits for its own turn */
    enter(pg);
    for (struct pg_op *op; !pg->is_closed && count-- && (op = pg_ops_take(&pg->failed));)
        pg_op_deliver(op, &op->err);
    if (pg->is_loss_due && *pg->lost.sqlstate)
        report_answer(pg, &pg->lost);
    if (pg->is_loss_due)
        report_state(pg, false, &pg->lost);
    else if (pg->is_handed_over && pg->phase == PHASE_UP)
        report_state(pg, true, NULL);
    pg->is_loss_due = pg->is_handed_over = false;
    leave(pg);
}

/* --- going down --- */

static void disconnect(struct pg *pg)
{
    pg_connect_cancel(pg->connect);
    loop_timer_clear(pg->deadline);
    loop_fd_free(TAKE(pg->watch));
    if (pg->conn)
        PQfinish(TAKE(pg->conn));
    pg->phase = PHASE_DOWN;
}

static void fail_all(struct pg *pg, const struct err *err)
{
    if (pg->current)
        fail_op(pg, TAKE(pg->current), err);
    for (struct pg_op *op; (op = pg_ops_take(&pg->queue));)
        fail_op(pg, op, err);
}

/* After a loss, or when every address has refused. */
static void connection_down(struct pg *pg, const struct err *err)
{
    disconnect(pg);
    pg->lost = *err;
    pg->is_loss_due = true;
    fail_all(pg, err);
    int64_t wait_ms = backoff_ms(RETRY_FIRST_MS, RETRY_MAX_MS, pg->failures++);
    loop_timer_set(pg->retry, backoff_equal_jitter(wait_ms, &pg->rng));
    pg->is_settled = err->kind == ERR_CONFIG;
    loop_timer_set(pg->kick, 0);
}

static void session_lost_as(struct pg *pg, int code, const char *why)
{
    struct err err = ERR_INIT;
    struct str text = str_trim(str_from(why));
    err_set(&err, ERR_AGAIN, "pg", code, "the session with PostgreSQL broke: %.*s",
            STR_ARG(text));
    connection_down(pg, &err);
}

static void session_lost(struct pg *pg, const char *why)
{
    session_lost_as(pg, 0, why);
}

/*
 * The connection ended while an answer was due. If the server gave a reason (a shutdown, a
 * crash), that result says more than libpq's words about the socket.
 */
static void session_broke(struct pg *pg)
{
    struct pg_op *op = pg->current;
    struct err err = ERR_INIT;
    if (op && pg->phase == PHASE_UP && pg_op_last_error(op, pg->conn, &err))
        fail_op(pg, TAKE(pg->current), &err);
    session_lost(pg, PQerrorMessage(pg->conn));
}

/* --- the statement at the server --- */

static void touch_deadline(struct pg *pg)
{
    if (pg->current && pg->current->timeout_ms > 0)
        loop_timer_set(pg->deadline, pg->current->timeout_ms);
    else
        loop_timer_clear(pg->deadline);
}

/* Has all left that libpq holds? If not, the loop calls when the socket takes more, or the
 * session is lost. */
static bool flush(struct pg *pg)
{
    int left = PQflush(pg->conn);
    if (left < 0)
        session_lost(pg, PQerrorMessage(pg->conn));
    else
        loop_fd_set(pg->watch, left ? LOOP_READ | LOOP_WRITE : LOOP_READ);
    return left == 0;
}

static void came_up(struct pg *pg)
{
    pg->phase = PHASE_UP;
    pg->failures = 0;
    pg->is_settled = true;
    report_state(pg, true, NULL);
    if (pg->conn)
        start_next(pg);
}

static void end_setup(struct pg *pg, struct pg_op *op, struct err *err)
{
    pg_op_free(op);
    if (err) {
        err_wrap(err, "preparing the session with PostgreSQL");
        connection_down(pg, err);
        return;
    }
    came_up(pg);
}

/* The answer to `current` is complete. */
static void end_current(struct pg *pg)
{
    struct pg_op *op = TAKE(pg->current);
    struct err err = ERR_INIT;
    bool is_error = pg_op_error(op, &err);
    loop_timer_clear(pg->deadline);
    if (pg->phase == PHASE_SETUP) {
        end_setup(pg, op, is_error ? &err : NULL);
        return;
    }
    report_answer(pg, is_error ? &err : NULL);
    pg_op_deliver(op, is_error ? &err : NULL);
}

static void send_current(struct pg *pg)
{
    assert(pg->conn && pg->current);
    if (!pg_op_send(pg->current, pg->conn)) {
        session_lost(pg, PQerrorMessage(pg->conn));
        return;
    }
    touch_deadline(pg);
    (void)flush(pg);
}

static void start_next(struct pg *pg)
{
    if (pg->phase != PHASE_UP || pg->current)
        return;
    pg->current = pg_ops_take(&pg->queue);
    if (pg->current)
        send_current(pg);
}

/*
 * Goes on with `current` and those after it, as far as it goes without waiting. One flush
 * decides both whether COPY data may be put and what the loop waits for: asked twice, the
 * socket may have become free in between, and then nothing would call again.
 */
static void pump(struct pg *pg)
{
    const char *why;
    while (pg->conn && pg->current) {
        if (pg->current->is_feeding && !flush(pg))
            return;
        switch (pg_op_step(pg->current, pg->conn, &why)) {
        case PG_STEP_AGAIN:
            touch_deadline(pg);
            break;
        case PG_STEP_WAIT:
            (void)flush(pg);
            return;
        case PG_STEP_DONE:
            end_current(pg);
            start_next(pg);
            break;
        case PG_STEP_BROKEN:
            session_lost(pg, why ? why : PQerrorMessage(pg->conn));
            return;
        }
    }
}

/* --- events --- */

static void report_notifies(struct pg *pg)
{
    for (PGnotify *note; pg->conn && (note = PQnotifies(pg->conn));) {
        if (pg->on_notify)
            pg->on_notify(pg->notify_ctx, str_from(note->relname), str_from(note->extra));
        PQfreemem(note);
    }
}

static void on_io(void *ctx, int events)
{
    struct pg *pg = ctx;
    enter(pg);
    bool is_read = events & LOOP_READ;
    if (is_read && !PQconsumeInput(pg->conn)) {
        session_broke(pg);
        leave(pg);
        return;
    }
    if (is_read)
        touch_deadline(pg);
    if (events & LOOP_WRITE)
        (void)flush(pg);
    pump(pg);
    report_notifies(pg);
    if (pg->conn && PQstatus(pg->conn) == CONNECTION_BAD)
        session_broke(pg);
    leave(pg);
}

static void on_deadline(void *ctx)
{
    session_lost_as(ctx, PG_SILENT, "no answer in time");
}

static void on_connected(void *ctx, struct pg_conn *conn, const struct err *err)
{
    struct pg *pg = ctx;
    if (err) {
        connection_down(pg, err);
        return;
    }
    enter(pg);
    pg->conn = conn;
    pg->watch = loop_fd_new(pg->loop, PQsocket(conn), on_io, pg);
    loop_fd_set(pg->watch, LOOP_READ);
    pg->phase = PHASE_SETUP;
    pg->current = pg_op_new(pg->setup_sql, SETUP_TIMEOUT_MS, NULL, NULL);
    send_current(pg);
    leave(pg);
}

static void on_retry(void *ctx)
{
    struct pg *pg = ctx;
    assert(pg->phase == PHASE_DOWN && !pg->conn && !pg->current);
    pg->phase = PHASE_CONNECTING;
    pg_connect_start(pg->connect);
}

/* --- the interface --- */

bool pg_open(struct loop *loop, const struct pg_options *options, pg_state_fn fn, void *ctx,
             struct pg **ret_pg, struct err *err)
{
    struct pg *pg = mem_alloc(sizeof *pg);
    *pg = (struct pg){.loop = loop, .on_state = fn, .state_ctx = ctx, .lost = ERR_INIT};
    pg->on_answer = options->on_answer;
    pg->answer_ctx = options->answer_ctx;
    if (!pg_connect_new(loop, options, on_connected, pg, &pg->connect, err)) {
        mem_free(pg);
        return false;
    }
    pg->setup_sql = mem_printf("%s%s", base_sql, options->setup_sql ? options->setup_sql : "");
    pg->deadline = loop_timer_new(loop, on_deadline, pg);
    pg->retry = loop_timer_new(loop, on_retry, pg);
    pg->kick = loop_timer_new(loop, on_kick, pg);
    pg_ops_init(&pg->queue);
    pg_ops_init(&pg->failed);
    rng_seed_random(&pg->rng);
    loop_timer_set(pg->retry, 0);
    *ret_pg = pg;
    return true;
}

void pg_hand_over(struct pg *pg, pg_state_fn fn, void (*on_answer)(void *, const struct err *),
                  void *ctx)
{
    assert(!pg->current);
    pg->on_state = fn;
    pg->on_answer = on_answer;
    pg->state_ctx = pg->answer_ctx = ctx;
    pg->reported = NOTHING_REPORTED;
    pg->is_handed_over = true;
    loop_timer_set(pg->kick, 0);
}

void pg_close(struct pg *pg)
{
    if (!pg || pg->is_closed)
        return;
    struct err err = ERR_INIT;
    err_set(&err, ERR_STOPPED, "pg", 0, "the session with PostgreSQL was closed");
    enter(pg);
    pg->is_closed = true;
    loop_timer_clear(pg->retry);
    disconnect(pg);
    fail_all(pg, &err);
    for (struct pg_op *op; (op = pg_ops_take(&pg->failed));)
        pg_op_deliver(op, &err);
    loop_timer_clear(pg->kick);
    leave(pg);
}

bool pg_is_up(const struct pg *pg)
{
    return pg->phase == PHASE_UP;
}

int64_t pg_login_pid(const struct pg *pg)
{
    return PQbackendPID(pg->conn);
}

void pg_on_notify(struct pg *pg, pg_notify_fn fn, void *ctx)
{
    pg->on_notify = fn;
    pg->notify_ctx = ctx;
}

void pg_reset(struct pg *pg)
{
    if (pg->is_closed || pg->phase == PHASE_DOWN)
        return;
    session_lost(pg, "it was in doubt and has been dropped");
    pg->failures = 0;
    loop_timer_set(pg->retry, 0);
}

static void put_op(struct pg *pg, struct pg_op *op)
{
    if (pg->phase == PHASE_UP) {
        pg_ops_put(&pg->queue, op);
        start_next(pg);
        return;
    }
    struct err err = pg->lost;
    if (!err.kind)
        err_set(&err, ERR_AGAIN, "pg", 0, "PostgreSQL is not connected yet");
    err.kind = ERR_AGAIN;
    fail_op(pg, op, &err);
}

void pg_query(struct pg *pg, const char *sql, const struct pg_value *params, size_t count,
              int64_t timeout_ms, pg_done_fn fn, void *ctx)
{
    struct pg_op *op = pg_op_new(sql, timeout_ms, fn, ctx);
    pg_op_set_params(op, params, count);
    put_op(pg, op);
}

void pg_query_binary(struct pg *pg, const struct pg_statement *statement, int64_t timeout_ms,
                     pg_done_fn fn, void *ctx)
{
    struct pg_op *op = pg_op_new(statement->sql, timeout_ms, fn, ctx);
    pg_op_set_params(op, statement->params, statement->count);
    op->has_binary_result = true;
    put_op(pg, op);
}

void pg_query_then(struct pg *pg, const struct pg_statement *statement, const char *then,
                   int64_t timeout_ms, pg_done_fn fn, void *ctx)
{
    struct pg_op *op = pg_op_new(statement->sql, timeout_ms, fn, ctx);
    pg_op_set_params(op, statement->params, statement->count);
    op->then_sql = mem_strdup(then);
    put_op(pg, op);
}

void pg_copy(struct pg *pg, const char *sql, struct str data, int64_t timeout_ms, pg_done_fn fn,
             void *ctx)
{
    struct pg_op *op = pg_op_new(sql, timeout_ms, fn, ctx);
    op->is_copy = true;
    op->copy_data = data;
    put_op(pg, op);
}

bool pg_await(struct pg *pg, const char *sql, const struct pg_value *params, size_t count,
              int64_t timeout_ms, struct pg_result **ret_result, struct err *err)
{
    assert(pg->depth == 0);
    int64_t start = clock_mono_ms();
    if (!pg_is_up(pg) && pg->is_settled)
        pg->is_settled = false;
    loop_run_until(pg->loop, &pg->is_settled, timeout_ms);
    if (!pg_is_up(pg) && pg->lost.kind) {
        *err = pg->lost;
        return false;
    }
    struct pg_await await = {.err = ERR_INIT};
    int64_t left = timeout_ms < 0 ? 0 : MAX(timeout_ms - (clock_mono_ms() - start), 1);
    struct pg_op *op = pg_op_new(sql, left, NULL, NULL);
    pg_op_set_params(op, params, count);
    op->await = &await;
    put_op(pg, op);
    loop_run_until(pg->loop, &await.is_done, -1);
    if (!await.result) {
        *err = await.err;
        return false;
    }
    *ret_result = await.result;
    return true;
}

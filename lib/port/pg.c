#include "port/pg.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "port/pg_hosts.h"
#include "port/sqlstate.h"

enum {
    CONNECT_TIMEOUT_MS =
        10000, /* for each address and each name, unless connect_timeout says */
    SETUP_TIMEOUT_MS = 30000,
    RETRY_FIRST_MS = 100,
    RETRY_MAX_MS = 5000,
    COPY_PIECE_BYTES = 64 << 10,
    CONNECT_KEYWORDS_MAX = 64,
};

/*
 * `struct pg_result` is libpq's own PGresult, which has this very tag: what callers hold is
 * libpq's result without a wrapper.
 */
_Static_assert(__builtin_types_compatible_p(struct pg_result, PGresult), "libpq's tag");

enum phase {
    PHASE_DOWN,       /* waits for the next try */
    PHASE_NAMING,     /* a name is being resolved */
    PHASE_CONNECTING, /* libpq shakes hands */
    PHASE_SETUP,      /* setup_sql is under way, as `current` */
    PHASE_UP,
};

/* One statement. In `queue` until it is sent, then `current`, in `failed` when it is lost. */
struct op {
    struct op *next;
    char *sql;
    char *params[PG_PARAMS_MAX];
    size_t param_count;
    int64_t timeout_ms;
    pg_done_fn fn;
    void *ctx;
    bool is_copy, copying;
    struct str copy_data; /* what has not been handed to libpq yet */
    PGresult *result;     /* the first error, else the last result */
    struct err err;       /* in `failed`: why */
    struct await *await;  /* pg_await: takes the result */
};

struct await {
    bool done;
    struct pg_result *result;
    struct err err;
};

struct op_list {
    struct op *head, **tail;
};

struct pg {
    struct loop *loop;
    PQconninfoOption *options;
    char *name, *setup_sql;
    struct pg_hosts *hosts;
    enum phase phase;
    PGconn *conn;
    struct loop_fd *watch;
    struct loop_timer *deadline; /* of connecting, or of the current statement */
    struct loop_timer *retry;    /* the next try to connect */
    struct loop_timer *kick;     /* delivers `failed` and "down" at the next turn */
    int64_t connect_timeout_ms;
    struct op *current;
    struct op_list queue, failed;
    int failures; /* tries to connect since the session was last up */
    struct rng rng;
    pg_state_fn state_fn;
    void *state_ctx;
    bool told, told_up; /* what state_fn heard last */
    bool lost_untold;   /* the next turn tells that the session is down */
    struct err lost;    /* why it was down last */
    pg_notify_fn notify_fn;
    void *notify_ctx;
    struct err last_err; /* of this round of addresses: what a user must mend, else the last */
    bool settled;        /* up, or a try failed that no waiting will mend */
    int depth;           /* callbacks may be under way: a pg_close inside one only marks */
    bool closed;
};

static void connect_next(struct pg *pg);
static void start_current(struct pg *pg);

/* --- values and results --- */

struct pg_value pg_int(int64_t number)
{
    static char store[32][24];
    static unsigned next;
    char *text = store[next++ % COUNT_OF(store)];
    int len = snprintf(text, sizeof store[0], "%lld", (long long)number);
    return pg_text((struct str){text, (size_t)len});
}

struct pg_value pg_bool(bool flag)
{
    return pg_text(flag ? STR("t") : STR("f"));
}

size_t pg_rows(const struct pg_result *result)
{
    return (size_t)PQntuples(result);
}

size_t pg_columns(const struct pg_result *result)
{
    return (size_t)PQnfields(result);
}

struct str pg_column_name(const struct pg_result *result, int column)
{
    return str_from(PQfname(result, column));
}

bool pg_is_null(const struct pg_result *result, size_t row, int column)
{
    return PQgetisnull(result, (int)row, column);
}

struct str pg_get_str(const struct pg_result *result, size_t row, int column)
{
    if (pg_is_null(result, row, column))
        return STR_NONE;
    return (struct str){PQgetvalue(result, (int)row, column),
                        (size_t)PQgetlength(result, (int)row, column)};
}

struct pg_value pg_get(const struct pg_result *result, size_t row, int column)
{
    return (struct pg_value){pg_get_str(result, row, column), pg_is_null(result, row, column)};
}

int64_t pg_get_int(const struct pg_result *result, size_t row, int column)
{
    int64_t number = 0;
    return str_to_int64(pg_get_str(result, row, column), &number) ? number : 0;
}

bool pg_get_bool(const struct pg_result *result, size_t row, int column)
{
    return str_is(pg_get_str(result, row, column), "t");
}

void pg_result_free(struct pg_result *result)
{
    PQclear(result);
}

void pg_result_free_local(struct pg_result **result)
{
    pg_result_free(*result);
}

/* --- errors --- */

static void err_from_result(const PGresult *res, struct err *err)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);
    if (!state) {
        struct str all = str_trim(str_from(PQresultErrorMessage(res)));
        err_set(err, ERR_AGAIN, "pg", 0, "the session with PostgreSQL broke: %.*s",
                STR_ARG(all));
        return;
    }
    err_set(err, sqlstate_kind(state), "pg", 0, "%s%s%s (%s)", text ? text : "failed",
            detail ? ": " : "", detail ? detail : "", state);
    snprintf(err->sqlstate, sizeof err->sqlstate, "%s", state);
}

/* Connection errors come as text alone, at verbosity VERBOSE as `FATAL:  28P01: why`. */
static struct str find_sqlstate(struct str text)
{
    for (size_t i = 0; i + 10 <= text.len; i++) {
        struct str code = str_slice(text, i + 3, i + 8);
        if (memcmp(text.ptr + i, ":  ", 3) != 0 || memcmp(text.ptr + i + 8, ": ", 2) != 0)
            continue;
        if (strspn(code.ptr, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") >= 5)
            return code;
    }
    return STR_NONE;
}

static void err_from_connect(const PGconn *conn, struct err *err)
{
    struct str text = str_trim(str_from(PQerrorMessage(conn)));
    str_cut(text, '\n', &text); /* the rest is a hint, or the place in the server's source */
    struct str code = find_sqlstate(text);
    char state[6] = "";
    snprintf(state, sizeof state, "%.*s", STR_ARG(code));
    enum err_kind kind = PQconnectionNeedsPassword(conn) ? ERR_CONFIG : sqlstate_kind(state);
    if (code.len)
        text = str_slice(text, (size_t)(code.ptr - text.ptr) + 7, text.len);
    err_set(err, kind, "pg", 0, "cannot connect to PostgreSQL: %.*s", STR_ARG(text));
    memcpy(err->sqlstate, state, sizeof state);
}

/* --- statements --- */

static void list_init(struct op_list *list)
{
    list->head = NULL;
    list->tail = &list->head;
}

static void list_put(struct op_list *list, struct op *op)
{
    op->next = NULL;
    *list->tail = op;
    list->tail = &op->next;
}

static struct op *list_take(struct op_list *list)
{
    struct op *op = list->head;
    if (!op)
        return NULL;
    list->head = op->next;
    if (!list->head)
        list->tail = &list->head;
    return op;
}

static void op_free(struct op *op)
{
    for (size_t i = 0; i < op->param_count; i++)
        mem_free(op->params[i]);
    PQclear(op->result);
    mem_free(op->sql);
    mem_free(op);
}

static void deliver(struct op *op, const struct err *err)
{
    if (op->fn)
        op->fn(op->ctx, err ? NULL : op->result, err);
    if (op->await && err)
        op->await->err = *err;
    else if (op->await)
        op->await->result = TAKE(op->result);
    if (op->await)
        op->await->done = true;
    op_free(op);
}

static void fail_op(struct pg *pg, struct op *op, const struct err *err)
{
    op->err = *err;
    list_put(&pg->failed, op);
    loop_timer_set(pg->kick, 0);
}

/* --- callbacks: `pg` lives until the outermost leave --- */

static void enter(struct pg *pg)
{
    pg->depth++;
}

static void free_closed(struct pg *pg)
{
    loop_timer_free(pg->deadline);
    loop_timer_free(pg->retry);
    loop_timer_free(pg->kick);
    pg_hosts_free(pg->hosts);
    PQconninfoFree(pg->options);
    mem_free(pg->name);
    mem_free(pg->setup_sql);
    mem_free(pg);
}

static void leave(struct pg *pg)
{
    pg->depth--;
    if (pg->closed && pg->depth == 0)
        free_closed(pg);
}

static void tell_state(struct pg *pg, bool up, const struct err *err)
{
    if (pg->closed || (pg->told && pg->told_up == up))
        return;
    pg->told = true;
    pg->told_up = up;
    if (pg->state_fn)
        pg->state_fn(pg->state_ctx, up, err);
}

static void kicked(void *ctx)
{
    struct pg *pg = ctx;
    size_t count = 0; /* what is put meanwhile waits for its own turn */
    for (struct op *op = pg->failed.head; op; op = op->next)
        count++;
    enter(pg);
    for (struct op *op; !pg->closed && count-- && (op = list_take(&pg->failed));)
        deliver(op, &op->err);
    if (pg->lost_untold)
        tell_state(pg, false, &pg->lost);
    pg->lost_untold = false;
    leave(pg);
}

/* --- the session's end --- */

static void close_connection(struct pg *pg)
{
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
    for (struct op *op; (op = list_take(&pg->queue));)
        fail_op(pg, op, err);
}

/* After a loss, or when every address has refused. */
static void connection_down(struct pg *pg, const struct err *err)
{
    close_connection(pg);
    pg->lost = *err;
    pg->lost_untold = true;
    fail_all(pg, err);
    int64_t wait_ms = backoff_ms(RETRY_FIRST_MS, RETRY_MAX_MS, pg->failures++);
    loop_timer_set(pg->retry, backoff_equal_jitter(wait_ms, &pg->rng));
    pg->settled = err->kind == ERR_CONFIG;
    loop_timer_set(pg->kick, 0);
}

static void session_lost(struct pg *pg, const char *why)
{
    struct err err = ERR_INIT;
    struct str text = str_trim(str_from(why));
    err_set(&err, ERR_AGAIN, "pg", 0, "the session with PostgreSQL broke: %.*s", STR_ARG(text));
    connection_down(pg, &err);
}

/* --- the statement under way --- */

static void touch_deadline(struct pg *pg)
{
    if (pg->current && pg->current->timeout_ms > 0)
        loop_timer_set(pg->deadline, pg->current->timeout_ms);
    else
        loop_timer_clear(pg->deadline);
}

static bool flush(struct pg *pg)
{
    int left = PQflush(pg->conn);
    if (left < 0) {
        session_lost(pg, PQerrorMessage(pg->conn));
        return false;
    }
    loop_fd_set(pg->watch, left ? LOOP_READ | LOOP_WRITE : LOOP_READ);
    return left == 0;
}

/* libpq's buffer grows without end in non-blocking mode: a piece is put once the one before
 * has left. False: wait for the socket (or the session is lost). */
static bool feed_copy(struct pg *pg)
{
    struct op *op = pg->current;
    while (op->copy_data.len) {
        if (!flush(pg))
            return false;
        size_t size = MIN(op->copy_data.len, (size_t)COPY_PIECE_BYTES);
        if (PQputCopyData(pg->conn, op->copy_data.ptr, (int)size) != 1) {
            session_lost(pg, PQerrorMessage(pg->conn));
            return false;
        }
        op->copy_data = str_slice(op->copy_data, size, op->copy_data.len);
        touch_deadline(pg);
    }
    op->copying = false;
    if (PQputCopyEnd(pg->conn, op->is_copy ? NULL : "no data for this COPY") != 1) {
        session_lost(pg, PQerrorMessage(pg->conn));
        return false;
    }
    flush(pg);
    return pg->conn;
}

static bool is_error(const PGresult *res)
{
    ExecStatusType status = PQresultStatus(res);
    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK &&
           status != PGRES_EMPTY_QUERY;
}

static void keep_result(struct op *op, PGresult *res)
{
    if (op->result && is_error(op->result)) {
        PQclear(res);
        return;
    }
    PQclear(op->result);
    op->result = res;
}

static void came_up(struct pg *pg)
{
    pg->phase = PHASE_UP;
    pg->failures = 0;
    pg->settled = true;
    tell_state(pg, true, NULL);
    if (pg->conn)
        start_current(pg);
}

static void end_setup(struct pg *pg, struct op *op, const struct err *err)
{
    op_free(op);
    if (err) {
        struct err copy = *err;
        err_wrap(&copy, "preparing the session with PostgreSQL");
        connection_down(pg, &copy);
        return;
    }
    came_up(pg);
}

/* The answer to `current` is complete. */
static void end_current(struct pg *pg)
{
    struct op *op = TAKE(pg->current);
    struct err err = ERR_INIT;
    bool failed = op->result && is_error(op->result);
    if (failed)
        err_from_result(op->result, &err);
    loop_timer_clear(pg->deadline);
    if (pg->phase == PHASE_SETUP)
        end_setup(pg, op, failed ? &err : NULL);
    else
        deliver(op, failed ? &err : NULL);
}

/* One step towards the end of `current`; false: wait for the socket. */
static bool step_current(struct pg *pg)
{
    struct op *op = pg->current;
    if (op->copying)
        return feed_copy(pg);
    if (PQisBusy(pg->conn))
        return false;
    PGresult *res = PQgetResult(pg->conn);
    if (!res) {
        end_current(pg);
        return true;
    }
    ExecStatusType status = PQresultStatus(res);
    if (status == PGRES_COPY_IN) {
        PQclear(res);
        op->copying = true;
        return true;
    }
    if (status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
        PQclear(res);
        session_lost(pg, "COPY … TO STDOUT is not supported");
        return false;
    }
    keep_result(op, res);
    return true;
}

static void send_current(struct pg *pg)
{
    struct op *op = pg->current;
    const char *values[PG_PARAMS_MAX] = {NULL};
    for (size_t i = 0; i < op->param_count; i++)
        values[i] = op->params[i];
    int sent = op->param_count ? PQsendQueryParams(pg->conn, op->sql, (int)op->param_count,
                                                   NULL, values, NULL, NULL, 0)
                               : PQsendQuery(pg->conn, op->sql);
    if (!sent) {
        session_lost(pg, PQerrorMessage(pg->conn));
        return;
    }
    touch_deadline(pg);
    flush(pg);
}

static void start_current(struct pg *pg)
{
    if (pg->phase != PHASE_UP || pg->current)
        return;
    pg->current = list_take(&pg->queue);
    if (pg->current)
        send_current(pg);
}

static void pump(struct pg *pg)
{
    while (pg->conn && pg->current && step_current(pg))
        start_current(pg);
}

static void tell_notifies(struct pg *pg)
{
    for (PGnotify *note; pg->conn && (note = PQnotifies(pg->conn));) {
        if (pg->notify_fn)
            pg->notify_fn(pg->notify_ctx, str_from(note->relname), str_from(note->extra));
        PQfreemem(note);
    }
}

/* The socket has ended. What the server said last (a shutdown, a crash) tells more than that.
 */
static void session_broke(struct pg *pg)
{
    struct op *op = pg->current;
    struct err err = ERR_INIT;
    PGresult *res = NULL;
    for (int i = 0; op && !op->copying && i < 4 && (res = PQgetResult(pg->conn)); i++)
        keep_result(op, res);
    if (op && pg->phase == PHASE_UP && op->result && is_error(op->result)) {
        err_from_result(op->result, &err);
        fail_op(pg, TAKE(pg->current), &err);
    }
    session_lost(pg, PQerrorMessage(pg->conn));
}

static void session_io(struct pg *pg, int events)
{
    if (events & LOOP_READ) {
        if (!PQconsumeInput(pg->conn)) {
            session_broke(pg);
            return;
        }
        touch_deadline(pg);
    }
    if (events & LOOP_WRITE)
        flush(pg);
    pump(pg);
    tell_notifies(pg);
    if (pg->conn && PQstatus(pg->conn) == CONNECTION_BAD)
        session_broke(pg);
}

/* --- connecting --- */

static void note_failure(struct pg *pg, const struct err *err)
{
    if (pg->last_err.kind != ERR_CONFIG)
        pg->last_err = *err;
}

static void came_to_server(struct pg *pg)
{
    PQsetnonblocking(pg->conn, 1);
    PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
    loop_timer_clear(pg->deadline);
    if (!pg->setup_sql) {
        came_up(pg);
        return;
    }
    pg->phase = PHASE_SETUP;
    pg->current = mem_alloc(sizeof *pg->current);
    *pg->current =
        (struct op){.sql = mem_strdup(pg->setup_sql), .timeout_ms = SETUP_TIMEOUT_MS};
    send_current(pg);
}

static void io_ready(void *ctx, int events);

static void address_failed(struct pg *pg)
{
    struct err err = ERR_INIT;
    err_from_connect(pg->conn, &err);
    note_failure(pg, &err);
    close_connection(pg);
    connect_next(pg);
}

/* libpq may have taken another socket since the last step, even under the same number. */
static void watch_handshake(struct pg *pg, PostgresPollingStatusType wants)
{
    pg->watch = loop_fd_new(pg->loop, PQsocket(pg->conn), io_ready, pg);
    loop_fd_set(pg->watch, wants == PGRES_POLLING_READING ? LOOP_READ : LOOP_WRITE);
}

static void poll_handshake(struct pg *pg)
{
    loop_fd_free(TAKE(pg->watch));
    PostgresPollingStatusType wants = PQconnectPoll(pg->conn);
    if (wants == PGRES_POLLING_FAILED) {
        address_failed(pg);
        return;
    }
    watch_handshake(pg, wants);
    if (wants != PGRES_POLLING_OK)
        return;
    loop_fd_set(pg->watch, LOOP_READ);
    came_to_server(pg);
}

static void io_ready(void *ctx, int events)
{
    struct pg *pg = ctx;
    enter(pg);
    if (pg->phase == PHASE_CONNECTING)
        poll_handshake(pg);
    else
        session_io(pg, events);
    leave(pg);
}

static void ignore_notice(void *ctx, const PGresult *res)
{
    (void)ctx, (void)res;
}

struct keywords {
    const char *names[CONNECT_KEYWORDS_MAX], *values[CONNECT_KEYWORDS_MAX];
    size_t count;
};

static void keyword_put(struct keywords *list, const char *name, const char *value)
{
    if (!value || list->count + 1 >= CONNECT_KEYWORDS_MAX)
        return;
    list->names[list->count] = name;
    list->values[list->count++] = value;
}

/* Of equal keywords libpq takes the last: ours that may be changed, the user's, ours that
 * may not. GSS is off unless asked for: its libraries resolve names in our thread. */
static void fill_keywords(const struct pg *pg, const struct pg_host *host,
                          struct keywords *list)
{
    keyword_put(list, "keepalives_idle", "10");
    keyword_put(list, "keepalives_interval", "5");
    keyword_put(list, "keepalives_count", "3");
    keyword_put(list, "tcp_user_timeout", "15000");
    keyword_put(list, "gssencmode", "disable");
    for (const PQconninfoOption *option = pg->options; option->keyword; option++) {
        const char *name = option->keyword;
        if (strcmp(name, "host") && strcmp(name, "hostaddr") && strcmp(name, "port"))
            keyword_put(list, name, option->val);
    }
    keyword_put(list, "host", host->host);
    keyword_put(list, "hostaddr", host->hostaddr);
    keyword_put(list, "port", host->port);
    keyword_put(list, "application_name", pg->name);
    keyword_put(list, "client_encoding", "UTF8");
}

static void connect_address(struct pg *pg, const struct pg_host *host)
{
    struct keywords list = {.count = 0};
    fill_keywords(pg, host, &list);
    pg->conn = PQconnectStartParams(list.names, list.values, 0);
    if (!pg->conn)
        abort();
    PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE);
    PQsetNoticeReceiver(pg->conn, ignore_notice, NULL);
    if (PQstatus(pg->conn) == CONNECTION_BAD) {
        address_failed(pg);
        return;
    }
    pg->phase = PHASE_CONNECTING;
    loop_timer_set(pg->deadline, pg->connect_timeout_ms);
    watch_handshake(pg, PGRES_POLLING_WRITING);
}

static void host_named(void *ctx, const struct pg_host *host, const struct err *err)
{
    struct pg *pg = ctx;
    if (host) {
        connect_address(pg, host);
        return;
    }
    if (!err) {
        struct err last = pg->last_err;
        connection_down(pg, &last);
        return;
    }
    struct err named = *err;
    err_wrap(&named, "cannot connect to PostgreSQL");
    note_failure(pg, &named);
    connect_next(pg);
}

static void connect_next(struct pg *pg)
{
    pg->phase = PHASE_NAMING;
    loop_timer_set(pg->deadline, pg->connect_timeout_ms);
    pg_hosts_next(pg->hosts, host_named, pg);
}

static void connect_first(void *ctx)
{
    struct pg *pg = ctx;
    pg->last_err = (struct err)ERR_INIT;
    pg_hosts_rewind(pg->hosts);
    connect_next(pg);
}

static void deadline_passed(void *ctx)
{
    struct pg *pg = ctx;
    if (pg->phase == PHASE_UP || pg->phase == PHASE_SETUP) {
        session_lost(pg, "no answer in time");
        return;
    }
    struct err err = ERR_INIT;
    err_set(&err, ERR_AGAIN, "pg", 0, "cannot connect to PostgreSQL: no %s within %lld ms",
            pg->phase == PHASE_NAMING ? "address" : "answer",
            (long long)pg->connect_timeout_ms);
    note_failure(pg, &err);
    pg_hosts_cancel(pg->hosts);
    close_connection(pg);
    connect_next(pg);
}

/* --- the interface --- */

static const char *option_value(const struct pg *pg, const char *keyword, const char *env)
{
    for (const PQconninfoOption *option = pg->options; option->keyword; option++)
        if (strcmp(option->keyword, keyword) == 0 && option->val)
            return option->val;
    return env ? getenv(env) : NULL;
}

/* libpq's own words about a bad URL quote it, password and all. */
static bool read_url(struct pg *pg, const char *url, struct err *err)
{
    char *why = NULL;
    pg->options = PQconninfoParse(url, &why);
    PQfreemem(why);
    if (!pg->options)
        return err_set(err, ERR_CONFIG, "pg", 0,
                       "the database URL is neither postgresql://… nor key=value pairs");
    if (option_value(pg, "service", "PGSERVICE"))
        return err_set(err, ERR_CONFIG, "pg", 0,
                       "service files are not read; name the host in the database URL");
    int64_t seconds = 0;
    pg->connect_timeout_ms = CONNECT_TIMEOUT_MS;
    const char *timeout = option_value(pg, "connect_timeout", NULL);
    if (timeout && str_to_int64(str_from(timeout), &seconds) && seconds > 0)
        pg->connect_timeout_ms = MIN(seconds, INT64_C(3600)) * 1000;
    return pg_hosts_new(pg->loop, option_value(pg, "host", "PGHOST"),
                        option_value(pg, "hostaddr", "PGHOSTADDR"),
                        option_value(pg, "port", "PGPORT"), &pg->hosts, err);
}

bool pg_open(struct loop *loop, const struct pg_options *options, pg_state_fn fn, void *ctx,
             struct pg **ret_pg, struct err *err)
{
    struct pg *pg = mem_alloc(sizeof *pg);
    *pg = (struct pg){.loop = loop, .state_fn = fn, .state_ctx = ctx};
    if (!read_url(pg, options->url, err)) {
        PQconninfoFree(pg->options);
        mem_free(pg);
        return false;
    }
    pg->lost = (struct err)ERR_INIT;
    pg->name = options->name ? mem_strdup(options->name) : NULL;
    pg->setup_sql = options->setup_sql ? mem_strdup(options->setup_sql) : NULL;
    pg->deadline = loop_timer_new(loop, deadline_passed, pg);
    pg->retry = loop_timer_new(loop, connect_first, pg);
    pg->kick = loop_timer_new(loop, kicked, pg);
    list_init(&pg->queue);
    list_init(&pg->failed);
    rng_seed_random(&pg->rng);
    loop_timer_set(pg->retry, 0);
    *ret_pg = pg;
    return true;
}

void pg_close(struct pg *pg)
{
    if (!pg || pg->closed)
        return;
    struct err err = ERR_INIT;
    err_set(&err, ERR_STOPPED, "pg", 0, "the session with PostgreSQL was closed");
    enter(pg);
    pg->closed = true;
    loop_timer_clear(pg->retry);
    pg_hosts_cancel(pg->hosts);
    close_connection(pg);
    fail_all(pg, &err);
    for (struct op *op; (op = list_take(&pg->failed));)
        deliver(op, &err);
    loop_timer_clear(pg->kick);
    leave(pg);
}

bool pg_is_up(const struct pg *pg)
{
    return pg->phase == PHASE_UP;
}

void pg_on_notify(struct pg *pg, pg_notify_fn fn, void *ctx)
{
    pg->notify_fn = fn;
    pg->notify_ctx = ctx;
}

void pg_reset(struct pg *pg)
{
    if (pg->closed || pg->phase == PHASE_DOWN)
        return;
    pg_hosts_cancel(pg->hosts);
    session_lost(pg, "it was in doubt and has been dropped");
    pg->failures = 0;
    loop_timer_set(pg->retry, 0);
}

static void put_op(struct pg *pg, struct op *op)
{
    if (pg->phase != PHASE_UP) {
        struct err err = pg->lost;
        if (!err.kind)
            err_set(&err, ERR_AGAIN, "pg", 0, "PostgreSQL is not connected yet");
        err.kind = ERR_AGAIN;
        fail_op(pg, op, &err);
        return;
    }
    list_put(&pg->queue, op);
    start_current(pg);
}

static struct op *op_new(const char *sql, int64_t timeout_ms, pg_done_fn fn, void *ctx)
{
    struct op *op = mem_alloc(sizeof *op);
    *op = (struct op){.sql = mem_strdup(sql), .timeout_ms = timeout_ms, .fn = fn, .ctx = ctx};
    return op;
}

static void op_set_params(struct op *op, const struct pg_value *params, size_t count)
{
    op->param_count = MIN(count, (size_t)PG_PARAMS_MAX);
    for (size_t i = 0; i < op->param_count; i++)
        op->params[i] = params[i].is_null ? NULL : mem_printf("%.*s", STR_ARG(params[i].text));
}

void pg_query(struct pg *pg, const char *sql, const struct pg_value *params, size_t count,
              int64_t timeout_ms, pg_done_fn fn, void *ctx)
{
    struct op *op = op_new(sql, timeout_ms, fn, ctx);
    op_set_params(op, params, count);
    put_op(pg, op);
}

void pg_copy(struct pg *pg, const char *sql, struct str data, int64_t timeout_ms, pg_done_fn fn,
             void *ctx)
{
    struct op *op = op_new(sql, timeout_ms, fn, ctx);
    op->is_copy = true;
    op->copy_data = data;
    put_op(pg, op);
}

bool pg_await(struct pg *pg, const char *sql, const struct pg_value *params, size_t count,
              int64_t timeout_ms, struct pg_result **ret_result, struct err *err)
{
    int64_t start = clock_mono_ms();
    if (!pg_is_up(pg) && pg->settled)
        pg->settled = false;
    loop_run_until(pg->loop, &pg->settled, timeout_ms);
    if (!pg_is_up(pg) && pg->lost.kind) {
        *err = pg->lost;
        return false;
    }
    struct await await = {.err = ERR_INIT};
    int64_t left = timeout_ms < 0 ? 0 : MAX(timeout_ms - (clock_mono_ms() - start), 1);
    struct op *op = op_new(sql, left, NULL, NULL);
    op_set_params(op, params, count);
    op->await = &await;
    put_op(pg, op);
    loop_run_until(pg->loop, &await.done, -1);
    if (!await.result) {
        *err = await.err;
        return false;
    }
    *ret_result = await.result;
    return true;
}

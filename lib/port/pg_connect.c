/*
 * From a URL to a session that has logged in. There are two waits, and `conn` tells which:
 *
 *                 start
 *                   │
 *                   v     an address             a socket to watch
 *     ┌──────> next host ───────────> new conn ───────────────────> polling ──> conn is ready
 *     │             │                    │                             │
 *     │             │ no more: err       │ refused                     │ refused
 *     │             v                    │                             │
 *     │           done                   │                             │
 *     └──────────────────────────────────┴─────────────────────────────┘
 *       also after a name without an address, and when `deadline` fires in either wait
 *
 *   conn NULL      a name is being resolved (pg_hosts.c)
 *   conn set       libpq talks to the server; `watch` is on its socket, for what it asked
 *
 * libpq would resolve names itself, and block the loop while it does; so it only ever gets
 * addresses. It would also go through several addresses itself, without a limit for each; so it
 * gets one at a time. That is why hosts, ports and addresses are taken out of the URL's options
 * here and put back per try (fill_keywords).
 *
 * Example: postgresql://a,b/db, where `a` has two addresses and `b` is down.
 *     a's name resolves → a's first address refuses → a's second: "wrong password" (28P01,
 *     ERR_CONFIG) → b's name resolves → no answer within 10 s (ERR_AGAIN) → no more hosts:
 *     the callback hears "wrong password", because waiting will not mend it.
 */
#include "port/pg_connect.h"

#include <assert.h>
#include <libpq-fe.h>
#include <stdlib.h>

#include "base/lack.h"
#include "base/mem.h"
#include "port/pg_hosts.h"
#include "port/pg_url.h"
#include "port/sqlstate.h"

enum { CONNECT_TIMEOUT_MS = 10000, CONNECT_TIMEOUT_MAX_S = 3600, KEYWORDS_MAX = 96 };

struct pg_connect {
    struct loop *loop;
    PQconninfoOption *options; /* of the URL */
    char *name;                /* application_name, or NULL */
    struct pg_hosts *hosts;
    int64_t timeout_ms; /* for each name and each address */
    pg_connect_fn fn;
    void *ctx;

    PGconn *conn;
    struct loop_fd *watch;
    struct loop_timer *deadline;
    struct err err; /* of the addresses tried so far: an ERR_CONFIG, else the last */
};

static void try_next(struct pg_connect *connect);

/* --- errors --- */

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

static void read_error(const PGconn *conn, struct err *err)
{
    struct str text = str_trim(str_from(PQerrorMessage(conn)));
    str_split(text, '\n', &text); /* the rest is a hint, or the place in the server's source */
    struct str code = find_sqlstate(text);
    char state[6] = "";
    snprintf(state, sizeof state, "%.*s", STR_ARG(code));
    enum err_kind kind = PQconnectionNeedsPassword(conn) ? ERR_CONFIG : sqlstate_kind(state);
    if (code.len)
        text = str_slice(text, (size_t)(code.ptr - text.ptr) + 7, text.len);
    err_set(err, kind, "pg", 0, "cannot connect to PostgreSQL: %.*s", STR_ARG(text));
    memcpy(err->sqlstate, state, sizeof state);
}

static void keep_error(struct pg_connect *connect, const struct err *err)
{
    if (connect->err.kind != ERR_CONFIG)
        connect->err = *err;
}

/* --- one address --- */

static void drop_conn(struct pg_connect *connect)
{
    loop_fd_free(TAKE(connect->watch));
    if (connect->conn)
        PQfinish(TAKE(connect->conn));
}

static void address_failed(struct pg_connect *connect)
{
    struct err err = ERR_INIT;
    read_error(connect->conn, &err);
    keep_error(connect, &err);
    drop_conn(connect);
    try_next(connect);
}

static void finish(struct pg_connect *connect)
{
    loop_fd_free(TAKE(connect->watch));
    loop_timer_clear(connect->deadline);
    PGconn *conn = TAKE(connect->conn);
    PQsetnonblocking(conn, 1);
    PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
    connect->fn(connect->ctx, conn, NULL);
}

static void on_handshake_io(void *ctx, int events);

/* libpq may take another socket at any step, even under the same number: watched anew. */
static void watch_handshake(struct pg_connect *connect, PostgresPollingStatusType wants)
{
    loop_fd_free(connect->watch);
    connect->watch =
        loop_fd_new(connect->loop, PQsocket(connect->conn), on_handshake_io, connect);
    loop_fd_set(connect->watch, wants == PGRES_POLLING_READING ? LOOP_READ : LOOP_WRITE);
}

static void on_handshake_io(void *ctx, int events)
{
    (void)events;
    struct pg_connect *connect = ctx;
    loop_fd_free(TAKE(connect->watch)); /* before libpq may close its socket */
    PostgresPollingStatusType wants = PQconnectPoll(connect->conn);
    if (wants == PGRES_POLLING_FAILED)
        address_failed(connect);
    else if (wants == PGRES_POLLING_OK)
        finish(connect);
    else
        watch_handshake(connect, wants);
}

struct keywords {
    const char *names[KEYWORDS_MAX], *values[KEYWORDS_MAX]; /* as libpq wants them: NULL ends */
    size_t count;
};

static void keyword_put(struct keywords *list, const char *name, const char *value)
{
    if (!value)
        return;
    assert(list->count + 1 < KEYWORDS_MAX);
    list->names[list->count] = name;
    list->values[list->count++] = value;
}

static bool has_several_hosts(const struct pg_connect *connect)
{
    for (const PQconninfoOption *option = connect->options; option->keyword; option++)
        if (option->val && strncmp(option->keyword, "host", 4) == 0 && strchr(option->val, ','))
            return true;
    return false;
}

/* Of equal keywords libpq takes the last: ours that may be changed, the user's, ours that
 * may not. GSS is off unless asked for: its libraries resolve names in our thread. */
static void fill_keywords(const struct pg_connect *connect, const struct pg_host *host,
                          struct keywords *list)
{
    keyword_put(list, "keepalives_idle", "10");
    keyword_put(list, "keepalives_interval", "5");
    keyword_put(list, "keepalives_count", "3");
    keyword_put(list, "tcp_user_timeout", "15000");
    keyword_put(list, "gssencmode", "disable");
    /* Of several the one that can be written to: the others are its replicas. */
    if (has_several_hosts(connect))
        keyword_put(list, "target_session_attrs", "primary");
    for (const PQconninfoOption *option = connect->options; option->keyword; option++) {
        const char *name = option->keyword;
        if (strcmp(name, "host") && strcmp(name, "hostaddr") && strcmp(name, "port"))
            keyword_put(list, name, option->val);
    }
    keyword_put(list, "host", host->host);
    keyword_put(list, "hostaddr", host->hostaddr);
    keyword_put(list, "port", host->port);
    keyword_put(list, "application_name", connect->name);
    keyword_put(list, "client_encoding", "UTF8");
}

static void on_notice(void *ctx, const PGresult *res)
{
    (void)ctx, (void)res; /* libpq would print it */
}

/* To libpq a password file or a certificate that it cannot open is none, and the server's
 * answer to that would be the user's fault. */
static bool has_descriptors(struct pg_connect *connect)
{
    struct err err = ERR_INIT;
    if (!lack_explain(&err, "pg", lack_of_descriptors(), "cannot connect to PostgreSQL"))
        return true;
    keep_error(connect, &err);
    return false;
}

static void try_address(struct pg_connect *connect, const struct pg_host *host)
{
    if (!has_descriptors(connect)) {
        try_next(connect);
        return;
    }
    struct keywords list = {.count = 0};
    fill_keywords(connect, host, &list);
    connect->conn = mem_checked(PQconnectStartParams(list.names, list.values, 0));
    PQsetErrorVerbosity(connect->conn, PQERRORS_VERBOSE);
    PQsetNoticeReceiver(connect->conn, on_notice, NULL);
    if (PQstatus(connect->conn) == CONNECTION_BAD) {
        address_failed(connect);
        return;
    }
    loop_timer_set(connect->deadline, connect->timeout_ms);
    watch_handshake(connect, PGRES_POLLING_WRITING);
}

/* --- one after another --- */

static void on_host(void *ctx, const struct pg_host *host, const struct err *err)
{
    struct pg_connect *connect = ctx;
    if (host) {
        try_address(connect, host);
    } else if (err) {
        struct err named = *err;
        err_wrap(&named, "cannot connect to PostgreSQL");
        keep_error(connect, &named);
        try_next(connect);
    } else {
        struct err last = connect->err;
        loop_timer_clear(connect->deadline);
        connect->fn(connect->ctx, NULL, &last);
    }
}

static void try_next(struct pg_connect *connect)
{
    loop_timer_set(connect->deadline, connect->timeout_ms);
    pg_hosts_next(connect->hosts, on_host, connect);
}

static void on_deadline(void *ctx)
{
    struct pg_connect *connect = ctx;
    struct err err = ERR_INIT;
    err_set(&err, ERR_AGAIN, "pg", 0, "cannot connect to PostgreSQL: no %s within %lld ms",
            connect->conn ? "answer" : "address", (long long)connect->timeout_ms);
    keep_error(connect, &err);
    pg_hosts_cancel(connect->hosts);
    drop_conn(connect);
    try_next(connect);
}

void pg_connect_start(struct pg_connect *connect)
{
    assert(!connect->conn && !loop_timer_is_set(connect->deadline));
    connect->err = (struct err)ERR_INIT;
    pg_hosts_rewind(connect->hosts);
    try_next(connect);
}

void pg_connect_cancel(struct pg_connect *connect)
{
    loop_timer_clear(connect->deadline);
    pg_hosts_cancel(connect->hosts);
    drop_conn(connect);
}

/* --- the URL --- */

static const char *option_value(const PQconninfoOption *options, const char *keyword,
                                const char *env)
{
    const char *value = pg_url_option(options, keyword);
    return value || !env ? value : getenv(env);
}

static int64_t read_timeout_ms(const PQconninfoOption *options)
{
    const char *text = option_value(options, "connect_timeout", NULL);
    int64_t seconds = 0;
    if (!text || !str_to_int64(str_from(text), &seconds) || seconds <= 0)
        return CONNECT_TIMEOUT_MS;
    return MIN(seconds, (int64_t)CONNECT_TIMEOUT_MAX_S) * 1000;
}

static bool read_url(struct pg_connect *connect, const char *url, struct err *err)
{
    if (!pg_url_parse(url, &connect->options, err))
        return false;
    const PQconninfoOption *options = connect->options;
    if (option_value(options, "service", "PGSERVICE"))
        return err_set(err, ERR_CONFIG, "pg", 0,
                       "service files are not read; name the host in the database URL");
    connect->timeout_ms = read_timeout_ms(options);
    return pg_hosts_new(connect->loop, option_value(options, "host", "PGHOST"),
                        option_value(options, "hostaddr", "PGHOSTADDR"),
                        option_value(options, "port", "PGPORT"), &connect->hosts, err);
}

bool pg_connect_new(struct loop *loop, const struct pg_options *options, pg_connect_fn fn,
                    void *ctx, struct pg_connect **ret_connect, struct err *err)
{
    struct pg_connect *connect = mem_alloc(sizeof *connect);
    *connect = (struct pg_connect){.loop = loop, .fn = fn, .ctx = ctx, .err = ERR_INIT};
    connect->name = options->name ? mem_strdup(options->name) : NULL;
    connect->deadline = loop_timer_new(loop, on_deadline, connect);
    if (!read_url(connect, options->url, err)) {
        pg_connect_free(connect);
        return false;
    }
    *ret_connect = connect;
    return true;
}

void pg_connect_free(struct pg_connect *connect)
{
    if (!connect)
        return;
    if (connect->hosts)
        pg_connect_cancel(connect);
    loop_timer_free(connect->deadline);
    pg_hosts_free(connect->hosts);
    PQconninfoFree(connect->options);
    mem_free(connect->name);
    mem_free(connect);
}

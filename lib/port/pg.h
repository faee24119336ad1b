#ifndef PORT_PG_H
#define PORT_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "port/loop.h"

/*
 * One session with PostgreSQL: libpq, non-blocking, in the loop. Names are resolved off the
 * loop. Statements are run one after another in the order of their calls.
 *
 *     pg_open → pg_query, pg_copy … → pg_done_fn (exactly once each) → pg_close
 *
 * The session connects when it is opened and, after a loss, again by itself (0.1 s to 5 s, with
 * jitter) as long as it is open. Whatever was under way or queued when it broke fails with
 * ERR_AGAIN; whether the statement under way was carried out is then unknown, and it is never
 * sent again by the port. While down, a call fails with ERR_AGAIN at the next turn of the loop.
 * A statement that gets no byte of answer for `timeout_ms` breaks the session.
 */
struct pg;

struct pg_options {
    const char *url;  /* postgresql://… or a conninfo string */
    const char *name; /* application_name */
    /* Run after each connect and the settings of every session (base_sql in pg.c), before
     * anything else; may be NULL. Several statements allowed. */
    const char *setup_sql;
    /*
     * How the server took every statement, before its own callback, and every login that it
     * refused; `err` NULL: it did what was asked. May be NULL.
     */
    void (*on_answer)(void *ctx, const struct err *err);
    void *answer_ctx;
};

enum { PG_PARAMS_MAX = 24 };

/* A parameter or a field of a result: null, or text; a parameter may also be a number, or
 * bytes in the binary format of its type. */
struct pg_value {
    struct str text; /* in PostgreSQL's text format, unless is_binary */
    int64_t number;
    bool is_null, is_number, is_binary;
};

#define PG_NULL ((struct pg_value){.is_null = true})

static inline struct pg_value pg_text(struct str text)
{
    return (struct pg_value){.text = text};
}

static inline struct pg_value pg_int(int64_t number)
{
    return (struct pg_value){.number = number, .is_number = true};
}

/* The statement must say its type: `$1::bigint[]`. */
static inline struct pg_value pg_binary(struct str bytes)
{
    return (struct pg_value){.text = bytes, .is_binary = true};
}

static inline struct pg_value pg_bool(bool flag)
{
    return pg_text(flag ? STR("t") : STR("f"));
}

/* Borrowed until the callback returns. */
struct pg_result;
size_t pg_rows(const struct pg_result *result);
struct pg_value pg_get(const struct pg_result *result, size_t row, int column);
bool pg_is_null(const struct pg_result *result, size_t row, int column);
struct str pg_get_str(const struct pg_result *result, size_t row,
                      int column);                                          /* NULL is empty */
int64_t pg_get_int(const struct pg_result *result, size_t row, int column); /* NULL is 0 */
bool pg_get_bool(const struct pg_result *result, size_t row, int column);
size_t pg_columns(const struct pg_result *result);
struct str pg_column_name(const struct pg_result *result, int column);

/*
 * Either `result` (of the last statement that gives columns) or `err`, whose kind goes by the
 * SQLSTATE
 * (port/sqlstate.h). err->sqlstate is set where the server gave one.
 */
typedef void (*pg_done_fn)(void *ctx, const struct pg_result *result, const struct err *err);

enum { PG_SILENT = 1 }; /* err->code of a session that broke because no answer came in time */

/* Called at each change, and for the first try in any case; `err`: why it is down. */
typedef void (*pg_state_fn)(void *ctx, bool is_up, const struct err *err);
typedef void (*pg_notify_fn)(void *ctx, struct str channel, struct str payload);

bool pg_open(struct loop *loop, const struct pg_options *options, pg_state_fn fn, void *ctx,
             struct pg **ret_pg, struct err *err) MUST_CHECK;
/* Another owner takes over a session that is up and has nothing to do: `fn` hears that it is up
 * at the next turn of the loop, and `on_answer`, which may be NULL, of what is asked then. */
void pg_hand_over(struct pg *pg, pg_state_fn fn, void (*on_answer)(void *, const struct err *),
                  void *ctx);
void pg_close(struct pg *pg); /* pending callbacks come with ERR_STOPPED; NULL is fine */
bool pg_is_up(const struct pg *pg);
/* The process that the server named at login; a pooler names one of its own. Only while up. */
int64_t pg_login_pid(const struct pg *pg);
void pg_on_notify(struct pg *pg, pg_notify_fn fn, void *ctx);

/* Drops the session (it connects again): after an error that leaves its state in doubt. */
void pg_reset(struct pg *pg);

/* Parameters are copied. One statement when there are parameters, else any number. `fn` may be
 * NULL. */
void pg_query(struct pg *pg, const char *sql, const struct pg_value *params, size_t count,
              int64_t timeout_ms, pg_done_fn fn, void *ctx);

struct pg_statement {
    const char *sql; /* one statement */
    const struct pg_value *params;
    size_t count;
};

/* As pg_query, but the fields of the result are bytes in the binary format of their types: for
 * pg_get_str alone. */
void pg_query_binary(struct pg *pg, const struct pg_statement *statement, int64_t timeout_ms,
                     pg_done_fn fn, void *ctx);

/*
 * As pg_query, and `then`, one statement without parameters, goes to the server behind it in
 * the same breath: the server does not wait for us between the two. It is left out where the
 * first one fails. For a statement that takes locks, and the COMMIT.
 */
void pg_query_then(struct pg *pg, const struct pg_statement *statement, const char *then,
                   int64_t timeout_ms, pg_done_fn fn, void *ctx);

/*
 * COPY … FROM STDIN: `sql`, then `data` in pieces as the socket takes them, then the end. The
 * data must stay until the callback; the sql is copied.
 */
void pg_copy(struct pg *pg, const char *sql, struct str data, int64_t timeout_ms, pg_done_fn fn,
             void *ctx);

/*
 * For commands that do one thing after another: runs the loop until the answer is there. The
 * result must be freed with pg_result_free. While the session is not up yet it waits for it, in
 * all no longer than timeout_ms. Not from inside a callback.
 */
bool pg_await(struct pg *pg, const char *sql, const struct pg_value *params, size_t count,
              int64_t timeout_ms, struct pg_result **ret_result, struct err *err) MUST_CHECK;
void pg_result_free(struct pg_result *result); /* NULL is fine */
void pg_result_free_local(struct pg_result **result);
#define AUTO_PG_RESULT CLEANUP(pg_result_free_local)

#endif

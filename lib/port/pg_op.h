#ifndef PORT_PG_OP_H
#define PORT_PG_OP_H

#include "port/pg.h"

/*
 * One statement, from the caller's parameters to the caller's callback, and queues of them:
 *
 *     pg_op_new → [pg_op_set_params] → pg_op_send → pg_op_step … → pg_op_deliver
 *
 * A statement that cannot be sent, or breaks, is delivered with an error. Which statement is
 * sent when, and what a broken connection means, is decided in pg.c.
 */
struct pg_conn; /* libpq's own tag of its PGconn */

struct pg_op {
    struct pg_op *next; /* in its queue */
    char *sql;
    char *params[PG_PARAMS_MAX];                                  /* NULL is null */
    int param_sizes[PG_PARAMS_MAX], param_formats[PG_PARAMS_MAX]; /* as libpq takes them */
    size_t param_count;
    bool has_binary_result; /* pg_query_binary's */
    char *then_sql;         /* pg_query_then's, or NULL */
    int64_t timeout_ms;     /* without a byte of answer; <= 0: none */
    pg_done_fn fn;          /* or NULL */
    void *ctx;
    struct pg_await *await; /* or NULL */

    bool is_copy;             /* pg_copy's */
    bool is_feeding;          /* the server takes COPY data now */
    struct str copy_data;     /* what has not been handed to libpq yet; the caller's */
    struct pg_result *result; /* the first error, else the last result with columns */
    struct err err;           /* while it waits to be delivered: why it failed */
};

/* Where pg_await finds the end of its statement. */
struct pg_await {
    bool is_done;
    struct pg_result *result; /* NULL: see err */
    struct err err;
};

struct pg_op *pg_op_new(const char *sql, int64_t timeout_ms, pg_done_fn fn,
                        void *ctx) MUST_CHECK;
void pg_op_free(struct pg_op *op); /* without a callback */

/* Copies the parameters. count <= PG_PARAMS_MAX. */
void pg_op_set_params(struct pg_op *op, const struct pg_value *params, size_t count);

/* Hands the statement to libpq. False: the connection is of no use any more. */
bool pg_op_send(struct pg_op *op, struct pg_conn *conn) MUST_CHECK;

/* One step of a statement that was sent, without waiting. While is_feeding only after a flush
 * that left nothing: libpq's buffer grows without end. */
enum pg_step {
    PG_STEP_AGAIN,  /* it went on: the next step may come at once */
    PG_STEP_WAIT,   /* flush, then wait for the socket */
    PG_STEP_DONE,   /* the answer is complete: see pg_op_error */
    PG_STEP_BROKEN, /* the session must be dropped; *ret_why is static, or NULL: ask libpq */
};

enum pg_step pg_op_step(struct pg_op *op, struct pg_conn *conn,
                        const char **ret_why) MUST_CHECK;

/* Whether the statement failed at the server; then *ret_err says why. */
bool pg_op_error(const struct pg_op *op, struct err *ret_err);

/* The same when the connection ended before the answer: looks for a last word of the
 * server's. */
bool pg_op_last_error(struct pg_op *op, struct pg_conn *conn, struct err *ret_err);

/* Calls back with the result, or with `err` if it is not NULL, and frees the statement. */
void pg_op_deliver(struct pg_op *op, const struct err *err);

struct pg_ops {
    struct pg_op *head, **tail;
};

void pg_ops_init(struct pg_ops *ops);
void pg_ops_put(struct pg_ops *ops, struct pg_op *op); /* at the end */
struct pg_op *pg_ops_take(struct pg_ops *ops);         /* the first, or NULL */
size_t pg_ops_count(const struct pg_ops *ops);

#endif

#include "port/pg_op.h"

#include <assert.h>
#include <inttypes.h>
#include <libpq-fe.h>

#include "base/mem.h"
#include "base/spill.h"
#include "port/pg_result.h"

enum { COPY_PIECE_BYTES = 64 << 10, LAST_RESULTS_MAX = 4 };

struct pg_op *pg_op_new(const char *sql, int64_t timeout_ms, pg_done_fn fn, void *ctx)
{
    struct pg_op *op = mem_alloc(sizeof *op);
    *op =
        (struct pg_op){.sql = mem_strdup(sql), .timeout_ms = timeout_ms, .fn = fn, .ctx = ctx};
    return op;
}

void pg_op_free(struct pg_op *op)
{
    for (size_t i = 0; i < op->param_count; i++)
        mem_free(op->params[i]);
    pg_result_free(op->result);
    mem_free(op->sql);
    mem_free(op->then_sql);
    mem_free(op);
}

static char *copy_param(const struct pg_value *param)
{
    if (param->is_null)
        return NULL;
    if (param->is_number)
        return mem_printf("%" PRId64, param->number);
    if (param->is_binary)
        return mem_dup(param->text.ptr, param->text.len);
    return mem_printf("%.*s", STR_ARG(param->text));
}

void pg_op_set_params(struct pg_op *op, const struct pg_value *params, size_t count)
{
    assert(count <= PG_PARAMS_MAX && op->param_count == 0);
    op->param_count = count;
    for (size_t i = 0; i < count; i++) {
        op->params[i] = copy_param(&params[i]);
        op->param_formats[i] = params[i].is_binary;
        op->param_sizes[i] = params[i].is_binary ? (int)params[i].text.len : 0;
    }
}

/* --- at the server --- */

static bool send_statement(struct pg_op *op, PGconn *conn)
{
    const char *const *values = (const char *const *)op->params;
    return PQsendQueryParams(conn, op->sql, (int)op->param_count, NULL, values, op->param_sizes,
                             op->param_formats, op->has_binary_result);
}

bool pg_op_send(struct pg_op *op, PGconn *conn)
{
    assert(!op->result);
    if (op->then_sql)
        return PQenterPipelineMode(conn) && send_statement(op, conn) &&
               PQsendQueryParams(conn, op->then_sql, 0, NULL, NULL, NULL, NULL, 0) &&
               PQpipelineSync(conn);
    return op->param_count || op->has_binary_result ? send_statement(op, conn)
                                                    : PQsendQuery(conn, op->sql);
}

/* A COPY FROM STDIN that came as pg_query has no data and is made to fail. */
static enum pg_step feed_copy(struct pg_op *op, PGconn *conn)
{
    if (!op->copy_data.len) {
        op->is_feeding = false;
        int is_put = PQputCopyEnd(conn, op->is_copy ? NULL : "no data for this COPY");
        return is_put == 1 ? PG_STEP_AGAIN : PG_STEP_BROKEN;
    }
    size_t size = MIN(op->copy_data.len, (size_t)COPY_PIECE_BYTES);
    if (PQputCopyData(conn, op->copy_data.ptr, (int)size) != 1)
        return PG_STEP_BROKEN;
    op->copy_data = str_slice(op->copy_data, size, op->copy_data.len);
    spill_touched(size);
    return PG_STEP_AGAIN;
}

/* Takes `res` over. Of several statements' results the first error is kept, else the last with
 * columns. */
static void keep_result(struct pg_op *op, PGresult *res)
{
    const PGresult *old = op->result;
    if (old && (pg_result_is_error(old) ||
                (!pg_result_is_error(res) && PQnfields(old) && !PQnfields(res)))) {
        PQclear(res);
        return;
    }
    PQclear(op->result);
    op->result = res;
}

/* Two statements that went together: a null result ends each, and a mark of its own both. */
static enum pg_step step_of_both(struct pg_op *op, PGconn *conn, PGresult *res)
{
    if (!res)
        return PQstatus(conn) == CONNECTION_BAD ? PG_STEP_DONE : PG_STEP_AGAIN;
    if (PQresultStatus(res) != PGRES_PIPELINE_SYNC) {
        keep_result(op, res);
        return PG_STEP_AGAIN;
    }
    PQclear(res);
    return PQexitPipelineMode(conn) && op->result ? PG_STEP_DONE : PG_STEP_BROKEN;
}

enum pg_step pg_op_step(struct pg_op *op, PGconn *conn, const char **ret_why)
{
    *ret_why = NULL;
    if (op->is_feeding)
        return feed_copy(op, conn);
    if (PQisBusy(conn))
        return PG_STEP_WAIT;
    PGresult *res = PQgetResult(conn);
    if (op->then_sql)
        return step_of_both(op, conn, res);
    if (!res) /* without any result libpq had no memory for one */
        return op->result ? PG_STEP_DONE : PG_STEP_BROKEN;
    ExecStatusType status = PQresultStatus(res);
    if (status == PGRES_COPY_IN) {
        PQclear(res);
        op->is_feeding = true;
        return PG_STEP_AGAIN;
    }
    if (status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
        PQclear(res);
        *ret_why = "COPY … TO STDOUT is not supported";
        return PG_STEP_BROKEN;
    }
    keep_result(op, res);
    return PG_STEP_AGAIN;
}

bool pg_op_error(const struct pg_op *op, struct err *ret_err)
{
    if (!op->result || !pg_result_is_error(op->result))
        return false;
    pg_result_error(op->result, ret_err);
    return true;
}

bool pg_op_last_error(struct pg_op *op, PGconn *conn, struct err *ret_err)
{
    PGresult *res = NULL;
    for (int i = 0; !op->is_feeding && i < LAST_RESULTS_MAX && (res = PQgetResult(conn)); i++)
        keep_result(op, res);
    return pg_op_error(op, ret_err);
}

/* --- the end, and queues --- */

void pg_op_deliver(struct pg_op *op, const struct err *err)
{
    if (op->fn)
        op->fn(op->ctx, err ? NULL : op->result, err);
    if (op->await && err)
        op->await->err = *err;
    else if (op->await)
        op->await->result = TAKE(op->result);
    if (op->await)
        op->await->is_done = true;
    pg_op_free(op);
}

void pg_ops_init(struct pg_ops *ops)
{
    ops->head = NULL;
    ops->tail = &ops->head;
}

void pg_ops_put(struct pg_ops *ops, struct pg_op *op)
{
    op->next = NULL;
    *ops->tail = op;
    ops->tail = &op->next;
}

struct pg_op *pg_ops_take(struct pg_ops *ops)
{
    struct pg_op *op = ops->head;
    if (!op)
        return NULL;
    ops->head = op->next;
    if (!ops->head)
        ops->tail = &ops->head;
    return op;
}

size_t pg_ops_count(const struct pg_ops *ops)
{
    size_t count = 0;
    for (const struct pg_op *op = ops->head; op; op = op->next)
        count++;
    return count;
}

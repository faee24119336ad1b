#include "port/pg_op.h"

#include "tests/support/suite.h"

START_TEST(copies_parameters_as_text)
{
    char text[] = "abc";
    const struct pg_value params[] = {pg_text((struct str){text, 2}),
                                      pg_int(INT64_MIN),
                                      pg_int(0),
                                      pg_bool(true),
                                      pg_text(STR_NONE),
                                      PG_NULL};
    struct pg_op *op = pg_op_new("select", 0, NULL, NULL);
    pg_op_set_params(op, params, COUNT_OF(params));
    text[0] = 'x';
    ck_assert_uint_eq(op->param_count, 6);
    ck_assert_str_eq(op->params[0], "ab");
    ck_assert_str_eq(op->params[1], "-9223372036854775808");
    ck_assert_str_eq(op->params[2], "0");
    ck_assert_str_eq(op->params[3], "t");
    ck_assert_str_eq(op->params[4], "");
    ck_assert_ptr_null(op->params[5]);
    pg_op_free(op);
}
END_TEST

START_TEST(queues_in_order)
{
    struct pg_op a = {.timeout_ms = 1}, b = {.timeout_ms = 2};
    struct pg_ops ops;
    pg_ops_init(&ops);
    ck_assert_ptr_null(pg_ops_take(&ops));
    pg_ops_put(&ops, &a);
    pg_ops_put(&ops, &b);
    ck_assert_uint_eq(pg_ops_count(&ops), 2);
    ck_assert_ptr_eq(pg_ops_take(&ops), &a);
    ck_assert_ptr_eq(pg_ops_take(&ops), &b);
    ck_assert_ptr_null(pg_ops_take(&ops));
    pg_ops_put(&ops, &a);
    ck_assert_ptr_eq(pg_ops_take(&ops), &a);
}
END_TEST

static void on_done(void *ctx, const struct pg_result *result, const struct err *err)
{
    ck_assert_ptr_null(result);
    *(enum err_kind *)ctx = err->kind;
}

START_TEST(delivers_an_error_to_the_callback_or_the_waiter)
{
    struct err why = ERR_INIT;
    err_set(&why, ERR_AGAIN, "test", 0, "lost");
    enum err_kind kind = ERR_NONE;
    pg_op_deliver(pg_op_new("select", 0, on_done, &kind), &why);
    ck_assert_int_eq(kind, ERR_AGAIN);

    struct pg_await await = {.err = ERR_INIT};
    struct pg_op *op = pg_op_new("select", 0, NULL, NULL);
    op->await = &await;
    pg_op_deliver(op, &why);
    ck_assert(await.is_done);
    ck_assert_ptr_null(await.result);
    ck_assert_str_eq(await.err.text, "lost");
}
END_TEST

SUITE("port/pg_op", copies_parameters_as_text, queues_in_order,
      delivers_an_error_to_the_callback_or_the_waiter)

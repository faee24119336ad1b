#include "worker/load/blame.h"

#include "base/mem.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"

enum { ROWS = 50 };

static struct loop *loop;
static struct pg *pg;
static struct err err = ERR_INIT;

static void run(const char *sql)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    ck_assert_ok(pg_await(pg, sql, NULL, 0, 10000, &result, &err), err);
}

static void set_up(void)
{
    struct pg_options options = {.url = servers_database_url(), .name = "pagetide test"};
    ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_ok(pg_open(loop, &options, NULL, NULL, &pg, &err), err);
    run("create temp table _pt_stage_1 (record jsonb)");
}

/* One jsonb column, in its binary form: version 1 and the text. */
static void put_row(struct batch *batch, size_t position, struct str json)
{
    batch_row_begin(batch, position, json);
    buf_put_be16(&batch->rows, 1);
    buf_put_be32(&batch->rows, (uint32_t)json.len + 1);
    buf_put_byte(&batch->rows, 1);
    buf_put(&batch->rows, json);
}

struct answer {
    bool done;
    size_t count;
    struct err err;
};

static void answered(void *ctx, size_t count, const struct err *why)
{
    struct answer *answer = ctx;
    answer->done = true;
    answer->count = count;
    if (why)
        answer->err = *why;
}

START_TEST(finds_the_rows_that_copy_refuses)
{
    set_up();
    struct batch *batch = batch_new(MIB(1));
    batch_page_begin(batch);
    for (size_t i = 0; i < ROWS; i++)
        put_row(batch, i,
                i == 0 || i == 31 || i == ROWS - 1 ? STR("{oops") : STR("{\"a\": 1}"));
    batch_mark(batch, &(struct mark){.page = 1, .job = 1});
    batch_close(batch);

    struct answer answer = {0};
    struct blame *blame = blame_copy(
        &(struct blame_options){.pg = pg, .batch = batch, .loader = 1}, answered, &answer);
    ck_assert(loop_run_until(loop, &answer.done, 20000));
    ck_assert_msg(answer.err.kind == ERR_NONE, "%s", answer.err.text);
    ck_assert_uint_eq(answer.count, 3);
    ck_assert_uint_eq(batch->row_count, ROWS - 3);
    ck_assert_uint_eq(batch->reject_count, 3);
    ck_assert_int_eq(batch->marks[0].rejects, 3);
    ck_assert_uint_eq(batch->rejects[0].position, 0);
    ck_assert_uint_eq(batch->rejects[1].position, 31);
    ck_assert_uint_eq(batch->rejects[2].position, ROWS - 1);
    blame_free(blame);

    /* What is left is a COPY that PostgreSQL takes whole. */
    struct pg_result *result;
    run("truncate _pt_stage_1");
    AUTO_BUF(sql, KIB(1));
    blame_put_copy_sql(&sql, 1);
    batch_close(batch);
    pg_copy(pg, sql.ptr, buf_str(&batch->rows), 10000, NULL, NULL);
    ck_assert_ok(
        pg_await(pg, "select count(*) from _pt_stage_1", NULL, 0, 10000, &result, &err), err);
    ck_assert_int_eq(pg_get_int(result, 0, 0), ROWS - 3);
    pg_result_free(result);
    batch_free(batch);
    pg_close(pg);
    loop_free(loop);
}
END_TEST

START_TEST(blames_no_row_for_a_lost_session)
{
    set_up();
    struct batch *batch = batch_new(MIB(1));
    batch_page_begin(batch);
    put_row(batch, 0, STR("{}"));
    batch_mark(batch, &(struct mark){.page = 1, .job = 1});
    pg_reset(pg);
    struct answer answer = {0};
    struct blame *blame = blame_copy(
        &(struct blame_options){.pg = pg, .batch = batch, .loader = 1}, answered, &answer);
    ck_assert(loop_run_until(loop, &answer.done, 20000));
    ck_assert_int_eq(answer.err.kind, ERR_AGAIN);
    ck_assert_uint_eq(batch->row_count, 1);
    ck_assert_uint_eq(batch->reject_count, 0);
    blame_free(blame);
    batch_free(batch);
    pg_close(pg);
    loop_free(loop);
}
END_TEST

/* The session is lost in the middle of the search: the batch will be sent again whole. */
START_TEST(what_is_rejected_is_out_of_the_batch)
{
    set_up();
    run("create function pg_temp.die() returns trigger language plpgsql as "
        "$$begin perform pg_terminate_backend(pg_backend_pid()); return new; end$$");
    run("create trigger die before insert on _pt_stage_1 for each row "
        "when (new.record ? 'die') execute function pg_temp.die()");
    struct batch *batch = batch_new(MIB(1));
    batch_page_begin(batch);
    for (size_t i = 0; i < ROWS; i++)
        put_row(batch, i,
                i == 0    ? STR("{oops")
                : i == 31 ? STR("{\"die\": 1}")
                          : STR("{\"a\": 1}"));
    batch_mark(batch, &(struct mark){.page = 1, .job = 1});
    batch_close(batch);

    struct answer answer = {0};
    struct blame *blame = blame_copy(
        &(struct blame_options){.pg = pg, .batch = batch, .loader = 1}, answered, &answer);
    ck_assert(loop_run_until(loop, &answer.done, 20000));
    ck_assert_int_eq(answer.err.kind, ERR_AGAIN);
    ck_assert_uint_eq(batch->reject_count, 1);
    ck_assert_uint_eq(batch->row_count, ROWS - 1);
    blame_free(blame);
    batch_free(batch);
    pg_close(pg);
    loop_free(loop);
}
END_TEST

SUITE("worker/blame", finds_the_rows_that_copy_refuses, blames_no_row_for_a_lost_session,
      what_is_rejected_is_out_of_the_batch)

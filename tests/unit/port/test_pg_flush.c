#include <dlfcn.h>
#include <libpq-fe.h>

#include "base/buf.h"
#include "port/pg.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"

static unsigned flush_count;

/*
 * In place of libpq's: every seventh time it says that something is left which leaves at once,
 * as it is when the server reads between two looks at the socket.
 */
int PQflush(PGconn *conn)
{
    union {
        void *symbol;
        int (*call)(PGconn *conn);
    } real = {dlsym(RTLD_NEXT, "PQflush")};
    int left = real.call(conn);
    return left == 0 && ++flush_count % 7 == 0 ? 1 : left;
}

static void on_done(void *ctx, const struct pg_result *result, const struct err *err)
{
    (void)result;
    ck_assert_msg(!err, "%s", err->text);
    *(bool *)ctx = true;
}

START_TEST(a_copy_goes_on_when_its_rest_has_left_meanwhile)
{
    struct loop *loop;
    struct pg *pg;
    struct err err = ERR_INIT;
    bool is_done = false;
    struct pg_options options = {.url = servers_database_url(), .name = "pagetide test"};
    AUTO_BUF(data, MIB(8));
    for (int i = 0; i < 50000; i++)
        buf_printf(&data, "%0100d\n", i);
    ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_ok(pg_open(loop, &options, NULL, NULL, &pg, &err), err);
    AUTO_PG_RESULT struct pg_result *made = NULL;
    ck_assert_ok(pg_await(pg, "create temp table t (x text)", NULL, 0, 10000, &made, &err),
                 err);
    pg_copy(pg, "copy t from stdin", buf_str(&data), 5000, on_done, &is_done);
    ck_assert(loop_run_until(loop, &is_done, 20000));
    ck_assert_uint_ge(flush_count, 7);
    pg_close(pg);
    loop_free(loop);
}
END_TEST

SUITE("unit/port/pg_flush", a_copy_goes_on_when_its_rest_has_left_meanwhile)

#include "port/pg.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "port/pg_array.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"

static struct loop *loop;
static struct err err = ERR_INIT;

static struct pg *open_session(const char *url)
{
    struct pg *pg;
    struct pg_options options = {.url = url, .name = "pagetide test"};
    ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_ok(pg_open(loop, &options, NULL, NULL, &pg, &err), err);
    return pg;
}

static void close_session(struct pg *pg)
{
    pg_close(pg);
    loop_free(loop);
}

/* The first field of the answer, which lives until the next one. */
static struct str ask(struct pg *pg, const char *sql, const struct pg_value *params,
                      size_t count)
{
    static char store[256];
    AUTO_PG_RESULT struct pg_result *result = NULL;
    ck_assert_ok(pg_await(pg, sql, params, count, 10000, &result, &err), err);
    snprintf(store, sizeof store, "%.*s", STR_ARG(pg_get_str(result, 0, 0)));
    return str_from(store);
}

START_TEST(asks_with_parameters)
{
    struct pg *pg = open_session(servers_database_url());
    struct pg_value params[] = {pg_int(INT64_MIN), PG_NULL, pg_bool(true),
                                pg_text(STR("it's; -- \xC3\xA4"))};
    AUTO_PG_RESULT struct pg_result *result = NULL;
    ck_assert_ok(pg_await(pg, "select $1::bigint as n, $2::text, $3::bool, $4::text", params, 4,
                          10000, &result, &err),
                 err);
    ck_assert_uint_eq(pg_rows(result), 1);
    ck_assert_uint_eq(pg_columns(result), 4);
    ck_assert_str_is(pg_column_name(result, 0), "n");
    ck_assert_int_eq(pg_get_int(result, 0, 0), INT64_MIN);
    ck_assert(pg_is_null(result, 0, 1));
    ck_assert(pg_get_bool(result, 0, 2));
    ck_assert_str_is(pg_get_str(result, 0, 3), "it's; -- \xC3\xA4");
    ck_assert_str_is(ask(pg, "show application_name", NULL, 0), "pagetide test");
    close_session(pg);
}
END_TEST

struct answer {
    int calls;
    bool done;
    struct err err;
};

static void answered(void *ctx, const struct pg_result *result, const struct err *why)
{
    struct answer *answer = ctx;
    answer->calls++;
    answer->done = true;
    (void)result;
    if (why)
        answer->err = *why;
}

static void await_answer(struct answer *answer)
{
    ck_assert(loop_run_until(loop, &answer->done, 20000));
    ck_assert_int_eq(answer->calls, 1);
}

START_TEST(asks_with_an_array_in_binary_format)
{
    struct pg *pg = open_session(servers_database_url());
    AUTO_BUF(array, KIB(1));
    pg_array_put_head(&array, 25, 2);
    buf_put_be32(&array, 3);
    buf_put(&array, (struct str){"a\"b", 3});
    buf_put_be32(&array, 0);
    const struct pg_value params[] = {pg_binary(buf_str(&array)), pg_int(7)};
    ck_assert_str_is(ask(pg, "select $1::text[]::text || $2::int", params, 2),
                     "{\"a\\\"b\",\"\"}7");
    close_session(pg);
}
END_TEST

static void take_array(void *ctx, const struct pg_result *result, const struct err *why)
{
    int64_t first = 0, last = 0;
    answered(ctx, result, why);
    if (why)
        return;
    struct pg_array_rest rest = pg_array_open(pg_get_str(result, 0, 0));
    ck_assert_uint_eq(rest.count, 3);
    ck_assert(pg_array_take(&rest, &first) && !pg_array_take(&rest, &last));
    ck_assert(pg_array_take(&rest, &last));
    ck_assert_int_eq(first, 1);
    ck_assert_int_eq(last, INT64_MAX);
}

START_TEST(gets_an_array_in_binary_format)
{
    struct pg *pg = open_session(servers_database_url());
    struct answer answer = {.err = ERR_INIT};
    const struct pg_statement statement = {"select array[1, null, 9223372036854775807]", NULL,
                                           0};
    ask(pg, "select 1", NULL, 0);
    pg_query_binary(pg, &statement, 10000, take_array, &answer);
    await_answer(&answer);
    ck_assert_int_eq(answer.err.kind, ERR_NONE);
    close_session(pg);
}
END_TEST

START_TEST(copies_more_than_a_socket_holds)
{
    struct pg *pg = open_session(servers_database_url());
    ask(pg, "create temp table t (n int, text text)", NULL, 0);
    AUTO_BUF(data, MIB(64));
    for (int i = 0; i < 100000; i++)
        buf_printf(&data, "%d\t%0100d\n", i, i);
    struct answer copied = {0};
    pg_copy(pg, "copy t from stdin", buf_str(&data), 10000, answered, &copied);
    await_answer(&copied);
    ck_assert_int_eq(copied.err.kind, ERR_NONE);
    ck_assert_str_is(ask(pg, "select count(*) from t", NULL, 0), "100000");
    ck_assert_str_is(ask(pg, "select sum(n) from t", NULL, 0), "4999950000");

    buf_puts(&data, "x\ty\n");
    copied = (struct answer){0};
    pg_copy(pg, "copy t from stdin", buf_str(&data), 10000, answered, &copied);
    await_answer(&copied);
    ck_assert_int_eq(copied.err.kind, ERR_INPUT);
    ck_assert_str_eq(copied.err.sqlstate, "22P02");
    ck_assert_str_is(ask(pg, "select count(*) from t", NULL, 0), "100000");
    close_session(pg);
}
END_TEST

static void check_kind(struct pg *pg, const char *code, enum err_kind kind)
{
    struct pg_result *result;
    struct err why = ERR_INIT;
    AUTO_FREE char *sql = mem_printf("do $$begin raise 'no' using errcode = '%s'; end$$", code);
    ck_assert(!pg_await(pg, sql, NULL, 0, 10000, &result, &why));
    ck_assert_msg(why.kind == kind, "%s is kind %d", code, why.kind);
    ck_assert_str_eq(why.sqlstate, code);
}

static void count_rows(void *ctx, const struct pg_result *result, const struct err *why)
{
    answered(ctx, result, why);
    if (result)
        ck_assert_int_eq(pg_get_int(result, 0, 0), 7);
}

START_TEST(sends_a_statement_and_the_commit_together)
{
    struct pg *pg = open_session(servers_database_url());
    ask(pg, "create temp table t (n int); begin", NULL, 0);
    struct answer good = {.err = ERR_INIT}, bad = {.err = ERR_INIT}, after = {.err = ERR_INIT};
    struct pg_value seven = pg_int(7), zero = pg_int(0);
    struct pg_statement put = {"insert into t values ($1) returning n", &seven, 1};
    struct pg_statement divide = {"insert into t values (1 / $1::int) returning n", &zero, 1};
    pg_query_then(pg, &put, "commit", 10000, count_rows, &good);
    pg_query(pg, "begin", NULL, 0, 10000, NULL, NULL);
    pg_query(pg, "insert into t values (2)", NULL, 0, 10000, NULL, NULL);
    pg_query_then(pg, &divide, "commit", 10000, count_rows, &bad);
    pg_query(pg, "rollback", NULL, 0, 10000, answered, &after);
    await_answer(&after);
    ck_assert_int_eq(good.calls, 1);
    ck_assert_int_eq(good.err.kind, ERR_NONE);
    ck_assert_int_eq(bad.calls, 1);
    ck_assert_str_eq(bad.err.sqlstate, "22012");
    ck_assert_int_eq(after.err.kind, ERR_NONE);
    ck_assert_str_is(ask(pg, "select string_agg(n::text, ' ') from t", NULL, 0), "7");
    close_session(pg);
}
END_TEST

START_TEST(loses_two_statements_with_the_session)
{
    struct pg *pg = open_session(servers_database_url());
    struct answer lost = {.err = ERR_INIT};
    struct pg_statement end = {"select pg_terminate_backend(pg_backend_pid())", NULL, 0};
    ask(pg, "select 1", NULL, 0);
    pg_query_then(pg, &end, "commit", 10000, answered, &lost);
    await_answer(&lost);
    ck_assert_int_eq(lost.err.kind, ERR_AGAIN);
    ck_assert_str_is(ask(pg, "select 2", NULL, 0), "2");
    close_session(pg);
}
END_TEST

START_TEST(tells_errors_by_what_can_be_done)
{
    struct pg *pg = open_session(servers_database_url());
    check_kind(pg, "40P01", ERR_AGAIN);
    check_kind(pg, "53100", ERR_AGAIN);
    check_kind(pg, "55P03", ERR_AGAIN);
    check_kind(pg, "22003", ERR_INPUT);
    check_kind(pg, "23505", ERR_INPUT);
    check_kind(pg, "P0001", ERR_INPUT);
    check_kind(pg, "22P04", ERR_CONFIG);
    check_kind(pg, "42703", ERR_CONFIG);
    check_kind(pg, "PT001", ERR_BUG);
    check_kind(pg, "55000", ERR_INPUT);
    check_kind(pg, "57014", ERR_AGAIN);
    check_kind(pg, "OWN01", ERR_INPUT);
    check_kind(pg, "25006", ERR_AGAIN);
    close_session(pg);
}
END_TEST

START_TEST(keeps_the_order_and_loses_all_with_the_session)
{
    const char *url = servers_database_url();
    struct pg *pg = open_session(url);
    ask(pg, "create table public.t (n int)", NULL, 0);
    struct answer answers[3] = {0};
    pg_query(pg, "insert into public.t values (1)", NULL, 0, 10000, answered, &answers[0]);
    pg_query(pg, "select pg_terminate_backend(pg_backend_pid())", NULL, 0, 10000, answered,
             &answers[1]);
    pg_query(pg, "insert into public.t values (2)", NULL, 0, 10000, answered, &answers[2]);
    ck_assert_int_eq(answers[0].calls, 0);
    await_answer(&answers[2]);
    ck_assert_int_eq(answers[0].err.kind, ERR_NONE);
    ck_assert_str_eq(answers[1].err.sqlstate, "57P01");
    ck_assert_int_eq(answers[1].err.kind, ERR_AGAIN);
    ck_assert_int_eq(answers[2].err.kind, ERR_AGAIN);
    ck_assert(!pg_is_up(pg));
    /* It comes back by itself, and nothing was sent a second time. */
    ck_assert_str_is(ask(pg, "select count(*) from public.t", NULL, 0), "1");
    ck_assert_int_eq(answers[2].calls, 1);
    close_session(pg);
}
END_TEST

START_TEST(gives_up_a_server_that_is_silent)
{
    struct test_postgres postgres;
    servers_postgres_start(&postgres);
    struct pg *pg = open_session(postgres.url);
    ask(pg, "select 1", NULL, 0);
    struct answer slow = {0};
    pg_query(pg, "select pg_sleep(30)", NULL, 0, 200, answered, &slow);
    int64_t start = clock_mono_ms();
    await_answer(&slow);
    ck_assert_int_eq(slow.err.kind, ERR_AGAIN);
    ck_assert_int_lt(clock_mono_ms() - start, 25000);
    ck_assert_str_is(ask(pg, "select 2", NULL, 0), "2");
    close_session(pg);
    servers_postgres_stop(&postgres);
}
END_TEST

START_TEST(tries_the_hosts_in_order)
{
    const char *url = servers_database_url();
    struct str rest = str_from(url);
    rest = str_slice(rest, (size_t)str_find_byte(rest, '@') + 1, rest.len);
    /* 127.0.0.1:1 refuses; the second is the server, by a name. */
    struct str port = str_slice(rest, (size_t)str_find_byte(rest, ':') + 1, rest.len);
    AUTO_FREE char *two =
        mem_printf("postgresql://postgres@127.0.0.1:1,localhost:%.*s", STR_ARG(port));
    struct pg *pg = open_session(two);
    ck_assert_str_is(ask(pg, "select 1", NULL, 0), "1");
    close_session(pg);
}
END_TEST

START_TEST(says_why_it_cannot_connect)
{
    struct pg_result *result;
    struct pg *pg = open_session("postgresql://postgres@127.0.0.1:1/x");
    ck_assert(!pg_await(pg, "select 1", NULL, 0, 300, &result, &err));
    ck_assert_int_eq(err.kind, ERR_AGAIN);
    ck_assert_msg(strstr(err.text, "refused"), "%s", err.text);
    ck_assert_ptr_null(strchr(err.text, '\n'));
    close_session(pg);

    AUTO_FREE char *wrong = mem_printf("%s_missing", servers_database_url());
    pg = open_session(wrong);
    int64_t start = clock_mono_ms();
    ck_assert(!pg_await(pg, "select 1", NULL, 0, 30000, &result, &err));
    ck_assert_int_lt(clock_mono_ms() - start, 25000);
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_str_eq(err.sqlstate, "3D000");
    ck_assert_ptr_nonnull(strstr(err.text, "does not exist"));
    close_session(pg);
}
END_TEST

/* With less than libpq may want, a password file would count as none. */
START_TEST(does_not_connect_where_it_lacks_descriptors)
{
    struct pg_result *result;
    struct rlimit usual, few;
    int fds[4];
    struct pg *pg = open_session(servers_database_url());
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        fds[i] = open("/", O_PATH | O_CLOEXEC);
    few = usual;
    few.rlim_cur = (rlim_t)fds[COUNT_OF(fds) - 1] + 1;
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        close(fds[i]);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    ck_assert(!pg_await(pg, "select 1", NULL, 0, 2000, &result, &err));
    ck_assert_int_eq(err.kind, ERR_AGAIN);
    ck_assert(err.is_lack);
    ck_assert_msg(strstr(err.text, "no file descriptors left"), "%s", err.text);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
    ck_assert_str_is(ask(pg, "select 1", NULL, 0), "1");
    close_session(pg);
}
END_TEST

START_TEST(hides_a_password_in_a_bad_url)
{
    struct pg *pg;
    struct pg_options options = {.url = "postgres//me:hunter2@host/db"};
    ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert(!pg_open(loop, &options, NULL, NULL, &pg, &err));
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_ptr_null(strstr(err.text, "hunter2"));
    loop_free(loop);
}
END_TEST

static void close_inside(void *ctx, const struct pg_result *result, const struct err *why)
{
    (void)result, (void)why;
    pg_close(ctx);
}

START_TEST(closes_inside_a_callback)
{
    struct pg *pg = open_session(servers_database_url());
    ask(pg, "select 1", NULL, 0);
    struct answer last = {0};
    pg_query(pg, "select 1", NULL, 0, 1000, close_inside, pg);
    pg_query(pg, "select 2", NULL, 0, 1000, answered, &last);
    await_answer(&last);
    ck_assert_int_eq(last.err.kind, ERR_STOPPED);
    loop_free(loop);
}
END_TEST

struct state_log {
    int ups, downs;
    bool up_twice;
};

static void state_changed(void *ctx, bool up, const struct err *why)
{
    struct state_log *log = ctx;
    ck_assert(up == !why);
    *(up ? &log->ups : &log->downs) += 1;
    log->up_twice = log->ups == 2;
}

static void count_notify(void *ctx, struct str channel, struct str payload)
{
    ck_assert_str_is(channel, "pagetide");
    ck_assert_str_is(payload, "hello");
    *(bool *)ctx = true;
}

START_TEST(prepares_each_session)
{
    const char *url = servers_database_url();
    struct state_log log = {0};
    struct pg *pg;
    struct pg_options options = {.url = url,
                                 .setup_sql = "listen pagetide; set work_mem='5MB'"};
    ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_ok(pg_open(loop, &options, state_changed, &log, &pg, &err), err);
    ask(pg, "select 1", NULL, 0);
    pg_reset(pg);
    ck_assert(loop_run_until(loop, &log.up_twice, 10000));
    ck_assert_int_eq(log.downs, 1);
    ck_assert_str_is(ask(pg, "show work_mem", NULL, 0), "5MB");
    bool heard = false;
    pg_on_notify(pg, count_notify, &heard);
    servers_sql(url, "notify pagetide, 'hello'");
    ck_assert(loop_run_until(loop, &heard, 10000));
    close_session(pg);
}
END_TEST

/* What a database may have been told, and what a session must have all the same. */
static const struct {
    const char *name, *odd, *ours;
} session_settings[] = {
    {"default_transaction_isolation", "serializable", "read committed"},
    {"default_transaction_read_only", "on", "off"},
    {"default_transaction_deferrable", "on", "off"},
    {"standard_conforming_strings", "off", "on"},
    {"statement_timeout", "1200000", "0"},
    {"lock_timeout", "1", "0"},
    {"idle_in_transaction_session_timeout", "1200000", "0"},
    {"idle_session_timeout", "1200000", "0"},
    {"search_path", "public, pg_catalog", "pg_catalog, pg_temp"},
    {"datestyle", "SQL, DMY", "ISO, MDY"},
    {"intervalstyle", "iso_8601", "postgres"},
    {"timezone", "''Asia/Kolkata''", "UTC"},
    {"bytea_output", "escape", "hex"},
    {"extra_float_digits", "''-15''", "1"},
    {"client_encoding", "LATIN1", "UTF8"},
    {"client_min_messages", "error", "warning"},
    {"xmloption", "document", "content"},
    {"array_nulls", "off", "on"},
    {"jit", "on", "off"},
    {"transform_null_equals", "on", "off"},
    {"quote_all_identifiers", "on", "off"},
};

START_TEST(sets_what_the_program_relies_on)
{
    const char *url = servers_database_url();
    for (size_t i = 0; i < COUNT_OF(session_settings); i++) {
        AUTO_FREE char *sql = mem_printf(
            "begin read write; do $$ begin execute "
            "format('alter database %%I set %s = %s', current_database()); end $$; commit",
            session_settings[i].name, session_settings[i].odd);
        servers_sql(url, sql);
    }
    struct pg *pg = open_session(url);
    for (size_t i = 0; i < COUNT_OF(session_settings); i++) {
        AUTO_FREE char *sql = mem_printf("show %s", session_settings[i].name);
        ck_assert_str_is(ask(pg, sql, NULL, 0), session_settings[i].ours);
    }
    close_session(pg);
}
END_TEST

SUITE("port/pg", asks_with_parameters, asks_with_an_array_in_binary_format,
      gets_an_array_in_binary_format, copies_more_than_a_socket_holds,
      sends_a_statement_and_the_commit_together, loses_two_statements_with_the_session,
      tells_errors_by_what_can_be_done, keeps_the_order_and_loses_all_with_the_session,
      gives_up_a_server_that_is_silent, tries_the_hosts_in_order, says_why_it_cannot_connect,
      does_not_connect_where_it_lacks_descriptors, hides_a_password_in_a_bad_url,
      closes_inside_a_callback, prepares_each_session, sets_what_the_program_relies_on)

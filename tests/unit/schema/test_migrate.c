#include "schema/migrate.h"

#include "base/mem.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"

static struct loop *loop;
static struct err err = ERR_INIT;

static struct pg *open_session(const char *url)
{
    struct pg *pg;
    struct pg_options options = {.url = url, .name = "pagetide test"};
    if (!loop)
        ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_ok(pg_open(loop, &options, NULL, NULL, &pg, &err), err);
    return pg;
}

static enum schema_state state_of(struct pg *pg)
{
    enum schema_state state;
    ck_assert_ok(schema_read_state(pg, &state, &err), err);
    return state;
}

START_TEST(makes_the_schema_once)
{
    const char *url = servers_database_url();
    struct pg *pg = open_session(url);
    int applied = 0;
    ck_assert_int_eq(state_of(pg), SCHEMA_MISSING);
    ck_assert(!schema_check(pg, &err));
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.text, "pagetide migrate"));
    ck_assert_ok(schema_migrate(pg, &applied, &err), err);
    ck_assert_int_gt(applied, 0);
    ck_assert_int_eq(state_of(pg), SCHEMA_CURRENT);
    ck_assert_ok(schema_check(pg, &err), err);
    ck_assert_ok(schema_migrate(pg, &applied, &err), err);
    ck_assert_int_eq(applied, 0);
    ck_assert_str_eq(servers_sql(url, "select count(*) from pagetide.progress"), "0");
    pg_close(pg);
    loop_free(loop);
}
END_TEST

START_TEST(tells_an_older_and_a_newer_schema)
{
    const char *url = servers_database_url();
    struct pg *pg = open_session(url);
    int applied;
    ck_assert_ok(schema_migrate(pg, &applied, &err), err);
    servers_sql(url, "insert into pagetide.migration values (9999, 'x')");
    ck_assert(!schema_check(pg, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "newer pagetide"));
    ck_assert(!schema_migrate(pg, &applied, &err));
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    servers_sql(url, "delete from pagetide.migration where version > 1");
    ck_assert_int_eq(state_of(pg), SCHEMA_OLDER);
    ck_assert(!schema_check(pg, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "run pagetide migrate"));
    pg_close(pg);
    loop_free(loop);
}
END_TEST

/* A file that fails leaves nothing of itself. */
START_TEST(goes_on_where_a_broken_migration_stopped)
{
    const char *url = servers_database_url();
    struct pg *pg = open_session(url);
    int applied = -1;
    servers_sql(url, "create schema pagetide; create table pagetide.worker ()");
    ck_assert(!schema_migrate(pg, &applied, &err));
    ck_assert_str_eq(err.sqlstate, "42P07");
    ck_assert_ptr_nonnull(strstr(err.text, "0001_tables.sql"));
    ck_assert_int_eq(applied, -1);
    ck_assert_str_eq(servers_sql(url, "select to_regclass('pagetide.job')"), "");
    servers_sql(url, "drop table pagetide.worker");
    ck_assert_ok(schema_migrate(pg, &applied, &err), err);
    ck_assert_int_eq(state_of(pg), SCHEMA_CURRENT);
    pg_close(pg);
    loop_free(loop);
}
END_TEST

/* Another process holds the lock with the first file applied but not committed. */
START_TEST(lets_another_process_finish_first)
{
    const char *url = servers_database_url();
    struct pg *other = open_session(url), *pg = open_session(url);
    struct pg_result *result;
    int applied;
    ck_assert_ok(schema_migrate(other, &applied, &err), err);
    int all = applied;
    servers_sql(url, "set client_min_messages = error; drop schema pagetide cascade");
    ck_assert_ok(schema_migrate(other, &applied, &err), err);
    servers_sql(url, "delete from pagetide.migration");
    ck_assert_ok(
        pg_await(other,
                 "begin; select pg_advisory_xact_lock(8098983203421578341); insert into "
                 "pagetide.migration select n, 'x' from generate_series(1, 99) n",
                 NULL, 0, 10000, &result, &err),
        err);
    pg_result_free(result);
    pg_query(other, "select pg_sleep(0.3); commit", NULL, 0, 10000, NULL, NULL);
    ck_assert_ok(schema_migrate(pg, &applied, &err), err);
    ck_assert_int_eq(applied, 0);
    ck_assert_int_gt(all, 0);
    pg_close(pg);
    pg_close(other);
    loop_free(loop);
}
END_TEST

SUITE("schema/migrate", makes_the_schema_once, tells_an_older_and_a_newer_schema,
      goes_on_where_a_broken_migration_stopped, lets_another_process_finish_first)

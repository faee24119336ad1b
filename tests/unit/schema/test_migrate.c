#include "schema/migrate.h"

#include <libpq-fe.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "tests/support/schema.h"
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

START_TEST(a_database_that_cannot_hold_all_characters_is_refused)
{
    const char *url = servers_database_url();
    servers_sql(url, "create database latin encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' "
                     "template template0");
    struct pg *pg =
        open_session(mem_printf("%.*slatin", (int)(strrchr(url, '/') + 1 - url), url));
    int applied = 0;
    ck_assert(!schema_migrate(pg, &applied, &err));
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_str_eq(
        err.text,
        "creating the control schema: the database has the encoding LATIN1, which cannot hold "
        "all that APIs send; make one that can: create database NAME encoding 'UTF8' template "
        "template0");
    ck_assert_int_eq(state_of(pg), SCHEMA_MISSING);
    pg_close(pg);
    loop_free(loop);
    servers_sql(url, "drop database latin");
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

/* Another process holds the lock, and all is applied but not committed. */
START_TEST(lets_another_process_finish_first)
{
    const char *url = servers_database_url();
    struct pg *other = open_session(url), *pg = open_session(url);
    struct pg_result *result;
    int applied;
    ck_assert_ok(schema_migrate(other, &applied, &err), err);
    ck_assert_int_gt(applied, 0);
    servers_sql(url, "create table public.saved as table pagetide.migration; "
                     "delete from pagetide.migration");
    ck_assert_ok(pg_await(other,
                          "begin; select pg_advisory_xact_lock(8098983203421578341); "
                          "insert into pagetide.migration table public.saved",
                          NULL, 0, 10000, &result, &err),
                 err);
    pg_result_free(result);
    pg_query(other, "select pg_sleep(0.3); commit", NULL, 0, 10000, NULL, NULL);
    ck_assert_ok(schema_migrate(pg, &applied, &err), err);
    ck_assert_int_eq(applied, 0);
    pg_close(pg);
    pg_close(other);
    loop_free(loop);
}
END_TEST

START_TEST(of_processes_that_migrate_at_once_one_does)
{
    enum { PROCESSES = 4 };
    const char *url = servers_database_url();
    pid_t pids[PROCESSES];
    int status, applied, migrated = 0;
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        ck_assert_int_ge(pids[i], 0);
        if (pids[i] == 0 && !schema_migrate(open_session(url), &applied, &err))
            ck_abort_msg("%s", err.text);
        if (pids[i] == 0)
            _exit(applied > 0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
        migrated += WEXITSTATUS(status);
    }
    ck_assert_int_eq(migrated, 1);
}
END_TEST

/* --- from version 9 --- */

static char *text_of_file(const char *path)
{
    AUTO_BUF(text, MIB(1));
    ck_assert_ok(file_read(path, &text, &err), err);
    return mem_strdup(text.ptr);
}

static const char *database_of_version_9(void)
{
    const char *url = servers_database_url();
    AUTO_FREE char *sql = text_of_file("tests/fixtures/schema_9.sql");
    servers_sql(url, sql);
    schema_put_helpers(url);
    return url;
}

static void migrate(const char *url)
{
    struct pg *pg = open_session(url);
    int applied;
    ck_assert_ok(schema_migrate(pg, &applied, &err), err);
    ck_assert_int_gt(applied, 0);
    ck_assert_int_eq(state_of(pg), SCHEMA_CURRENT);
    pg_close(pg);
}

/* Everything in the control schema, one thing a line. */
static const char *catalogue(const char *url)
{
    return servers_sql(
        url, "set search_path = pg_catalog; "
             "select string_agg(t, E'\n' order by t collate \"C\") from ("
             "select pg_get_functiondef(p.oid) from pg_proc p "
             "where p.pronamespace = 'pagetide'::regnamespace and p.prokind = 'f' "
             "union all select p.oid::regprocedure || ' ' || g.aggtransfn from pg_proc p "
             "join pg_aggregate g on g.aggfnoid = p.oid "
             "where p.pronamespace = 'pagetide'::regnamespace "
             "union all select concat_ws(' ', c.relkind, c.relname, a.attnum, a.attname, "
             "format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, "
             "pg_get_expr(d.adbin, d.adrelid)) from pg_class c join pg_attribute a "
             "on a.attrelid = c.oid and a.attnum > 0 left join pg_attrdef d "
             "on d.adrelid = c.oid and d.adnum = a.attnum "
             "where c.relnamespace = 'pagetide'::regnamespace "
             "and c.relkind in ('r', 'v', 'c', 'S') "
             "union all select c.relname || ' ' || pg_get_viewdef(c.oid) from pg_class c "
             "where c.relnamespace = 'pagetide'::regnamespace and c.relkind = 'v' "
             "union all select indexdef from pg_indexes where schemaname = 'pagetide' "
             "union all select conrelid::regclass || ' ' || pg_get_constraintdef(oid) "
             "from pg_constraint where connamespace = 'pagetide'::regnamespace) things (t)");
}

/* Check takes no message as long as a catalogue: the first line that differs says enough. */
static void expect_as_new(const char *url)
{
    struct str got = str_from(catalogue(url)), wanted = str_from(catalogue(schema_database()));
    while (got.len || wanted.len) {
        struct str got_line, wanted_line;
        got = str_split(got, '\n', &got_line);
        wanted = str_split(wanted, '\n', &wanted_line);
        ck_assert_msg(str_eq(got_line, wanted_line), "%.*s, in a new one %.*s",
                      STR_ARG(got_line), STR_ARG(wanted_line));
    }
}

START_TEST(a_database_of_version_9_becomes_what_a_new_one_is)
{
    const char *old = database_of_version_9();
    struct pg *pg = open_session(old);
    ck_assert_int_eq(state_of(pg), SCHEMA_OLDER);
    ck_assert(!schema_check(pg, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "version 9, this pagetide needs"));
    migrate(old);
    expect_as_new(old);
    pg_close(pg);
}
END_TEST

/* Each file was a transaction of its own: a database may have got only some of them. */
START_TEST(a_database_of_a_part_of_version_9_goes_on)
{
    const char *old = database_of_version_9();
    servers_sql(old, "set client_min_messages = error; "
                     "drop type pagetide.order_answer cascade; "
                     "drop type pagetide.bad_row cascade; "
                     "delete from pagetide.migration where version > 7");
    migrate(old);
    expect_as_new(old);
}
END_TEST

/* The file's number is below the version of the database: functions had changed meanwhile. */
START_TEST(a_file_of_tables_is_known_by_its_name)
{
    const char *old = schema_database();
    AUTO_FREE char *sql = mem_printf(
        "set client_min_messages = error; drop table pagetide.same_rows; "
        "delete from pagetide.migration where name ~ 'same_rows' or version = %d; "
        "insert into pagetide.migration (version, name, serves) values (%d, 'functions', 1)",
        SCHEMA_VERSION, SCHEMA_VERSION - 1);
    servers_sql(old, sql);
    migrate(old);
    expect_as_new(old);
}
END_TEST

/* Also in a session that has called the old functions, and in the middle of a transaction. */
START_TEST(work_under_way_goes_on_over_a_migration)
{
    const char *old = database_of_version_9();
    struct schema_session *worker = schema_session_open(old);
    ck_assert_str_eq(schema_session_sql(worker, "select t_run(1)"), "1");
    ck_assert_str_eq(schema_session_sql(worker, "select t_take(1)"), "taken");
    ck_assert_str_eq(schema_session_sql(worker, "select t_commit(t_mark(1, 1))"), "0 applied");
    schema_session_sql(worker, "begin");
    ck_assert_str_eq(schema_session_sql(worker, "select pagetide.is_end('queued')"), "f");
    migrate(old); /* waits for a transaction that has touched a table which it alters */
    ck_assert_str_eq(schema_session_sql(worker, "select t_commit(t_mark(1, 2))"), "0 applied");
    ck_assert_str_eq(schema_session_sql(worker, "select t_commit(t_mark(1, 3))"), "0 applied");
    schema_session_sql(worker, "commit");
    ck_assert_str_eq(
        schema_session_sql(worker, "select t_commit(t_mark(1, 4, t_end('succeeded')))"),
        "0 applied ended succeeded run succeeded");
    ck_assert_str_eq(
        schema_session_sql(worker, "select pages || ' ' || records from pagetide.history"),
        "4 40");
}
END_TEST

/* The columns that a statement gives: names and the oids of their types. */
static char *columns_of(PGconn *conn, const char *sql)
{
    AUTO_BUF(text, 4096);
    PGresult *prepared = PQprepare(conn, "", sql, 0, NULL);
    ck_assert_msg(PQresultStatus(prepared) == PGRES_COMMAND_OK, "%s: %s", sql,
                  PQresultErrorMessage(prepared));
    PGresult *described = PQdescribePrepared(conn, "");
    for (int i = 0; i < PQnfields(described); i++)
        buf_printf(&text, "%s %u, ", PQfname(described, i), PQftype(described, i));
    PQclear(prepared);
    PQclear(described);
    return mem_strdup(text.ptr);
}

START_TEST(calls_of_the_oldest_process_served_give_what_they_gave)
{
    PGconn *before = PQconnectdb(database_of_version_9());
    PGconn *after = PQconnectdb(schema_database());
    AUTO_FREE char *calls = text_of_file("tests/fixtures/calls_9.txt");
    char *rest = calls;
    int count = 0;
    for (char *line; (line = strsep(&rest, "\n"));) {
        if (!*line || *line == '#')
            continue;
        AUTO_FREE char *gave = columns_of(before, line);
        AUTO_FREE char *gives = columns_of(after, line);
        ck_assert_msg(strncmp(gives, gave, strlen(gave)) == 0, "%s gave %s and gives %s", line,
                      gave, gives);
        count++;
    }
    ck_assert_int_gt(count, 30);
    PQfinish(before);
    PQfinish(after);
}
END_TEST

/* --- neighbours --- */

START_TEST(a_newer_schema_that_serves_is_used_and_left_alone)
{
    const char *url = schema_database();
    struct pg *pg = open_session(url);
    int applied;
    servers_sql(url,
                "insert into pagetide.migration (version, name, serves) "
                "select max(version) + 1, 'functions', max(version) from pagetide.migration; "
                "update pagetide.meta set value = 'newer' where key = 'functions_digest'; "
                "alter function pagetide.is_end(text) cost 7");
    ck_assert_int_eq(state_of(pg), SCHEMA_SERVING);
    ck_assert_ok(schema_check(pg, &err), err);
    ck_assert_ok(schema_prepare(pg, &err), err);
    ck_assert(!schema_migrate(pg, &applied, &err));
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.text, "newer pagetide"));
    ck_assert_str_eq(servers_sql(url, "select procost from pg_proc where oid = "
                                      "'pagetide.is_end(text)'::regprocedure"),
                     "7");
    pg_close(pg);
}
END_TEST

START_TEST(a_newer_schema_that_does_not_serve_is_refused)
{
    const char *url = schema_database();
    struct pg *pg = open_session(url);
    servers_sql(url, "insert into pagetide.migration (version, name, serves) "
                     "select max(version) + 2, 'functions', max(version) + 1 "
                     "from pagetide.migration");
    ck_assert_int_eq(state_of(pg), SCHEMA_NEWER);
    ck_assert(!schema_check(pg, &err));
    ck_assert(!schema_prepare(pg, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "newer pagetide"));
    pg_close(pg);
}
END_TEST

/* --- functions that change --- */

/* As if another set had been applied before. */
static void put_another_set(const char *url, const char *changes)
{
    servers_sql(url,
                "update pagetide.meta set value = 'another' where key = 'functions_digest'");
    servers_sql(url, changes);
}

START_TEST(other_functions_of_the_same_version_are_replaced)
{
    const char *url = schema_database();
    struct pg *pg = open_session(url);
    put_another_set(url, "create or replace function pagetide.is_end(state text) "
                         "returns boolean language sql immutable as 'select false'");
    ck_assert(!schema_check(pg, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "run pagetide migrate"));
    migrate(url);
    expect_as_new(url);
    pg_close(pg);
}
END_TEST

START_TEST(what_cannot_be_replaced_is_dropped_first)
{
    static const char *const changes[] = {
        /* another result */
        "drop function pagetide.ms; create function pagetide.ms(count bigint) returns text "
        "language sql as 'select ''1'''",
        /* other columns in the result */
        "drop function pagetide.due; create function pagetide.due(most int) "
        "returns table (stream text) language sql as 'select ''x'''",
        /* another name of a parameter, where an aggregate depends on it */
        "drop aggregate pagetide.latest(text, text); drop function pagetide.later; "
        "create function pagetide.later(x text, b text, kind text) returns text language sql "
        "as 'select x'; create aggregate pagetide.latest(value text, kind text) "
        "(sfunc = pagetide.later, stype = text)",
        /* other parameters */
        "drop function pagetide.is_end; create function pagetide.is_end(state text, "
        "more int default 1) returns boolean language sql as 'select true'",
        /* other parameters, where a view of ours depends on it */
        "drop function pagetide.ms; create function pagetide.ms(count bigint, more int "
        "default 1) returns interval language sql as 'select interval ''1 s'''; "
        "create view pagetide.gone as select pagetide.ms(1); "
        "update pagetide.meta set value = value || ' gone' where key = 'functions'",
        /* another kind */
        "drop function pagetide.badness; create aggregate pagetide.badness(text) "
        "(sfunc = textcat, stype = text)",
        /* a view that another depends on, with another name of a column */
        "drop view pagetide.health; alter view pagetide.history rename column stream to name; "
        "create view pagetide.health as select name as stream, 1 as old from pagetide.history",
    };
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        const char *url = schema_database();
        put_another_set(url, changes[i]);
        migrate(url);
        expect_as_new(url);
    }
}
END_TEST

START_TEST(what_the_set_before_had_and_this_one_lacks_is_dropped)
{
    const char *url = schema_database();
    put_another_set(
        url, "create function pagetide.gone(a int, b int) returns int language sql "
             "as 'select 1'; "
             "create aggregate pagetide.gone_too(int) (sfunc = pagetide.gone, stype = int); "
             "create view pagetide.gone_view as select pagetide.clock(); "
             "update pagetide.meta set value = value || ' gone gone_too gone_view' "
             "where key = 'functions'");
    migrate(url);
    expect_as_new(url);
}
END_TEST

/* Grants, a view of theirs on a view of ours, and a function of theirs in our schema. */
START_TEST(what_users_made_of_it_stays)
{
    static const char mine[] =
        "select concat_ws(' ', has_table_privilege(r, 'pagetide.health', 'select'), "
        "has_function_privilege(r, 'pagetide.badness(text)', 'execute'), "
        "has_function_privilege(r, 'pagetide.is_end(text)', 'execute'), "
        "(select count(*) from my_health), pagetide.mine()) "
        "from (select 'reader_' || current_database()) as x (r)";
    const char *url = schema_database();
    servers_sql(url,
                "do $$ declare r text := 'reader_' || current_database(); begin "
                "execute format('create role %I', r); "
                "execute format('grant select on pagetide.health to %I', r); "
                "revoke execute on function pagetide.badness, pagetide.is_end from public; "
                "execute format('grant execute on function pagetide.is_end to %I', r); end $$; "
                "create view my_health as select * from pagetide.health; "
                "create function pagetide.mine() returns int language sql as 'select 7'");
    ck_assert_str_eq(servers_sql(url, mine), "t f t 0 7");
    put_another_set(url, "create or replace function pagetide.badness(state text) returns int "
                         "language sql immutable parallel safe as 'select 1'");
    migrate(url);
    ck_assert_str_eq(servers_sql(url, mine), "t f t 0 7");

    /* With another result they are made anew. */
    put_another_set(url, "drop function pagetide.badness; "
                         "create function pagetide.badness(state text) returns bigint "
                         "language sql as 'select 1'; "
                         "revoke execute on function pagetide.badness from public; "
                         "drop view my_health; drop view pagetide.health; "
                         "create view pagetide.health as select 1 as other; "
                         "do $$ begin execute format('grant select on pagetide.health to %I', "
                         "'reader_' || current_database()); end $$");
    migrate(url);
    servers_sql(url, "create view my_health as select * from pagetide.health");
    ck_assert_str_eq(servers_sql(url, mine), "t f t 0 7");
    servers_sql(url, "drop view my_health; drop function pagetide.mine; "
                     "do $$ begin execute format('drop owned by %1$I; drop role %1$I', "
                     "'reader_' || current_database()); end $$");
    expect_as_new(url);
}
END_TEST

/* A view of theirs on a view of ours that loses a column: only they know what becomes of it. */
START_TEST(a_view_of_theirs_that_is_in_the_way_stops_the_migration)
{
    const char *url = schema_database();
    struct pg *pg = open_session(url);
    int applied;
    put_another_set(url, "drop view pagetide.progress; create view pagetide.progress as "
                         "select 1 as other; create view mine as table pagetide.progress");
    ck_assert(!schema_migrate(pg, &applied, &err));
    ck_assert_str_eq(err.sqlstate, "2BP01");
    ck_assert_int_eq(state_of(pg), SCHEMA_OLDER);
    servers_sql(url, "drop view mine");
    migrate(url);
    expect_as_new(url);
    pg_close(pg);
}
END_TEST

/* Whoever owns it can change what we call. */
START_TEST(the_schema_of_another_role_is_refused)
{
    const char *url = servers_database_url();
    struct pg *pg = open_session(url);
    int applied;
    AUTO_FREE char *role = mem_printf("stranger_%d", (int)getpid());
    AUTO_FREE char *make =
        mem_printf("create role %s; create schema pagetide authorization %s", role, role);
    servers_sql(url, make);
    ck_assert(!schema_check(pg, &err));
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.text, role));
    ck_assert_ptr_nonnull(strstr(err.text, "alter schema pagetide owner to"));
    ck_assert(!schema_migrate(pg, &applied, &err));
    ck_assert(!schema_prepare(pg, &err));
    ck_assert_str_eq(servers_sql(url, "select count(*) from pg_class c join pg_namespace n on "
                                      "n.oid = c.relnamespace where nspname = 'pagetide'"),
                     "0");
    servers_sql(url, "alter schema pagetide owner to current_user");
    ck_assert_ok(schema_migrate(pg, &applied, &err), err);
    AUTO_FREE char *drop = mem_printf("drop role %s", role);
    servers_sql(url, drop);
    pg_close(pg);
    loop_free(loop);
}
END_TEST

SUITE("schema/migrate", makes_the_schema_once,
      a_database_that_cannot_hold_all_characters_is_refused, tells_an_older_and_a_newer_schema,
      goes_on_where_a_broken_migration_stopped, lets_another_process_finish_first,
      of_processes_that_migrate_at_once_one_does,
      a_database_of_version_9_becomes_what_a_new_one_is,
      a_database_of_a_part_of_version_9_goes_on, a_file_of_tables_is_known_by_its_name,
      work_under_way_goes_on_over_a_migration,
      calls_of_the_oldest_process_served_give_what_they_gave,
      a_newer_schema_that_serves_is_used_and_left_alone,
      a_newer_schema_that_does_not_serve_is_refused,
      other_functions_of_the_same_version_are_replaced,
      what_cannot_be_replaced_is_dropped_first,
      what_the_set_before_had_and_this_one_lacks_is_dropped, what_users_made_of_it_stays,
      a_view_of_theirs_that_is_in_the_way_stops_the_migration,
      the_schema_of_another_role_is_refused)

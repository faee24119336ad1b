#define SUITE_TIMEOUT 120
#include <signal.h>

#include "tests/support/stand.h"
#include "tests/support/suite.h"

/* What a run without records leaves: a table that a query can read, and nothing decided. */
enum { LIMIT_MS = 30000 };

static void stream(const char *keys)
{
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: %s\nretry: {max_attempts: 1}\nstreams:\n  rows:\n"
                    "    path: /rows\n    pagination: {type: none}\n%s",
                    mock.url, keys);
}

static void rows(const char *records)
{
    mock_post(&mock, "/_mock/route",
              pagetide_text("{\"path\": \"/rows\", \"answers\": [{\"body\": %s}]}", records));
}

/* "name type, …" in the order of the table, and the index of its key. */
static void expect_columns(const char *expected)
{
    ck_assert_str_eq(
        SQL("select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order "
            "by attnum) from pg_attribute where attrelid = 'api.rows'::regclass and attnum > 0 "
            "and not attisdropped and attname not like '\\_pt\\_%%'"),
        expected);
    ck_assert_str_eq(SQL("select count(*) from pg_attribute where attrelid = "
                         "'api.rows'::regclass and attname like '\\_pt\\_%%'"),
                     "4");
}

START_TEST(a_first_run_without_records_leaves_a_table)
{
    set_up();
    stream("    write: upsert\n    key: id\n    columns: {id: bigint, name: text}\n");
    rows("[]");
    expect_run(0, "sync api.rows");
    ck_assert_str_eq(SQL("select count(*) from api.rows"), "0");
    expect_columns("id bigint, name text");
    ck_assert_str_eq(SQL("select indexname from pg_indexes where schemaname = 'api'"),
                     "rows_pt_key");
    expect_run(0, "sync api.rows");
    rows("[{\"id\": 1, \"name\": \"a\", \"age\": 7}]");
    expect_run(0, "sync api.rows");
    expect_columns("id bigint, name text, age bigint");
    ck_assert_str_eq(SQL("select concat_ws(' ', id, name, age) from api.rows"), "1 a 7");
    tear_down();
}
END_TEST

/* As if the table were new: all fields are wanted, whatever becomes of later ones. */
START_TEST(the_first_records_decide_the_columns)
{
    static const char *const empty[] = {"[]", "null", "[]"};
    static const char *const modes[] = {"ignore", "aside", "fail"};
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        set_up();
        stream(pagetide_text("    write: upsert\n    key: id\n    on_new_field: %s\n"
                             "    where: \"{{ record.id > 0 }}\"\n",
                             modes[i]));
        rows(i == 1 ? "[{\"id\": 0}]" : empty[i]);
        expect_run(0, "sync api.rows");
        expect_columns("");
        rows("[{\"id\": 1, \"n\": 2.5}]");
        expect_run(0, "sync api.rows");
        expect_columns("id bigint, n numeric");
        rows("[{\"id\": 1, \"n\": 2.5, \"more\": 1}]");
        expect_run(i == 2 ? 1 : 0, "sync api.rows");
        expect_columns("id bigint, n numeric");
        ck_assert_str_eq(SQL("select count(*) from pg_indexes where schemaname = 'api'"), "1");
        tear_down();
    }
}
END_TEST

START_TEST(columns_none_and_a_column_by_hand)
{
    set_up();
    stream("    columns: none\n    write: upsert\n    key: id\n");
    rows("[]");
    expect_run(0, "sync api.rows");
    expect_columns("record jsonb");
    SQL("alter table api.rows add id text default 'mine'");
    SQL("create view api.seen as select * from api.rows");
    rows("[{\"id\": 1}]");
    expect_run(0, "sync api.rows");
    expect_columns("record jsonb, id text, id_2 bigint");
    ck_assert_str_eq(SQL("select concat_ws(' ', record, id, id_2) from api.rows"),
                     "{\"id\": 1} mine 1");
    tear_down();
}
END_TEST

START_TEST(another_ones_table_is_refused_and_an_adopted_one_kept)
{
    set_up();
    SQL("create schema api; create table api.rows (id int, mine text)");
    stream("    write: append\n");
    rows("[]");
    struct pagetide_result got = expect_run(1, "sync api.rows");
    ck_assert_msg(strstr(got.err, "adopt: true") || strstr(got.out, "adopt: true"), "%s%s",
                  got.out, got.err);
    stream("    write: append\n    adopt: true\n    on_new_field: ignore\n");
    expect_run(0, "sync api.rows");
    expect_columns("id integer, mine text");
    rows("[{\"id\": 1, \"mine\": \"a\", \"new\": true}]");
    expect_run(0, "sync api.rows");
    expect_columns("id integer, mine text, new boolean");
    ck_assert_str_eq(SQL("select concat_ws(' ', id, mine, new) from api.rows"), "1 a t");
    tear_down();
}
END_TEST

START_TEST(orders_know_a_table_without_records)
{
    set_up();
    stream("    write: append\n    columns: {n: bigint}\n");
    rows("[]");
    expect_run(0, "sync api.rows");
    struct pagetide_result got = expect_run(0, "columns api.rows");
    ck_assert_msg(strstr(got.out, "bigint"), "%s", got.out);
    expect_run(0, "reset api.rows --drop-table --yes");
    ck_assert_str_eq(SQL("select to_regclass('api.rows') is null"), "t");
    expect_run(0, "sync api.rows");
    expect_columns("n bigint");
    SQL("drop table api.rows");
    expect_run(0, "sync api.rows");
    expect_columns("n bigint");
    tear_down();
}
END_TEST

/* What a reset leaves is decided anew, also where later fields are ignored. */
START_TEST(after_a_reset_the_first_records_decide_again)
{
    set_up();
    stream("    write: upsert\n    key: id\n    on_new_field: ignore\n");
    rows("[{\"id\": 1}]");
    expect_run(0, "sync api.rows");
    expect_run(0, "reset api.rows --keep-table --yes");
    rows("[{\"id\": 2, \"name\": \"b\"}]");
    expect_run(0, "sync api.rows");
    expect_columns("id bigint, name text");
    ck_assert_str_eq(SQL("select string_agg(concat_ws(' ', id, name), ', ' order by id) from "
                         "api.rows"),
                     "1, 2 b");
    tear_down();
}
END_TEST

/* Three partitions in two workers: one is empty, and its end is the first of all. */
START_TEST(jobs_at_once_decide_one_table)
{
    set_up();
    stream("    partitions: [{p: none}, {p: one}, {p: two}]\n    on_new_field: ignore\n"
           "    params: {p: \"{{ partition.p }}\"}\n");
    rows("[{\"id\": 1, \"name\": \"a\"}]");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/rows\", \"query\": \"p=none\", \"body\": []}");
    mock_post(
        &mock, "/_mock/fault",
        "{\"path\": \"/rows\", \"query\": \"p=one\", \"kind\": \"slow_ms\", \"ms\": 300}");
    mock_post(
        &mock, "/_mock/fault",
        "{\"path\": \"/rows\", \"query\": \"p=two\", \"kind\": \"slow_ms\", \"ms\": 300}");
    expect_run(0, "migrate");
    expect_run(0, pagetide_text("apply %s", pagetide.dir));
    struct pagetide_process scheduler = pagetide_spawn(&pagetide, "scheduler"),
                            workers[] = {pagetide_spawn(&pagetide, "worker --jobs 2"),
                                         pagetide_spawn(&pagetide, "worker --jobs 2")};
    expect_run(0, "reload api.rows --wait");
    expect_columns("id bigint, name text");
    ck_assert_str_eq(SQL("select count(*) from api.rows where name = 'a'"), "2");
    pagetide_signal(&scheduler, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&scheduler, LIMIT_MS), 0);
    for (size_t i = 0; i < COUNT_OF(workers); i++) {
        pagetide_signal(&workers[i], SIGTERM);
        ck_assert_int_eq(pagetide_wait(&workers[i], LIMIT_MS), 0);
    }
    tear_down();
}
END_TEST

/* The table is there, the end of the job is not: its commit waits for the job's row. */
START_TEST(a_kill_between_table_and_end_is_no_harm)
{
    set_up();
    stream("    on_new_field: ignore\n");
    rows("[]");
    expect_run(0, "migrate");
    SQL("create function public.wait() returns trigger language plpgsql as $$ begin "
        "if new.state = 'succeeded' then perform pg_sleep(60); end if; return new; end $$; "
        "create trigger wait before update on pagetide.job for each row execute function "
        "public.wait()");
    struct pagetide_process sync = pagetide_spawn(&pagetide, "sync api.rows");
    pagetide_await(&pagetide, "1", LIMIT_MS,
                   "select count(*) from pg_stat_activity where wait_event = 'PgSleep'");
    pagetide_kill(&sync);
    SQL("select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'");
    SQL("drop trigger wait on pagetide.job");
    ck_assert_str_eq(SQL("select count(*) from api.rows"), "0");
    rows("[{\"id\": 1, \"n\": 1}]");
    expect_run(0, "sync api.rows");
    expect_columns("id bigint, n bigint");
    ck_assert_str_eq(SQL("select count(*) from api.rows"), "1");
    tear_down();
}
END_TEST

/* A table that was appended to has rows without a key by which a record meets its own. */
START_TEST(rows_from_before_the_key_are_said)
{
    static const char *const said =
        "table api.rows has rows without the key (id), of runs before there was one: their "
        "records would come a second time; `delete from api.rows where id is null` takes them "
        "out, `pagetide reset api.rows --drop-table` reads everything again";
    set_up();
    rows("[{\"id\": 1}, {\"id\": 2}]");
    stream("    columns: none\n");
    expect_run(0, "sync api.rows");
    stream("    columns: none\n    write: upsert\n    key: id\n");
    expect_holds(expect_run(1, "sync api.rows").out, said);
    EXPECT_SQL("2", "select count(*) from api.rows");
    stream("    columns: none\n    write: history\n    key: id\n");
    expect_holds(expect_run(1, "sync api.rows").out, said);
    SQL("delete from api.rows");
    stream("    columns: none\n    write: upsert\n    key: id\n");
    expect_run(0, "sync api.rows");
    EXPECT_SQL("2", "select count(*) from api.rows");
    stream("    columns: none\n");
    expect_run(0, "sync api.rows --again --full");
    SQL("update api.rows set id = null");
    stream("    columns: none\n    write: replace\n    key: id\n");
    expect_run(0, "sync api.rows");
    EXPECT_SQL("2", "select count(*) from api.rows");
    tear_down();
}
END_TEST

#define BY_SQL                                                                                 \
    "    partitions: {sql: \"select 1 as p where false\"}\n"                                   \
    "    params: {p: \"{{ partition.p }}\"}\n"
#define TO_COME                                                                                \
    "    window: {size: 7d, from: \"2999-01-01\"}\n"                                           \
    "    params: {since: \"{{ window.start }}\"}\n"
#define TWO_TABLES                                                                             \
    "    write: upsert\n    key: id\n    columns: {id: bigint, name: text}\n"                  \
    "    tables: {parts: {merge_path: \"[*].parts\"}}\n"

/* No list of partitions, and a window that is still to come. */
START_TEST(a_run_that_asks_for_nothing_leaves_its_tables)
{
    static const char *const asked[] = {BY_SQL, TO_COME};
    static const char *const ends[] = {"succeeded proved", "succeeded assumed"};
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        set_up();
        stream(pagetide_text(TWO_TABLES "%s", asked[i]));
        expect_run(0, "sync api.rows");
        EXPECT_SQL(ends[i], "select concat_ws(' ', state, complete) from pagetide.run");
        expect_columns("id bigint, name text");
        EXPECT_SQL("0", "select count(*) from api.parts");
        expect_run(0, "sync api.rows");
        EXPECT_SQL("2 0",
                   "select concat_ws(' ', count(*), sum(j.epoch) filter (where run = 2)) "
                   "from pagetide.job j");
        SQL("drop table api.parts");
        expect_run(0, "sync api.rows");
        EXPECT_SQL("0", "select count(*) from api.parts");
        tear_down();
    }
}
END_TEST

START_TEST(so_does_one_of_a_worker)
{
    set_up();
    stream(TWO_TABLES BY_SQL);
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    expect_run(0, "reload api.rows --wait");
    EXPECT_SQL("partitions.sql gave no rows", "select complete_why from pagetide.run");
    EXPECT_SQL("0", "select count(*) from api.rows");
    stream(TWO_TABLES TO_COME);
    SQL("drop table api.rows");
    pagetide_await(&pagetide, "2", LIMIT_MS,
                   "select version from pagetide.stream where name = 'api.rows'");
    expect_run(0, "reload api.rows --wait");
    EXPECT_SQL("0", "select count(*) from api.rows");
    pagetide_signal(&up, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&up, LIMIT_MS), 0);
    tear_down();
}
END_TEST

SUITE("flow/blank", a_first_run_without_records_leaves_a_table,
      the_first_records_decide_the_columns, columns_none_and_a_column_by_hand,
      another_ones_table_is_refused_and_an_adopted_one_kept,
      orders_know_a_table_without_records, after_a_reset_the_first_records_decide_again,
      jobs_at_once_decide_one_table, a_kill_between_table_and_end_is_no_harm,
      a_run_that_asks_for_nothing_leaves_its_tables, so_does_one_of_a_worker,
      rows_from_before_the_key_are_said)

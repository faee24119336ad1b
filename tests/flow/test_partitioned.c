#define SUITE_TIMEOUT 120

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/support/schema.h"
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/* `partition_by`: native partitions of a stream's table. */

/* Names of the partitions of people.all and how many rows each has, but for empty ones that
 * were made ahead. */
static const char partitions_sql[] =
    "select string_agg(c.relname || ' ' || coalesce(r.n, 0), ', ' order by c.relname) from "
    "pg_inherits i join pg_class c on c.oid = i.inhrelid left join (select tableoid, count(*) "
    "as n from people.all group by 1) r on r.tableoid = c.oid where i.inhparent = "
    "'people.all'::regclass and (r.n > 0 or c.relname = 'all_default')";

#define AT "    columns: {at: timestamptz}\n"

/* What a definition says of the table itself. */
#define IS_PARTITIONED                                                                         \
    "select pg_get_partkeydef('people.all'::regclass) || ' ' || count(*) from pg_inherits "    \
    "where inhparent = 'people.all'::regclass"

START_TEST(rows_are_in_the_partition_of_their_month)
{
    set_up();
    people(AT "    partition_by: at\n");
    answer("[{\"id\": 1, \"at\": \"2024-01-31T23:59:59.999999Z\"},"
           "{\"id\": 2, \"at\": \"2024-02-01T00:00:00Z\"},"
           "{\"id\": 3, \"at\": \"2024-02-01T00:30:00+01:00\"},"
           "{\"id\": 4, \"at\": null}, {\"id\": 5},"
           "{\"id\": 6, \"at\": \"never\"},"
           "{\"id\": 7, \"at\": \"1969-07-20T20:17:40Z\"}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("all_default 3, all_p1969_07 1, all_p2024_01 2, all_p2024_02 1", "%s",
               partitions_sql);
    EXPECT_SQL("1 3", "select string_agg(id::text, ' ' order by id) from people.all_p2024_01");
    /* The present month and the next one were made ahead. */
    EXPECT_SQL("RANGE (at) 6", IS_PARTITIONED);
    EXPECT_SQL("2", "select count(*) from pg_inherits i join pg_class c on c.oid = i.inhrelid "
                    "where i.inhparent = 'people.all'::regclass and c.relname in ('all_p' || "
                    "to_char(now() at time zone 'UTC', 'YYYY_MM'), 'all_p' || to_char(now() at "
                    "time zone 'UTC' + interval '1 month', 'YYYY_MM'))");
    tear_down();
}
END_TEST

/* Every period, and every type of column. */
START_TEST(every_period_and_type_has_its_partitions)
{
    static const struct {
        const char *every, *type, *partitions;
    } cases[] = {
        {"hour", "timestamp", "all_default 0, all_p2023_12_31_23 1, all_p2024_01_01_00 1"},
        {"day", "date", "all_default 0, all_p2023_12_31 1, all_p2024_01_01 1"},
        {"week", "timestamptz", "all_default 0, all_p2023_12_25 1, all_p2024_01_01 1"},
        {"month", "date", "all_default 0, all_p2023_12 1, all_p2024_01 1"},
        {"quarter", "timestamp", "all_default 0, all_p2023q4 1, all_p2024q1 1"},
        {"year", "timestamp with time zone", "all_default 0, all_p2023 1, all_p2024 1"},
    };
    set_up();
    answer("[{\"id\": 1, \"at\": \"2023-12-31T23:59:59Z\"},"
           "{\"id\": 2, \"at\": \"2024-01-01T00:00:00Z\"}]");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        people(pagetide_text("    columns: {at: %s}\n    again: true\n"
                             "    partition_by: {range: at, every: %s, ahead: 0}\n",
                             cases[i].type, cases[i].every));
        expect_run(0, "sync people.all");
        EXPECT_SQL(cases[i].partitions, "%s", partitions_sql);
        expect_run(0, "reset people.all --drop-table --yes");
    }
    tear_down();
}
END_TEST

/* PostgreSQL reads more ways of writing a time than the worker does. */
START_TEST(times_that_only_postgresql_reads_have_partitions_too)
{
    set_up();
    people(AT "    partition_by: {range: at, every: day}\n");
    answer("[{\"id\": 1, \"at\": \"Jan 5 2024 23:30:00 -0100\"},"
           "{\"id\": 2, \"at\": \"2024-01-05T12:00:00Z\"},"
           "{\"id\": 3, \"at\": \"tomorrow\"}, {\"id\": 4, \"at\": \"5. März 2024\"},"
           "{\"id\": 5, \"at\": \"infinity\"}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("all_p2024_01_05 1, all_p2024_01_06 1",
               "select string_agg(t, ', ') from unnest(string_to_array((%s), ', ')) t where t "
               "not like 'all\\_default%%'",
               partitions_sql);
    EXPECT_SQL("5", "select (select count(*) from people.all) + (select count(*) from "
                    "pagetide.reject)");
    tear_down();
}
END_TEST

START_TEST(a_keyed_stream_writes_each_key_once)
{
    set_up();
    people(AT "    write: upsert\n    key: [id, at]\n    partition_by: at\n");
    answer("[{\"id\": 1, \"at\": \"2024-01-05T00:00:00Z\", \"n\": 1},"
           "{\"id\": 2, \"at\": \"2024-03-05T00:00:00Z\", \"n\": 1},"
           "{\"id\": 3, \"n\": 1}]");
    expect_run(0, "sync people.all");
    answer("[{\"id\": 1, \"at\": \"2024-01-05T00:00:00Z\", \"n\": 2},"
           "{\"id\": 1, \"at\": \"2024-01-05T01:00:00+01:00\", \"n\": 3},"
           "{\"id\": 2, \"at\": \"2024-03-05T00:00:00Z\", \"n\": 1},"
           "{\"id\": 1, \"at\": \"2024-04-05T00:00:00Z\", \"n\": 4}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("1 3, 2 1, 1 4",
               "select string_agg(id || ' ' || n, ', ' order by at) from people.all");
    EXPECT_SQL("all_default 0, all_p2024_01 1, all_p2024_03 1, all_p2024_04 1", "%s",
               partitions_sql);
    EXPECT_SQL("1", "select count(*) from pagetide.reject");
    tear_down();
}
END_TEST

START_TEST(a_table_that_is_replaced_keeps_its_partitions)
{
    set_up();
    for (int is_keyed = 0; is_keyed < 2; is_keyed++) {
        people(pagetide_text(AT "    write: replace\n    shrink_guard: 0%%\n%s"
                                "    partition_by: at\n",
                             is_keyed ? "    key: [id, at]\n" : ""));
        answer("[{\"id\": 1, \"at\": \"2024-01-05T00:00:00Z\"},"
               "{\"id\": 2, \"at\": \"2024-03-05T00:00:00Z\"}]");
        expect_run(0, "sync people.all");
        EXPECT_SQL("all_default 0, all_p2024_01 1, all_p2024_03 1", "%s", partitions_sql);
        answer("[{\"id\": 2, \"at\": \"2024-03-05T00:00:00Z\"},"
               "{\"id\": 3, \"at\": \"2024-05-05T00:00:00Z\"}]");
        expect_run(0, "sync people.all");
        EXPECT_SQL("all_default 0, all_p2024_03 1, all_p2024_05 1", "%s", partitions_sql);
        expect_run(0, "reset people.all --drop-table --yes");
    }
    tear_down();
}
END_TEST

START_TEST(a_history_has_versions_in_partitions)
{
    set_up();
    people(AT "    write: history\n    key: [id, at]\n    partition_by: at\n");
    for (int n = 1; n <= 3; n++) {
        answer(pagetide_text("[{\"id\": 1, \"at\": \"2024-01-05T00:00:00Z\", \"n\": %d}]", n));
        expect_run(0, "sync people.all --full");
    }
    EXPECT_SQL("all_default 0, all_p2024_01 3", "%s", partitions_sql);
    EXPECT_SQL("3", "select string_agg(n::text, ' ') from people.all where _pt_current");
    tear_down();
}
END_TEST

START_TEST(records_that_are_deleted_go_from_their_partition)
{
    set_up();
    people(AT "    write: upsert\n    key: [id, at]\n    partition_by: at\n"
              "    deleted: \"{{ gone }}\"\n");
    answer("[{\"id\": 1, \"at\": \"2024-01-05T00:00:00Z\", \"gone\": false},"
           "{\"id\": 2, \"at\": \"2024-03-05T00:00:00Z\", \"gone\": false}]");
    expect_run(0, "sync people.all");
    answer("[{\"id\": 1, \"at\": \"2024-01-05T00:00:00Z\", \"gone\": true}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("all_default 0, all_p2024_03 1", "%s", partitions_sql);
    tear_down();
}
END_TEST

START_TEST(columns_come_and_widen_in_all_partitions)
{
    set_up();
    people(AT "    again: true\n    partition_by: at\n    comment: all of them\n"
              "    indexes: [{columns: n}, {columns: [id, at], unique: true}]\n");
    answer("[{\"id\": 1, \"at\": \"2024-01-05T00:00:00Z\", \"n\": 1}]");
    expect_run(0, "sync people.all");
    answer("[{\"id\": 2, \"at\": \"2024-02-05T00:00:00Z\", \"n\": 1.5, \"more\": true},"
           "{\"id\": 1, \"at\": \"2024-01-05T00:00:00Z\", \"n\": 2}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("1 1 , 2 1.5 true",
               "select string_agg(concat_ws(' ', id, n, coalesce(more::text, '')), ', ' order "
               "by id) from people.all");
    EXPECT_SQL("numeric", "select format_type(atttypid, -1) from pg_attribute where attrelid = "
                          "'people.all_p2024_01'::regclass and attname = 'n'");
    EXPECT_SQL("2", "select count(*) from pg_indexes where schemaname = 'people' and tablename "
                    "= 'all_p2024_02'");
    EXPECT_SQL("1", "select count(*) from pagetide.reject");
    EXPECT_SQL("all of them", "select obj_description('people.all'::regclass)");
    people(
        "    columns: {at: timestamptz, extra: int}\n    again: true\n    partition_by: at\n");
    answer("[{\"id\": 3, \"at\": \"2024-02-05T00:00:00Z\", \"extra\": 7}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("7", "select extra from people.all_p2024_02 where id = 3");
    EXPECT_SQL("0", "select count(*) from pg_indexes where schemaname = 'people'");
    expect_holds(expect_run(0, "columns people.all --type n=text").err, "has about ");
    expect_holds(expect_run(1, "columns people.all --type at=date").err,
                 "column at stays timestamp with time zone: cannot alter column \"at\"");
    tear_down();
}
END_TEST

START_TEST(tables_of_a_stream_are_partitioned_each_by_its_own)
{
    set_up();
    people("    columns: {at: date}\n    write: upsert\n    key: [id, at]\n"
           "    partition_by: {range: at, every: year}\n"
           "    tables:\n      lines:\n        merge_path: \"[*].lines[*]\"\n"
           "        with: {id: \"[*].id\", at: \"[*].at\"}\n        parent_key: [id, at]\n"
           "        columns: {at: date}\n        write: upsert\n        key: [id, at, n]\n"
           "        partition_by: {range: at, every: month}\n"
           "      log: {merge_path: \"[*].log[*]\", columns: none, again: true, partition_by: "
           "_pt_at}\n");
    answer(
        "[{\"id\": 1, \"at\": \"2024-01-05\", \"lines\": [{\"n\": 1}, {\"n\": 2}], \"log\": "
        "[1, 2]}, {\"id\": 2, \"at\": \"2025-03-05\", \"lines\": [{\"n\": 1}], \"log\": []}]");
    expect_run(0, "sync people.all");
    answer("[{\"id\": 1, \"at\": \"2024-01-05\", \"lines\": [{\"n\": 3}], \"log\": [3]}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("all_default 0, all_p2024 1, all_p2025 1", "%s", partitions_sql);
    EXPECT_SQL("people.lines_p2024_01 3, people.lines_p2025_03 1",
               "select string_agg(tableoid::regclass || ' ' || n, ', ' order by at) from "
               "people.lines");
    EXPECT_SQL("true 3",
               "select bool_and(tableoid::regclass::text = 'people.log_p' || "
               "to_char(_pt_at at time zone 'UTC', 'YYYY_MM')) || ' ' || count(*) from "
               "people.log");
    tear_down();
}
END_TEST

/* --- a table that is there --- */

static void expect_refused(const char *keys, const char *error)
{
    people(keys);
    struct pagetide_result got = expect_run(1, "sync people.all --json");
    ck_assert_str_eq(pagetide_json(pagetide_last_line(got.out), "reason"), "definition");
    expect_holds(pagetide_json(pagetide_last_line(got.out), "error"), error);
}

START_TEST(a_table_that_is_not_partitioned_stays_as_it_is)
{
    set_up();
    people(AT "    again: true\n");
    answer("[{\"id\": 1, \"at\": \"2024-01-05T00:00:00Z\"}]");
    expect_run(0, "sync people.all");
    expect_refused(AT "    again: true\n    partition_by: at\n",
                   "table people.\"all\" is there, and is not partitioned by range (at)");
    expect_holds(expect_run(2, "check").err,
                 "people.all: table people.\"all\" is there, and is not partitioned");
    EXPECT_SQL("r 1", "select c.relkind::text || ' ' || (select count(*) from people.all) from "
                      "pg_class c where c.oid = 'people.all'::regclass");
    expect_run(0, "reset people.all --drop-table --yes");
    expect_run(0, "sync people.all");
    EXPECT_SQL("all_default 0, all_p2024_01 1", "%s", partitions_sql);
    expect_refused("    columns: {at: timestamptz, other: date}\n    again: true\n"
                   "    partition_by: other\n",
                   "is not partitioned by range (other)");
    /* Without `partition_by` it is a table like others; partitions are the user's then. */
    people(AT "    again: true\n");
    answer("[{\"id\": 2, \"at\": \"2024-02-05T00:00:00Z\"}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("all_default 1, all_p2024_01 1", "%s", partitions_sql);
    expect_refused(
        "    again: true\n    write: upsert\n    key: id\n",
        "table people.all is partitioned by at, which the key (id) does not contain");
    tear_down();
}
END_TEST

/* Of any periods, with gaps between; what is between them is made. */
START_TEST(partitions_of_an_adopted_table_stay_and_gaps_are_filled)
{
    set_up();
    SQL("create schema people; create table people.all (id bigint, at timestamptz not null) "
        "partition by range (at); "
        "create table people.old partition of people.all for values from (minvalue) to "
        "('2024-01-10 00:00+00'); "
        "create table people.mid partition of people.all for values from ('2024-01-20 "
        "00:00+00') "
        "to ('2024-02-20 00:00+00')");
    people(AT "    adopt: true\n    partition_by: at\n");
    answer("[{\"id\": 1, \"at\": \"2023-01-05T00:00:00Z\"},"
           "{\"id\": 2, \"at\": \"2024-01-12T00:00:00Z\"},"
           "{\"id\": 3, \"at\": \"2024-02-19T00:00:00Z\"},"
           "{\"id\": 4, \"at\": \"2024-02-20T00:00:00Z\"}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("all_default 0, all_p2024_01 1, all_p2024_02 1, mid 1, old 1", "%s",
               partitions_sql);
    EXPECT_SQL(
        "FOR VALUES FROM ('2024-01-10 00:00:00+00') TO ('2024-01-20 00:00:00+00')",
        "set timezone = 'UTC'; select pg_get_expr(relpartbound, oid) from pg_class where "
        "oid = 'people.all_p2024_01'::regclass");
    tear_down();
}
END_TEST

/* --- the default partition --- */

START_TEST(a_partition_that_cannot_be_made_comes_with_the_next_run)
{
    set_up();
    people(AT "    again: true\n    partition_by: at\n");
    answer("[{\"id\": 1, \"at\": \"2024-01-05T00:00:00Z\"}]");
    expect_run(0, "sync people.all");
    /* Somebody reads the whole table for long. */
    struct schema_session *reader = schema_session_open(pagetide.database_url);
    schema_session_sql(reader, "begin; select count(*) from people.all");
    answer("[{\"id\": 2, \"at\": \"2024-02-05T00:00:00Z\"},"
           "{\"id\": 3, \"at\": \"2024-03-05T00:00:00Z\"}]");
    const char *said = expect_run(0, "sync people.all").err;
    expect_holds(said,
                 "partition_by: rows of 2 periods of people.\"all\" (2024-02-01 00:00 …) "
                 "are in its default partition: somebody else has used people.all_default "
                 "for longer than 2 s");
    EXPECT_SQL("all_default 2, all_p2024_01 1", "%s", partitions_sql);
    schema_session_sql(reader, "commit");
    answer("[{\"id\": 4, \"at\": \"2024-02-06T00:00:00Z\"}]");
    expect_lacks(expect_run(0, "sync people.all").err, "partition_by: ");
    EXPECT_SQL("all_default 0, all_p2024_01 1, all_p2024_02 2, all_p2024_03 1", "%s",
               partitions_sql);
    tear_down();
}
END_TEST

/* A batch that is under way to the default partition when the one of its rows comes. */
START_TEST(a_partition_that_comes_between_takes_the_rows)
{
    static const char *const writes[] = {"", "    write: upsert\n    key: [id, at]\n"};
    set_up();
    for (size_t i = 0; i < COUNT_OF(writes); i++) {
        people(pagetide_text(AT "    again: true\n    partition_by: at\n%s", writes[i]));
        answer("[{\"id\": 1, \"at\": \"2024-01-05T00:00:00Z\"}]");
        expect_run(0, "sync people.all");
        answer("[{\"id\": 2, \"at\": \"2024-01-06T00:00:00Z\"},"
               "{\"id\": 3, \"at\": \"2024-02-05T00:00:00Z\"}]");
        struct schema_session *user = schema_session_open(pagetide.database_url);
        setenv("PAGETIDE_CRASH_BY", "STOP", 1);
        struct pagetide_process sync =
            pagetide_spawn_crashing(&pagetide, "load people.all", "sync people.all");
        unsetenv("PAGETIDE_CRASH_BY");
        pagetide_await_stopped(&sync);
        schema_session_sql(
            user,
            "begin; create table people.mine (like people.all); alter table people.all attach "
            "partition people.mine for values from ('2024-02-01 00:00+00') to "
            "('2024-03-01 00:00+00')");
        pagetide_signal(&sync, SIGCONT);
        pagetide_await(&pagetide, "RowExclusiveLock", 20000,
                       "select mode from pg_locks where not granted and relation = "
                       "'people.all_default'::regclass and mode = 'RowExclusiveLock'");
        schema_session_sql(user, "commit");
        ck_assert_int_eq(pagetide_wait(&sync, 30000), 0);
        EXPECT_SQL("all_default 0, all_p2024_01 2, mine 1", "%s", partitions_sql);
        EXPECT_SQL("0", "select count(*) from pagetide.reject");
        expect_run(0, "reset people.all --drop-table --yes");
    }
    tear_down();
}
END_TEST

/* Whatever time it was when the table was made. */
START_TEST(the_next_periods_are_made_at_the_start_of_a_run)
{
    static const char last[] = "select to_char(max(to_date(right(c.relname, 7), 'YYYY_MM')), "
                               "'YYYY_MM') from pg_inherits i join pg_class c on c.oid = "
                               "i.inhrelid where i.inhparent = 'people.all'::regclass and "
                               "c.relname like 'all\\_p%%'";
    set_up();
    people("    again: true\n    columns: none\n    partition_by: _pt_at\n");
    answer("[{\"id\": 1}]");
    expect_run(0, "sync people.all");
    SQL("insert into pagetide.meta values ('clock_offset', '124 days')");
    expect_run(0, "sync people.all");
    EXPECT_SQL(SQL("select to_char(pagetide.clock() at time zone 'UTC' + interval '1 month', "
                   "'YYYY_MM')"),
               "%s", last);
    EXPECT_SQL("4", "select count(*) - 1 from pg_inherits where inhparent = "
                    "'people.all'::regclass");
    EXPECT_SQL("0", "select count(*) from people.all_default");
    tear_down();
}
END_TEST

START_TEST(no_more_partitions_than_max)
{
    set_up();
    people(AT "    again: true\n    partition_by: {range: at, every: day, ahead: 0, max: 3}\n");
    answer("[{\"id\": 1, \"at\": \"2024-01-05T00:00:00Z\"},"
           "{\"id\": 2, \"at\": \"2024-01-06T00:00:00Z\"},"
           "{\"id\": 3, \"at\": \"2024-01-07T00:00:00Z\"}]");
    expect_holds(
        expect_run(0, "sync people.all").err,
        "partition_by: rows of 1 period of people.\"all\" (2024-01-07 00:00) are in its "
        "default partition: it has all the 3 partitions that \"max\" allows");
    EXPECT_SQL("all_default 1, all_p2024_01_05 1, all_p2024_01_06 1", "%s", partitions_sql);
    people(AT "    again: true\n    partition_by: {range: at, every: day, ahead: 0, max: 9}\n");
    expect_run(0, "sync people.all");
    EXPECT_SQL("all_default 0, all_p2024_01_05 2, all_p2024_01_06 2, all_p2024_01_07 2", "%s",
               partitions_sql);
    tear_down();
}
END_TEST

/* More than one call of PostgreSQL makes. */
START_TEST(many_partitions_of_one_page)
{
    set_up();
    people(AT "    partition_by: {range: at, every: day, ahead: 0}\n");
    AUTO_BUF(records, MIB(1));
    for (int i = 0; i < 100; i++)
        buf_printf(&records, "%s{\"id\": %d, \"at\": \"20%02d-01-05T00:00:00Z\"}",
                   i ? "," : "[", i, i);
    buf_puts(&records, "]");
    answer(records.ptr);
    expect_run(0, "sync people.all");
    EXPECT_SQL("102 1", "select (select count(*) from pg_inherits where inhparent = "
                        "'people.all'::regclass) || ' ' || max(n) from (select count(*) as n "
                        "from people.all group by tableoid) t");
    tear_down();
}
END_TEST

/* A partition that somebody has dropped is made again when a row comes for it. */
START_TEST(a_dropped_partition_comes_again)
{
    set_up();
    people(AT "    again: true\n    partition_by: at\n");
    answer("[{\"id\": 1, \"at\": \"2024-01-05T00:00:00Z\"}]");
    expect_run(0, "sync people.all");
    SQL("drop table people.all_p2024_01");
    expect_run(0, "sync people.all");
    EXPECT_SQL("all_default 0, all_p2024_01 1", "%s", partitions_sql);
    tear_down();
}
END_TEST

START_TEST(rows_go_straight_into_a_partitioned_table)
{
    set_up();
    people(AT "    again: true\n    partition_by: at\n");
    answer("[{\"id\": 1, \"at\": \"2024-01-05T00:00:00Z\"}]");
    expect_holds(expect_run(0, "sync people.all --log-level debug").err,
                 "direct: 1 rows, 1 sent");
    tear_down();
}
END_TEST

START_TEST(a_run_without_records_makes_the_table)
{
    set_up();
    people(AT "    partition_by: {range: at, ahead: 0}\n");
    answer("[]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("RANGE (at) 2", IS_PARTITIONED);
    answer("[{\"id\": 1, \"at\": \"2024-01-05T00:00:00Z\"}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("all_default 0, all_p2024_01 1", "%s", partitions_sql);
    EXPECT_SQL(
        "at _pt_run _pt_at _pt_hash _pt_aside id",
        "select string_agg(attname, ' ' order by attnum) from pg_attribute where attrelid "
        "= 'people.all'::regclass and attnum > 0");
    tear_down();
}
END_TEST

START_TEST(preview_shows_the_partitions)
{
    set_up();
    people(AT "    partition_by: at\n");
    answer("[{\"id\": 1, \"at\": \"2024-01-05T00:00:00Z\"}]");
    const char *said = expect_run(0, "preview people.all").out;
    expect_holds(said, ") partition by range (\"at\");\n");
    expect_holds(
        said,
        "create table \"people\".\"all_default\" partition of \"people\".\"all\" default;\n");
    tear_down();
}
END_TEST

SUITE("flow/partitioned", rows_are_in_the_partition_of_their_month,
      every_period_and_type_has_its_partitions,
      times_that_only_postgresql_reads_have_partitions_too, a_keyed_stream_writes_each_key_once,
      a_table_that_is_replaced_keeps_its_partitions, a_history_has_versions_in_partitions,
      records_that_are_deleted_go_from_their_partition,
      columns_come_and_widen_in_all_partitions,
      tables_of_a_stream_are_partitioned_each_by_its_own,
      a_table_that_is_not_partitioned_stays_as_it_is,
      partitions_of_an_adopted_table_stay_and_gaps_are_filled,
      a_partition_that_cannot_be_made_comes_with_the_next_run,
      a_partition_that_comes_between_takes_the_rows,
      the_next_periods_are_made_at_the_start_of_a_run, no_more_partitions_than_max,
      many_partitions_of_one_page, a_dropped_partition_comes_again,
      rows_go_straight_into_a_partitioned_table, a_run_without_records_makes_the_table,
      preview_shows_the_partitions)

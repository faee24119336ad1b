#define SUITE_TIMEOUT 120
#include <signal.h>

#include "tests/support/servers.h"
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/* What becomes of values that do not fit, of types that change, and of a table that is gone. */
enum { LIMIT_MS = 30000 };

/* The stream people.all, upserted by id, and more keys of it. */
static void upserted(const char *keys)
{
    people(pagetide_text(UPSERT "%s", keys));
}

/* What a trigger raises is about its row, also by a code that the server has for outages. */
START_TEST(a_row_that_a_trigger_refuses_is_a_reject)
{
    static const char *const codes[] = {"55000", "55006", "OWN01"};
    set_up();
    answer("[{\"id\": 1}]");
    upserted("");
    expect_run(0, "sync people.all");
    answer("[{\"id\": 1}, {\"id\": 2}, {\"id\": 3, \"n\": 1}]");
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        SQL("create or replace function people.hold() returns trigger language plpgsql as $$ "
            "begin if new.id = 2 then raise 'not this one' using errcode = '%s'; end if; "
            "return new; end $$; create or replace trigger hold before insert on people.all "
            "for each row execute function people.hold()",
            codes[i]);
        expect_holds(expect_run(0, "sync people.all").err, "not this one");
        EXPECT_SQL("1 3", "select string_agg(id::text, ' ' order by id) from people.all");
    }
    people("    write: replace\n    key: id\n");
    expect_holds(expect_run(1, "sync people.all").out,
                 "failed (rejects): 1 pages, 3 records in ");
    EXPECT_SQL("the table does not take the rows of the run: not this one",
               "select error from pagetide.run order by id desc limit 1");
    tear_down();
}
END_TEST

START_TEST(misfits_are_loud)
{
    set_up();
    upserted("    columns: {age: {type: bigint}}\n    every: 1s\n");
    answer("[{\"id\": 1, \"age\": 7}, {\"id\": 2, \"age\": \"old\"}]");
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    pagetide_await_err(
        &up,
        "misfits: column age (bigint): 1 of 2 records have a value that does not "
        "fit (more than max_asides: 10%); the first is text, page 1, position 1",
        LIMIT_MS);
    expect_holds(pagetide_err(&up), "run.warning");
    ck_assert_ptr_null(strstr(pagetide_err(&up), "old"));
    pagetide_signal(&up, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&up, 25000), 0);
    expect_holds(expect_run(0, "status").out, "_pt_aside: columns age (1)");
    expect_holds(expect_run(0, "status --json").out, "\"misfits\": {\"age\": 1}");
    struct pagetide_result got = expect_run(0, "sync people.all");
    expect_holds(got.out, "1 values aside (age 1)");
    expect_holds(got.err, "warning: people.all: misfits: column age (bigint)");
    tear_down();
}
END_TEST

START_TEST(a_column_widens_in_a_later_run_unless_a_view_depends_on_it)
{
    set_up();
    upserted("");
    answer("[{\"id\": 1, \"age\": 7, \"on\": true}]");
    expect_run(0, "sync people.all");
    SQL("create view people.grown as select age from people.all");
    answer("[{\"id\": 1, \"age\": 7.5, \"on\": \"yes\"}, {\"id\": 2, \"age\": 8}]");
    struct pagetide_result got = expect_run(0, "sync people.all");
    expect_holds(got.err, "misfits: column age (bigint): 1 of 2 records");
    expect_holds(got.err,
                 "view people.grown depends on it: `pagetide columns people.all --type "
                 "age=numeric` changes it and fills it in");
    ck_assert_str_eq(SQL("select concat_ws(' ', age, \"on\", _pt_aside ->> 'age') from "
                         "people.all where id = 1"),
                     "yes 7.5");
    SQL("drop view people.grown");
    expect_holds(expect_run(0, "sync people.all").out, " 2 records in ");
    ck_assert_str_eq(SQL("select string_agg(age::text, ' ' order by id) from people.all"),
                     "7.5 8");
    ck_assert_str_eq(SQL("select count(*) from people.all where _pt_aside is not null"), "0");
    tear_down();
}
END_TEST

START_TEST(a_declared_type_that_the_table_has_not_is_an_error)
{
    static const char said[] = "column age of people.all is bigint, the definition says text: "
                               "`pagetide columns people.all --type age=text` changes it";
    set_up();
    upserted("");
    answer("[{\"id\": 1, \"age\": 7}]");
    expect_run(0, "sync people.all");
    upserted("    columns: {age: {type: text}}\n");
    struct pagetide_result got = expect_run(1, "sync people.all --json");
    ck_assert_str_eq(pagetide_json(pagetide_last_line(got.out), "reason"), "definition");
    expect_holds(pagetide_json(pagetide_last_line(got.out), "error"), said);
    expect_holds(expect_run(2, "check").err, said);
    expect_holds(expect_run(0, "columns people.all --type age=text").out,
                 "people.all: column age is text");
    expect_run(0, "check");
    answer("[{\"id\": 1, \"age\": \"old\"}]");
    expect_run(0, "sync people.all");
    ck_assert_str_eq(SQL("select age from people.all"), "old");
    tear_down();
}
END_TEST

START_TEST(a_type_is_changed_and_nothing_is_lost)
{
    set_up();
    upserted("    columns: {n: {type: bigint, path: count}}\n");
    answer("[{\"id\": 1, \"count\": 1.5, \"age\": \"7\"}, {\"id\": 2, \"count\": 2, \"age\": "
           "\"old\"}]");
    expect_run(0, "sync people.all");
    struct pagetide_result got = expect_run(0, "columns people.all");
    expect_holds(got.out, "n       count  bigint   declared  1        its type is declared");
    expect_holds(got.out, "age     age    text     inferred");
    expect_holds(expect_run(0, "columns people.all --json").out,
                 "{\"note\": null, \"path\": \"age\", \"type\": \"text\", \"column\": \"age\", "
                 "\"origin\": \"inferred\", \"misfits\": 0}");
    got = expect_run(0, "columns people.all --type n=numeric");
    expect_holds(got.out, "column n is numeric; 1 values came back from _pt_aside");
    expect_holds(got.err, "people.\"all\" has about 2 rows in ");
    expect_holds(expect_run(0, "columns people.all --type age=int").out,
                 "column age is integer; 1 values do not fit and are in _pt_aside");
    ck_assert_str_eq(
        SQL("select string_agg(concat_ws(' ', n, age, _pt_aside), ', ' order by id) "
            "from people.all"),
        "1.5 7, 2 {\"age\": \"\\\"old\\\"\"}");
    expect_holds(expect_run(0, "columns people.all").out, "set by hand");
    expect_holds(expect_run(2, "columns people.all --type age").err, "COLUMN=TYPE");
    expect_holds(expect_run(1, "columns people.all --type agee=text").err, "no column agee");
    expect_holds(expect_run(1, "columns people.all --type age=nothing").err, "not a type");
    expect_holds(expect_run(1, "columns people.all --type 'age=text; drop table x'").err,
                 "not a type");
    expect_holds(expect_run(2, "columns people.none").err, "there is no stream people.none");
    SQL("create view people.v as select age from people.all");
    expect_holds(expect_run(1, "columns people.all --type age=text").err,
                 "view people.v depends on it");
    SQL("drop view people.v; update people.all set id = 0.5 where false");
    expect_run(0, "columns people.all --type id=text");
    SQL("update people.all set id = 'x' where id = '1'");
    expect_holds(expect_run(1, "columns people.all --type id=bigint").err,
                 "column id stays text: 1 rows have a key that is no bigint");
    tear_down();
}
END_TEST

/* As in a load: PostgreSQL would read the day of the change, and a zone of POSIX. */
START_TEST(a_text_that_becomes_a_time_must_say_it_all)
{
    set_up();
    upserted("");
    answer("[{\"id\": 1, \"at\": \"tomorrow 10:00\"}, {\"id\": 2, \"at\": \"Jul 15 2024 10:00 "
           "GMT+0100\"},"
           " {\"id\": 3, \"at\": \"15-Jul-2024 10:00 UTC+0\"}]");
    expect_run(0, "sync people.all");
    expect_holds(expect_run(0, "columns people.all --type at=timestamptz").out,
                 "2 values do not fit and are in _pt_aside");
    ck_assert_str_eq(SQL("select id || ' ' || (at at time zone 'UTC')::text from people.all "
                         "where at is not null"),
                     "3 2024-07-15 10:00:00");
    tear_down();
}
END_TEST

START_TEST(a_table_that_is_gone_takes_its_past_with_it)
{
    set_up();
    upserted("    bookmark: {path: at, start: \"2020-01-01T00:00:00Z\"}\n"
             "    params: {since: \"{{ bookmark }}\"}\n");
    answer("[{\"id\": 1, \"age\": 7, \"at\": \"2024-01-01T00:00:00Z\"}]");
    expect_run(0, "sync people.all");
    SQL("drop table people.all");
    answer("[{\"id\": 1, \"age\": \"old\", \"at\": \"2024-01-01T00:00:00Z\"}]");
    struct pagetide_result got = expect_run(0, "sync people.all");
    expect_holds(got.err,
                 "table people.all is not there: it is made anew, with columns decided "
                 "anew; the bookmark is forgotten, and everything is read again");
    ck_assert_str_eq(SQL("select bookmark is null from pagetide.job order by id desc limit 1"),
                     "t");
    ck_assert_str_eq(SQL("select age from people.all"), "old");
    ck_assert_ptr_null(strstr(expect_run(0, "sync people.all").err, "not there"));
    /* One that a person has set is not ours to forget. */
    expect_run(0, "bookmark people.all --set 2023-05-05T00:00:00Z");
    SQL("drop table people.all");
    expect_holds(expect_run(0, "sync people.all").err,
                 "the bookmark stays, because it was set by hand");
    tear_down();
}
END_TEST

START_TEST(a_reset_says_what_it_forgets)
{
    set_up();
    upserted("    bookmark: at\n");
    answer("[{\"id\": 1, \"at\": \"2024-01-01T00:00:00Z\"}]");
    expect_run(0, "sync people.all");
    expect_holds(expect_run(2, "reset people.all").err, "--keep-table or --drop-table");
    expect_holds(
        expect_run(2, "reset people.all --drop-table").err,
        "people.all would forget 1 bookmark and the mapping of 2 columns; its table is "
        "people.\"all\" (about 1 rows), which is dropped; say --yes to do it");
    ck_assert_str_eq(SQL("select count(*) from pagetide.bookmark"), "1");
    SQL("create view people.v as select id from people.all");
    expect_holds(expect_run(1, "reset people.all --drop-table --yes").err, "depend");
    expect_holds(expect_run(0, "reset people.all --keep-table --yes").out, "its table is kept");
    ck_assert_str_eq(SQL("select count(*) from pagetide.bookmark"), "0");
    SQL("drop view people.v");
    expect_run(0, "sync people.all");
    ck_assert_str_eq(
        SQL("select string_agg(attname, ' ' order by attnum) from pg_attribute where "
            "attrelid = 'people.all'::regclass and attnum > 0"),
        "id at _pt_run _pt_at _pt_hash _pt_aside");
    expect_holds(expect_run(1, "reset people.all --drop-table --yes").err, "was adopted");
    tear_down();
}
END_TEST

/* Rows of other records would be taken for its own. */
static void expect_key_gone(const char *keys, const char *column)
{
    people(keys);
    expect_run(0, "sync people.all");
    SQL("alter table people.all rename %s to was", column);
    struct pagetide_result got = expect_run(1, "sync people.all --json");
    ck_assert_str_eq(pagetide_json(pagetide_last_line(got.out), "reason"), "definition");
    expect_holds(
        pagetide_json(pagetide_last_line(got.out), "error"),
        pagetide_text("column %s of people.\"all\" is gone, which the key needs", column));
    ck_assert_str_eq(SQL("select string_agg(name, ' ' order by name) from people.all"),
                     "a b c");
    SQL("alter table people.all rename was to %s", column);
    expect_run(0, "sync people.all");
    SQL("drop table people.all");
}

START_TEST(a_key_whose_column_is_gone_is_an_error)
{
    set_up();
    answer("[{\"id\": 1, \"day\": 1, \"name\": \"a\"}, {\"id\": 1, \"day\": 2, \"name\": "
           "\"b\"}, {\"id\": 2, \"day\": 1, \"name\": \"c\"}]");
    expect_key_gone("    key: [id, day]\n    write: upsert\n", "day");
    expect_key_gone("    key: [id, day]\n    write: replace\n", "day");
    expect_key_gone("    key: [id, day]\n    write: history\n", "day");
    expect_key_gone("    key: [day, name]\n    write: upsert\n", "day");
    people("    key: [id, day]\n    again: true\n");
    expect_run(0, "sync people.all");
    SQL("alter table people.all drop day");
    expect_lacks(expect_run(0, "sync people.all").out, "whose key came before");
    tear_down();
}
END_TEST

/* The index that it had would refuse records. */
START_TEST(a_key_that_is_said_no_more_refuses_nothing)
{
    static const char *const before[] = {"upsert", "replace", "history"};
    static const char *const after[] = {"    again: true\n", "    write: replace\n",
                                        "    again: true\n    key: id\n"};
    set_up();
    for (size_t i = 0; i < 3; i++) {
        people(pagetide_text("    key: id\n    write: %s\n", before[i]));
        answer("[{\"id\": 1}, {\"id\": 2}]");
        expect_run(0, "sync people.all");
        people(after[i]);
        answer("[{\"id\": 1, \"n\": 1}, {\"id\": 1, \"n\": 2}]");
        expect_run(0, "sync people.all");
        EXPECT_SQL("2", "select count(*) from people.all where n > 0");
        EXPECT_SQL("0",
                   "select count(*) from pg_index where indrelid = 'people.all'::regclass");
        SQL("drop table people.all");
    }
    EXPECT_SQL("0", "select count(*) from pagetide.reject");
    tear_down();
}
END_TEST

START_TEST(a_new_key_that_no_record_has_rejects_them)
{
    static const char *const writes[] = {"upsert", "replace", "history"};
    set_up();
    for (size_t i = 0; i < 3; i++) {
        people(pagetide_text("    key: id\n    write: %s\n", writes[i]));
        answer("[{\"id\": 1}, {\"id\": 2}]");
        expect_run(0, "sync people.all");
        people(pagetide_text("    key: [id, day]\n    write: %s\n", writes[i]));
        struct pagetide_result got = expect_run(1, "sync people.all");
        expect_holds(got.out, "all 2 records were rejected");
        expect_holds(got.err, "key \"day\" is null or absent");
        answer("[{\"id\": 1, \"day\": 1}, {\"id\": 1, \"day\": 2}]");
        expect_run(0, "sync people.all");
        EXPECT_SQL("2", "select count(*) from people.all where day > 0");
        SQL("drop table people.all");
    }
    tear_down();
}
END_TEST

SUITE("flow/misfits", a_row_that_a_trigger_refuses_is_a_reject, misfits_are_loud,
      a_column_widens_in_a_later_run_unless_a_view_depends_on_it,
      a_declared_type_that_the_table_has_not_is_an_error, a_type_is_changed_and_nothing_is_lost,
      a_text_that_becomes_a_time_must_say_it_all, a_table_that_is_gone_takes_its_past_with_it,
      a_reset_says_what_it_forgets, a_key_whose_column_is_gone_is_an_error,
      a_key_that_is_said_no_more_refuses_nothing, a_new_key_that_no_record_has_rejects_them)

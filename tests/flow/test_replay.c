#define SUITE_TIMEOUT 120
#include <signal.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/* `pagetide rejects RUN --replay`. */
enum { LIMIT_MS = 30000 };

static const char rows_sql[] =
    "select string_agg(concat_ws(':', id, age, _pt_run), ' ' order by "
    "id) from people.all";

START_TEST(what_fits_by_now_leaves_the_rejects)
{
    set_up();
    people(UPSERT "    on_mismatch: reject\n    columns: {age: {type: int}}\n");
    answer("[{\"id\": 1, \"age\": 7}, {\"id\": 2, \"age\": \"2.5\"}, {\"id\": 3, \"age\": "
           "\"old\"}, {\"age\": 4}]");
    expect_holds(expect_run(0, "sync people.all").err, "rejects: 3 of 4 records");
    people(UPSERT "    on_mismatch: reject\n    columns: {age: {type: numeric}}\n");
    expect_run(0, "columns people.all --type age=numeric");
    struct pagetide_result got = expect_run(1, "rejects 1 --replay");
    ck_assert_str_eq(got.out, "people.all: run 1: 1 records stored, 2 still rejected (pagetide "
                              "rejects 1)\n");
    EXPECT_SQL("1:7:1 2:2.5:1", "%s", rows_sql);
    EXPECT_SQL("column \"age\": the value is no numeric, key \"id\" is null or absent",
               "select string_agg(reason, ', ' order by id) from pagetide.reject");
    EXPECT_SQL("2 4 2",
               "select concat_ws(' ', r.rejects, r.records, j.rejects) from pagetide.run r "
               "join pagetide.job j on j.run = r.id");
    EXPECT_SQL("rejects: 2 of 4 records are not in the table (pagetide rejects 1); the first, "
               "page 1, position 2: column \"age\": the value is no numeric",
               "select array_to_string(warnings, '|') from pagetide.run");
    got = expect_run(1, "rejects people.all --replay --json");
    ck_assert_str_eq(got.out,
                     "{\"run\":1,\"stream\":\"people.all\",\"stored\":0,\"left_out\":0,"
                     "\"rejected\":2}\n");
    tear_down();
}
END_TEST

START_TEST(all_stored_leaves_no_warning)
{
    set_up();
    people("    max_rejects: 2\n");
    SQL("create schema people; create table people.all (id bigint check (id < 5))");
    people("    adopt: true\n");
    answer("[{\"id\": 1}, {\"id\": 7}, {\"id\": 8, \"new\": \"x\"}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("2", "select count(*) from pagetide.reject");
    SQL("alter table people.all drop constraint all_id_check");
    ck_assert_str_eq(expect_run(0, "rejects 1 --replay").out,
                     "people.all: run 1: 2 records stored\n");
    EXPECT_SQL(
        "1: 7: 8:x",
        "select string_agg(id || ':' || coalesce(new, ''), ' ' order by id) from people.all");
    EXPECT_SQL("0 {}", "select rejects || ' ' || warnings::text from pagetide.run");
    expect_holds(expect_run(0, "rejects 1 --replay").err, "nothing was rejected");
    tear_down();
}
END_TEST

/* `with` is kept beside the record: what the page said of it is not in its bytes. */
START_TEST(what_with_adds_comes_back)
{
    set_up();
    static const char keys[] =
        "    merge_path: orders[*].lines[*]\n"
        "    with: {order_id: \"orders[*].id\", of: \"{{ response.of }}\", own: "
        "\"{{ run.id }}\"}\n";
    people(keys);
    SQL("create schema people; create table people.all (order_id bigint check (order_id < 2), "
        "sku "
        "text, \"of\" text, own bigint)");
    people(pagetide_text("%s    adopt: true\n", keys));
    answer("{\"of\": \"march\", \"orders\": [{\"id\": 1, \"lines\": [{\"sku\": \"a\"}]}, "
           "{\"id\": 2, \"lines\": [{\"sku\": \"b\"}, {\"sku\": \"c\"}]}]}");
    expect_run(0, "sync people.all");
    EXPECT_SQL("2 {\"order_id\":2,\"of\":\"march\",\"own\":1}",
               "select count(*) || ' ' || added from pagetide.reject group by added");
    SQL("alter table people.all drop constraint all_order_id_check");
    expect_run(0, "rejects 1 --replay");
    EXPECT_SQL(
        "1:a:march:1 2:b:march:1 2:c:march:1",
        "select string_agg(concat_ws(':', order_id, sku, \"of\", own), ' ' order by sku) from "
        "people.all");
    tear_down();
}
END_TEST

START_TEST(what_was_on_the_page_alone_is_gone)
{
    set_up();
    SQL("create schema people; create table people.all (id bigint check (id < 5))");
    people("    merge_path: data\n    adopt: true\n");
    answer("{\"of\": \"march\", \"data\": [{\"id\": 1}, {\"id\": 7}]}");
    expect_run(0, "sync people.all");
    SQL("alter table people.all drop constraint all_id_check");
    people("    merge_path: data\n    adopt: true\n    with: {of: of}\n");
    expect_run(1, "rejects 1 --replay");
    EXPECT_SQL("with.of reads the page that the record was on, and only the record was kept",
               "select reason from pagetide.reject");
    people("    merge_path: data\n    adopt: true\n    with: {run: \"{{ run.id }}\", own: "
           "\"data[*].id\"}\n");
    expect_run(0, "rejects 1 --replay");
    EXPECT_SQL("7:1:7", "select concat_ws(':', id, run, own) from people.all where id = 7");
    tear_down();
}
END_TEST

START_TEST(where_leaves_out_what_is_not_wanted_any_more)
{
    set_up();
    people(UPSERT);
    answer("[{\"id\": 1}, {\"id\": null, \"old\": true}]");
    expect_run(0, "sync people.all");
    people(UPSERT "    where: \"{{ not old }}\"\n");
    ck_assert_str_eq(expect_run(0, "rejects 1 --replay").out,
                     "people.all: run 1: 0 records stored, 1 left out by `where`\n");
    EXPECT_SQL("1 0", "select records || ' ' || rejects from pagetide.run");
    tear_down();
}
END_TEST

START_TEST(a_record_that_was_cut_cannot_come_back)
{
    set_up();
    people(UPSERT);
    SQL("select 1");
    AUTO_BUF(body, MIB(1));
    buf_puts(&body, "[{\"id\": 1}, {\"long\": \"");
    for (int i = 0; i < 70000; i++)
        buf_put_byte(&body, 'x');
    buf_puts(&body, "\"}]");
    buf_put_byte(&body, '\0');
    answer(body.ptr);
    expect_run(0, "sync people.all");
    expect_run(1, "rejects 1 --replay");
    EXPECT_SQL("only its first 64 KiB were kept: it cannot be loaded again",
               "select reason from pagetide.reject");
    tear_down();
}
END_TEST

/* The body is JSON's text of one that is not JSON. */
static void try_format(const char *keys, const char *body, int code, const char *says)
{
    set_up();
    people(pagetide_text(UPSERT "    on_mismatch: reject\n    columns: {age: int}\n%s", keys));
    answer(body);
    expect_run(0, "sync people.all");
    EXPECT_SQL("1", "select count(*) from pagetide.reject");
    people(
        pagetide_text(UPSERT "    on_mismatch: reject\n    columns: {age: numeric}\n%s", keys));
    expect_run(0, "columns people.all --type age=numeric");
    struct pagetide_result got = expect_run(code, "rejects 1 --replay");
    expect_holds(got.out, says);
    EXPECT_SQL(code ? "1:7:1" : "1:7:1 2:2.5:1", "%s", rows_sql);
    EXPECT_SQL(code ? "1" : "0", "select count(*) from pagetide.reject");
    tear_down();
}

START_TEST(other_formats_come_back)
{
    try_format(
        "    format: ndjson\n",
        "\"{\\\"id\\\": 1, \\\"age\\\": 7}\\n{\\\"id\\\": 2, \\\"age\\\": \\\"2.5\\\"}\\n\"", 0,
        "1 records stored");
    try_format("    format: xml\n    merge_path: all.one\n",
               "\"<all><one><id>1</id><age>7</age></one><one><id>2</id><age>2.5</age></one>"
               "</all>\"",
               0, "1 records stored");
    try_format("    format: csv\n    csv: {names: [id, age]}\n", "\"id,age\\n1,7\\n2,2.5\\n\"",
               0, "1 records stored");
    try_format("    shape: {names: [id, age]}\n", "[[1, 7], [2, \"2.5\"]]", 0,
               "1 records stored");
}
END_TEST

/* What named the fields is gone. */
START_TEST(names_that_stood_on_the_page_are_gone)
{
    try_format("    format: csv\n", "\"id,age\\n1,7\\n2,2.5\\n\"", 1, "1 still rejected");
    try_format("    shape: {names: first}\n", "[[\"id\", \"age\"], [1, 7], [2, \"2.5\"]]", 1,
               "1 still rejected");
}
END_TEST

/* Rejected by the constraint age < 100, in run 1; then `later` is what run 2 brings. */
static void reject_and_go_on(const char *keys, const char *first, const char *later)
{
    set_up();
    SQL("create schema people; create table people.all (id bigint primary key, age bigint, "
        "constraint young check (age < 100))");
    people(pagetide_text(UPSERT "    adopt: true\n%s", keys));
    answer(first);
    expect_run(0, "sync people.all");
    answer(later);
    expect_run(0, "sync people.all");
    SQL("alter table people.all drop constraint young");
}

#define BY_TIME                                                                                \
    "    params: {since: \"{{ bookmark | default(0) }}\"}\n    bookmark: {path: at}\n"

START_TEST(an_older_reject_leaves_a_newer_row_alone)
{
    reject_and_go_on(
        BY_TIME,
        "[{\"id\": 1, \"age\": 150, \"at\": 1}, {\"id\": 2, \"age\": 160, \"at\": 1},"
        " {\"id\": 4, \"at\": 2}]",
        "[{\"id\": 1, \"age\": 9, \"at\": 3}]");
    struct pagetide_result got = expect_run(1, "rejects 1 --replay");
    expect_holds(got.out, "1 records stored, 1 still rejected");
    EXPECT_SQL("1:9:2 2:160:1 4:1", "%s", rows_sql);
    EXPECT_SQL("the row of its key is newer: run 2", "select reason from pagetide.reject");
    tear_down();
}
END_TEST

/* Run 3 leaves the row of id 1 as it is, because it has not changed: its `_pt_run` does not say
 * that it is newer than the reject. */
START_TEST(a_run_that_has_read_all_since_is_newer)
{
    set_up();
    SQL("create schema people; create table people.all (id bigint primary key, age bigint, "
        "constraint young check (age < 100))");
    people(UPSERT "    adopt: true\n");
    answer("[{\"id\": 1, \"age\": 9}]");
    expect_run(0, "sync people.all");
    answer("[{\"id\": 1, \"age\": 150}, {\"id\": 2, \"age\": 150}]");
    expect_run(1, "sync people.all");
    answer("[{\"id\": 1, \"age\": 9}]");
    expect_run(0, "sync people.all");
    SQL("alter table people.all drop constraint young");
    expect_run(1, "rejects 2 --replay");
    EXPECT_SQL("1:9:1 2:150:2", "%s", rows_sql);
    EXPECT_SQL("run 3 has read all records since: the row of its key is newer",
               "select reason from pagetide.reject");
    tear_down();
}
END_TEST

START_TEST(of_two_rejects_of_a_key_the_later_is_stored)
{
    reject_and_go_on(
        BY_TIME,
        "[{\"id\": 1, \"age\": 150, \"at\": 1}, {\"id\": 2, \"at\": 1}, {\"id\": 1, "
        "\"age\": 160, \"at\": 1}]",
        "[]");
    expect_run(1, "rejects 1 --replay");
    EXPECT_SQL("1:160:1 2:1", "%s", rows_sql);
    EXPECT_SQL("a later record of its key is loaded again with it",
               "select reason from pagetide.reject");
    expect_run(1, "rejects 1 --replay");
    EXPECT_SQL("the row of its key is newer: run 1", "select reason from pagetide.reject");
    tear_down();
}
END_TEST

START_TEST(more_than_a_batch_goes_from_the_newest_on)
{
    set_up();
    SQL("create schema people; create table people.all (id bigint primary key, age bigint, "
        "constraint young check (age < 0))");
    people(UPSERT "    adopt: true\n    max_rejects: 5000\n");
    AUTO_BUF(body, MIB(1));
    buf_puts(&body, "[{\"id\": 0}");
    for (int i = 0; i < 1000; i++)
        buf_printf(&body, ", {\"id\": %d, \"age\": %d}", i % 500 + 1, i);
    buf_puts(&body, "]");
    buf_put_byte(&body, '\0');
    answer(body.ptr);
    expect_run(0, "sync people.all");
    EXPECT_SQL("1000", "select count(*) from pagetide.reject");
    SQL("alter table people.all drop constraint young");
    expect_holds(expect_run(1, "rejects 1 --replay").out, "500 records stored, 500 still");
    EXPECT_SQL("500 500 999",
               "select concat_ws(' ', count(*), min(age), max(age)) from people.all "
               "where id > 0");
    tear_down();
}
END_TEST

START_TEST(two_at_once_store_each_record_once)
{
    set_up();
    SQL("create schema people; create table people.all (id bigint, constraint few check (id < "
        "0))");
    people("    adopt: true\n    max_rejects: 5000\n");
    AUTO_BUF(body, MIB(1));
    buf_puts(&body, "[{\"id\": -1}");
    for (int i = 0; i < 1500; i++)
        buf_printf(&body, ", {\"id\": %d}", i);
    buf_puts(&body, "]");
    buf_put_byte(&body, '\0');
    answer(body.ptr);
    expect_run(0, "sync people.all");
    SQL("alter table people.all drop constraint few");
    struct pagetide_process a = pagetide_spawn(&pagetide, "rejects 1 --replay");
    struct pagetide_process b = pagetide_spawn(&pagetide, "rejects 1 --replay");
    ck_assert_int_eq(pagetide_wait(&a, LIMIT_MS), 0);
    ck_assert_int_eq(pagetide_wait(&b, LIMIT_MS), 0);
    EXPECT_SQL("1501 1501", "select count(*) || ' ' || count(distinct id) from people.all");
    EXPECT_SQL(
        "0 0",
        "select (select count(*) from pagetide.reject) || ' ' || rejects from pagetide.run");
    tear_down();
}
END_TEST

/* Killed at any moment: each record is a row or a reject, and the counts say the same. */
START_TEST(a_replay_that_is_killed_goes_on)
{
    set_up();
    SQL("create schema people; create table people.all (id bigint, constraint few check (id < "
        "0))");
    people("    adopt: true\n    max_rejects: 5000\n");
    AUTO_BUF(body, MIB(1));
    buf_puts(&body, "[{\"id\": -1}");
    for (int i = 0; i < 2000; i++)
        buf_printf(&body, ", {\"id\": %d}", i);
    buf_puts(&body, "]");
    buf_put_byte(&body, '\0');
    answer(body.ptr);
    expect_run(0, "sync people.all");
    SQL("alter table people.all drop constraint few");
    for (int i = 0; i < 8; i++) {
        struct pagetide_process killed = pagetide_spawn(&pagetide, "rejects 1 --replay");
        usleep((useconds_t)(20000 + i * 15000));
        pagetide_signal(&killed, SIGKILL);
        (void)pagetide_wait(&killed, LIMIT_MS);
        pagetide_await(&pagetide, "0", LIMIT_MS,
                       "select count(*) from pg_stat_activity where application_name = "
                       "'pagetide' and pid <> pg_backend_pid()");
        EXPECT_SQL("2001 true",
                   "select (select count(*) from people.all) + count(*) || ' ' || (count(*) = "
                   "(select rejects from pagetide.run)) from pagetide.reject");
    }
    expect_run(0, "rejects 1 --replay");
    EXPECT_SQL("2001 2001", "select count(*) || ' ' || count(distinct id) from people.all");
    tear_down();
}
END_TEST

START_TEST(not_while_a_run_is_under_way)
{
    set_up();
    people(UPSERT);
    answer("[{\"id\": 1}, {\"age\": 7}]");
    expect_run(0, "sync people.all");
    SQL("select pagetide.start_run('people.all', 'manual', 'full', null, null, null, null, 5)");
    struct pagetide_result got = expect_run(1, "rejects 1 --replay");
    ck_assert_str_eq(
        got.err,
        "pagetide: run 2 of people.all is under way: wait for its end, or cancel it\n");
    tear_down();
}
END_TEST

/* The rows of run 1 went when run 2 read all of them again, and with them its rejects. */
START_TEST(an_append_that_was_read_again_is_done_with)
{
    set_up();
    SQL("create schema people; create table people.all (id bigint, constraint few check (id < "
        "5))");
    people("    adopt: true\n    max_rejects: 0\n");
    answer("[{\"id\": 1}, {\"id\": 7}]");
    expect_run(1, "sync people.all");
    people("    adopt: true\n    max_rejects: 1\n");
    expect_run(0, "sync people.all");
    struct pagetide_result got = expect_run(1, "rejects 1 --replay");
    ck_assert_str_eq(got.err,
                     "pagetide: run 2 has read the records of run 1 again: they would be "
                     "there twice\n");
    SQL("alter table people.all drop constraint few");
    expect_run(0, "rejects 2 --replay");
    EXPECT_SQL("1 7", "select string_agg(id::text, ' ' order by id) from people.all");
    tear_down();
}
END_TEST

/* Workers' machines have no files: what was applied is the definition then. */
START_TEST(without_a_file_the_stored_definition_is_in_force)
{
    set_up();
    people(UPSERT "    on_mismatch: reject\n    columns: {age: {type: int}}\n");
    answer("[{\"id\": 1, \"age\": 2.5}, {\"id\": 2}]");
    expect_run(0, "sync people.all");
    people(UPSERT "    columns: {age: {type: int}}\n");
    expect_run(0, pagetide_text("apply %s", pagetide.dir));
    ck_assert_int_eq(remove(pagetide_text("%s/sources/people.yaml", pagetide.dir)), 0);
    expect_run(0, "rejects 1 --replay");
    EXPECT_SQL(
        "{\"age\": \"2.5\"} 1 {\"age\": 1}",
        "select concat_ws(' ', t._pt_aside, j.asides, j.aside_columns) from people.all t, "
        "pagetide.job j where t.id = 1");
    tear_down();
}
END_TEST

/* Its rows were decided by the run as a whole. */
START_TEST(a_table_that_was_replaced_takes_no_record_more)
{
    set_up();
    people("    write: replace\n    key: id\n    on_mismatch: reject\n"
           "    columns: {age: {type: int}}\n");
    answer("[{\"id\": 1, \"age\": 2.5}, {\"id\": 2}]");
    expect_run(0, "sync people.all");
    struct pagetide_result got = expect_run(1, "rejects 1 --replay");
    expect_holds(got.err, "is written by `replace`: its next run brings what the table is to");
    EXPECT_SQL("1", "select count(*) from people.all");
    tear_down();
}
END_TEST

START_TEST(a_record_that_says_it_is_gone_is_not_loaded)
{
    set_up();
    people(UPSERT "    on_mismatch: reject\n    columns: {age: {type: int}}\n"
                  "    deleted: \"{{ gone }}\"\n");
    answer("[{\"id\": 1, \"age\": 2.5, \"gone\": true}, {\"id\": 2, \"gone\": false}]");
    expect_run(0, "sync people.all");
    people(UPSERT "    columns: {age: {type: int}}\n    deleted: \"{{ gone }}\"\n");
    expect_run(1, "rejects 1 --replay");
    EXPECT_SQL("2", "select string_agg(id::text, ' ' order by id) from people.all");
    EXPECT_SQL("it says that its row is gone (deleted): nothing to load",
               "select reason from pagetide.reject");
    tear_down();
}
END_TEST

SUITE("flow/replay", what_fits_by_now_leaves_the_rejects, all_stored_leaves_no_warning,
      what_with_adds_comes_back, what_was_on_the_page_alone_is_gone, other_formats_come_back,
      names_that_stood_on_the_page_are_gone, where_leaves_out_what_is_not_wanted_any_more,
      a_record_that_was_cut_cannot_come_back, an_older_reject_leaves_a_newer_row_alone,
      a_run_that_has_read_all_since_is_newer, of_two_rejects_of_a_key_the_later_is_stored,
      more_than_a_batch_goes_from_the_newest_on, two_at_once_store_each_record_once,
      a_replay_that_is_killed_goes_on, not_while_a_run_is_under_way,
      an_append_that_was_read_again_is_done_with,
      without_a_file_the_stored_definition_is_in_force,
      a_table_that_was_replaced_takes_no_record_more,
      a_record_that_says_it_is_gone_is_not_loaded)

#include <stdlib.h>

#include "base/buf.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#define SUITE_TIMEOUT 120
#include "tests/support/suite.h"

/*
 * `write: replace`: after a run that succeeded the table has the records of that run, and after
 * any other run it is as it was. Each test publishes two pages; a record is "id:name".
 */
static struct mock mock;
static struct pagetide pagetide;

#define EXPECT(text, ...) ck_assert_str_eq(pagetide_sql(&pagetide, __VA_ARGS__), (text))
#define LITTER                                                                                 \
    "select count(*) + (select count(*) from pagetide.same_rows) from pg_class where "         \
    "relnamespace = 'pagetide'::regnamespace and relkind = 'r' and relname like 'kept%%'"

static const char rows_sql[] =
    "select string_agg(id || ':' || name, ' ' order by id, name) from shop.orders";

static void define(const char *keys)
{
    pagetide_source(&pagetide, "shop",
                    "source: shop\n"
                    "base_url: %s\n"
                    "streams:\n"
                    "  orders:\n"
                    "    path: /p\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n"
                    "    retry: {max_attempts: 1}\n"
                    "    write: replace\n"
                    "%s",
                    mock.url, keys);
}

static void put_records(struct buf *body, const char *records)
{
    const char *separator = "";
    while (*records) {
        size_t id = strcspn(records, ":"), end = strcspn(records, " ");
        buf_printf(body, "%s{\"id\":%.*s,\"name\":\"%.*s\"}", separator, (int)id, records,
                   (int)(end - id - 1), records + id + 1);
        records += end + strspn(records + end, " ");
        separator = ",";
    }
}

static void publish_page(int page, const char *records)
{
    AUTO_BUF(body, KIB(64));
    buf_printf(&body, "{\"path\":\"/p\",\"query\":\"page=%d\",\"body\":{\"pages\":2,\"data\":[",
               page);
    put_records(&body, records);
    buf_puts(&body, "]}}");
    mock_post(&mock, "/_mock/route", body.ptr);
}

static void publish(const char *first, const char *second)
{
    publish_page(1, first);
    publish_page(2, second);
}

static void set_up(const char *keys)
{
    setenv("PAGETIDE_BATCH_RECORDS", "1", 1);
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    define(keys);
}

static void tear_down(void)
{
    EXPECT("0", LITTER);
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

static const char *sync_all(int code)
{
    struct pagetide_result got = pagetide_run(&pagetide, "sync shop.orders");
    ck_assert_msg(got.code == code, "%d: %s%s", got.code, got.out, got.err);
    return pagetide_text("%s%s", got.out, got.err);
}

START_TEST(with_a_key_rows_are_added_changed_and_deleted)
{
    set_up("    key: [id]\n");
    publish("1:a 2:b", "3:c 4:d");
    sync_all(0);
    EXPECT("1:a 2:b 3:c 4:d", rows_sql);
    pagetide_sql(&pagetide, "create view shop.names as select name from shop.orders; "
                            "create table same as select 'shop.orders'::regclass::oid, "
                            "id, xmin::text x, ctid c from shop.orders");
    publish("2:b 3:x", "5:e 1:a");
    expect_holds(sync_all(0), "1 rows added, 1 changed, 1 deleted");
    EXPECT("1:a 2:b 3:x 5:e", rows_sql);
    EXPECT("a b e x", "select string_agg(name, ' ' order by name) from shop.names");
    EXPECT("2 true",
           "select count(*) || ' ' || bool_and(t.xmin::text = s.x and t.ctid = s.c and "
           "t.tableoid = s.oid) from shop.orders t join same s using (id) where id < 3");
    expect_holds(pagetide_run(&pagetide, "explain 2").out,
                 "rows of the table: 1 added, 1 changed, 1 deleted");
    ck_assert_str_eq(
        pagetide_json(pagetide_run(&pagetide, "runs --limit 1 --json").out, "deleted"), "1");
    EXPECT("1 1 1", "select added || ' ' || changed || ' ' || deleted from pagetide.history "
                    "where run = 2");
    tear_down();
}
END_TEST

START_TEST(of_equal_keys_the_later_record_counts)
{
    set_up("    key: [id]\n");
    publish("1:a 2:b 1:c", "2:d");
    sync_all(0);
    EXPECT("1:c 2:d", rows_sql);
    tear_down();
}
END_TEST

START_TEST(the_same_again_is_neither_sent_nor_kept)
{
    set_up("    key: [id]\n");
    publish("1:a 2:b", "3:c 4:d");
    sync_all(0);
    pagetide_sql(&pagetide,
                 "create table same as select id, xmin::text x, ctid c from shop.orders");
    struct pagetide_result got =
        pagetide_run(&pagetide, "sync shop.orders --log-level debug --batch-records 2");
    expect_holds(got.err, "probe: 2 rows, 0 sent");
    ck_assert_ptr_null(strstr(got.err, "staged"));
    EXPECT("4", "select count(*) from shop.orders t join same s using (id) "
                "where t.xmin::text = s.x and t.ctid = s.c");
    publish("1:a", "4:d");
    expect_holds(sync_all(0), "2 deleted");
    EXPECT("1:a 4:d", rows_sql);
    tear_down();
}
END_TEST

START_TEST(the_later_record_counts_whichever_is_the_same)
{
    set_up("    key: [id]\n");
    publish("1:a 2:b 3:c", "4:d");
    sync_all(0);
    publish("1:a 2:x 3:c", "1:y 2:b 3:c 4:d");
    expect_holds(sync_all(0), "1 changed");
    EXPECT("1:y 2:b 3:c 4:d", rows_sql);
    tear_down();
}
END_TEST

START_TEST(what_somebody_else_takes_meanwhile_is_missed)
{
    set_up("    key: [id]\n");
    publish("1:a 2:b", "3:c");
    sync_all(0);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/p\", \"page\": 2, \"kind\": \"status\", \"status\": 404}");
    sync_all(1);
    EXPECT("1", LITTER);
    pagetide_sql(&pagetide, "delete from shop.orders where id = 1");
    ck_assert_int_eq(pagetide_run(&pagetide, "retry 2").code, 0);
    expect_holds(sync_all(1),
                 "1 rows that the run found unchanged have been changed or deleted");
    EXPECT("2:b 3:c", rows_sql);
    EXPECT("0", LITTER);
    expect_holds(sync_all(0), "1 rows added");
    EXPECT("1:a 2:b 3:c", rows_sql);
    tear_down();
}
END_TEST

START_TEST(without_a_key_the_rows_are_those_of_the_run)
{
    set_up("");
    publish("1:a 1:a", "1:a 2:b");
    sync_all(0);
    EXPECT("1:a 1:a 1:a 2:b", rows_sql);
    const char *versions = pagetide_text(
        "%s", pagetide_sql(&pagetide, "select min(xmin::text || ctid) from shop.orders "
                                      "where id = 2"));
    publish("1:a 3:c", "1:a 2:b");
    expect_holds(sync_all(0), "1 rows added, 1 deleted");
    EXPECT("1:a 1:a 2:b 3:c", rows_sql);
    EXPECT(versions, "select xmin::text || ctid from shop.orders where id = 2");
    tear_down();
}
END_TEST

START_TEST(soft_deletes_keep_the_row_with_the_time)
{
    set_up("    key: [id]\n    deletes: soft\n");
    publish("1:a 2:b", "3:c");
    sync_all(0);
    publish("1:a", "3:c");
    expect_holds(sync_all(0), "1 deleted");
    EXPECT("1:f 2:t 3:f",
           "select string_agg(id || ':' || left((_pt_deleted_at is not null)::text, "
           "1), ' ' order by id) from shop.orders");
    publish("1:a 2:b", "3:c");
    expect_holds(sync_all(0), "1 changed");
    EXPECT("0", "select count(_pt_deleted_at) from shop.orders");
    publish("1:a", "3:c");
    sync_all(0);
    define("    key: [id]\n"); /* a mark of before goes with its record too */
    publish("1:a 2:b", "3:c");
    sync_all(0);
    EXPECT("0", "select count(_pt_deleted_at) from shop.orders");
    tear_down();
}
END_TEST

START_TEST(a_run_that_fails_leaves_the_table_and_goes_on)
{
    set_up("    key: [id]\n");
    publish("1:a 2:b", "3:c 4:d");
    sync_all(0);
    publish("1:x 5:e", "6:f");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/p\", \"page\": 2, \"kind\": \"status\", \"status\": 404}");
    expect_holds(sync_all(1), "replace: the table stays as it was: run 2 has not succeeded");
    EXPECT("1:a 2:b 3:c 4:d", rows_sql);
    EXPECT("1", LITTER);
    ck_assert_int_eq(pagetide_run(&pagetide, "retry 2").code, 0);
    publish_page(1, "9:z");
    sync_all(0);
    EXPECT("1:x 5:e 6:f", rows_sql);
    EXPECT("", "select array_to_string(warnings, ' ') from pagetide.run where id = 2");
    tear_down();
}
END_TEST

START_TEST(the_next_run_takes_the_litter_away)
{
    set_up("    key: [id]\n");
    publish("1:a 2:b", "3:c 4:d");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/p\", \"page\": 2, \"kind\": \"status\", \"status\": 404}");
    sync_all(1);
    EXPECT("1", LITTER);
    sync_all(0);
    EXPECT("1:a 2:b 3:c 4:d", rows_sql);
    tear_down();
}
END_TEST

START_TEST(a_run_that_is_cut_short_leaves_the_table)
{
    set_up("    key: [id]\n");
    publish("1:a 2:b", "3:c 4:d");
    sync_all(0);
    define("    key: [id]\n    responses: [{status: 418, then: fail}]\n");
    pagetide_source(&pagetide, "shop",
                    "source: shop\n"
                    "base_url: %s\n"
                    "streams:\n"
                    "  orders:\n"
                    "    path: /p\n"
                    "    pagination: {type: page, total_pages_path: pages, max_iterations: 1}\n"
                    "    merge_path: data\n"
                    "    write: replace\n"
                    "    key: [id]\n",
                    mock.url);
    publish("1:x 2:y", "3:c 4:d");
    struct pagetide_result got = pagetide_run(&pagetide, "sync shop.orders");
    ck_assert_int_ne(got.code, 0);
    EXPECT("truncated", "select state from pagetide.run where id = 2");
    EXPECT("1:a 2:b 3:c 4:d", rows_sql);
    tear_down();
}
END_TEST

START_TEST(a_table_that_would_shrink_stays)
{
    set_up("    key: [id]\n");
    publish("1:a 2:b 3:c", "4:d 5:e");
    sync_all(0);
    publish("1:a", "2:b");
    const char *said = sync_all(1);
    expect_holds(said, "run 2 failed (shrink)");
    expect_holds(said, "the run has 2 rows, less than 50% of the 5 in the table");
    EXPECT("1:a 2:b 3:c 4:d 5:e", rows_sql);
    EXPECT("0", LITTER);
    define("    key: [id]\n    shrink_guard: 40%\n");
    sync_all(0);
    EXPECT("1:a 2:b", rows_sql);
    mock_post(&mock, "/_mock/route", "{\"path\":\"/p\",\"body\":{\"pages\":1,\"data\":[]}}");
    expect_holds(sync_all(1), "the run has 0 rows, less than 40% of the 2 in the table");
    define("    key: [id]\n    shrink_guard: 0%\n");
    sync_all(0);
    EXPECT("0", "select count(*) from shop.orders");
    tear_down();
}
END_TEST

START_TEST(new_fields_and_wider_types_reach_the_table)
{
    set_up("    key: [id]\n");
    publish("1:a", "2:b");
    sync_all(0);
    mock_post(&mock, "/_mock/route",
              "{\"path\":\"/p\",\"query\":\"page=2\",\"body\":{\"pages\":2,\"data\":["
              "{\"id\":2.5,\"name\":\"b\",\"more\":true},{\"id\":3,\"name\":7}]}}");
    sync_all(0);
    EXPECT("1:a: 2.5:b:true 3:7:",
           "select string_agg(concat(id, ':', name, ':', more::text), ' ' order by id) "
           "from shop.orders");
    tear_down();
}
END_TEST

/* What the table says of one row finds that row; what it says of several fails the run. */
START_TEST(what_the_table_refuses)
{
    set_up("    key: [id]\n");
    publish("1:a 2:b", "3:c");
    sync_all(0);
    pagetide_sql(&pagetide, "alter table shop.orders add check (name <> 'bad'), "
                            "add constraint one_name unique (name)");
    publish("1:x 2:bad", "4:d");
    expect_holds(sync_all(0), "vanished: 2 rows that the run has not brought stay");
    EXPECT("1:x 2:b 3:c 4:d", rows_sql);
    EXPECT("1", "select count(*) from pagetide.reject where run = 2");
    publish("1:a 2:a", "3:c");
    expect_holds(sync_all(1), "the table does not take the rows of the run");
    EXPECT("1:x 2:b 3:c 4:d", rows_sql);
    publish("1:x 2:b", "3:c");
    sync_all(0);
    EXPECT("1:x 2:b 3:c", rows_sql);
    tear_down();
}
END_TEST

/* Between the old rows and the new ones no index may stand in the way. */
START_TEST(values_that_swap)
{
    set_up("    key: [id]\n    indexes: [{columns: name, unique: true}]\n");
    publish("1:a 2:b", "3:c");
    sync_all(0);
    publish("1:b 2:a", "4:c");
    expect_holds(sync_all(0), "1 rows added, 2 changed, 1 deleted");
    EXPECT("1:b 2:a 4:c", rows_sql);
    pagetide_sql(&pagetide, "alter table shop.orders add column note text default 'mine'");
    publish("1:a 2:b", "4:c");
    expect_holds(sync_all(1), "duplicate key value");
    EXPECT("1:b 2:a 4:c", rows_sql);
    tear_down();
}
END_TEST

/* A default is for rows without the field; a null is refused with its record. */
START_TEST(a_table_with_defaults)
{
    set_up("    key: [id]\n    adopt: true\n");
    pagetide_sql(
        &pagetide,
        "create schema if not exists shop; create table shop.orders (id bigint unique, "
        "name text, size int not null default 7, no serial)");
    publish_page(1, "1:a 2:b");
    mock_post(&mock, "/_mock/route",
              "{\"path\":\"/p\",\"query\":\"page=2\",\"body\":{\"pages\":2,\"data\":["
              "{\"id\":3,\"size\":9,\"no\":70},{\"id\":4,\"size\":null,\"no\":71},{\"id\":5,"
              "\"size\":2,\"no\":77}]}}");
    sync_all(0);
    EXPECT("1/7 2/7 3/9 5/2",
           "select string_agg(concat(id, '/', size), ' ' order by id) from shop.orders");
    EXPECT("1", "select count(*) from pagetide.reject where reason like '%%\"size\"%%'");
    tear_down();
}
END_TEST

START_TEST(partitions_are_replaced_together)
{
    set_up("    key: [id, at]\n    params: {part: \"{{ partition.p }}\"}\n"
           "    with: {at: \"{{ partition.p }}\"}\n    partitions: [{p: 1}, {p: 2}]\n");
    publish("1:a 2:b", "3:c");
    sync_all(0);
    EXPECT("1:a 1:a 2:b 2:b 3:c 3:c", rows_sql);
    publish("1:a 2:b", "4:d");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/p\", \"query\": \"part=2\", \"kind\": \"status\", "
              "\"status\": 404}");
    sync_all(1);
    EXPECT("1:a 1:a 2:b 2:b 3:c 3:c", rows_sql);
    ck_assert_int_eq(pagetide_run(&pagetide, "retry 2").code, 0);
    sync_all(0);
    EXPECT("1:a 1:a 2:b 2:b 4:d 4:d", rows_sql);
    tear_down();
}
END_TEST

START_TEST(kept_rows_go_with_whom_they_belong_to)
{
    set_up("    key: [id]\n");
    publish("1:a 2:b", "3:c 4:d");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/p\", \"page\": 2, \"times\": -1, \"kind\": \"status\", "
              "\"status\": 404}");
    sync_all(1);
    pagetide_sql(&pagetide, "select pagetide.housekeep('30 days')");
    EXPECT("1", LITTER);
    pagetide_sql(&pagetide, "update pagetide.run set finished_at = now() - interval '31 days'; "
                            "select pagetide.housekeep('30 days')");
    EXPECT("0", LITTER);
    expect_holds(pagetide_run(&pagetide, "retry 1").err,
                 "the rows of run 1 have been cleared away: begin a new run");
    sync_all(1);
    EXPECT("1", LITTER);
    ck_assert_int_eq(pagetide_run(&pagetide, "reset shop.orders --keep-table --yes").code, 0);
    EXPECT("0", LITTER);
    sync_all(1);
    EXPECT("1", LITTER);
    struct pagetide_result dropped = pagetide_run(&pagetide, "drop shop.orders");
    ck_assert_msg(dropped.code == 0, "%s", dropped.err);
    tear_down();
}
END_TEST

START_TEST(a_type_that_changes_meanwhile)
{
    set_up("    key: [id]\n");
    mock_post(&mock, "/_mock/route",
              "{\"path\":\"/p\",\"body\":{\"pages\":1,\"data\":["
              "{\"id\":1,\"name\":\"a\",\"n\":1},{\"id\":2,\"name\":\"b\"}]}}");
    sync_all(0);
    mock_post(
        &mock, "/_mock/route",
        "{\"path\":\"/p\",\"query\":\"page=2\",\"body\":{\"pages\":2,\"data\":[{\"id\":3}]}}");
    mock_post(&mock, "/_mock/route",
              "{\"path\":\"/p\",\"query\":\"page=1\",\"body\":{\"pages\":2,\"data\":["
              "{\"id\":1,\"name\":\"7\"},{\"id\":2,\"name\":\"8\",\"n\":9}]}}");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/p\", \"page\": 2, \"kind\": \"status\", \"status\": 404}");
    sync_all(1);
    pagetide_sql(&pagetide, "alter table shop.orders alter name type bigint using 0, "
                            "alter n type text");
    ck_assert_int_eq(pagetide_run(&pagetide, "retry 2").code, 0);
    sync_all(0);
    EXPECT("1:7: 2:8:9 3:",
           "select string_agg(concat_ws(':', id, name, coalesce(n, '')), ' ' order "
           "by id) from shop.orders");
    tear_down();
}
END_TEST

START_TEST(a_window_cannot_replace)
{
    set_up("    key: [id]\n");
    struct pagetide_result got =
        pagetide_run(&pagetide, "sync shop.orders --from 2024-01-01 --to 2024-01-02");
    ck_assert_int_eq(got.code, 2);
    expect_holds(got.err, "a window cannot replace the table of shop.orders");
    ck_assert_int_eq(pagetide_run(&pagetide, "migrate").code, 0);
    tear_down();
}
END_TEST

#define OTHER(name, key)                                                                       \
    "  " name ":\n    path: /p\n    pagination: {type: page, total_pages_path: pages}\n"       \
    "    merge_path: data\n    write: replace\n" key

/* In few sessions of PostgreSQL, which keep the plans of what they have run. */
START_TEST(tables_with_and_without_a_key_in_turns)
{
    set_up(OTHER("a", "") OTHER("b", "    key: id\n") OTHER("c", "")
               OTHER("d", "    key: id\n"));
    publish("1:a", "2:b");
    for (int i = 0; i < 2; i++) {
        struct pagetide_result got = pagetide_run(&pagetide, "sync shop --connections 1");
        ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
    }
    EXPECT("1:a 2:b", rows_sql);
    EXPECT("2", "select count(*) from shop.d");
    tear_down();
}
END_TEST

SUITE("flow/replace", with_a_key_rows_are_added_changed_and_deleted,
      of_equal_keys_the_later_record_counts, the_same_again_is_neither_sent_nor_kept,
      the_later_record_counts_whichever_is_the_same,
      what_somebody_else_takes_meanwhile_is_missed, without_a_key_the_rows_are_those_of_the_run,
      soft_deletes_keep_the_row_with_the_time, a_run_that_fails_leaves_the_table_and_goes_on,
      the_next_run_takes_the_litter_away, a_run_that_is_cut_short_leaves_the_table,
      a_table_that_would_shrink_stays, new_fields_and_wider_types_reach_the_table,
      what_the_table_refuses, a_table_with_defaults, values_that_swap,
      partitions_are_replaced_together, kept_rows_go_with_whom_they_belong_to,
      a_type_that_changes_meanwhile, a_window_cannot_replace,
      tables_with_and_without_a_key_in_turns)

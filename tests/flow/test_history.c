#include <stdlib.h>

#include "base/buf.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#define SUITE_TIMEOUT 120
#include "tests/support/suite.h"

/*
 * `write: history`. A test publishes the JSON of one page's records for each run; versions are
 * shown as "id:name from-to", by the numbers of the runs, "*" for the current one.
 */
static struct mock mock;
static struct pagetide pagetide;

#define EXPECT(text, ...) ck_assert_str_eq(pagetide_sql(&pagetide, __VA_ARGS__), (text))

static const char versions_sql[] =
    "select string_agg(format('%%s:%%s %%s-%%s', id, name, (select r.id from pagetide.run r "
    "where "
    "r.started_at = _pt_from), case when _pt_current then '*' else (select r.id::text from "
    "pagetide.run r where r.started_at = _pt_to) end), ', ' order by id, _pt_from) from "
    "shop.orders";

static void define(const char *keys)
{
    pagetide_source(&pagetide, "shop",
                    "source: shop\n"
                    "base_url: %s\n"
                    "streams:\n"
                    "  orders:\n"
                    "    path: /p\n"
                    "    pagination: {type: none}\n"
                    "    merge_path: data\n"
                    "    write: history\n"
                    "    key: [id]\n"
                    "%s",
                    mock.url, keys);
}

static void set_up(const char *keys)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    define(keys);
}

static void tear_down(void)
{
    EXPECT("0", "select count(*) from pg_class where relnamespace = 'pagetide'::regnamespace "
                "and relname like 'kept%%'");
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

static const char *sync_page(int code, const char *records)
{
    AUTO_BUF(body, KIB(64));
    buf_printf(&body, "{\"path\":\"/p\",\"body\":{\"pages\":1,\"data\":[%s]}}", records);
    mock_post(&mock, "/_mock/route", body.ptr);
    struct pagetide_result got = pagetide_run(&pagetide, "sync shop.orders");
    ck_assert_msg(got.code == code, "%d: %s%s", got.code, got.out, got.err);
    return pagetide_text("%s%s", got.out, got.err);
}

#define A "{\"id\":1,\"name\":\"a\"}"
#define B "{\"id\":2,\"name\":\"b\"}"
#define C "{\"id\":3,\"name\":\"c\"}"
#define X "{\"id\":1,\"name\":\"x\"}"

START_TEST(a_change_is_another_version)
{
    set_up("");
    expect_holds(sync_page(0, A "," B "," C), "3 rows added");
    expect_holds(sync_page(0, X "," B), "1 changed, 1 deleted");
    EXPECT("1:a 1-2, 1:x 2-*, 2:b 1-*, 3:c 1-2", versions_sql);
    sync_page(0, X "," B "," C);
    EXPECT("1:a 1-2, 1:x 2-*, 2:b 1-*, 3:c 1-2, 3:c 3-*", versions_sql);
    tear_down();
}
END_TEST

START_TEST(of_a_run_the_last_record_counts)
{
    set_up("");
    setenv("PAGETIDE_BATCH_RECORDS", "1", 1);
    pagetide_source(&pagetide, "shop",
                    "source: shop\n"
                    "base_url: %s\n"
                    "streams:\n"
                    "  orders:\n"
                    "    path: /p\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n"
                    "    write: history\n"
                    "    deleted: \"{{ gone }}\"\n"
                    "    key: [id]\n",
                    mock.url);
    sync_page(0, A "," X "," A "," B);
    EXPECT("1:a 1-*, 2:b 1-*", versions_sql);
    const char *const pages[] = {X, B "," X, "{\"id\":1,\"gone\":true}", A "," C};
    for (int i = 0; i < 4; i++)
        mock_post(&mock, "/_mock/route",
                  pagetide_text("{\"path\":\"/p\",\"query\":\"page=%d\",\"body\":{\"pages\":4,"
                                "\"data\":[%s]}}",
                                i + 1, pages[i]));
    ck_assert_int_eq(pagetide_run(&pagetide, "sync shop.orders").code, 0);
    EXPECT("1:a 1-*, 2:b 1-*, 3:c 2-*", versions_sql);
    tear_down();
}
END_TEST

START_TEST(what_vanishes_may_be_kept)
{
    set_up("    deletes: keep\n");
    sync_page(0, A "," B "," C);
    sync_page(0, X);
    EXPECT("1:a 1-2, 1:x 2-*, 2:b 1-*, 3:c 1-*", versions_sql);
    tear_down();
}
END_TEST

START_TEST(too_much_does_not_vanish)
{
    set_up("");
    sync_page(0, A "," B "," C);
    expect_holds(sync_page(1, A), "less than 50% of the 3 in the table");
    EXPECT("1:a 1-*, 2:b 1-*, 3:c 1-*", versions_sql);
    define("    shrink_guard: 20%\n");
    sync_page(0, A);
    EXPECT("1:a 1-*, 2:b 1-3, 3:c 1-3", versions_sql);
    tear_down();
}
END_TEST

START_TEST(an_incremental_run_closes_nothing)
{
    set_up("    bookmark: at\n    params: {since: \"{{ bookmark }}\"}\n");
    sync_page(0, "{\"id\":1,\"name\":\"a\",\"at\":1},{\"id\":2,\"name\":\"b\",\"at\":2}");
    sync_page(0, "{\"id\":1,\"name\":\"c\",\"at\":3}");
    EXPECT("1:a 1-2, 1:c 2-*, 2:b 1-*", versions_sql);
    struct pagetide_result got = pagetide_run(&pagetide, "sync shop.orders --full");
    ck_assert_int_eq(got.code, 0);
    EXPECT("1:a 1-2, 1:c 2-*, 2:b 1-3", versions_sql);
    tear_down();
}
END_TEST

/* A window that is done, or an empty list of partitions, says of no record that it is gone. */
START_TEST(a_run_with_nothing_to_ask_for_closes_nothing)
{
    set_up("    window: {size: 1d, from: 2024-01-01, to: 2024-01-02}\n"
           "    params: {since: \"{{ window.start }}\"}\n    shrink_guard: 0%\n"
           "    expect: {min_rows: 1}\n");
    sync_page(0, A "," B);
    expect_holds(sync_page(0, A), "the bookmark stands at the end of the window");
    EXPECT("1:a 1-*, 2:b 1-*", versions_sql);
    pagetide_sql(&pagetide, "create table public.part (p text); insert into public.part values "
                            "('a')");
    define(
        "    bookmark: at\n    shrink_guard: 0%\n    partitions: {sql: \"select p from "
        "public.part\"}\n    params: {since: \"{{ bookmark }}\", p: \"{{ partition.p }}\"}\n");
    pagetide_expect(&pagetide, 0, "bookmark shop.orders --clear");
    sync_page(0, "{\"id\":1,\"name\":\"a\",\"at\":1},{\"id\":2,\"name\":\"b\",\"at\":2}");
    pagetide_sql(&pagetide, "delete from public.part");
    expect_holds(sync_page(0, A), "partitions.sql gave no rows");
    EXPECT("2", "select count(*) from shop.orders where _pt_current");
    tear_down();
}
END_TEST

START_TEST(a_table_of_an_upsert_gets_a_history)
{
    set_up("");
    pagetide_source(
        &pagetide, "shop",
        "source: shop\nbase_url: %s\nstreams:\n  orders: {path: /p, pagination: {type: "
        "none}, merge_path: data, write: upsert, key: id}\n",
        mock.url);
    sync_page(0, A "," B);
    define("");
    sync_page(0, X "," B);
    EXPECT("1:a:f, 1:x:t, 2:b:t",
           "select string_agg(concat(id, ':', name, ':', left(_pt_current::text, 1)), ', ' "
           "order by id, _pt_from) from shop.orders");
    tear_down();
}
END_TEST

/* A record that is rejected has not vanished; whose it is nobody knows. */
START_TEST(a_rejected_record_ends_nothing)
{
    set_up("    shrink_guard: 0%\n");
    sync_page(0, A "," B "," C);
    pagetide_sql(&pagetide, "alter table shop.orders add check (name <> 'x')");
    expect_holds(sync_page(0, X "," B), "vanished: 2 rows that the run has not brought stay");
    EXPECT("1:a 1-*, 2:b 1-*, 3:c 1-*", versions_sql);
    sync_page(0, A "," B);
    EXPECT("1:a 1-*, 2:b 1-*, 3:c 1-3", versions_sql);
    tear_down();
}
END_TEST

/* Of the versions of now: of those before there may be many. */
START_TEST(an_index_that_is_unique)
{
    set_up("    indexes: [{columns: place, unique: true}, {columns: [place, id], unique: true, "
           "where: place > 0}]\n");
    sync_page(0, "{\"id\":1,\"name\":\"a\",\"place\":1},{\"id\":2,\"name\":\"b\",\"place\":2}");
    sync_page(0, "{\"id\":1,\"name\":\"x\",\"place\":1},{\"id\":2,\"name\":\"b\",\"place\":2}");
    sync_page(0, "{\"id\":1,\"name\":\"x\",\"place\":2},{\"id\":2,\"name\":\"b\",\"place\":1}");
    EXPECT("1:a 1-2, 1:x 2-3, 1:x 3-*, 2:b 1-3, 2:b 3-*", versions_sql);
    EXPECT("0", "select sum(rejects) from pagetide.run");
    EXPECT("3", "select count(*) from pg_index where indrelid = 'shop.orders'::regclass "
                "and indisunique");
    tear_down();
}
END_TEST

static void define_other(const char *keys)
{
    pagetide_source(&pagetide, "shop",
                    "source: shop\nbase_url: %s\nstreams:\n  orders:\n    path: /p\n"
                    "    pagination: {type: none}\n    merge_path: data\n    key: id\n%s",
                    mock.url, keys);
}

/* Rows that come while the stream is written otherwise are versions too, later. */
START_TEST(a_table_that_was_a_history_before)
{
    set_up("");
    sync_page(0, A "," B);
    define_other("    write: upsert\n");
    sync_page(0, X "," B "," C);
    define("");
    sync_page(0, X "," B ","
                   "{\"id\":3,\"name\":\"y\"}");
    EXPECT("1:x:t 2:b:t 3:c:f 3:y:t",
           "select string_agg(concat(id, ':', name, ':', left(_pt_current::text, 1)), ' ' "
           "order by id, _pt_from) from shop.orders");
    define_other("    write: upsert\n");
    expect_holds(sync_page(1, A), "`delete from shop.orders where not _pt_current`");
    EXPECT("4", "select count(*) from shop.orders");
    pagetide_sql(&pagetide, "delete from shop.orders where not _pt_current");
    sync_page(0, A);
    EXPECT("1:a",
           "select string_agg(concat(id, ':', name), ' ') from shop.orders where id = 1");
    tear_down();
}
END_TEST

START_TEST(a_row_that_is_marked_has_ended)
{
    set_up("");
    define_other("    write: upsert\n    deleted: \"{{ gone }}\"\n    deletes: soft\n");
    sync_page(0, A "," B "," C);
    sync_page(0, "{\"id\":2,\"gone\":true},{\"id\":3,\"gone\":true}");
    define("");
    sync_page(0, A "," B);
    EXPECT("1:a:t 2:b:f 2:b:t 3:c:f",
           "select string_agg(concat(id, ':', name, ':', left(_pt_current::text, 1)), ' ' "
           "order by id, _pt_from) from shop.orders");
    EXPECT("2", "select count(*) from shop.orders where _pt_to = _pt_deleted_at");
    tear_down();
}
END_TEST

START_TEST(a_table_that_has_lost_its_versions)
{
    set_up("");
    sync_page(0, A "," B);
    pagetide_sql(&pagetide, "alter table shop.orders rename _pt_from to since");
    expect_holds(sync_page(1, X "," B),
                 "_pt_from of shop.orders is gone, which a history needs");
    EXPECT("failed", "select state from pagetide.run where id = 2");
    pagetide_sql(&pagetide, "alter table shop.orders rename since to _pt_from");
    sync_page(0, X "," B);
    EXPECT("1:a 1-3, 1:x 3-*, 2:b 1-*", versions_sql);
    tear_down();
}
END_TEST

/* The run ends, and says what holds them. */
START_TEST(versions_that_cannot_end)
{
    set_up("");
    sync_page(0, A "," B);
    pagetide_sql(
        &pagetide,
        "create function shop.hold() returns trigger language plpgsql as $$ begin raise "
        "exception 'it is held'; end $$; create trigger hold before update on "
        "shop.orders for each row execute function shop.hold()");
    const char *said = sync_page(1, A);
    expect_holds(said, "failed (rejects): 1 pages, 1 records");
    expect_holds(said, "the table does not take the end of its versions: it is held");
    EXPECT("1:a 1-*, 2:b 1-*", versions_sql);
    pagetide_sql(&pagetide, "drop trigger hold on shop.orders");
    sync_page(0, A);
    EXPECT("1:a 1-*, 2:b 1-3", versions_sql);
    tear_down();
}
END_TEST

SUITE("flow/history", a_change_is_another_version, of_a_run_the_last_record_counts,
      what_vanishes_may_be_kept, too_much_does_not_vanish, an_incremental_run_closes_nothing,
      a_run_with_nothing_to_ask_for_closes_nothing, a_rejected_record_ends_nothing,
      an_index_that_is_unique, a_table_of_an_upsert_gets_a_history,
      a_table_that_was_a_history_before, a_row_that_is_marked_has_ended,
      a_table_that_has_lost_its_versions, versions_that_cannot_end)

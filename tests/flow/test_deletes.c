#include <stdlib.h>

#include "base/buf.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#define SUITE_TIMEOUT 120
#include "tests/support/suite.h"

/* `deleted`: records that say they are gone. A test publishes the JSON of a page's records. */
static struct mock mock;
static struct pagetide pagetide;

#define EXPECT(text, ...) ck_assert_str_eq(pagetide_sql(&pagetide, __VA_ARGS__), (text))

static const char rows_sql[] =
    "select string_agg(id || ':' || coalesce(name, '-'), ' ' order by id) from shop.orders";

#define SAYS_GONE "    deleted: \"{{ gone }}\"\n"

static void define(const char *deleted, const char *keys)
{
    pagetide_source(&pagetide, "shop",
                    "source: shop\n"
                    "base_url: %s\n"
                    "streams:\n"
                    "  orders:\n"
                    "    path: /p\n"
                    "    pagination: {type: none}\n"
                    "    merge_path: data\n"
                    "    key: [id]\n"
                    "%s%s",
                    mock.url, deleted, keys);
}

static void set_up(const char *keys)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    define(SAYS_GONE, keys);
}

static void tear_down(void)
{
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

static const char *sync_page(const char *records)
{
    AUTO_BUF(body, KIB(64));
    buf_printf(&body, "{\"path\":\"/p\",\"body\":{\"data\":[%s]}}", records);
    mock_post(&mock, "/_mock/route", body.ptr);
    struct pagetide_result got = pagetide_run(&pagetide, "sync shop.orders --log-level debug");
    ck_assert_msg(got.code == 0, "%d: %s%s", got.code, got.out, got.err);
    return pagetide_text("%s%s", got.out, got.err);
}

START_TEST(the_row_of_the_key_goes)
{
    set_up("    write: upsert\n");
    sync_page("{\"id\":1,\"name\":\"a\"},{\"id\":2,\"name\":\"b\"},{\"id\":3,\"name\":\"c\"}");
    const char *said = sync_page("{\"id\":2,\"gone\":true},{\"id\":4,\"gone\":true},"
                                 "{\"id\":3,\"name\":\"d\",\"gone\":false}");
    expect_holds(said, "1 deleted");
    EXPECT("1:a 3:d", rows_sql);
    EXPECT("1", "select deleted from pagetide.history where run = 2");
    expect_holds(sync_page("{\"id\":2,\"gone\":true},{\"id\":4,\"gone\":true}"),
                 "probe: 2 rows, 0 sent");
    EXPECT("1:a 3:d", rows_sql);
    sync_page("{\"id\":2,\"name\":\"again\"}");
    EXPECT("1:a 2:again 3:d", rows_sql);
    tear_down();
}
END_TEST

START_TEST(within_a_page_the_later_record_counts)
{
    set_up("    write: upsert\n");
    sync_page("{\"id\":1,\"name\":\"a\"},{\"id\":1,\"gone\":true},{\"id\":2,\"gone\":true},"
              "{\"id\":2,\"name\":\"b\"},{\"id\":3,\"name\":\"c\"}");
    EXPECT("2:b 3:c", rows_sql);
    sync_page("{\"id\":3,\"name\":\"x\"},{\"id\":3,\"gone\":true},{\"id\":2,\"gone\":true},"
              "{\"id\":2,\"name\":\"y\"}");
    EXPECT("2:y", rows_sql);
    tear_down();
}
END_TEST

START_TEST(soft_keeps_the_row_and_its_values)
{
    set_up("    write: upsert\n    deletes: soft\n");
    sync_page("{\"id\":1,\"name\":\"a\"},{\"id\":2,\"name\":\"b\"}");
    sync_page("{\"id\":2,\"gone\":true}");
    EXPECT("1:a 2:b", rows_sql);
    EXPECT(
        "2",
        "select string_agg(id::text, ' ') from shop.orders where _pt_deleted_at is not null");
    expect_holds(sync_page("{\"id\":2,\"gone\":true}"), "probe: 1 rows, 0 sent");
    sync_page("{\"id\":2,\"name\":\"b\"}");
    EXPECT("0", "select count(_pt_deleted_at) from shop.orders");
    sync_page("{\"id\":3,\"name\":\"new\"}");
    EXPECT("1:a 2:b 3:new", rows_sql);
    tear_down();
}
END_TEST

/* However pages are shared out to batches. */
START_TEST(soft_keeps_what_came_in_the_same_batch)
{
    static const char page[] = "{\"id\":1,\"name\":\"a\"},{\"id\":1,\"gone\":true},"
                               "{\"id\":2,\"name\":\"x\"},{\"id\":2,\"name\":\"y\"},"
                               "{\"id\":2,\"gone\":true},{\"id\":3,\"gone\":true}";
    set_up("    write: upsert\n    deletes: soft\n");
    sync_page("{\"id\":2,\"name\":\"b\"}");
    expect_holds(sync_page(page), "2 deleted");
    EXPECT("1:a 2:y", rows_sql);
    EXPECT("2", "select count(_pt_deleted_at) from shop.orders");
    sync_page(page);
    EXPECT("2", "select count(*) from shop.orders where _pt_run = 2");
    tear_down();
}
END_TEST

/* What was marked comes back, though its record is as it was, and goes where that says so. */
START_TEST(marks_of_a_definition_before_count)
{
    static const char *const alive =
        "{\"id\":1,\"gone\":false},{\"id\":2,\"gone\":false},{\"id\":3,\"gone\":false}";
    set_up("    write: upsert\n    deletes: soft\n    columns: {name: text}\n");
    sync_page(alive);
    sync_page("{\"id\":1,\"gone\":true},{\"id\":2,\"gone\":true},{\"id\":3,\"gone\":true}");
    EXPECT("3", "select count(_pt_deleted_at) from shop.orders");
    define(SAYS_GONE, "    write: upsert\n    deletes: hard\n    columns: {name: text}\n");
    sync_page("{\"id\":1,\"gone\":false},{\"id\":2,\"gone\":true}");
    EXPECT("1:- 3:-", rows_sql);
    EXPECT("3", "select string_agg(id::text, ' ') from shop.orders where _pt_deleted_at is not "
                "null");
    define("", "    write: upsert\n    columns: {name: text}\n");
    sync_page(alive);
    EXPECT("1:- 2:- 3:-", rows_sql);
    EXPECT("0", "select count(_pt_deleted_at) from shop.orders");
    tear_down();
}
END_TEST

START_TEST(a_column_that_must_be_there_is_not_asked_of_it)
{
    set_up("    write: upsert\n");
    sync_page("{\"id\":1,\"name\":\"a\"},{\"id\":2,\"name\":\"b\"}");
    pagetide_sql(&pagetide, "alter table shop.orders alter name set not null");
    sync_page("{\"id\":2,\"gone\":true},{\"id\":3},{\"id\":4,\"name\":\"d\"}");
    EXPECT("1:a 4:d", rows_sql);
    EXPECT("1", "select count(*) from pagetide.reject");
    tear_down();
}
END_TEST

START_TEST(a_table_that_is_replaced_has_none_of_them)
{
    set_up("    write: replace\n");
    sync_page("{\"id\":1,\"name\":\"a\"},{\"id\":2,\"name\":\"b\"},{\"id\":3,\"name\":\"c\"}");
    sync_page("{\"id\":1,\"name\":\"a\"},{\"id\":2,\"gone\":true},{\"id\":3,\"name\":\"c\"},"
              "{\"id\":4,\"gone\":true}");
    EXPECT("1:a 3:c", rows_sql);
    EXPECT("1", "select deleted from pagetide.history where run = 2");
    tear_down();
}
END_TEST

/* The others are stored, and the run says which record it was. */
START_TEST(a_row_that_cannot_go_is_a_reject)
{
    set_up("    write: upsert\n");
    sync_page("{\"id\":1,\"name\":\"a\"},{\"id\":2,\"name\":\"b\"},{\"id\":3,\"name\":\"c\"}");
    pagetide_sql(&pagetide, "create table shop.bill (of bigint references shop.orders (id)); "
                            "insert into shop.bill values (2)");
    expect_holds(
        sync_page("{\"id\":1,\"gone\":true},{\"id\":2,\"gone\":true},"
                  "{\"id\":4,\"name\":\"d\"}"),
        "rejects: 1 of 3 records are not in the table (pagetide rejects 2); the first, "
        "page 1, position 1: update or delete on table");
    EXPECT("2:b 3:c 4:d", rows_sql);
    pagetide_sql(&pagetide, "delete from shop.bill");
    sync_page("{\"id\":2,\"gone\":true}");
    EXPECT("3:c 4:d", rows_sql);
    tear_down();
}
END_TEST

SUITE("flow/deletes", the_row_of_the_key_goes, within_a_page_the_later_record_counts,
      soft_keeps_the_row_and_its_values, soft_keeps_what_came_in_the_same_batch,
      marks_of_a_definition_before_count, a_column_that_must_be_there_is_not_asked_of_it,
      a_table_that_is_replaced_has_none_of_them, a_row_that_cannot_go_is_a_reject)

#include <stdlib.h>

#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#define SUITE_TIMEOUT 120
#include "tests/support/suite.h"
#include "tests/support/truth.h"

/* What a run writes of records that the table has already: 1,000 of them in 10 pages. */
static struct mock mock;
static struct pagetide pagetide;

#define EXPECT(text, ...) ck_assert_str_eq(pagetide_sql(&pagetide, __VA_ARGS__), (text))
#define QUERY             "total=1000&per_page=100"

static const char versions_sql[] =
    "select md5(string_agg(xmin || ' ' || ctid, ' ' order by id)) from shop.orders";

static void set_up_with(const char *keys, const char *bytes)
{
    setenv("PAGETIDE_BATCH_RECORDS", "300", 1);
    setenv("PAGETIDE_BATCH_AGE", "10s", 1);
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    pagetide_source(&pagetide, "shop",
                    "source: shop\n"
                    "base_url: %s\n"
                    "streams:\n"
                    "  orders:\n"
                    "    path: /gen/page\n"
                    "    params: {total: 1000, per_page: 100, record_bytes: %s}\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n"
                    "    write: upsert\n"
                    "    key: [id]\n"
                    "%s",
                    mock.url, bytes, keys);
}

static void set_up(const char *keys)
{
    set_up_with(keys, "0");
}

static void tear_down(void)
{
    truth_check_rows(&pagetide, &mock, "shop.orders", QUERY);
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

/* The ways that the batches of a run took, as its log says. */
static const char *sync_ways(void)
{
    struct pagetide_result got = pagetide_run(&pagetide, "sync shop.orders --log-level debug");
    ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
    static char ways[1024];
    ways[0] = '\0';
    for (const char *line = got.err; (line = strstr(line, "batch.done")); line++) {
        const char *way = strstr(line, "orders");
        way = way ? way + strcspn(way, " ") + strspn(way + strcspn(way, " "), " ") : NULL;
        ck_assert_ptr_nonnull(way);
        size_t used = strlen(ways);
        snprintf(ways + used, sizeof ways - used, "%s%.*s", used ? "; " : "",
                 (int)strcspn(way, "\n"), way);
    }
    return ways;
}

START_TEST(the_same_again_sends_no_row_and_rewrites_none)
{
    set_up("");
    ck_assert_str_eq(sync_ways(), "probe: 300 rows, 300 sent; direct: 300 rows, 300 sent; "
                                  "probe: 300 rows, 300 sent; direct: 100 rows, 100 sent");
    EXPECT("probe 3, direct 3, probe 3, direct 1",
           "select string_agg(way || ' ' || pages, ', ' order by first) from (select way, "
           "min(number) as first, count(*) as pages from pagetide.page group by way, "
           "date_trunc('microseconds', committed_at)) b");
    const char *versions = pagetide_sql(&pagetide, versions_sql);
    ck_assert_str_eq(sync_ways(), "probe: 300 rows, 0 sent; probe: 300 rows, 0 sent; "
                                  "probe: 300 rows, 0 sent; probe: 100 rows, 0 sent");
    EXPECT(versions, versions_sql);
    tear_down();
}
END_TEST

/* Batches of 50 rows look their keys up; the others above read a range of the index. */
START_TEST(few_rows_are_asked_for_one_by_one)
{
    set_up("");
    setenv("PAGETIDE_BATCH_RECORDS", "50", 1);
    pagetide_source(&pagetide, "few",
                    "source: few\nbase_url: %s\nstreams:\n  orders:\n    path: /gen/page\n"
                    "    params: {total: 200, per_page: 50}\n    merge_path: data\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    write: upsert\n    key: [id]\n",
                    mock.url);
    ck_assert_int_eq(pagetide_run(&pagetide, "sync few.orders").code, 0);
    pagetide_sql(&pagetide, "delete from few.orders where id between 60 and 70; "
                            "update few.orders set name = 'old', _pt_hash = 0 where id = 150");
    ck_assert_int_eq(pagetide_run(&pagetide, "sync few.orders").code, 0);
    EXPECT("12", "select count(*) from few.orders where _pt_run = 2");
    truth_check_rows(&pagetide, &mock, "few.orders", "total=200&per_page=50");
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

/* Long values wait in the page until the probe has answered (worker/values/encode.h). */
static void change_and_come_back(const char *changed, const char *sum)
{
    sync_ways();
    sync_ways();
    const char *before = pagetide_sql(&pagetide, "%s", sum);
    pagetide_sql(&pagetide,
                 "update shop.orders set %s, _pt_hash = 0 where id %% 100 = 7; "
                 "delete from shop.orders where id between 610 and 620",
                 changed);
    ck_assert_str_eq(sync_ways(), "probe: 300 rows, 3 sent; probe: 300 rows, 3 sent; "
                                  "probe: 300 rows, 14 sent; probe: 100 rows, 1 sent");
    EXPECT(before, "%s", sum);
}

START_TEST(long_values_are_sent_where_they_have_changed)
{
    set_up_with("", "300");
    change_and_come_back("note = 'old'", "select md5(string_agg(note, ' ' order by id)) "
                                         "from shop.orders");
    truth_check_rows(&pagetide, &mock, "shop.orders", QUERY "&record_bytes=300");
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

START_TEST(long_documents_are_sent_where_they_have_changed)
{
    set_up_with("    columns: none\n", "300");
    change_and_come_back("record = '{}'",
                         "select md5(string_agg(record::text, ' ' order by id)) "
                         "from shop.orders");
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

/* Among others that the API does not give. */
START_TEST(a_range_with_gaps_and_strangers_is_compared)
{
    set_up("");
    sync_ways();
    pagetide_sql(&pagetide,
                 "update shop.orders set id = id + 5000 where id %% 3 = 0; "
                 "update shop.orders set name = 'old', _pt_hash = null where id = 400");
    ck_assert_str_eq(sync_ways(), "probe: 300 rows, 100 sent; probe: 300 rows, 101 sent; "
                                  "probe: 300 rows, 100 sent; probe: 100 rows, 33 sent");
    pagetide_sql(&pagetide, "delete from shop.orders where id > 5000");
    tear_down();
}
END_TEST

START_TEST(of_a_hundred_one_has_changed_and_one_is_sent)
{
    set_up("");
    sync_ways();
    pagetide_sql(&pagetide,
                 "update shop.orders set name = 'old', _pt_hash = 0 where id %% 100 = 7");
    ck_assert_str_eq(sync_ways(), "probe: 300 rows, 3 sent; probe: 300 rows, 3 sent; "
                                  "probe: 300 rows, 3 sent; probe: 100 rows, 1 sent");
    EXPECT("10", "select count(*) from shop.orders where _pt_run = 2");
    tear_down();
}
END_TEST

START_TEST(what_was_deleted_comes_back)
{
    set_up("");
    sync_ways();
    pagetide_sql(&pagetide, "delete from shop.orders where id between 301 and 650");
    ck_assert_str_eq(sync_ways(), "probe: 300 rows, 0 sent; probe: 300 rows, 300 sent; "
                                  "staged: 300 rows, 300 sent; probe: 100 rows, 0 sent");
    EXPECT("350", "select count(*) from shop.orders where _pt_run = 2");
    tear_down();
}
END_TEST

/* A type that only PostgreSQL reads: nothing goes straight into the table. */
START_TEST(declared_types_are_probed_too)
{
    set_up("    columns: {score: money}\n");
    ck_assert_str_eq(sync_ways(), "probe: 300 rows, 300 sent; staged: 300 rows, 300 sent; "
                                  "probe: 300 rows, 300 sent; staged: 100 rows, 100 sent");
    const char *versions = pagetide_sql(&pagetide, versions_sql);
    ck_assert_str_eq(sync_ways(), "probe: 300 rows, 0 sent; probe: 300 rows, 0 sent; "
                                  "probe: 300 rows, 0 sent; probe: 100 rows, 0 sent");
    EXPECT(versions, versions_sql);
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

static void check_key_type(const char *type)
{
    set_up(pagetide_text("    columns: {id: %s}\n", type));
    ck_assert_str_eq(sync_ways(), "probe: 300 rows, 300 sent; direct: 300 rows, 300 sent; "
                                  "probe: 300 rows, 300 sent; direct: 100 rows, 100 sent");
    EXPECT("1000", "select count(*) from shop.orders");
    pagetide_sql(&pagetide, "delete from shop.orders where id::int between 610 and 620; "
                            "update shop.orders set name = 'old', _pt_hash = 0 "
                            "where id::int %% 100 = 7");
    ck_assert_str_eq(sync_ways(), "probe: 300 rows, 3 sent; probe: 300 rows, 3 sent; "
                                  "probe: 300 rows, 14 sent; probe: 100 rows, 1 sent");
    EXPECT("0", "select count(*) from shop.orders where name = 'old'");
    EXPECT("0", "select sum(folded) from pagetide.run");
    EXPECT("1000", "select count(distinct id) from shop.orders");
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

START_TEST(keys_of_declared_types_are_probed)
{
    check_key_type("smallint");
    check_key_type("integer");
    check_key_type("varchar");
}
END_TEST

SUITE("flow/upsert", keys_of_declared_types_are_probed,
      the_same_again_sends_no_row_and_rewrites_none, few_rows_are_asked_for_one_by_one,
      long_values_are_sent_where_they_have_changed,
      long_documents_are_sent_where_they_have_changed,
      a_range_with_gaps_and_strangers_is_compared, of_a_hundred_one_has_changed_and_one_is_sent,
      what_was_deleted_comes_back, declared_types_are_probed_too)

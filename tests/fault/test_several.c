#define SUITE_TIMEOUT 240
#include "base/buf.h"
#include "base/rng.h"
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/*
 * `kill -9` at random moments of a run that fills three tables from each page: orders, their
 * lines (parents come again on later pages, with other lines or none), and a log that appends.
 * What is there at the end is what a run that nobody disturbed leaves, in all of them.
 */
enum { PAGES = 60, KILLS = 12, ORDERS = 40 };

static const char definition[] =
    "source: %s\nbase_url: %s\nstreams:\n  orders:\n    path: /orders\n"
    "    pagination: {type: page, total_pages_path: pages}\n    merge_path: orders\n"
    "    exclude: [lines]\n    write: upsert\n    key: id\n    tables:\n"
    "      lines:\n        merge_path: \"orders[*].lines[*]\"\n"
    "        with: {order_id: \"orders[*].id\"}\n        parent_key: order_id\n"
    "        write: upsert\n        key: [order_id, sku]\n"
    "      log:\n        merge_path: \"orders[*].lines[*]\"\n"
    "        with: {order_id: \"orders[*].id\"}\n";

static void put_order(struct buf *body, struct rng *rng, int page)
{
    int lines = (int)rng_below(rng, 4);
    buf_printf(body, "{\"id\": %d, \"page\": %d, \"lines\": [", (int)rng_below(rng, ORDERS),
               page);
    for (int i = 0; i < lines; i++)
        buf_printf(body, "%s{\"sku\": \"s%d\", \"n%d\": %d}", i ? ", " : "",
                   (int)rng_below(rng, 5), page % 7, page);
    buf_puts(body, "]}");
}

/* The newest route wins, and `page=1` is a part of `page=10`: so the high ones come last. */
static void make_routes(struct rng *rng)
{
    for (int page = 1; page <= PAGES; page++) {
        AUTO_BUF(body, MIB(1));
        buf_printf(&body,
                   "{\"path\": \"/orders\", \"query\": \"page=%d\", \"body\": {\"pages\": %d, "
                   "\"orders\": [",
                   page, PAGES);
        for (int i = 0; i < 3; i++) {
            buf_printf(&body, "%s", i ? ", " : "");
            put_order(&body, rng, page);
        }
        buf_puts(&body, "]}}");
        mock_post(&mock, "/_mock/route", body.ptr);
    }
}

static const char *of_table(const char *schema, const char *table)
{
    return pagetide_sql(
        &pagetide,
        "select string_agg(jsonb_strip_nulls(to_jsonb(t) - '_pt_run' - '_pt_at' - "
        "'_pt_hash')::text, E'\\n' order by (to_jsonb(t) - '_pt_run' - '_pt_at' "
        "- '_pt_hash')::text) from %s.%s t",
        schema, table);
}

START_TEST(test_all_tables_survive_kills)
{
    struct rng rng;
    pagetide_seed(&rng);
    set_up();
    make_routes(&rng);
    setenv("PAGETIDE_BATCH_RECORDS", "9", 1);
    setenv("PAGETIDE_BATCH_AGE", "20ms", 1);
    pagetide_source(&pagetide, "calm", definition, "calm", mock.url);
    pagetide_source(&pagetide, "shot", definition, "shot", mock.url);
    expect_run(0, "sync calm.orders");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/orders\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 15}");
    kill_at_random("sync shot.orders", 2, KILLS, 400);
    static const char *const tables[] = {"orders", "lines", "log"};
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        ck_assert_str_eq(of_table("shot", tables[i]), of_table("calm", tables[i]));
    EXPECT_SQL("1", "select count(distinct tables) from pagetide.history");
    EXPECT_SQL("2", "select count(*) from pagetide.history where tables is not null");
    tear_down();
}
END_TEST

SUITE("fault/several", test_all_tables_survive_kills)

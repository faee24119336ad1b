#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

/* `diff`: what is said of two runs, and of what cannot be known. */

static struct mock mock;
static struct pagetide pagetide;

static void start(const char *keys)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    pagetide_source(
        &pagetide, "shop",
        "source: shop\nbase_url: %s\nstreams:\n  orders:\n    path: /orders\n"
        "    merge_path: data\n    pagination: {type: page, total_pages_path: pages}\n"
        "%s",
        mock.url, keys);
}

static void stop(void)
{
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

/* The pages of a run, and the run. */
static void sync(const char *first, const char *second)
{
    mock_post(&mock, "/_mock/reset", "{}");
    const char *pages[] = {first, second};
    for (int i = 0; i < 2; i++)
        mock_post(&mock, "/_mock/route",
                  pagetide_text("{\"path\": \"/orders\", \"query\": \"page=%d\", \"body\": "
                                "{\"pages\": 2, \"data\": %s}}",
                                i + 1, pages[i]));
    pagetide_expect(&pagetide, 0, "sync shop.orders");
}

static const char *diff(const char *arguments)
{
    return pagetide_expect(&pagetide, 0, pagetide_text("diff %s", arguments)).out;
}

static const char *counted(const char *part, const char *change, int count)
{
    return pagetide_text("{\"part\": \"%s\", \"count\": %d, \"which\": null, \"change\": "
                         "\"%s\"",
                         part, count, change);
}

static const char *listed(const char *which, const char *change)
{
    return pagetide_text("\"count\": null, \"which\": %s, \"change\": \"%s\"", which, change);
}

START_TEST(history_knows_what_changed)
{
    start("    write: history\n    key: id\n");
    sync("[{\"id\": 1, \"a\": 1, \"b\": 1}, {\"id\": 2, \"a\": 1}]", "[{\"id\": 3, \"a\": 1}]");
    sync("[{\"id\": 1, \"a\": 2, \"b\": 3}, {\"id\": 2, \"a\": 1}]", "[{\"id\": 3, \"a\": 1}]");
    sync("[{\"id\": 1, \"a\": 2, \"b\": 3}, {\"id\": 4, \"a\": 1}]", "[{\"id\": 3, \"a\": 1}]");
    const char *json = diff("1 2 --json");
    expect_holds(json, counted("pages", "same", 2));
    expect_holds(json, counted("pages", "changed", 0));
    expect_holds(json, "with a `key` the ledger has a hash of the keys");
    expect_holds(json, counted("shop.orders", "new", 0));
    expect_holds(json, counted("shop.orders", "changed", 1));
    expect_holds(json, listed("{\"id\": 1}", "changed"));
    expect_holds(json, "\"columns\": [\"a\", \"b\"]");
    json = diff("2 3 --json");
    expect_holds(json, counted("pages", "changed", 1));
    expect_holds(json, listed("{\"id\": 4}", "new"));
    expect_holds(json, listed("{\"id\": 2}", "closed"));
    expect_holds(json, counted("shop.orders", "changed", 0));
    ck_assert_str_eq(diff("3 1 --json"), diff("1 3 --json"));
    expect_holds(diff("1 3"), "a, b");
    expect_holds(diff("1 3"), "page 1 of 3/1 /orders?page=1");
    stop();
}
END_TEST

START_TEST(upsert_says_what_it_does_not_know)
{
    start("    write: upsert\n    key: id\n");
    sync("[{\"id\": 1, \"a\": 1}, {\"id\": 2, \"a\": 1}]", "[{\"id\": 3, \"a\": 1}]");
    sync("[{\"id\": 1, \"a\": 2}, {\"id\": 2, \"a\": 2}]", "[{\"id\": 3, \"a\": 1}]");
    const char *json = diff("1 2 --json");
    expect_holds(json, counted("shop.orders", "written", 2));
    expect_holds(json, listed("{\"id\": 1}", "written"));
    expect_holds(json, "whether a written row is new or changed");
    expect_lacks(json, "written again");
    sync("[{\"id\": 1, \"a\": 3}, {\"id\": 2, \"a\": 2}]", "[{\"id\": 3, \"a\": 1}]");
    json = diff("1 2 --json");
    expect_holds(json, counted("shop.orders", "written", 1));
    expect_holds(json, "1 rows have been written again by runs after 2");
    stop();
}
END_TEST

START_TEST(appended_rows_are_told_apart_by_their_records)
{
    start("    again: true\n");
    sync("[{\"id\": 1, \"a\": 1}, {\"id\": 2, \"a\": 1}]", "[{\"id\": 3, \"a\": 1}]");
    sync("[{\"id\": 1, \"a\": 2}, {\"id\": 2, \"a\": 1}]", "[{\"id\": 3, \"a\": 1}]");
    const char *json = diff("1 2 --json");
    expect_holds(json, counted("pages", "same", 1));
    expect_holds(json, counted("pages", "changed", 1));
    expect_lacks(json, "unknown");
    expect_holds(json, counted("shop.orders", "new", 1));
    expect_holds(json, listed("{\"a\": 2, \"id\": 1}", "new"));
    expect_holds(json, listed("{\"a\": 1, \"id\": 1}", "gone"));
    expect_lacks(json, "columns were added");
    sync("[{\"id\": 1, \"a\": 2, \"c\": 1}, {\"id\": 2, \"a\": 1}]", "[{\"id\": 3, \"a\": 1}]");
    expect_holds(diff("2 3 --json"), "columns were added between the runs");
    stop();
}
END_TEST

START_TEST(lists_have_a_limit)
{
    start("    write: upsert\n    key: id\n");
    sync("[{\"id\": 0}]", "[{\"id\": 9}]");
    sync("[{\"id\": 1}, {\"id\": 2}, {\"id\": 3}]", "[{\"id\": 4}]");
    const char *json = diff("1 2 --limit 2 --json");
    expect_holds(json, counted("shop.orders", "written", 4));
    expect_holds(json, "{\"id\": 2}");
    expect_lacks(json, "{\"id\": 3}");
    stop();
}
END_TEST

START_TEST(a_run_that_failed_or_is_not_kept_is_said)
{
    start("    write: upsert\n    key: id\n");
    sync("[{\"id\": 1}]", "[{\"id\": 2}]");
    mock_post(&mock, "/_mock/route", "{\"path\": \"/orders\", \"status\": 404}");
    pagetide_expect(&pagetide, 1, "sync shop.orders");
    const char *json = diff("1 2 --json");
    expect_holds(json, "run 2 is failed: what it did not read");
    expect_holds(json, "the pages of run 2: its ledger is not kept any more, or it read none");
    expect_holds(json, counted("pages", "gone", 2));
    stop();
}
END_TEST

START_TEST(what_are_no_two_runs_is_refused)
{
    start("    write: upsert\n    key: id\n");
    sync("[{\"id\": 1}]", "[{\"id\": 2}]");
    expect_holds(pagetide_expect(&pagetide, 2, "diff 1").err, "name two runs");
    expect_holds(pagetide_expect(&pagetide, 2, "diff 1 x").err, "\"x\" is not the number");
    expect_holds(pagetide_expect(&pagetide, 2, "diff 1 9").err, "not two runs of one stream");
    expect_holds(pagetide_expect(&pagetide, 2, "diff 1 1").err, "not two runs of one stream");
    stop();
}
END_TEST

SUITE("flow/diff", history_knows_what_changed, upsert_says_what_it_does_not_know,
      appended_rows_are_told_apart_by_their_records, lists_have_a_limit,
      a_run_that_failed_or_is_not_kept_is_said, what_are_no_two_runs_is_refused)

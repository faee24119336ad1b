#define SUITE_TIMEOUT 300
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/*
 * `kill -9` of a run whose time is cut into windows, at random moments: every slice has its
 * rows once, and the bookmark stands at the end.
 */
enum { DAYS = 40, RECORDS = 40, KILLS = 20 };

static void windowed(const char *keys)
{
    pagetide_source(&pagetide, "people",
                    "source: people\nbase_url: %s\nstreams:\n  all:\n    path: /gen/page\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n"
                    "    window: {size: 1d, from: 2024-01-01, to: 2024-02-10}\n"
                    "    params: {total: %d, from: \"{{ ((window.start | epoch) - 1704067200) "
                    "// 86400 * 1000 + 1 }}\"}\n%s",
                    mock.url, RECORDS, keys);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen\", \"kind\": \"slow_ms\", \"ms\": 150, \"times\": -1}");
}

#define ROWS                                                                                   \
    "select concat_ws(' ', count(*), count(distinct id), count(distinct id / 1000)) from "     \
    "people.all"
#define ALL_ROWS pagetide_text("%d %d %d", DAYS *RECORDS, DAYS *RECORDS, DAYS)

START_TEST(windows_that_are_appended)
{
    set_up();
    windowed("");
    kill_at_random("sync people.all", 1, KILLS, 600);
    EXPECT_SQL(ALL_ROWS, ROWS);
    EXPECT_SQL("2024-02-10T00:00:00Z", "select value from pagetide.bookmark");
    EXPECT_SQL("1", "select count(*) from pagetide.run where records > 0");
    tear_down();
}
END_TEST

START_TEST(windows_of_a_backfill)
{
    set_up();
    windowed(UPSERT);
    kill_at_random("backfill people.all --from 2024-01-01 --to 2024-02-10 --window 10d", 4,
                   KILLS, 600);
    EXPECT_SQL(ALL_ROWS, ROWS);
    EXPECT_SQL("4 4", "select count(*) || ' ' || count(distinct window_from) from pagetide.run "
                      "where state = 'succeeded'");
    EXPECT_SQL("0", "select count(*) from pagetide.bookmark");
    tear_down();
}
END_TEST

SUITE("fault/windows", windows_that_are_appended, windows_of_a_backfill)

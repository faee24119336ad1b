#define SUITE_TIMEOUT 300
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/*
 * `kill -9` of a run whose partitions share jobs, at random moments: every page of every
 * partition has its rows once, and every partition its bookmark.
 */
enum { PARTS = 60, RECORDS = 30, PAGES = 3, KILLS = 20 };

static void shared(const char *keys)
{
    pagetide_source(&pagetide, "people",
                    "source: people\nbase_url: %s\nstreams:\n  all:\n    path: /gen/page\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n"
                    "    bookmark: {path: id}\n"
                    "    partitions: {sql: \"select g as p from generate_series(1, %d) g\", "
                    "per_job: 7}\n"
                    "    params: {total: %d, per_page: %d, after: \"{{ bookmark }}\", "
                    "from: \"{{ partition.p * 1000 }}\"}\n%s",
                    mock.url, PARTS, RECORDS, RECORDS / PAGES, keys);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen\", \"kind\": \"slow_ms\", \"ms\": 60, \"times\": -1}");
}

#define ROWS                                                                                   \
    "select concat_ws(' ', count(*), count(distinct id), count(distinct id / 1000)) from "     \
    "people.all"

static void expect_all(void)
{
    EXPECT_SQL(pagetide_text("%d %d %d", PARTS * RECORDS, PARTS * RECORDS, PARTS), ROWS);
    EXPECT_SQL(pagetide_text("%d %d", PARTS, PARTS),
               "select count(*) || ' ' || count(distinct partition) from pagetide.bookmark "
               "where value::int %% 1000 = %d",
               RECORDS - 1);
    EXPECT_SQL(
        pagetide_text("%d", PARTS * PAGES),
        "select count(*) from pagetide.page p join pagetide.job j on j.id = p.job "
        "join pagetide.run r on r.id = j.run where r.state = 'succeeded' and r.records > 0");
}

START_TEST(shared_jobs_that_append)
{
    set_up();
    shared("");
    kill_at_random("sync people.all", 1, KILLS, 600);
    expect_all();
    tear_down();
}
END_TEST

START_TEST(shared_jobs_that_upsert)
{
    set_up();
    shared(UPSERT);
    kill_at_random("sync people.all", 1, KILLS, 600);
    expect_all();
    tear_down();
}
END_TEST

/* Workers that are lost hand their jobs on, with care (schema/functions/dead_jobs.sql). */
START_TEST(shared_jobs_that_lose_their_workers)
{
    enum { LOST = 6 };
    set_up();
    pagetide_file(&pagetide, "pagetide.yaml", "lease: 2s\nbeat: 500ms\n");
    shared("");
    expect_run(0, "migrate");
    struct pagetide_process scheduler = pagetide_spawn(&pagetide, "scheduler");
    struct pagetide_process worker = pagetide_spawn(&pagetide, "worker");
    pagetide_await(&pagetide, "1", 30000, "select count(*) from pagetide.stream");
    expect_run(0, "reload people.all");
    for (int i = 0; i < LOST; i++) {
        pagetide_await(&pagetide, "t", 30000, "select count(*) > %d from pagetide.page",
                       i * PARTS * PAGES / 10);
        pagetide_kill(&worker);
        worker = pagetide_spawn(&pagetide, "worker");
    }
    pagetide_await(&pagetide, "succeeded", 60000, "select state from pagetide.run");
    expect_all();
    pagetide_kill(&worker);
    pagetide_kill(&scheduler);
    tear_down();
}
END_TEST

SUITE("fault/partitions", shared_jobs_that_append, shared_jobs_that_upsert,
      shared_jobs_that_lose_their_workers)

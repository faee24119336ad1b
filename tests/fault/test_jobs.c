#define SUITE_TIMEOUT 300
#include "base/rng.h"
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/*
 * `kill -9` of a run whose jobs share its pages, at random moments: every record is there once,
 * the end is proved, and the bookmark is that of all of them.
 */
enum { RECORDS = 900, PER_PAGE = 10, PAGES = RECORDS / PER_PAGE, KILLS = 20 };

static void shared(const char *keys)
{
    pagetide_source(&pagetide, "people",
                    "source: people\nbase_url: %s\nstreams:\n  all:\n    path: /gen/page\n"
                    "    pagination: {type: page, total_path: total, jobs: 4, parallel: 2}\n"
                    "    merge_path: data\n"
                    "    bookmark: {path: id}\n"
                    "    require: proved\n"
                    "    params: {total: %d, per_page: %d, after: \"{{ bookmark }}\"}\n%s",
                    mock.url, RECORDS, PER_PAGE, keys);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen\", \"kind\": \"slow_ms\", \"ms\": 60, \"times\": -1}");
}

static void expect_all(void)
{
    EXPECT_SQL(pagetide_text("%d %d", RECORDS, RECORDS),
               "select count(*) || ' ' || count(distinct id) from people.all");
    EXPECT_SQL(pagetide_text("%d", RECORDS), "select value from pagetide.bookmark");
    EXPECT_SQL(pagetide_text("succeeded proved %d %d", PAGES, RECORDS),
               "select concat_ws(' ', state, complete, pages, records) from pagetide.run "
               "where state <> 'cancelled'");
    EXPECT_SQL("5", "select count(*) from pagetide.job");
    EXPECT_SQL(pagetide_text("%d", PAGES), "select count(*) from pagetide.page");
}

START_TEST(shared_pages_that_are_appended)
{
    set_up();
    shared("");
    kill_at_random("sync people.all", 1, KILLS, 600);
    expect_all();
    tear_down();
}
END_TEST

START_TEST(shared_pages_that_are_upserted)
{
    set_up();
    shared(UPSERT);
    kill_at_random("sync people.all", 1, KILLS, 600);
    expect_all();
    tear_down();
}
END_TEST

START_TEST(shared_pages_of_two_workers_that_are_lost)
{
    enum { LOST = 8 };
    struct rng rng;
    set_up();
    pagetide_seed(&rng);
    pagetide_file(&pagetide, "pagetide.yaml", "lease: 2s\nbeat: 500ms\n");
    shared(UPSERT);
    expect_run(0, "migrate");
    struct pagetide_process scheduler = pagetide_spawn(&pagetide, "scheduler");
    struct pagetide_process workers[] = {pagetide_spawn(&pagetide, "worker"),
                                         pagetide_spawn(&pagetide, "worker")};
    pagetide_await(&pagetide, "1", 30000, "select count(*) from pagetide.stream");
    expect_run(0, "reload people.all");
    for (int i = 0; i < LOST; i++) {
        struct pagetide_process *lost = &workers[rng_below(&rng, COUNT_OF(workers))];
        pagetide_await(&pagetide, "t", 60000,
                       "select count(*) > %d or exists (select from pagetide.run where state = "
                       "'succeeded') from pagetide.page",
                       i * PAGES / LOST);
        pagetide_kill(lost);
        *lost = pagetide_spawn(&pagetide, "worker");
    }
    pagetide_await(&pagetide, "succeeded", 90000, "select state from pagetide.run");
    expect_all();
    for (size_t i = 0; i < COUNT_OF(workers); i++)
        pagetide_kill(&workers[i]);
    pagetide_kill(&scheduler);
    tear_down();
}
END_TEST

SUITE("fault/jobs", shared_pages_that_are_appended, shared_pages_that_are_upserted,
      shared_pages_of_two_workers_that_are_lost)

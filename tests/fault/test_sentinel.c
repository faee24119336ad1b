#define SUITE_TIMEOUT 240
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/sentinels.h"
#include "tests/support/suite.h"
#include "tests/support/truth.h"

/* Redis with Sentinels: the primary is another one while jobs run. */

enum { PAGES = 400, ROWS = 5 * PAGES };

static struct pagetide pagetide;
static struct mock mock;
static struct sentinels group;
static struct pagetide_process scheduler, workers[2];

static void start(void)
{
    mock_start(NULL, &mock);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 40}");
    pagetide_open(&pagetide);
    sentinels_start(&group);
    setenv("PAGETIDE_REDIS_URL", group.url, 1);
    setenv("PAGETIDE_LEASE", "5s", 1);
    setenv("PAGETIDE_BEAT", "500ms", 1);
    setenv("PAGETIDE_BATCH_AGE", "200ms", 1);
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: %s\ndefaults:\n  path: /gen/page\n"
                    "  pagination: {type: page, total_pages_path: pages}\n"
                    "  merge_path: data\n  again: true\nstreams:\n"
                    "  s1: {params: {per_page: 5, total: %d, seed: 1}}\n"
                    "  s2: {params: {per_page: 5, total: %d, seed: 2}}\n",
                    mock.url, ROWS, ROWS);
    ck_assert_int_eq(pagetide_run(&pagetide, "migrate").code, 0);
    ck_assert_int_eq(pagetide_run(&pagetide, "apply").code, 0);
    scheduler = pagetide_spawn(&pagetide, "scheduler");
    for (size_t i = 0; i < COUNT_OF(workers); i++)
        workers[i] = pagetide_spawn(&pagetide, "worker");
    pagetide_await_err(&scheduler, "redis.up", 20000);
}

static void begin(void)
{
    ck_assert_int_eq(pagetide_run(&pagetide, "reload api.s1").code, 0);
    ck_assert_int_eq(pagetide_run(&pagetide, "reload api.s2").code, 0);
    pagetide_await(&pagetide, "2", 20000,
                   "select count(*) from pagetide.job where state = 'running' and page > 0");
}

/* Both runs have ended, each record is there once, and Redis holds nothing of them. */
static void expect_whole(void)
{
    pagetide_await(&pagetide, "succeeded 2", 90000,
                   "select string_agg(distinct state, ' ') || ' ' || count(*) from "
                   "pagetide.run");
    int asked = (int)mock_count(&mock, "/gen/page");
    printf("%d pages, asked for %d times\n", 2 * PAGES, asked);
    pagetide.redis_url = group.servers[sentinels_primary(&group)].url;
    truth_check_idle(&pagetide);
    for (int i = 1; i <= 2; i++) {
        const char *table = pagetide_text("api.s%d", i);
        truth_check_ledger(&pagetide, table, ROWS);
        truth_check_rows(&pagetide, &mock, table, pagetide_text("total=%d&seed=%d", ROWS, i));
    }
}

static void stop(void)
{
    for (size_t i = 0; i < COUNT_OF(workers); i++) {
        pagetide_signal(&workers[i], SIGTERM);
        ck_assert_int_eq(pagetide_wait(&workers[i], 25000), 0);
    }
    pagetide_signal(&scheduler, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&scheduler, 25000), 0);
    pagetide_close(&pagetide);
    sentinels_stop(&group);
    mock_stop(&mock);
}

static void await_pages(int pages)
{
    pagetide_await(&pagetide, "t", 60000, "select min(page) >= %d from pagetide.job", pages);
}

START_TEST(an_ordered_failover_while_jobs_run)
{
    start();
    begin();
    sentinels_fail_over(&group);
    await_pages(PAGES / 4);
    sentinels_fail_over(&group);
    expect_whole();
    stop();
}
END_TEST

START_TEST(a_primary_that_dies_while_jobs_run)
{
    start();
    begin();
    servers_redis_stop(&group.servers[0]);
    sentinels_await_primary(&group, 1);
    await_pages(PAGES / 4);
    sentinels_bring_back(&group, 0);
    servers_redis_stop(&group.servers[1]);
    sentinels_await_primary(&group, 0);
    expect_whole();
    stop();
}
END_TEST

/* Cut off and alive, it does not know that it is none any more; Sentinels are lost, too. */
START_TEST(a_primary_that_is_frozen_while_jobs_run)
{
    start();
    begin();
    kill(group.pids[0], SIGSTOP);
    kill(group.servers[0].pid, SIGSTOP);
    for (int i = 0; i < 600 && !strstr(servers_redis(group.servers[1].url, "ROLE"), "master");
         i++)
        usleep(100000);
    await_pages(PAGES / 4);
    kill(group.servers[0].pid, SIGCONT);
    kill(group.pids[0], SIGCONT);
    sentinels_await_primary(&group, 1);
    expect_whole();
    stop();
}
END_TEST

SUITE("fault/sentinel", an_ordered_failover_while_jobs_run, a_primary_that_dies_while_jobs_run,
      a_primary_that_is_frozen_while_jobs_run)

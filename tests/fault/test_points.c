#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/fault.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/servers.h"
#define SUITE_TIMEOUT 300
#include "tests/support/suite.h"
#include "tests/support/truth.h"

/*
 * A process dies at each place where a step ends and the next one has not begun (base/crash.h);
 * another one goes on. The table is exact, every page is counted once, nothing is left behind.
 */
enum { RECORDS = 100 };

static const char definition[] = "source: api\n"
                                 "base_url: %s\n"
                                 "streams:\n"
                                 "  s:\n"
                                 "    path: /gen/page\n"
                                 "    params: {per_page: 10, total: 100, seed: 9}\n"
                                 "    pagination: {type: page, total_pages_path: pages}\n"
                                 "    merge_path: data\n"
                                 "    again: true\n"
                                 "  deadly:\n"
                                 "    path: /gen/cursor\n"
                                 "    params: {limit: 10, total: 100, seed: 4}\n"
                                 "    pagination: {type: cursor, cursor_path: next_cursor, "
                                 "param: cursor}\n"
                                 "    merge_path: data\n";

struct stand {
    struct pagetide pagetide;
    struct mock mock;
};

static void stand_open(struct stand *stand)
{
    *stand = (struct stand){0};
    mock_start(NULL, &stand->mock);
    pagetide_open(&stand->pagetide);
    setenv("PAGETIDE_LEASE", "1s", 1);
    setenv("PAGETIDE_BEAT", "200ms", 1);
    setenv("PAGETIDE_BATCH_RECORDS", "20", 1);
    setenv("PAGETIDE_BATCH_AGE", "50ms", 1);
    pagetide_source(&stand->pagetide, "api", definition, stand->mock.url);
    pagetide_expect(&stand->pagetide, 0, "migrate");
    pagetide_expect(&stand->pagetide, 0, pagetide_text("apply %s", stand->pagetide.dir));
}

static void stand_close(struct stand *stand)
{
    pagetide_close(&stand->pagetide);
    mock_stop(&stand->mock);
}

static void check_whole(struct stand *stand)
{
    struct pagetide *pagetide = &stand->pagetide;
    pagetide_await(pagetide, "1 succeeded", 20000,
                   "select concat(count(*), ' ', min(state)) from pagetide.run");
    truth_check_idle(pagetide);
    truth_check_ledger(pagetide, "api.s", RECORDS);
    truth_check_rows(pagetide, &stand->mock, "api.s", "total=100&seed=9");
    pagetide_sql(pagetide, "truncate pagetide.run cascade; truncate api.s");
}

static const char *const worker_points[] = {
    "activated",     "open api.s",      "ask api.s",        "send api.s 3",  "judge api.s 3",
    "cut api.s 3",   "cutting api.s 3", "next api.s 3",     "mark api.s 3",  "load api.s",
    "message api.s", "committed api.s", "cutting api.s 10", "mark api.s 10", "done api.s",
};

START_TEST(test_a_worker_may_die_anywhere)
{
    struct stand stand;
    stand_open(&stand);
    struct pagetide_process scheduler = pagetide_spawn(&stand.pagetide, "scheduler");
    for (size_t i = 0; i < COUNT_OF(worker_points); i++) {
        printf("%s\n", worker_points[i]);
        pagetide_expect(&stand.pagetide, 0, "reload api.s");
        struct pagetide_process worker =
            pagetide_spawn_crashing(&stand.pagetide, worker_points[i], "worker");
        ck_assert_int_eq(pagetide_wait(&worker, 20000), -SIGKILL);
        worker = pagetide_spawn(&stand.pagetide, "worker");
        check_whole(&stand);
        pagetide_stop(&worker);
    }
    fault_note("1", "a worker dies at each step of a page", -1, "%d places",
               (int)COUNT_OF(worker_points));
    pagetide_stop(&scheduler);
    stand_close(&stand);
}
END_TEST

static const char *const scheduler_points[] = {"requested", "push", "pushed"};

/* A message makes one run, wherever its scheduler dies. */
START_TEST(test_a_scheduler_may_die_anywhere)
{
    struct stand stand;
    stand_open(&stand);
    struct pagetide_process worker = pagetide_spawn(&stand.pagetide, "worker");
    for (size_t i = 0; i < COUNT_OF(scheduler_points); i++) {
        printf("%s\n", scheduler_points[i]);
        struct pagetide_process scheduler =
            pagetide_spawn_crashing(&stand.pagetide, scheduler_points[i], "scheduler");
        servers_redis(stand.pagetide.redis_url, "XADD pagetide:reload * stream api.s id m%zu",
                      i);
        ck_assert_int_eq(pagetide_wait(&scheduler, 20000), -SIGKILL);
        scheduler = pagetide_spawn(&stand.pagetide, "scheduler");
        check_whole(&stand);
        pagetide_stop(&scheduler);
    }
    fault_note("34", "a scheduler dies between a message, its run and the queue", -1,
               "%d places", (int)COUNT_OF(scheduler_points));
    pagetide_stop(&worker);
    stand_close(&stand);
}
END_TEST

static bool is_dead(struct pagetide *pagetide)
{
    return *pagetide_sql(pagetide, "select 'dead' from pagetide.run where stream = "
                                   "'api.deadly' and state = 'dead' and reason = 'crash'");
}

/* Gives the worker that has found it dead, and how many died of it. */
static struct pagetide_process await_death_of_job(struct pagetide *pagetide, const char *point,
                                                  int *ret_deaths)
{
    struct pagetide_process worker = pagetide_spawn_crashing(pagetide, point, "worker");
    int64_t deadline = pagetide_deadline(40000);
    while (!is_dead(pagetide)) {
        ck_assert_int_lt(clock_mono_ms(), deadline);
        if (!pagetide_is_running(&worker)) {
            (*ret_deaths)++;
            worker = pagetide_spawn_crashing(pagetide, point, "worker");
        }
        usleep(20000);
    }
    return worker;
}

/*
 * The job is dead after three workers (a fourth may be lost before its first page is in), and
 * says at which page. Others in its process live.
 */
static void check_deadly(const char *point)
{
    struct stand stand;
    stand_open(&stand);
    struct pagetide *pagetide = &stand.pagetide;
    setenv("PAGETIDE_BATCH_RECORDS", "10", 1);
    mock_post(&stand.mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 100}");
    struct pagetide_process scheduler = pagetide_spawn(pagetide, "scheduler");
    pagetide_expect(pagetide, 0, "reload api.s");
    pagetide_expect(pagetide, 0, "reload api.deadly");
    int deaths = 0;
    struct pagetide_process worker = await_death_of_job(pagetide, point, &deaths);
    printf("%d workers\n", deaths);
    ck_assert_int_le(deaths, 4);
    const char *error = pagetide_sql(pagetide, "select error from pagetide.run where stream = "
                                               "'api.deadly'");
    expect_holds(error, pagetide_text("lost 3 times at page %d", strchr(point, '2') ? 2 : 1));
    pagetide_await(pagetide, "succeeded", 30000,
                   "select state from pagetide.run where stream = 'api.s'");
    truth_check_rows(pagetide, &stand.mock, "api.s", "total=100&seed=9");
    truth_check_idle(pagetide);
    pagetide_stop(&worker);

    /* What was wrong has been mended: the job goes on at that page. */
    worker = pagetide_spawn(pagetide, "worker");
    pagetide_expect(pagetide, 0, "retry api.deadly");
    pagetide_await(pagetide, "succeeded", 20000,
                   "select state from pagetide.run where stream = 'api.deadly'");
    truth_check_rows(pagetide, &stand.mock, "api.deadly", "total=100&seed=4");
    fault_note("6", "a page that kills its worker", -1, "%d workers died at \"%s\"", deaths,
               point);
    pagetide_stop(&worker);
    pagetide_stop(&scheduler);
    stand_close(&stand);
}

START_TEST(test_a_page_that_kills_while_it_is_cut)
{
    check_deadly("cutting api.deadly 2");
}
END_TEST

START_TEST(test_a_page_that_kills_when_it_is_turned)
{
    check_deadly("next api.deadly 2");
}
END_TEST

START_TEST(test_a_page_that_kills_when_it_is_loaded)
{
    check_deadly("load api.deadly");
}
END_TEST

SUITE("fault/points", test_a_worker_may_die_anywhere, test_a_scheduler_may_die_anywhere,
      test_a_page_that_kills_while_it_is_cut, test_a_page_that_kills_when_it_is_turned,
      test_a_page_that_kills_when_it_is_loaded)

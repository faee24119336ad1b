#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "tests/support/fault.h"
#define SUITE_TIMEOUT 600
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/*
 * One allocation that fails, the program's own or one of its libraries', and whatever comes
 * after it succeeds. The process ends, or what failed is done again; nothing is held against
 * the API, the database or a definition. Which one fails is chosen by chance; NO_MEMORY_EACH=1
 * goes through all those of `sync`.
 */

enum { TRIES = 40, UP_TRIES = 15, PAGES = 3, ROWS = PAGES * 10 };

static void house(void)
{
    set_up();
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: %s\nstreams:\n  s:\n    path: /gen/page\n"
                    "    params: {per_page: 10, total: %d, seed: 3}\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n    again: true\n",
                    mock.url, ROWS);
    expect_run(0, "migrate");
}

static struct pagetide_process spawn_failing(long nth, const char *line)
{
    setenv("PAGETIDE_TEST_FAIL_ALLOCATION", pagetide_text("%ld", nth), 1);
    struct pagetide_process process = pagetide_spawn_crashing(&pagetide, "none", line);
    unsetenv("PAGETIDE_TEST_FAIL_ALLOCATION");
    return process;
}

/* What a process that has ended said at its end of all that it allocated. */
static long allocations(const struct pagetide_process *process)
{
    long count = 0;
    const char *said = strstr(pagetide_err(process), "allocations ");
    ck_assert_msg(said && sscanf(said, "allocations %ld", &count) == 1 && count > 0, "%s",
                  pagetide_err(process));
    return count;
}

/* Ended by itself. libfyaml does not look at each answer: it ends by a wrong access then, which
 * is as a kill. */
static bool is_end_of_no_memory(long nth, int code, const struct pagetide_process *process)
{
    const char *said = pagetide_err(process);
    if (code == 0)
        return false;
    ck_assert_msg(code == -SIGSEGV || strstr(said, "memory"),
                  "allocation %ld failed: exit %d without a word of it:\n%s", nth, code, said);
    ck_assert_msg(code == -SIGSEGV || code == -SIGABRT || code == 3,
                  "allocation %ld failed: exit %d:\n%s", nth, code, said);
    return true;
}

/* All that has been asked for is there, and nobody was blamed. */
static void check_runs(long nth)
{
    const char *bad = SQL("select count(*) from pagetide.run where state <> 'succeeded'");
    ck_assert_msg(!strcmp(bad, "0"), "allocation %ld failed: %s", nth,
                  SQL("select string_agg(concat_ws(' ', run, state, reason, error), '; ') from "
                      "pagetide.job where state <> 'succeeded'"));
    bad =
        SQL("select count(*) from (select 1 from api.s group by id having count(*) <> (select "
            "count(*) from pagetide.run)) t");
    ck_assert_msg(!strcmp(bad, "0"), "allocation %ld failed: %s ids are not there once a run",
                  nth, bad);
    EXPECT_SQL(pagetide_text("%d", ROWS), "select count(distinct id) from api.s");
}

static bool may_fail(void)
{
    if (pagetide_is_sanitized())
        printf("passed over: a sanitizer has an allocator of its own\n");
    return !pagetide_is_sanitized();
}

/* What it reads is all of the user's own: nothing of that is found to be wrong. */
START_TEST(each_allocation_of_check_that_fails)
{
    int ended = 0;
    if (!may_fail())
        return;
    house();
    pagetide_file(&pagetide, "pagetide.yaml", "memory: 32MiB\n");
    struct pagetide_process check = spawn_failing(0, "check");
    ck_assert_int_eq(pagetide_wait(&check, 20000), 0);
    const char *usual = pagetide_out(&check);
    long count = allocations(&check);
    for (long nth = 1; nth <= count; nth++) {
        check = spawn_failing(nth, "check");
        if (is_end_of_no_memory(nth, pagetide_wait(&check, 60000), &check))
            ended++;
        else
            ck_assert_str_eq(pagetide_out(&check), usual);
    }
    ck_assert_int_gt(ended, 0);
    fault_note("10", "one allocation of `check` that fails", -1,
               "each of %ld; the process ended %d times", count, ended);
    tear_down();
}
END_TEST

START_TEST(an_allocation_of_sync_that_fails)
{
    struct rng rng;
    int tries = 0, ended = 0;
    if (!may_fail())
        return;
    house();
    pagetide_seed(&rng);
    struct pagetide_process sync = spawn_failing(0, "sync api.s");
    ck_assert_int_eq(pagetide_wait(&sync, 20000), 0);
    long count = allocations(&sync);
    long step = getenv("NO_MEMORY_EACH") ? 1 : count / TRIES;
    for (long from = 1; from <= count; from += step, tries++) {
        long nth = step == 1 ? from : from + (long)rng_below(&rng, (uint64_t)step);
        sync = spawn_failing(nth, "sync api.s");
        ended += is_end_of_no_memory(nth, pagetide_wait(&sync, 60000), &sync);
        expect_run(0, "sync api.s");
        check_runs(nth);
    }
    ck_assert_int_gt(ended, 0);
    fault_note("10", "one allocation of `sync` that fails", -1,
               "%d of %ld; the process ended %d times, and the next one went on", tries, count,
               ended);
    tear_down();
}
END_TEST

/* --- what stays --- */

/* All runs, and those under way. */
#define RUNS                                                                                   \
    "select count(*) || ' ' || count(*) filter (where not pagetide.is_end(state)) from "       \
    "pagetide.run"

/* The message, its run and all pages; or until the process ends. Its exit code. */
static int live_through(struct pagetide_process *up, int64_t limit_ms)
{
    int64_t deadline = pagetide_deadline(limit_ms);
    const char *runs = SQL("select count(*) + 1 from pagetide.run");
    expect_run(0, "reload api.s");
    while (pagetide_is_running(up) && strcmp(SQL(RUNS), pagetide_text("%s 0", runs))) {
        ck_assert_msg(clock_mono_ms() < deadline, "%s", pagetide_err(up));
        usleep(20000);
    }
    if (pagetide_is_running(up))
        pagetide_signal(up, SIGTERM);
    return pagetide_wait(up, 30000);
}

START_TEST(an_allocation_of_a_worker_and_scheduler_that_fails)
{
    struct rng rng;
    int ended = 0;
    if (!may_fail())
        return;
    setenv("PAGETIDE_LEASE", "1s", 1);
    setenv("PAGETIDE_BEAT", "250ms", 1);
    house();
    expect_run(0, pagetide_text("apply %s", pagetide.dir));
    pagetide_seed(&rng);
    struct pagetide_process up = spawn_failing(0, "up");
    ck_assert_int_eq(live_through(&up, 30000), 0);
    long count = allocations(&up);
    for (int i = 0; i < UP_TRIES; i++) {
        long nth = count * i / UP_TRIES + 1 + (long)rng_below(&rng, (uint64_t)count / UP_TRIES);
        up = spawn_failing(nth, "up");
        if (!is_end_of_no_memory(nth, live_through(&up, 60000), &up))
            continue;
        ended++;
        up = pagetide_spawn(&pagetide, "up");
        pagetide_await(&pagetide, pagetide_text("%d 0", i + 2), 60000, RUNS);
        pagetide_stop(&up);
        check_runs(nth);
    }
    check_runs(count);
    ck_assert_int_gt(ended, 0);
    fault_note("10", "one allocation of a worker and scheduler that fails", -1,
               "%d of %ld; the process ended %d times, and the next one went on", UP_TRIES,
               count, ended);
    tear_down();
}
END_TEST

SUITE("fault/no_memory", each_allocation_of_check_that_fails, an_allocation_of_sync_that_fails,
      an_allocation_of_a_worker_and_scheduler_that_fails)

#include "cli/sync_take.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "tests/support/command.h"
#include "tests/support/schema.h"
#include "tests/support/suite.h"

static const char two_jobs[] = "{\"write\":\"append\",\"partitions\":[{\"p\":1},{\"p\":2}]}";
static const char one_job[] = "{\"write\":\"append\",\"partitions\":[{\"p\":1}]}";

/* Every test: a migrated database, and the worker "me" of this process. */
static struct cli cli;
static bool is_interrupted;
static struct sync_take sync_take = {
    .cli = &cli, .worker = {"me", 2}, .is_interrupted = &is_interrupted};

static void set_up(int64_t beat_ms)
{
    int code;
    command_open(&cli);
    cli.settings.beat_ms = beat_ms;
    ck_assert(cli_database(&cli, false, &sync_take.pg, &code));
    ASK("select pagetide.worker_start('me', 'here', 1, 'v')");
}

static void tear_down(void)
{
    pg_close(sync_take.pg);
    command_close(&cli);
}

/* What it said; *err is left alone where the run is ours. */
static const char *take(const char *spec, int64_t *ret_run, struct err *err)
{
    struct stream stream = {.name = STR("shop.orders"), .spec = str_from(spec)};
    stream.schedule.timezone = STR("UTC");
    command_capture();
    bool is_taken = sync_take_run(&sync_take, &stream, ret_run, err);
    struct captured captured = command_captured();
    ck_assert(is_taken == (err->kind == ERR_NONE));
    return captured.err;
}

/* Another worker takes job 1 of run 1. */
static void give_to_other(const char *host, int pid)
{
    ASK("select pagetide.worker_start('other', '%s', %d, 'v')", host, pid);
    ASK("update pagetide.job set worker = null, reserved = false");
    EXPECT("taken",
           "select (pagetide.activate(1, 'other', '%s', 'token', 10000, true)).verdict", host);
}

START_TEST(a_run_is_made_and_its_jobs_are_reserved)
{
    struct err err = ERR_INIT;
    int64_t run = 0, *jobs;
    size_t count;
    set_up(10000);
    ck_assert_str_eq(take(two_jobs, &run, &err), "");
    ck_assert_int_eq(run, 1);
    ck_assert_ok(sync_take_jobs(&sync_take, run, &jobs, &count, &err), err);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(jobs[0], 1);
    ck_assert_int_eq(jobs[1], 2);
    EXPECT("2", "select count(*) from pagetide.job where worker = 'me' and reserved");
    tear_down();
}
END_TEST

START_TEST(jobs_that_have_ended_are_not_run_again)
{
    struct err err = ERR_INIT;
    int64_t run = 0, *jobs;
    size_t count;
    set_up(10000);
    take(two_jobs, &run, &err);
    ASK("update pagetide.job set state = 'succeeded' where n = 1");
    ck_assert_ok(sync_take_jobs(&sync_take, run, &jobs, &count, &err), err);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(jobs[0], 2);
    tear_down();
}
END_TEST

START_TEST(a_run_that_was_left_goes_on)
{
    struct err err = ERR_INIT;
    int64_t run = 0;
    set_up(10000);
    take(two_jobs, &run, &err);
    ck_assert_str_eq(take(two_jobs, &run, &err),
                     "pagetide: shop.orders: run 1 goes on where it stopped\n");
    ck_assert_int_eq(run, 1);
    tear_down();
}
END_TEST

START_TEST(another_definition_is_another_run)
{
    struct err err = ERR_INIT;
    int64_t run = 0;
    set_up(10000);
    take(two_jobs, &run, &err);
    ck_assert_str_eq(take(one_job, &run, &err),
                     "pagetide: shop.orders: run 1 had another definition or mode: cancelled, "
                     "run 2 begins\n");
    ck_assert_int_eq(run, 2);
    EXPECT("cancelled", "select state from pagetide.run where id = 1");
    tear_down();
}
END_TEST

START_TEST(another_mode_is_another_run)
{
    struct err err = ERR_INIT;
    int64_t run = 0;
    set_up(10000);
    take(two_jobs, &run, &err);
    cli.options.from = "2024-01-01";
    cli.options.to = "2024-02-01T00:00:00+01:00";
    take(two_jobs, &run, &err);
    ck_assert_int_eq(run, 2);
    EXPECT("window 2024-01-01T00:00:00Z 2024-01-31T23:00:00Z",
           "select mode || ' ' || pagetide.rfc3339(window_from) || ' ' || "
           "pagetide.rfc3339(window_to) from pagetide.run where id = 2");
    tear_down();
}
END_TEST

START_TEST(a_worker_that_falls_silent_loses_the_run_after_two_beats)
{
    struct err err = ERR_INIT;
    int64_t run = 0, began_mono_ms;
    set_up(300);
    take(two_jobs, &run, &err);
    give_to_other("elsewhere", 1);
    began_mono_ms = clock_mono_ms();
    ck_assert_str_eq(
        take(two_jobs, &run, &err),
        "pagetide: shop.orders: run 1 belongs to other: checking whether that is alive\n"
        "pagetide: shop.orders: run 1 goes on where it stopped\n");
    ck_assert_int_ge(clock_mono_ms() - began_mono_ms, 300);
    EXPECT("me", "select worker from pagetide.job where id = 1");
    tear_down();
}
END_TEST

START_TEST(a_worker_that_may_live_keeps_the_run)
{
    struct err err = ERR_INIT;
    int64_t run = 0;
    set_up(10000);
    take(two_jobs, &run, &err);
    give_to_other("elsewhere", 1);
    is_interrupted = true; /* asked once, as when all patience has ended */
    take(two_jobs, &run, &err);
    ck_assert_int_eq(err.kind, ERR_INPUT);
    ck_assert_str_eq(err.text, "shop.orders: run 1 is being made by other; wait for its end or "
                               "cancel it");
    EXPECT("other", "select worker from pagetide.job where id = 1");
    tear_down();
}
END_TEST

START_TEST(a_process_of_this_host_that_is_gone_is_not_waited_for)
{
    char host[PROCESS_HOST_BYTES];
    struct err err = ERR_INIT;
    int64_t run = 0, began_mono_ms = clock_mono_ms();
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    process_host(host);
    set_up(20000);
    take(two_jobs, &run, &err);
    give_to_other(host, (int)child);
    ck_assert_str_eq(take(two_jobs, &run, &err),
                     "pagetide: shop.orders: run 1 goes on where it stopped\n");
    ck_assert_int_lt(clock_mono_ms() - began_mono_ms, 20000);
    tear_down();
}
END_TEST

/* Returns when the session of sync_take has asked once since `began_at` and pauses now. */
static void wait_until_asked(const char *began_at)
{
    ASK("do $$ begin "
        "for i in 1..2000 loop "
        "    perform pg_stat_clear_snapshot(); "
        "    exit when exists (select from pg_stat_activity a "
        "        where a.datname = current_database() and a.pid <> pg_backend_pid() "
        "            and a.state = 'idle' and a.query like '%%pagetide.sync_take(%%' "
        "            and a.query_start > '%s'); "
        "    perform pg_sleep(0.01); "
        "end loop; end $$",
        began_at);
}

/* Another process ends run 1 while this one waits for it. */
static const char *take_while_it_ends(int64_t *ret_run, struct err *err)
{
    const char *began_at = ASK("select clock_timestamp()");
    pid_t child = fork();
    if (child == 0) {
        wait_until_asked(began_at);
        ASK("update pagetide.job set state = 'succeeded'; "
            "update pagetide.run set state = 'succeeded'");
        _exit(0);
    }
    const char *said = take(two_jobs, ret_run, err);
    waitpid(child, NULL, 0);
    return said;
}

START_TEST(the_result_of_a_run_that_is_waited_for_is_ours)
{
    struct err err = ERR_INIT;
    int64_t run = 0, *jobs;
    size_t count = 1;
    set_up(10000);
    take(two_jobs, &run, &err);
    give_to_other("elsewhere", 1);
    run = 0;
    ck_assert_str_eq(
        take_while_it_ends(&run, &err),
        "pagetide: shop.orders: run 1 belongs to other: checking whether that is alive\n"
        "pagetide: shop.orders: run 1 of another process has ended meanwhile\n");
    ck_assert_int_eq(run, 1);
    ck_assert(sync_take_jobs(&sync_take, run, &jobs, &count, &err));
    ck_assert_uint_eq(count, 0);
    EXPECT("1", "select count(*) from pagetide.run");
    tear_down();
}
END_TEST

START_TEST(a_run_of_another_mode_that_is_waited_for_is_not_ours)
{
    struct err err = ERR_INIT;
    int64_t run = 0;
    set_up(10000);
    take(two_jobs, &run, &err);
    give_to_other("elsewhere", 1);
    cli.options.full = cli.options.again = true;
    take_while_it_ends(&run, &err);
    ck_assert_int_eq(run, 2);
    EXPECT("full", "select mode from pagetide.run where id = 2");
    tear_down();
}
END_TEST

SUITE("cli/sync_take", the_result_of_a_run_that_is_waited_for_is_ours,
      a_run_of_another_mode_that_is_waited_for_is_not_ours,
      a_run_is_made_and_its_jobs_are_reserved, jobs_that_have_ended_are_not_run_again,
      a_run_that_was_left_goes_on, another_definition_is_another_run,
      another_mode_is_another_run, a_worker_that_falls_silent_loses_the_run_after_two_beats,
      a_worker_that_may_live_keeps_the_run,
      a_process_of_this_host_that_is_gone_is_not_waited_for)

#include <glob.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "tests/support/fault.h"
#include "tests/support/servers.h"
#define SUITE_TIMEOUT 240
#include "tests/support/stand.h"
#include "tests/support/suite.h"
#include "tests/support/truth.h"

/* What a machine does to its processes: too little memory, a stop at the worst place, all of
 * them gone at once, and clocks that are wrong. */

enum { PAGES = 120, ROWS = PAGES * 10 };

static void house(const char *keys)
{
    set_up();
    setenv("PAGETIDE_LEASE", "1s", 1);
    setenv("PAGETIDE_BEAT", "250ms", 1);
    setenv("PAGETIDE_BATCH_RECORDS", "20", 1);
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: %s\nstreams:\n  s:\n    path: /gen/page\n"
                    "    params: {per_page: 10, total: %d, seed: 3}\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n    again: true\n%s",
                    mock.url, ROWS, keys);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 25}");
    expect_run(0, "migrate");
    expect_run(0, pagetide_text("apply %s", pagetide.dir));
}

/* A machine that is busy for seconds takes no job away: what is looked at is the clock. */
static void long_leases(void)
{
    setenv("PAGETIDE_LEASE", "10s", 1);
    setenv("PAGETIDE_BEAT", "1s", 1);
}

static void await_page(int page)
{
    pagetide_await(&pagetide, "t", 30000, "select max(page) >= %d from pagetide.job", page);
}

/* How many requests were more than the pages. */
static int64_t check_whole(void)
{
    pagetide_await(&pagetide, "succeeded", 60000,
                   "select state from pagetide.run order by id desc limit 1");
    int64_t again = mock_count(&mock, "/gen/page") - PAGES;
    truth_check_idle(&pagetide);
    truth_check_ledger(&pagetide, "api.s", ROWS);
    truth_check_rows(&pagetide, &mock, "api.s", pagetide_text("total=%d&seed=3", ROWS));
    return again;
}

/* --- memory --- */

static struct pagetide_process spawn_within(long kib)
{
    struct rlimit was, limit;
    getrlimit(RLIMIT_AS, &was);
    limit = was;
    limit.rlim_cur = (rlim_t)kib << 10;
    setrlimit(RLIMIT_AS, &limit);
    struct pagetide_process process = pagetide_spawn(&pagetide, "worker");
    setrlimit(RLIMIT_AS, &was);
    return process;
}

/* Workers that die at one page in a row are the page's fault as far as anybody can tell. */
static bool retry_if_dead(void)
{
    pagetide_await(&pagetide, "t", 60000, "select pagetide.is_end(state) from pagetide.run");
    if (!strcmp(SQL("select state from pagetide.run"), "succeeded"))
        return false;
    EXPECT_SQL("dead crash", "select state || ' ' || reason from pagetide.run");
    expect_run(0, "retry api.s");
    return true;
}

START_TEST(workers_that_get_no_memory)
{
    enum { TRIES = 20 }; /* below 90 % the program is not even loaded */
    struct rng rng;
    int died = 0;
    if (pagetide_is_sanitized()) {
        printf("passed over: a sanitizer takes more memory than such a limit leaves\n");
        return;
    }
    house("");
    pagetide_seed(&rng);
    struct pagetide_process scheduler = pagetide_spawn(&pagetide, "scheduler");
    struct pagetide_process worker = pagetide_spawn(&pagetide, "worker");
    expect_run(0, "reload api.s");
    await_page(2);
    long peak = pagetide_status_kib(&worker, "VmPeak");
    ck_assert_int_gt(peak, 0);
    pagetide_kill(&worker);
    for (int i = 0; i < TRIES; i++) {
        long kib = peak * (long)(900 + rng_below(&rng, 115)) / 1000;
        worker = spawn_within(kib);
        for (int n = 0; n < 15 && pagetide_is_running(&worker); n++)
            usleep(100000);
        died += !pagetide_is_running(&worker);
        ck_assert_ptr_null(strstr(pagetide_err(&worker), "Segmentation"));
        pagetide_kill(&worker);
    }
    worker = pagetide_spawn(&pagetide, "worker");
    bool was_retried = retry_if_dead();
    int64_t again = check_whole();
    ck_assert_int_gt(died, 0);
    fault_note("10", "no memory: RLIMIT_AS of 90 to 101 % of what a worker takes", again,
               "%d workers, %d of them ended by themselves%s", TRIES, died,
               was_retried ? "; the job was retried" : "");
    pagetide_stop(&worker);
    pagetide_stop(&scheduler);
    tear_down();
}
END_TEST

/* --- descriptors --- */

/* None but those that it has; SIZE_MAX: as many as before. */
static void leave_descriptors(const struct pagetide_process *process, size_t count)
{
    struct rlimit limit;
    ck_assert_int_eq(prlimit(process->pid, RLIMIT_NOFILE, NULL, &limit), 0);
    limit.rlim_cur = MIN((rlim_t)count, limit.rlim_max);
    ck_assert_int_eq(prlimit(process->pid, RLIMIT_NOFILE, &limit, NULL), 0);
}

/* In seconds. */
static double cpu_of(const struct pagetide_process *process)
{
    unsigned long user = 0, system = 0;
    const char *stat = pagetide_read(pagetide_text("/proc/%d/stat", (int)process->pid));
    const char *rest = strrchr(stat, ')');
    ck_assert_ptr_nonnull(rest);
    ck_assert_int_eq(
        sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system),
        2);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* A worker that has its sessions and no descriptor more; every attempt that counts is the
 * last. */
static void lack_descriptors(const char *keys, const char *what)
{
    int64_t began_mono_ms = clock_mono_ms();
    house(pagetide_text("    retry: {max_attempts: 1}\n%s", keys));
    pagetide_file(&pagetide, "key", "s3cr3t-planted\n");
    setenv("PAGETIDE_SECRETS_DIR", pagetide.dir, 1);
    struct pagetide_process scheduler = pagetide_spawn(&pagetide, "scheduler");
    struct pagetide_process worker = pagetide_spawn(&pagetide, "worker");
    pagetide_await_err(&worker, "process.start", 10000);
    pagetide_await(&pagetide, "1", 20000, "select count(*) from pagetide.worker");
    leave_descriptors(&worker, 3);
    double before = cpu_of(&worker);
    expect_run(0, "reload api.s");
    pagetide_await_err(&worker, "machine.lack", 20000);
    pagetide_await(&pagetide, "t", 60000,
                   "select state = 'waiting' and waiting_for like '%%no file descriptors "
                   "left%%' from pagetide.job");
    EXPECT_SQL("f", "select pagetide.is_end(state) from pagetide.run");
    double used = cpu_of(&worker) - before;
    ck_assert_msg(used < 3, "%.1f s of processor time", used);
    int64_t lacked_ms = clock_mono_ms() - began_mono_ms;
    leave_descriptors(&worker, SIZE_MAX);
    int64_t again = check_whole();
    EXPECT_SQL("0 0 t",
               "select concat_ws(' ', j.retries, j.attempt, r.warnings::text like '%%a job had "
               "to wait: this process has no file descriptors left%%') from pagetide.job j "
               "join pagetide.run r on r.id = j.run");
    fault_note("10", "no file descriptor left in a worker", again, "%s: %.1f s", what,
               (double)lacked_ms / 1000);
    pagetide_stop(&worker);
    pagetide_stop(&scheduler);
    tear_down();
}

START_TEST(a_worker_without_descriptors_for_requests)
{
    lack_descriptors("", "for requests");
}
END_TEST

START_TEST(a_worker_without_descriptors_for_its_secrets)
{
    lack_descriptors("    headers: {X-Key: \"{{ secrets.key }}\"}\n", "for secrets");
}
END_TEST

/* --- stops --- */

/* Beyond its lease: with the rows of a batch sent and not committed, and before any. */
START_TEST(a_worker_stopped_between_copy_and_commit)
{
    static const char *const points[] = {"load", "message", "committed"};
    int64_t again = 0;
    for (size_t i = 0; i < COUNT_OF(points); i++) {
        house("");
        struct pagetide_process scheduler = pagetide_spawn(&pagetide, "scheduler");
        setenv("PAGETIDE_CRASH_BY", "STOP", 1);
        struct pagetide_process zombie =
            pagetide_spawn_crashing(&pagetide, points[i], "worker");
        unsetenv("PAGETIDE_CRASH_BY");
        expect_run(0, "reload api.s");
        pagetide_await_stopped(&zombie);
        struct pagetide_process worker = pagetide_spawn(&pagetide, "worker");
        await_page(20);
        pagetide_signal(&zombie, SIGCONT);
        pagetide_await_err(&zombie, "job.lost", 20000);
        again += check_whole();
        pagetide_kill(&zombie);
        pagetide_stop(&worker);
        pagetide_stop(&scheduler);
        tear_down();
    }
    fault_note("4", "a worker stopped between COPY and commit, beyond its lease", again,
               "%d places", (int)COUNT_OF(points));
}
END_TEST

START_TEST(all_workers_killed_at_once)
{
    enum { WORKERS = 4, TIMES = 3 };
    struct pagetide_process workers[WORKERS];
    house("");
    struct pagetide_process scheduler = pagetide_spawn(&pagetide, "scheduler");
    for (int i = 0; i < WORKERS; i++)
        workers[i] = pagetide_spawn(&pagetide, "worker");
    expect_run(0, "reload api.s");
    for (int n = 1; n <= TIMES; n++) {
        await_page(30 * n);
        for (int i = 0; i < WORKERS; i++)
            pagetide_kill(&workers[i]);
        usleep(4000000); /* four leases */
        for (int i = 0; i < WORKERS; i++)
            workers[i] = pagetide_spawn(&pagetide, "worker");
    }
    int64_t again = check_whole();
    fault_note("5", "all workers killed at once, and back after four leases", again,
               "%d times %d workers", TIMES, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        pagetide_stop(&workers[i]);
    pagetide_stop(&scheduler);
    tear_down();
}
END_TEST

/* --- schedulers --- */

#define TICKS                                                                                  \
    "select count(*) from pagetide.run where scheduled_for is not null and scheduled_for > "   \
    "'%s'"

/* The worst pause between two ticks after the first, in seconds, and ticks that came twice. */
static double worst_pause(void)
{
    EXPECT_SQL("0", "select count(*) from (select 1 from pagetide.run where scheduled_for is "
                    "not null group by scheduled_for having count(*) > 1) t");
    return strtod(SQL("select coalesce(max(extract(epoch from at - before)), 0) from (select "
                      "created_at as at, lag(created_at) over (order by created_at) as before "
                      "from pagetide.run where scheduled_for is not null) t"),
                  NULL);
}

START_TEST(a_scheduler_that_is_stopped)
{
    enum { STOPS = 3, STOP_MS = 6000 };
    house("    every: 1s\n    write: upsert\n    key: [id]\n"
          "    where: \"{{ id < 1 }}\"\n");
    mock_post(&mock, "/_mock/reset", "{}");
    struct pagetide_process worker = pagetide_spawn(&pagetide, "worker");
    struct pagetide_process schedulers[2];
    for (int i = 0; i < 2; i++)
        schedulers[i] = pagetide_spawn(&pagetide, "scheduler");
    pagetide_await(&pagetide, "t", 20000, "select count(*) > 2 from pagetide.run");
    for (int i = 0; i < STOPS; i++) {
        pagetide_signal(&schedulers[i % 2], SIGSTOP);
        usleep(STOP_MS * 1000);
        pagetide_signal(&schedulers[i % 2], SIGCONT);
        usleep(500000);
    }
    double pause = worst_pause();
    ck_assert_msg(pause < STOP_MS / 1000.0, "a tick came %.1f s after the one before", pause);
    fault_note("36", "one of two schedulers stopped for 6 s", -1,
               "%d stops; at most %.1f s between ticks of one second, none twice", STOPS,
               pause);
    for (int i = 0; i < 2; i++)
        pagetide_stop(&schedulers[i]);
    pagetide_stop(&worker);
    tear_down();
}
END_TEST

/* What it was told before its stop is old when it wakes. */
START_TEST(a_scheduler_that_sleeps_before_it_tells_an_outcome)
{
    const char *ask = pagetide_text("GET pagetide:reload:result:late");
    house("");
    long_leases();
    setenv("PAGETIDE_CRASH_BY", "STOP", 1);
    struct pagetide_process sleeper =
        pagetide_spawn_crashing(&pagetide, "requested", "scheduler");
    unsetenv("PAGETIDE_CRASH_BY");
    expect_run(0, "reload api.s --id late");
    pagetide_await_stopped(&sleeper);
    struct pagetide_process scheduler = pagetide_spawn(&pagetide, "scheduler");
    struct pagetide_process worker = pagetide_spawn(&pagetide, "worker");
    int64_t again = check_whole();
    pagetide_await(&pagetide, "succeeded", 20000, "select told_state from pagetide.request");
    expect_holds(servers_redis(pagetide.redis_url, "%s", ask), "succeeded");
    const char *woken = SQL("select clock_timestamp()");
    pagetide_signal(&sleeper, SIGCONT);
    pagetide_await_err(&sleeper, "reload.taken", 20000);
    pagetide_await(&pagetide, "2", 20000,
                   "select count(*) from pagetide.scheduler where seen_at > '%s'", woken);
    expect_holds(servers_redis(pagetide.redis_url, "%s", ask), "succeeded");
    expect_run(0, "reload api.s --id late --wait");
    fault_note("36",
               "a scheduler stopped between a message and its outcome, beyond the run's end",
               again, "the newer outcome stays");
    pagetide_kill(&sleeper);
    pagetide_stop(&worker);
    pagetide_stop(&scheduler);
    tear_down();
}
END_TEST

START_TEST(no_scheduler_for_fifty_ticks)
{
    house("    schedule: \"* * * * *\"\n    write: upsert\n    key: [id]\n");
    mock_post(&mock, "/_mock/reset", "{}");
    struct pagetide_process worker = pagetide_spawn(&pagetide, "worker");
    struct pagetide_process scheduler = pagetide_spawn(&pagetide, "scheduler");
    pagetide_await_err(&scheduler, "process.start", 10000);
    pagetide_await(&pagetide, "t", 10000, "select next_due is not null from pagetide.stream");
    pagetide_kill(&scheduler);
    const char *before = SQL("select count(*) from pagetide.run");
    SQL("insert into pagetide.meta values ('clock_offset', '50 min')");
    scheduler = pagetide_spawn(&pagetide, "scheduler");
    pagetide_await(&pagetide, "t", 20000, "select count(*) > %s from pagetide.run", before);
    pagetide_await(&pagetide, "0", 20000,
                   "select count(*) from pagetide.run where not pagetide.is_end(state)");
    int64_t runs = 0;
    ck_assert(
        str_to_int64(str_from(SQL("select count(*) - %s from pagetide.run", before)), &runs));
    ck_assert_int_le(runs, 2); /* the last missed tick, and one that came due meanwhile */
    fault_note("37", "no scheduler while 50 ticks come due", -1, "%d run", (int)runs);
    pagetide_stop(&worker);
    pagetide_stop(&scheduler);
    tear_down();
}
END_TEST

/* --- clocks --- */

static const char *find_faketime(void)
{
    glob_t found;
    const char *path = NULL;
    if (!glob("/usr/lib/*/faketime/libfaketimeMT.so.1", 0, NULL, &found))
        path = pagetide_text("%s", found.gl_pathv[0]);
    globfree(&found);
    return path;
}

static bool may_fake_time(void)
{
    if (find_faketime() && !pagetide_is_sanitized())
        return true;
    printf("passed over: without libfaketime, or with a sanitizer, no clock can be wrong\n");
    return false;
}

static void fake_time(const char *shift)
{
    if (!shift) {
        unsetenv("LD_PRELOAD");
        return;
    }
    setenv("DONT_FAKE_MONOTONIC", "1", 1);
    setenv("FAKETIME_NO_CACHE", "1", 1);
    setenv("FAKETIME_TIMESTAMP_FILE", pagetide_text("%s/clock", pagetide.dir), 1);
    pagetide_file(&pagetide, "clock", pagetide_text("%s\n", shift));
    setenv("LD_PRELOAD", find_faketime(), 1);
}

START_TEST(a_scheduler_whose_clock_is_wrong)
{
    static const char *const shifts[] = {"+1d", "-1d"};
    if (!may_fake_time())
        return;
    house("    every: 1s\n    write: upsert\n    key: [id]\n    where: \"{{ id < 1 }}\"\n");
    long_leases();
    mock_post(&mock, "/_mock/reset", "{}");
    struct pagetide_process worker = pagetide_spawn(&pagetide, "worker");
    for (size_t i = 0; i < COUNT_OF(shifts); i++) {
        fake_time(shifts[i]);
        struct pagetide_process scheduler = pagetide_spawn(&pagetide, "scheduler");
        fake_time(NULL);
        const char *since = SQL("select clock_timestamp()");
        pagetide_await(&pagetide, "t", 20000,
                       "select (" TICKS ") >= 4 and max(scheduled_for) > now() - interval "
                       "'4 s' and max(scheduled_for) < now() + interval '2 s' from "
                       "pagetide.run",
                       since);
        ck_assert_msg(worst_pause() < 10, "a pause of %.1f s", worst_pause());
        pagetide_stop(&scheduler);
    }
    fault_note("39", "a scheduler whose clock is wrong by a day", -1,
               "+1 d and -1 d: ticks come in time, none twice");
    pagetide_stop(&worker);
    tear_down();
}
END_TEST

static const char *http_date(int after_s)
{
    char text[64];
    time_t at = time(NULL) + after_s;
    struct tm tm;
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&at, &tm));
    return pagetide_text("%s", text);
}

/* A pause that the API tells by a date is taken by the API's own clock. */
START_TEST(a_worker_whose_clock_jumps)
{
    static const char *const shifts[] = {"+1h", "-1h", "+0"};
    if (!may_fake_time())
        return;
    house("");
    long_leases();
    mock_post(&mock, "/_mock/reset", "{}");
    for (size_t i = 0; i < COUNT_OF(shifts); i++)
        mock_post(&mock, "/_mock/fault",
                  pagetide_text("{\"path\": \"/gen/page\", \"nth\": %d, \"kind\": \"status\", "
                                "\"status\": 429, \"headers\": {\"Retry-After\": \"%s\", "
                                "\"Date\": \"%s\"}}",
                                21 + 30 * (int)i, http_date(3), http_date(0)));
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 25}");
    struct pagetide_process scheduler = pagetide_spawn(&pagetide, "scheduler");
    fake_time("+0");
    struct pagetide_process worker = pagetide_spawn(&pagetide, "worker");
    fake_time(NULL);
    expect_run(0, "reload api.s");
    int64_t began = clock_mono_ms();
    for (size_t i = 0; i < COUNT_OF(shifts); i++) {
        await_page(20 + 30 * (int)i); /* it waits from page 20, 50 and 80 on */
        pagetide_file(&pagetide, "clock", pagetide_text("%s\n", shifts[i]));
    }
    pagetide_await(&pagetide, "succeeded", 90000, "select state from pagetide.run");
    int64_t took_ms = clock_mono_ms() - began;
    ck_assert_int_ge(took_ms, 3 * 2000 + PAGES * 25);
    ck_assert_int_lt(took_ms, 60000);
    EXPECT_SQL("1 0", "select max(epoch) || ' ' || sum(losses) from pagetide.job");
    int64_t again = check_whole() - (int64_t)COUNT_OF(shifts);
    ck_assert_int_eq(again, 0);
    fault_note("69", "a worker whose clock jumps while it waits for a dated Retry-After", again,
               "+1 h, -1 h and back; %.1f s for 3 pauses of 3 s and %d pages",
               (double)took_ms / 1000, PAGES);
    pagetide_stop(&worker);
    pagetide_stop(&scheduler);
    tear_down();
}
END_TEST

SUITE("fault/machine", workers_that_get_no_memory, a_worker_without_descriptors_for_requests,
      a_worker_without_descriptors_for_its_secrets, a_worker_stopped_between_copy_and_commit,
      all_workers_killed_at_once, a_scheduler_that_is_stopped,
      a_scheduler_that_sleeps_before_it_tells_an_outcome, no_scheduler_for_fifty_ticks,
      a_scheduler_whose_clock_is_wrong, a_worker_whose_clock_jumps)

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/rng.h"
#include "tests/support/figure.h"
#include "tests/support/servers.h"
#define SUITE_TIMEOUT 3600
#include "tests/support/stand.h"
#include "tests/support/suite.h"
#include "tests/support/truth.h"

/*
 * The figures of docs/reliability.md: how soon all is well again, and what much of everything
 * costs. `make figures`; one alone: FIGURE=NAME, a part of a test's name.
 */

static bool is_wanted(const char *name)
{
    const char *chosen = getenv("FIGURE");
    return !chosen || strstr(name, chosen);
}

#define WANTED                                                                                 \
    do {                                                                                       \
        if (!is_wanted(__func__))                                                              \
            return;                                                                            \
    } while (0)

static struct pagetide_process *spawn(struct pagetide_process *process, const char *command)
{
    *process = pagetide_spawn(&pagetide, "%s", command);
    return process;
}

static double number_of(const char *text)
{
    return strtod(text, NULL);
}

static double seconds_since(int64_t began_mono_ms)
{
    return (double)(clock_mono_ms() - began_mono_ms) / 1000;
}

/* The most memory that it had so far, in KiB. */
static long peak_kib(const struct pagetide_process *process)
{
    long kib = pagetide_status_kib(process, "VmHWM");
    ck_assert_int_gt(kib, 0);
    return kib;
}

/* Streams s1 … sN of `pages` pages of `per_page` records each. */
static void define(int streams, int pages, int per_page, const char *keys)
{
    AUTO_BUF(text, MIB(16));
    buf_printf(&text,
               "source: api\nbase_url: %s\ndefaults:\n  path: /gen/page\n  merge_path: data\n"
               "  pagination: {type: page, total_pages_path: pages}\nstreams:\n",
               mock.url);
    for (int i = 1; i <= streams; i++)
        buf_printf(&text, "  s%d:\n    params: {per_page: %d, total: %d, seed: %d}\n%s", i,
                   per_page, per_page * pages, i, keys);
    pagetide_file(&pagetide, "sources/api.yaml", text.ptr);
    expect_run(0, "migrate");
    struct pagetide_process apply = pagetide_spawn(&pagetide, "apply %s", pagetide.dir);
    int code = pagetide_wait(&apply, 600000);
    ck_assert_msg(code == 0, "%s", pagetide_err(&apply));
}

static void slow(int ms)
{
    mock_post(&mock, "/_mock/fault",
              pagetide_text("{\"path\": \"/gen/\", \"times\": -1, \"kind\": \"slow_ms\", "
                            "\"ms\": %d}",
                            ms));
}

static void fast_beats(void)
{
    setenv("PAGETIDE_LEASE", "3s", 1);
    setenv("PAGETIDE_BEAT", "500ms", 1);
}

/* --- many of all, and Redis forgets everything --- */

START_TEST(many_workers_and_an_emptied_redis)
{
    enum { WORKERS = 20, SCHEDULERS = 3, STREAMS = 200, PAGES = 20 };
    WANTED;
    static struct pagetide_process workers[WORKERS], schedulers[SCHEDULERS];
    set_up();
    fast_beats();
    setenv("PAGETIDE_CONNECTIONS", "1", 1);
    slow(100);
    define(STREAMS, PAGES, 5, "    write: upsert\n    key: [id]\n");
    for (int i = 0; i < SCHEDULERS; i++)
        spawn(&schedulers[i], "scheduler");
    for (int i = 0; i < WORKERS; i++)
        spawn(&workers[i], "worker --jobs 4");
    for (int i = 1; i <= STREAMS; i++)
        servers_redis(pagetide.redis_url, "XADD pagetide:reload * stream api.s%d", i);
    pagetide_await(&pagetide, "t", 300000,
                   "select count(*) >= 40 from pagetide.run where pagetide.is_end(state)");
    int64_t active = 0;
    for (int i = 0; i < 3; i++) {
        servers_redis(pagetide.redis_url, "FLUSHDB");
        for (int n = 0; n < 20; n++, usleep(100000))
            active += strcmp(SQL("select count(*) from (select stream from pagetide.run where "
                                 "not pagetide.is_end(state) group by 1 having count(*) > 1) "
                                 "t"),
                             "0") != 0;
    }
    pagetide_await(&pagetide, pagetide_text("succeeded %d", STREAMS), 400000,
                   "select string_agg(distinct state, ' ') || ' ' || count(*) from "
                   "pagetide.run");
    figure_at_most("20 workers, 3 schedulers, 200 streams, Redis emptied 3 times: two active "
                   "runs of one stream",
                   (double)active, "times", 0);
    figure_at_most("and pages stored twice",
                   number_of(SQL("select count(*) - count(distinct (r.stream, p.number)) from "
                                 "pagetide.page p join pagetide.job j on j.id = p.job join "
                                 "pagetide.run r on r.id = j.run")),
                   "pages", 0);
    figure_at_most("and runs without all their pages",
                   number_of(SQL("select count(*) from pagetide.run where pages <> %d or "
                                 "records <> %d",
                                 PAGES, 5 * PAGES)),
                   "runs", 0);
    for (int i = 0; i < WORKERS; i++)
        pagetide_stop(&workers[i]);
    for (int i = 0; i < SCHEDULERS; i++)
        pagetide_stop(&schedulers[i]);
    tear_down();
}
END_TEST

/* --- after a kill --- */

START_TEST(back_after_a_kill)
{
    enum { KILLS = 8, LEASE_S = 3 };
    WANTED;
    struct pagetide_process scheduler, workers[2];
    double worst = 0;
    set_up();
    fast_beats();
    slow(50);
    define(1, 3000, 5, "");
    spawn(&scheduler, "scheduler");
    spawn(&workers[0], "worker");
    expect_run(0, "reload api.s1");
    for (int i = 0; i < KILLS; i++) {
        struct pagetide_process *holder = &workers[i % 2];
        pagetide_await(&pagetide, "t", 30000,
                       "select count(*) = 1 from pagetide.job j join pagetide.worker w on w.id "
                       "= j.worker where w.pid = %d and j.losses = 0 and page > %d",
                       (int)holder->pid, 10 * i);
        spawn(&workers[(i + 1) % 2], "worker");
        pagetide_await_err(&workers[(i + 1) % 2], "redis.up", 20000);
        pagetide_kill(holder);
        int64_t began = clock_mono_ms();
        const char *page = SQL("select max(page) from pagetide.job");
        pagetide_await(&pagetide, "t", 60000, "select max(page) > %s from pagetide.job", page);
        worst = MAX(worst, seconds_since(began));
    }
    figure_at_most("a worker is killed: the next page is in, at the latest after", worst, "s",
                   LEASE_S + 5);
    pagetide_kill(&workers[KILLS % 2]);
    pagetide_stop(&scheduler);
    tear_down();
}
END_TEST

START_TEST(ticks_when_schedulers_are_killed)
{
    enum { KILLS = 10 };
    WANTED;
    struct pagetide_process schedulers[2], worker;
    set_up();
    fast_beats();
    define(1, 1, 1, "    every: 1s\n    write: upsert\n    key: [id]\n");
    spawn(&worker, "worker");
    spawn(&schedulers[0], "scheduler");
    spawn(&schedulers[1], "scheduler");
    pagetide_await(&pagetide, "t", 20000, "select count(*) > 2 from pagetide.run");
    for (int i = 0; i < KILLS; i++) {
        pagetide_kill(&schedulers[i % 2]);
        usleep(1500000);
        spawn(&schedulers[i % 2], "scheduler");
        pagetide_await_err(&schedulers[i % 2], "process.start", 20000);
    }
    figure_at_most("one of two schedulers is killed, 10 times: a tick of one second is late by",
                   number_of(SQL("select max(extract(epoch from created_at - scheduled_for)) "
                                 "from pagetide.run where trigger = 'schedule'")),
                   "s", 5);
    figure_at_most("and ticks that had two runs",
                   number_of(SQL("select count(*) - count(distinct scheduled_for) from "
                                 "pagetide.run where scheduled_for is not null")),
                   "ticks", 0);
    pagetide_stop(&schedulers[0]);
    pagetide_stop(&schedulers[1]);
    pagetide_stop(&worker);
    tear_down();
}
END_TEST

/* --- many streams, many messages --- */

START_TEST(ten_thousand_streams)
{
    enum { STREAMS = 10000, SCHEDULERS = 2, ASKED = 21 };
    WANTED;
    struct pagetide_process schedulers[SCHEDULERS];
    set_up();
    define(STREAMS, 1, 1, "    schedule: \"* * * * *\"\n    write: upsert\n    key: [id]\n");
    for (int i = 0; i < SCHEDULERS; i++)
        spawn(&schedulers[i], "scheduler");
    pagetide_await(&pagetide, "t", 1200000, "select count(*) >= %d from pagetide.run", STREAMS);
    usleep(3000000);
    figure_at_most("10,000 streams due at the same minute, 2 schedulers: ticks with two runs",
                   number_of(SQL("select count(*) - count(distinct (stream, scheduled_for)) "
                                 "from pagetide.run where scheduled_for is not null")),
                   "ticks", 0);
    double took[ASKED], middle = 0;
    for (int i = 0; i < ASKED; i++) {
        int64_t began = clock_mono_ms();
        SQL("select count(*) from pagetide.due(100)");
        took[i] = (double)(clock_mono_ms() - began);
    }
    for (int i = 0; i < ASKED; i++) {
        int below = 0, same = 0;
        for (int k = 0; k < ASKED; k++) {
            below += took[k] < took[i];
            same += took[k] <= took[i];
        }
        if (below <= ASKED / 2 && same > ASKED / 2)
            middle = took[i];
    }
    figure_at_most("what a tick asks of 10,000 streams, connecting included (median of 21)",
                   middle, "ms", 200);
    long kib = 0;
    for (int i = 0; i < SCHEDULERS; i++)
        kib = MAX(kib, peak_kib(&schedulers[i]));
    figure_at_most("the most memory of a scheduler with 10,000 streams", (double)kib / 1024,
                   "MiB", 64);
    for (int i = 0; i < SCHEDULERS; i++)
        pagetide_stop(&schedulers[i]);
    tear_down();
}
END_TEST

START_TEST(messages_that_wait)
{
    enum { MESSAGES = 200000, STREAMS = 10 };
    WANTED;
    struct pagetide_process scheduler, worker;
    set_up();
    define(STREAMS, 1, 1, "    write: upsert\n    key: [id]\n");
    const char *put = pagetide_text(
        "i=0; while [ $i -lt %d ]; do echo \"XADD pagetide:reload * stream api.s$((i %% %d + "
        "1)) id m$i\"; i=$((i + 1)); done | redis-cli -u %s --pipe >/dev/null",
        MESSAGES, STREAMS, pagetide.redis_url);
    ck_assert_int_eq(system(put), 0);
    ck_assert_str_eq(servers_redis(pagetide.redis_url, "XLEN pagetide:reload"),
                     pagetide_text("%d", MESSAGES));
    spawn(&scheduler, "scheduler");
    pagetide_await_err(&scheduler, "process.start", 20000);
    int64_t began = clock_mono_ms();
    while (strcmp(servers_redis(pagetide.redis_url, "XLEN pagetide:reload"), "0") != 0) {
        ck_assert_msg(seconds_since(began) < 600, "not over");
        usleep(100000);
    }
    double took = seconds_since(began);
    figure_at_least("200,000 messages wait: taken", MESSAGES / took, "messages/s", 1000);
    figure_at_most("and messages without a request",
                   MESSAGES - number_of(SQL("select count(*) from pagetide.request where id ~ "
                                            "'^m[0-9]+$'")),
                   "messages", 0);
    spawn(&worker, "worker");
    pagetide_await(&pagetide, "0", 600000,
                   "select count(*) from pagetide.request where not pagetide.is_end(state)");
    began = clock_mono_ms();
    pagetide_await(&pagetide, "0", 600000,
                   "select count(*) from pagetide.request where told_state is distinct from "
                   "state");
    figure_at_least("and the outcomes told when their runs have ended",
                    MESSAGES / seconds_since(began), "outcomes/s", 1000);
    pagetide_stop(&worker);
    figure_at_most("and the most memory of the scheduler", (double)peak_kib(&scheduler) / 1024,
                   "MiB", 64);
    pagetide_stop(&scheduler);
    tear_down();
}
END_TEST

/* --- many pages --- */

static double control_bytes(void)
{
    return number_of(SQL("select sum(pg_total_relation_size(c.oid)) from pg_class c where "
                         "c.relnamespace = 'pagetide'::regnamespace and c.relkind = 'r'"));
}

/* Milliseconds a page, from the page `first` on: the median of the hundreds there. */
static double page_ms(int first, int pages)
{
    return number_of(
        SQL("select percentile_cont(0.5) within group (order by took) from (select "
            "extract(epoch from max(fetched_at) - min(fetched_at)) * 1000 / count(*) as took "
            "from pagetide.page where number between %d and %d group by number / 500) t",
            first, first + pages - 1));
}

static struct pagetide_process sync_first(void)
{
    struct pagetide_process sync;
    spawn(&sync, "sync api.s1");
    int code = pagetide_wait(&sync, 800000);
    ck_assert_msg(code == 0, "%s", pagetide_err(&sync));
    return sync;
}

START_TEST(a_hundred_thousand_pages)
{
    enum { PAGES = 100000 };
    WANTED;
    set_up();
    unsetenv("PAGETIDE_BATCH_AGE");
    define(2, PAGES, 2, "");
    pagetide_sql(&pagetide, "vacuum full");
    double before = control_bytes();
    struct pagetide_process sync = sync_first();
    figure_at_most("the cost of page 90,000 to 100,000 to that of 100 to 10,000",
                   page_ms(90000, 10000) / page_ms(100, 9900), "times", 1.1);
    figure_at_most("the most memory of that sync", (double)sync.peak_kib / 1024, "MiB", 64);
    figure_at_most("control tables, within retention", (control_bytes() - before) / PAGES,
                   "bytes/page", 200);
    /* The newest run of a stream stays, its ledger does not: no more is left than the first
     * blocks of some tables. */
    pagetide_sql(&pagetide, "select pagetide.housekeep('0')");
    pagetide_sql(&pagetide, "vacuum full");
    figure_at_most("control tables, after it", (control_bytes() - before) / PAGES, "bytes/page",
                   2);
    EXPECT_SQL("0", "select count(*) from pagetide.page");
    tear_down();
}
END_TEST

/* As fast at the end as at the beginning, and no more memory. */
START_TEST(ten_million_rows)
{
    enum { PAGES = 10000, PAGE_RECORDS = 1000 };
    WANTED;
    set_up();
    unsetenv("PAGETIDE_BATCH_AGE");
    define(1, PAGES, PAGE_RECORDS, "");
    struct pagetide_process sync = sync_first();
    figure_at_most("10,000,000 rows: the cost of the last third to that of the first",
                   page_ms(6501, 3500) / page_ms(1, 3500), "times", 1.2);
    figure_at_most("the most memory of that sync", (double)sync.peak_kib / 1024, "MiB", 64);
    EXPECT_SQL("10000000", "select count(distinct id) from api.s1");
    tear_down();
}
END_TEST

/* --- half an hour of load --- */

static int descriptors(const struct pagetide_process *process)
{
    int count = 0;
    DIR *dir = opendir(pagetide_text("/proc/%d/fd", (int)process->pid));
    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

/* SOAK_SECONDS of runs without a pause: what a process has after a third of them is what it has
 * at the end. */
START_TEST(no_growth)
{
    enum { STREAMS = 8, WORKERS = 2 };
    WANTED;
    const char *given = getenv("SOAK_SECONDS");
    int64_t soak_ms = 1000 * (given ? strtol(given, NULL, 10) : 60);
    struct pagetide_process all[WORKERS + 1];
    long kib[WORKERS + 1] = {0};
    int fds[WORKERS + 1] = {0};
    set_up();
    slow(5);
    define(STREAMS, 40, 20, "    every: 2s\n    write: upsert\n    key: [id]\n");
    setenv("PAGETIDE_RETENTION", "1m", 1);
    for (int i = 0; i < WORKERS; i++)
        spawn(&all[i], "worker");
    spawn(&all[WORKERS], "scheduler");
    int64_t began = clock_mono_ms();
    usleep((useconds_t)(soak_ms / 3 * 1000));
    for (int i = 0; i <= WORKERS; i++) {
        kib[i] = peak_kib(&all[i]);
        fds[i] = descriptors(&all[i]);
    }
    while (clock_mono_ms() - began < soak_ms)
        usleep(200000);
    double runs = number_of(SQL("select count(*) from pagetide.run where state = 'succeeded'"));
    ck_assert_double_gt(runs, 10);
    for (int i = 0; i <= WORKERS; i++) {
        const char *who = i < WORKERS ? "worker" : "scheduler";
        figure_at_most(pagetide_text("%d s of load: memory of a %s, end to first third",
                                     (int)(soak_ms / 1000), who),
                       (double)peak_kib(&all[i]) / (double)kib[i], "times", 1.1);
        figure_at_most(
            pagetide_text("%d s of load: more descriptors of a %s", (int)(soak_ms / 1000), who),
            descriptors(&all[i]) - fds[i], "descriptors", 4);
        pagetide_stop(&all[i]);
    }
    tear_down();
}
END_TEST

#define FIGURES                                                                                \
    many_workers_and_an_emptied_redis, back_after_a_kill, ticks_when_schedulers_are_killed,    \
        ten_thousand_streams, messages_that_wait, a_hundred_thousand_pages, ten_million_rows,  \
        no_growth
#define TEXT_OF(...) #__VA_ARGS__
#define NAMES(...)   TEXT_OF(__VA_ARGS__)

/* A name that is none would pass them all over. */
static bool is_known(void)
{
    bool known = is_wanted(NAMES(FIGURES));
    if (!known)
        printf("no figure is called %s: %s\n", getenv("FIGURE"), NAMES(FIGURES));
    return known;
}

SUITE_IF(is_known(), "figures", FIGURES)

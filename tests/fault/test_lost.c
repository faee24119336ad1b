#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "tests/support/fault.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/schema.h"
#include "tests/support/servers.h"
#define SUITE_TIMEOUT 180
#include "tests/support/suite.h"
#include "tests/support/truth.h"

/* Processes that are lost in worse ways: stopped and woken, killed by their work, killed while
 * they schedule. */

struct house {
    struct pagetide pagetide;
    struct mock mock;
    struct rng rng;
};

static void house_open(struct house *house, const char *streams)
{
    *house = (struct house){0};
    pagetide_seed(&house->rng);
    mock_start(NULL, &house->mock);
    pagetide_open(&house->pagetide);
    setenv("PAGETIDE_LEASE", "1s", 1);
    setenv("PAGETIDE_BEAT", "250ms", 1);
    setenv("PAGETIDE_BATCH_RECORDS", "20", 1);
    setenv("PAGETIDE_BATCH_AGE", "50ms", 1);
    pagetide_source(&house->pagetide, "api", "source: api\nbase_url: %s\nstreams:\n%s",
                    house->mock.url, streams);
    ck_assert_int_eq(pagetide_run(&house->pagetide, "migrate").code, 0);
    ck_assert_int_eq(pagetide_run(&house->pagetide, "apply %s", house->pagetide.dir).code, 0);
}

static void house_close(struct house *house)
{
    pagetide_close(&house->pagetide);
    mock_stop(&house->mock);
}

static void random_pause(struct house *house, uint64_t limit_ms)
{
    usleep((useconds_t)(1000 * rng_below(&house->rng, limit_ms + 1)));
}

static void await_holder(struct house *house, const struct pagetide_process *process,
                         const char *stream)
{
    pagetide_await(
        &house->pagetide, "1", 20000,
        "select count(*) from pagetide.job j join pagetide.run r on r.id = j.run join "
        "pagetide.worker w on w.id = j.worker where j.state = 'running' and w.pid = %d "
        "and r.stream = '%s'",
        (int)process->pid, stream);
}

/* --- zombies --- */

enum { STOPS = 8 };

static const char zombie_stream[] =
    "  s:\n    path: /gen/page\n    params: {per_page: 10, total: 4000, seed: 3}\n"
    "    pagination: {type: page, total_pages_path: pages}\n    merge_path: data\n";

/* Each stop outlasts the lease and two beats; the other worker has the job by then. */
START_TEST(test_stopped_workers_write_nothing_when_they_wake)
{
    struct house house;
    house_open(&house, zombie_stream);
    struct pagetide *pagetide = &house.pagetide;
    mock_post(&house.mock, "/_mock/fault",
              "{\"path\": \"/gen/\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 15}");
    struct pagetide_process scheduler = pagetide_spawn(pagetide, "scheduler");
    struct pagetide_process workers[2] = {pagetide_spawn(pagetide, "worker")};
    ck_assert_int_eq(pagetide_run(pagetide, "reload api.s").code, 0);
    await_holder(&house, &workers[0], "api.s");
    workers[1] = pagetide_spawn(pagetide, "worker");
    for (int i = 0; i < STOPS; i++) {
        struct pagetide_process *holder = &workers[i % 2], *other = &workers[(i + 1) % 2];
        await_holder(&house, holder, "api.s");
        pagetide_await(pagetide, "0", 10000, "select max(losses) from pagetide.job");
        random_pause(&house, 150);
        pagetide_signal(holder, SIGSTOP);
        await_holder(&house, other, "api.s");
        pagetide_signal(holder, SIGCONT);
    }
    pagetide_await(pagetide, "succeeded", 30000, "select state from pagetide.run");
    for (int i = 0; i < 2; i++)
        pagetide_await_err(&workers[i], "job.lost", 5000);
    int64_t again = mock_count(&house.mock, "/gen/page") - 400;
    truth_check_idle(pagetide);
    truth_check_ledger(pagetide, "api.s", 4000);
    truth_check_rows(pagetide, &house.mock, "api.s", "total=4000&seed=3");

    fault_note("2", "a worker stopped beyond its lease, and woken", again, "%d stops", STOPS);
    /* Both go on serving. */
    for (int i = 0; i < 2; i++) {
        pagetide_stop(&workers[(i + 1) % 2]);
        ck_assert_int_eq(pagetide_run(pagetide, "reload api.s --mode full --again --wait").code,
                         0);
        workers[(i + 1) % 2] = pagetide_spawn(pagetide, "worker");
    }
    for (int i = 0; i < 2; i++)
        pagetide_stop(&workers[i]);
    pagetide_stop(&scheduler);
    house_close(&house);
}
END_TEST

/* --- workers that die of something else than their pages --- */

enum { PREEMPTIONS = 6 };

static const char waiting_stream[] =
    "  s:\n    path: /gen/offset\n    pagination: {type: none}\n    merge_path: data\n"
    "    again: true\n";

static void await_requests(struct house *house, int64_t count)
{
    int64_t deadline = pagetide_deadline(10000);
    while (mock_count(&house->mock, "/gen/offset") < count && clock_mono_ms() < deadline)
        usleep(10000);
    ck_assert_int_eq(mock_count(&house->mock, "/gen/offset"), count);
}

/* A session that began after `since` waits for the table. Those of killed workers do, too. */
static void await_lock(struct house *house, const char *since)
{
    pagetide_await(&house->pagetide, "t", 10000,
                   "select exists (select from pg_locks l join pg_stat_activity a using (pid) "
                   "where l.relation = 'api.s'::regclass and not l.granted "
                   "and a.backend_start > '%s')",
                   since);
}

/* It is PostgreSQL that waits, with the page in its hands: nothing is wrong with the job. */
START_TEST(test_a_job_whose_workers_die_while_its_table_is_locked_lives)
{
    struct house house;
    house_open(&house, waiting_stream);
    struct pagetide *pagetide = &house.pagetide;
    ck_assert_int_eq(pagetide_run(pagetide, "sync api.s").code, 0);
    struct schema_session *lock = schema_session_open(pagetide->database_url);
    schema_session_sql(lock, "begin; lock table api.s in share mode");
    struct pagetide_process scheduler = pagetide_spawn(pagetide, "scheduler");
    ck_assert_int_eq(pagetide_run(pagetide, "reload api.s").code, 0);
    struct pagetide_process worker = {0};
    for (int kills = 0; kills < PREEMPTIONS; kills++) {
        char since[64];
        snprintf(since, sizeof since, "%s", pagetide_sql(pagetide, "select clock_timestamp()"));
        worker = pagetide_spawn(pagetide, "worker");
        await_holder(&house, &worker, "api.s");
        await_requests(&house, kills + 2);
        await_lock(&house, since);
        pagetide_await(pagetide, "f", 10000, "select at_page from pagetide.job where run > 1");
        pagetide_kill(&worker);
    }
    schema_session_sql(lock, "rollback");
    worker = pagetide_spawn(pagetide, "worker");
    pagetide_await(pagetide, "succeeded", 20000, "select state from pagetide.run where id > 1");
    truth_check_idle(pagetide);
    pagetide_stop(&worker);
    pagetide_stop(&scheduler);
    house_close(&house);
}
END_TEST

/* No page of it is ever at hand: the machine is to blame, and the job lives. */
START_TEST(test_a_job_whose_workers_die_while_it_waits_lives)
{
    struct house house;
    house_open(&house, waiting_stream);
    struct pagetide *pagetide = &house.pagetide;
    mock_post(&house.mock, "/_mock/fault",
              "{\"path\": \"/gen/offset\", \"times\": -1, \"kind\": \"hang\"}");
    struct pagetide_process scheduler = pagetide_spawn(pagetide, "scheduler");
    ck_assert_int_eq(pagetide_run(pagetide, "reload api.s").code, 0);
    struct pagetide_process worker = {0};
    for (int kills = 0; kills < PREEMPTIONS; kills++) {
        worker = pagetide_spawn(pagetide, "worker");
        await_holder(&house, &worker, "api.s");
        await_requests(&house, kills + 1);
        pagetide_kill(&worker);
    }
    mock_post(&house.mock, "/_mock/reset", "{}");
    worker = pagetide_spawn(pagetide, "worker");
    pagetide_await(pagetide, "succeeded", 20000, "select state from pagetide.run");
    ck_assert_str_eq(pagetide_sql(pagetide, "select concat_ws(' ', losses, crashes, at_page) "
                                            "from pagetide.job"),
                     "0 0 f");
    truth_check_idle(pagetide);
    pagetide_stop(&worker);
    pagetide_stop(&scheduler);
    house_close(&house);
}
END_TEST

/* --- schedulers --- */

enum { SCHEDULER_KILLS = 15 };

static const char ticking_streams[] =
    "  ticking:\n    path: /gen/page\n    params: {per_page: 10, total: 20, seed: 6}\n"
    "    pagination: {type: page, total_pages_path: pages}\n    merge_path: data\n"
    "    every: 1s\n    again: true\n"
    "  asked:\n    path: /gen/page\n    params: {per_page: 10, total: 10, seed: 7}\n"
    "    pagination: {type: page, total_pages_path: pages}\n    merge_path: data\n"
    "    again: true\n";

/* A scheduler tells Redis of an end that is in PostgreSQL already. */
static void await_told(struct pagetide *pagetide, int message, int64_t limit_ms)
{
    int64_t deadline = pagetide_deadline(limit_ms);
    while (
        !strstr(servers_redis(pagetide->redis_url, "GET pagetide:reload:result:m%d", message),
                "succeeded")) {
        ck_assert_msg(clock_mono_ms() < deadline, "m%d has no result in Redis", message);
        usleep(10000);
    }
}

/* Two schedulers, one of them killed again and again. */
START_TEST(test_killed_schedulers_lose_and_double_nothing)
{
    struct house house;
    house_open(&house, ticking_streams);
    struct pagetide *pagetide = &house.pagetide;
    struct pagetide_process worker = pagetide_spawn(pagetide, "worker");
    struct pagetide_process steady = {0}, shaken = pagetide_spawn(pagetide, "scheduler");
    for (int i = 0; i < SCHEDULER_KILLS; i++) {
        if (i == SCHEDULER_KILLS / 2)
            steady = pagetide_spawn(pagetide, "scheduler");
        servers_redis(pagetide->redis_url, "XADD pagetide:reload * stream api.asked id m%d", i);
        usleep(200000);
        random_pause(&house, 1200);
        pagetide_kill(&shaken);
        shaken = pagetide_spawn(pagetide, "scheduler");
    }
    pagetide_await(pagetide, pagetide_text("%d", SCHEDULER_KILLS), 30000,
                   "select count(*) from pagetide.request where id ~ '^m[0-9]+$' and state = "
                   "'succeeded'");
    for (int i = 0; i < SCHEDULER_KILLS; i++)
        await_told(pagetide, i, 20000);
    const char *ticks = pagetide_sql(
        pagetide, "select count(distinct scheduled_for) from pagetide.run where stream = "
                  "'api.ticking' and scheduled_for is not null");
    printf(
        "%d kills of schedulers, %s ticks, %s runs by message\n", SCHEDULER_KILLS, ticks,
        pagetide_sql(pagetide, "select count(*) from pagetide.run where stream = 'api.asked'"));
    ck_assert_int_ge(strtol(ticks, NULL, 10), 5);
    pagetide_sql(pagetide, "update pagetide.stream set paused = true");
    pagetide_await(pagetide, "0", 20000,
                   "select count(*) from pagetide.run where not pagetide.is_end(state)");
    ck_assert_str_eq(pagetide_sql(pagetide, "select count(*) from pagetide.run where state <> "
                                            "'succeeded'"),
                     "0");
    ck_assert_str_eq(pagetide_sql(pagetide, "select count(*) from (select 1 from pagetide.run "
                                            "where scheduled_for is not null group by stream, "
                                            "scheduled_for having count(*) > 1) d"),
                     "0");
    /* Each run brought its records once. */
    ck_assert_str_eq(pagetide_sql(pagetide, "select count(*) from (select _pt_run from "
                                            "api.ticking group by 1 having count(*) <> 20 or "
                                            "count(distinct id) <> 20) d"),
                     "0");
    ck_assert_str_eq(pagetide_sql(pagetide, "select (select count(distinct _pt_run) from "
                                            "api.ticking) = (select count(*) from pagetide.run "
                                            "where stream = 'api.ticking')"),
                     "t");
    fault_note("34", "schedulers killed at random, while they schedule", -1,
               "%d kills; each tick and each message once", SCHEDULER_KILLS);
    pagetide_stop(&worker);
    pagetide_stop(&shaken);
    pagetide_stop(&steady);
    house_close(&house);
}
END_TEST

SUITE("fault/lost", test_stopped_workers_write_nothing_when_they_wake,
      test_a_job_whose_workers_die_while_its_table_is_locked_lives,
      test_a_job_whose_workers_die_while_it_waits_lives,
      test_killed_schedulers_lose_and_double_nothing)

#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "tests/support/fault.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/proxy.h"
#include "tests/support/servers.h"
#define SUITE_TIMEOUT 300
#include "tests/support/suite.h"
#include "tests/support/truth.h"

/* Networks that swallow, stall, slice and cut, before PostgreSQL, Redis and the API. */

struct house {
    struct pagetide pagetide;
    struct mock mock;
    struct proxy postgres, redis, api;
    struct rng rng;
    struct pagetide_process scheduler, workers[2];
    int64_t requests[2]; /* when all was over */
};

enum { PAGES = 300, PAGE_RECORDS = 10 };

static const char definition[] =
    "source: api\nbase_url: http://127.0.0.1:%d\n"
    "retry: {max_attempts: 40, initial_delay: 20ms, max_delay: 100ms}\n"
    "streams:\n"
    "  appended:\n    path: /gen/page\n"
    "    params: {per_page: 10, total: 3000, seed: 1}\n"
    "    pagination: {type: page, total_pages_path: pages, parallel: 3}\n"
    "    merge_path: data\n"
    "  upserted:\n    path: /gen/cursor\n"
    "    params: {limit: 10, total: 3000, seed: 2}\n"
    "    pagination: {type: cursor, cursor_path: next_cursor, param: cursor}\n"
    "    merge_path: data\n    write: upsert\n    key: [id]\n";

/* The URL with another port. */
static const char *url_at(const char *url, int port)
{
    const char *at = strrchr(url, ':') + 1;
    return pagetide_text("%.*s%d%s", (int)(at - url), url, port, at + strspn(at, "0123456789"));
}

static void house_open(struct house *house, int slow_ms)
{
    *house = (struct house){0};
    pagetide_seed(&house->rng);
    mock_start(NULL, &house->mock);
    mock_post(&house->mock, "/_mock/fault",
              pagetide_text("{\"path\": \"/gen/\", \"times\": -1, \"kind\": \"slow_ms\", "
                            "\"ms\": %d}",
                            slow_ms));
    pagetide_open(&house->pagetide);
    proxy_start(servers_port_of(house->pagetide.database_url), &house->postgres);
    proxy_start(servers_port_of(house->pagetide.redis_url), &house->redis);
    proxy_start(house->mock.port, &house->api);
    setenv("PAGETIDE_LEASE", "3s", 1);
    setenv("PAGETIDE_BEAT", "500ms", 1);
    setenv("PAGETIDE_BATCH_RECORDS", "20", 1);
    setenv("PAGETIDE_BATCH_AGE", "50ms", 1);
    pagetide_source(&house->pagetide, "api", definition, house->api.port);
    ck_assert_int_eq(pagetide_run(&house->pagetide, "migrate").code, 0);
    ck_assert_int_eq(pagetide_run(&house->pagetide, "apply %s", house->pagetide.dir).code, 0);
}

/* What is started from now on talks to the servers through the proxies, or straight. */
static void house_talk(struct house *house, bool through)
{
    const struct pagetide *pagetide = &house->pagetide;
    setenv("PAGETIDE_DATABASE_URL",
           through ? url_at(pagetide->database_url, house->postgres.port)
                   : pagetide->database_url,
           1);
    setenv("PAGETIDE_REDIS_URL",
           through ? url_at(pagetide->redis_url, house->redis.port) : pagetide->redis_url, 1);
}

static void house_reload(struct house *house)
{
    house_talk(house, false);
    ck_assert_int_eq(pagetide_run(&house->pagetide, "reload api.appended").code, 0);
    ck_assert_int_eq(pagetide_run(&house->pagetide, "reload api.upserted").code, 0);
}

/* All talk through the proxies, and both runs begin. */
static void house_start(struct house *house)
{
    house_talk(house, true);
    house->scheduler = pagetide_spawn(&house->pagetide, "scheduler");
    house->workers[0] = pagetide_spawn(&house->pagetide, "worker");
    house_reload(house);
}

static void house_await_pages(struct house *house, int pages)
{
    pagetide_await(&house->pagetide, "t", 60000,
                   "select count(*) = 2 and min(page) >= %d from pagetide.job", pages);
}

static void house_check(struct house *house, int64_t limit_ms)
{
    struct pagetide *pagetide = &house->pagetide;
    pagetide_await(
        pagetide, "succeeded 2", limit_ms,
        "select string_agg(distinct state, ' ') || ' ' || count(*) from pagetide.run");
    house->requests[0] = mock_count(&house->mock, "/gen/page");
    house->requests[1] = mock_count(&house->mock, "/gen/cursor");
    printf("%lld and %lld requests for %d pages each\n", (long long)house->requests[0],
           (long long)house->requests[1], PAGES);
    truth_check_idle(pagetide);
    truth_check_ledger(pagetide, "api.appended", PAGES * PAGE_RECORDS);
    truth_check_ledger(pagetide, "api.upserted", PAGES * PAGE_RECORDS);
    truth_check_rows(pagetide, &house->mock, "api.appended", "total=3000&seed=1");
    truth_check_rows(pagetide, &house->mock, "api.upserted", "total=3000&seed=2");
}

static int64_t pages_again(const struct house *house)
{
    return house->requests[0] + house->requests[1] - 2 * PAGES;
}

/* Nothing was fetched again. */
static void house_check_requests(const struct house *house)
{
    ck_assert_int_eq(house->requests[0], PAGES);
    ck_assert_int_eq(house->requests[1], PAGES);
}

static void stop(struct pagetide_process *process)
{
    if (process->pid)
        pagetide_stop(process);
}

static void house_close(struct house *house)
{
    for (size_t i = 0; i < COUNT_OF(house->workers); i++)
        stop(&house->workers[i]);
    stop(&house->scheduler);
    pagetide_close(&house->pagetide);
    proxy_stop(&house->postgres);
    proxy_stop(&house->redis);
    proxy_stop(&house->api);
    mock_stop(&house->mock);
}

/* Commits take long enough that a random moment falls into one. */
static void slow_down(struct pagetide *pagetide)
{
    pagetide_sql(pagetide,
                 "create function public.slow() returns trigger language plpgsql as $$ begin "
                 "perform pg_sleep(0.02); return null; end $$; create trigger slow after "
                 "insert on pagetide.page execute function public.slow()");
}

static void random_pause(struct house *house, int limit_ms)
{
    usleep((useconds_t)(1000 * rng_below(&house->rng, (uint64_t)limit_ms)));
}

/* --- black holes --- */

enum { DETECTED_MS = 40000 }; /* 20 s, on a machine that has nothing else to do */

static int notices(const struct pagetide_process *process)
{
    int count = 0;
    for (const char *at = pagetide_err(process); (at = strstr(at, "no answer in time")); at++)
        count++;
    return count;
}

/* Until it says so once more. */
static void await_notice(const struct pagetide_process *process, int before, int64_t began)
{
    while (notices(process) == before) {
        ck_assert_msg(clock_mono_ms() - began < DETECTED_MS, "%s", pagetide_err(process));
        usleep(20000);
    }
    printf("noticed after %.1f s\n", (double)(clock_mono_ms() - began) / 1000);
}

/* One worker alone is cut off from PostgreSQL, and not from Redis: the other one takes its
 * jobs, although the server still has the sessions of the first, in the middle of what they
 * did. */
START_TEST(test_a_worker_cut_off_from_postgresql_loses_its_jobs_to_another)
{
    struct house house;
    house_open(&house, 15);
    struct pagetide *pagetide = &house.pagetide;
    house.scheduler = pagetide_spawn(pagetide, "scheduler");
    house_talk(&house, true);
    house.workers[0] = pagetide_spawn(pagetide, "worker");
    house_reload(&house);
    slow_down(pagetide);
    house_await_pages(&house, 20);
    house.workers[1] = pagetide_spawn(pagetide, "worker");
    pagetide_await_err(&house.workers[1], "process.start", 10000);
    random_pause(&house, 100);
    proxy_set(&house.postgres, proxy_black_hole);
    int64_t began = clock_mono_ms();
    await_notice(&house.workers[0], 0, began);
    pagetide_await(pagetide, "2", 60000,
                   "select count(*) from pagetide.job j where page = 300 or j.worker = (select "
                   "id from pagetide.worker w where w.pid = %d)",
                   (int)house.workers[1].pid);
    printf("taken over after %.1f s\n", (double)(clock_mono_ms() - began) / 1000);
    proxy_set(&house.postgres, proxy_open_road);
    house_check(&house, 60000);
    fault_note("27", "PostgreSQL in a black hole, for one worker", pages_again(&house), "once");
    house_close(&house);
}
END_TEST

/* Everybody is cut off: jobs go on with what they have when it heals. */
START_TEST(test_postgresql_in_a_black_hole_is_noticed_and_comes_back)
{
    struct house house;
    house_open(&house, 15);
    struct pagetide *pagetide = &house.pagetide;
    house_start(&house);
    slow_down(pagetide);
    for (int i = 1; i <= 1; i++) {
        house_await_pages(&house, 40 * i);
        random_pause(&house, 100);
        const int seen[] = {notices(&house.workers[0]), notices(&house.scheduler)};
        proxy_set(&house.postgres, proxy_black_hole);
        int64_t began = clock_mono_ms();
        await_notice(&house.workers[0], seen[0], began);
        await_notice(&house.scheduler, seen[1], began);
        proxy_set(&house.postgres, proxy_open_road);
    }
    house_check(&house, 60000);
    ck_assert_str_eq(pagetide_sql(pagetide, "select sum(losses) from pagetide.job"), "0");
    fault_note("27", "PostgreSQL in a black hole, for all", pages_again(&house), "once");
    house_close(&house);
}
END_TEST

START_TEST(test_commands_say_that_nobody_answers)
{
    struct house house;
    house_open(&house, 1);
    struct pagetide *pagetide = &house.pagetide;
    const char *road = pagetide_text("127.0.0.1:%d", house.postgres.port);
    proxy_set(&house.postgres, proxy_black_hole);
    for (int hosts = 1; hosts <= 2; hosts++) {
        setenv("PAGETIDE_DATABASE_URL",
               pagetide_text("postgresql://%s%s%s/x", road, hosts > 1 ? "," : "",
                             hosts > 1 ? road : ""),
               1);
        struct pagetide_result got = pagetide_run(pagetide, "status");
        ck_assert_msg(got.code == 3, "exit %d\n%s", got.code, got.err);
        expect_holds(got.err, pagetide_text("PostgreSQL at %s cannot be reached: ",
                                            getenv("PAGETIDE_DATABASE_URL")));
        expect_holds(got.err, "no answer within 10");
    }
    house_close(&house);
}
END_TEST

/* --- a Redis that is there no more, and does not say so --- */

/* Connections become half-open, twice; new ones are served. */
START_TEST(test_half_open_connections_to_redis_are_left)
{
    struct house house;
    house_open(&house, 15);
    struct pagetide *pagetide = &house.pagetide;
    house_start(&house);
    house_await_pages(&house, 20);
    proxy_forget(&house.redis);
    house_check(&house, 60000);
    ck_assert_str_eq(pagetide_sql(pagetide, "select max(epoch) from pagetide.job"), "1");
    /* Idle now: only its own questions can tell the worker. */
    proxy_forget(&house.redis);
    int64_t began = clock_mono_ms();
    servers_redis(pagetide->redis_url,
                  "XADD pagetide:reload * stream api.upserted id later mode full");
    pagetide_await(pagetide, "succeeded", 40000,
                   "select state from pagetide.request where id = 'later'");
    printf("a message was taken and done %.1f s after that\n",
           (double)(clock_mono_ms() - began) / 1000);
    fault_note("16 63", "connections to Redis become half-open", pages_again(&house),
               "twice; a message taken after %.1f s", (double)(clock_mono_ms() - began) / 1000);
    house_close(&house);
}
END_TEST

/* --- slow and lossy --- */

/* What a loss of packets is to a program: some pieces come late, all in their order. And little
 * room: 1 Mbit/s for each connection, in pieces of 500 bytes. */
START_TEST(test_slow_and_lossy_networks_cost_time_alone)
{
    static const struct proxy_rules lossy = {.latency_ms = 5,
                                             .stall_percent = 10,
                                             .stall_ms = 100,
                                             .bytes_per_s = 125000,
                                             .slice_bytes = 500};
    struct house house;
    house_open(&house, 1);
    struct pagetide *pagetide = &house.pagetide;
    proxy_set(&house.redis, lossy);
    proxy_set(&house.api, lossy);
    proxy_set(&house.postgres, (struct proxy_rules){.latency_ms = 5,
                                                    .stall_percent = 10,
                                                    .stall_ms = 100,
                                                    .bytes_per_s = 125000});
    house_start(&house);
    house_check(&house, 150000);
    house_check_requests(&house);
    ck_assert_str_eq(pagetide_sql(pagetide, "select sum(losses) from pagetide.job"), "0");
    fault_note("63", "a tenth of all pieces late, 1 Mbit/s", pages_again(&house),
               "on all three roads");
    house_close(&house);
}
END_TEST

/* --- cuts --- */

/* RST in the middle of bodies, and at random from all sides at once. */
START_TEST(test_connections_reset_at_random_cost_no_row)
{
    enum { CUTS = 40 };
    struct house house;
    house_open(&house, 25);
    struct pagetide *pagetide = &house.pagetide;
    proxy_set(&house.api, (struct proxy_rules){.limit_bytes = 20500, .ends_by_reset = true});
    house_start(&house);
    slow_down(pagetide);
    house_await_pages(&house, 1);
    struct proxy *const proxies[] = {&house.postgres, &house.redis, &house.api};
    for (int i = 0; i < CUTS; i++) {
        random_pause(&house, 250);
        proxy_cut(proxies[rng_below(&house.rng, COUNT_OF(proxies))], i % 2);
    }
    house_check(&house, 60000);
    printf("%lld, %lld and %lld connections cut to PostgreSQL, Redis and the API\n",
           (long long)proxy_cuts(&house.postgres), (long long)proxy_cuts(&house.redis),
           (long long)proxy_cuts(&house.api));
    ck_assert_int_ge(proxy_cuts(&house.api), 10);
    fault_note("17 63", "RST in the middle of bodies; all connections reset at random",
               pages_again(&house), "%d times", CUTS);
    house_close(&house);
}
END_TEST

/* Each commit arrives, and its sender never hears of it. */
START_TEST(test_commits_whose_answers_are_lost_double_nothing)
{
    enum { CUTS = 20 };
    struct house house;
    house_open(&house, 5);
    proxy_set(&house.postgres,
              (struct proxy_rules){.cut_at = "pagetide.commit_batch", .cut_times = CUTS});
    house_start(&house);
    house_check(&house, 120000);
    printf("%lld commits without an answer\n", (long long)proxy_cuts(&house.postgres));
    ck_assert_int_eq(proxy_cuts(&house.postgres), CUTS);
    house_check_requests(&house);
    fault_note("25", "commits arrive, and their answers do not", pages_again(&house),
               "%d commits", CUTS);
    house_close(&house);
}
END_TEST

/* The same with all that is said to Redis by script. */
START_TEST(test_scripts_whose_answers_are_lost_run_no_job_twice)
{
    enum { CUTS = 25 };
    struct house house;
    house_open(&house, 5);
    proxy_set(&house.redis, (struct proxy_rules){.cut_at = "EVALSHA", .cut_times = CUTS});
    house_start(&house);
    house_check(&house, 120000);
    printf("%lld scripts without an answer\n", (long long)proxy_cuts(&house.redis));
    ck_assert_int_ge(proxy_cuts(&house.redis), 5);
    house_check_requests(&house);
    fault_note("17", "scripts run, and their answers do not come", pages_again(&house),
               "%d scripts", CUTS);
    house_close(&house);
}
END_TEST

/* --- TLS that does not begin --- */

START_TEST(test_a_tls_handshake_that_stalls_is_given_up)
{
    struct house house;
    house_open(&house, 1);
    struct pagetide *pagetide = &house.pagetide;
    proxy_set(&house.api, (struct proxy_rules){.drops_down = true});
    pagetide_source(
        pagetide, "tls",
        "source: tls\nbase_url: https://127.0.0.1:%d\n"
        "timeouts: {connect: 1s}\n"
        "retry: {max_attempts: 3, initial_delay: 10ms, max_delay: 20ms}\n"
        "streams:\n  s: {path: /gen/page, pagination: {type: none}, merge_path: data}\n",
        house.api.port);
    pagetide_source(pagetide, "api", definition, house.mock.port);
    struct pagetide_result got = pagetide_run(pagetide, "sync tls.s api.upserted");
    ck_assert_int_eq(got.code, 1);
    double took_s = strtod(
        pagetide_sql(pagetide, "select extract(epoch from finished_at - started_at) from "
                               "pagetide.run where stream = 'tls.s'"),
        NULL);
    ck_assert_msg(took_s > 2.5 && (took_s < 45 || pagetide_is_slow()), "%.1f s", took_s);
    ck_assert_int_eq(proxy_connections(&house.api), 3);
    ck_assert_str_eq(pagetide_sql(pagetide,
                                  "select string_agg(stream || ' ' || state || "
                                  "coalesce(' ' || reason, ''), ', ' order by stream) "
                                  "from pagetide.run"),
                     "api.upserted succeeded, tls.s failed http");
    truth_check_rows(pagetide, &house.mock, "api.upserted", "total=3000&seed=2");
    fault_note("47", "a TLS handshake that stalls", -1, "3 tries");
    house_close(&house);
}
END_TEST

SUITE("fault/network", test_a_worker_cut_off_from_postgresql_loses_its_jobs_to_another,
      test_postgresql_in_a_black_hole_is_noticed_and_comes_back,
      test_commands_say_that_nobody_answers, test_half_open_connections_to_redis_are_left,
      test_slow_and_lossy_networks_cost_time_alone,
      test_connections_reset_at_random_cost_no_row,
      test_commits_whose_answers_are_lost_double_nothing,
      test_scripts_whose_answers_are_lost_run_no_job_twice,
      test_a_tls_handshake_that_stalls_is_given_up)

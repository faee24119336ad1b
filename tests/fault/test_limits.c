#include <jansson.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/servers.h"
#define SUITE_TIMEOUT 180
#include "tests/support/suite.h"

/* Limits that workers share hold whatever becomes of Redis, and of a worker. */

enum { WORKERS = 8, PARTS = 32, PAGES = 8, REQUESTS_MAX = 5000 };

struct crew {
    struct pagetide pagetide;
    struct mock mock;
    struct test_redis redis;
    struct pagetide_process scheduler, workers[WORKERS];
    int worker_count;
    int64_t times[REQUESTS_MAX]; /* when each request came, in ms */
    size_t count;
};

/* Half as many where each takes long to begin. */
static int many(void)
{
    return pagetide_is_slow() ? WORKERS / 2 : WORKERS;
}

/* A stream of PARTS jobs of PAGES pages each. */
static void crew_open(struct crew *crew, int workers, const char *limit)
{
    *crew = (struct crew){.worker_count = workers};
    mock_start(NULL, &crew->mock);
    pagetide_open(&crew->pagetide);
    servers_redis_start(&crew->redis);
    crew->pagetide.redis_url = crew->redis.url;
    setenv("PAGETIDE_REDIS_URL", crew->redis.url, 1);
    setenv("PAGETIDE_LEASE", "3s", 1);
    setenv("PAGETIDE_BEAT", "500ms", 1);
    const char *parts = "{from: 1}";
    for (int i = 1; i < PARTS; i++)
        parts = pagetide_text("%s, {from: %d}", parts, i * 1000 + 1);
    pagetide_source(&crew->pagetide, "api",
                    "source: api\nbase_url: %s\n"
                    "auth: {type: bearer, token: \"{{ env.PT_TEST_TOKEN }}\"}\n"
                    "rate_limit: %s\nstreams:\n  s:\n    path: /gen/page\n"
                    "    params: {per_page: 5, total: %d, from: \"{{ partition.from }}\"}\n"
                    "    partitions: [%s]\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n",
                    crew->mock.url, limit, PAGES * 5, parts);
    setenv("PT_TEST_TOKEN", "s3cr3t-planted", 1);
    ck_assert_int_eq(pagetide_run(&crew->pagetide, "migrate").code, 0);
    ck_assert_int_eq(pagetide_run(&crew->pagetide, "apply %s", crew->pagetide.dir).code, 0);
    crew->scheduler = pagetide_spawn(&crew->pagetide, "scheduler");
    for (int i = 0; i < workers; i++)
        crew->workers[i] = pagetide_spawn(&crew->pagetide, "worker --jobs %d", PARTS / workers);
    pagetide_await(&crew->pagetide, pagetide_text("%d", workers), 20000,
                   "select count(*) from pagetide.worker");
}

static void crew_ask(struct crew *crew)
{
    servers_redis(crew->redis.url, "XADD pagetide:reload * stream api.s");
}

static void crew_await_requests(struct crew *crew, int64_t count)
{
    int64_t deadline = pagetide_deadline(60000);
    while (mock_count(&crew->mock, "/gen/page") < count) {
        ck_assert_msg(clock_mono_ms() < deadline, "%lld requests, not %lld",
                      (long long)mock_count(&crew->mock, "/gen/page"), (long long)count);
        usleep(20000);
    }
}

/* All rows are there; returns the most requests that were under way at once. */
static int64_t crew_finish(struct crew *crew)
{
    pagetide_await(&crew->pagetide, "succeeded", 90000, "select max(state) from pagetide.run");
    ck_assert_str_eq(pagetide_sql(&crew->pagetide, "select count(distinct id) from api.s"),
                     pagetide_text("%d", PARTS * PAGES * 5));
    json_t *log = json_loads(mock_get(&crew->mock, "/_mock/requests"), 0, NULL);
    json_t *requests = json_object_get(log, "requests"), *request;
    int64_t most = json_integer_value(json_object_get(log, "max_active"));
    size_t i;
    ck_assert_uint_lt(json_array_size(requests), REQUESTS_MAX);
    json_array_foreach(requests, i, request) crew->times[i] =
        json_integer_value(json_object_get(request, "at_ms"));
    crew->count = i;
    json_decref(log);
    return most;
}

static void crew_close(struct crew *crew)
{
    pagetide_signal(&crew->scheduler, SIGTERM);
    for (int i = 0; i < crew->worker_count; i++)
        if (crew->workers[i].pid)
            pagetide_signal(&crew->workers[i], SIGTERM);
    for (int i = 0; i < crew->worker_count; i++)
        if (crew->workers[i].pid)
            ck_assert_int_eq(pagetide_wait(&crew->workers[i], 25000), 0);
    ck_assert_int_eq(pagetide_wait(&crew->scheduler, 25000), 0);
    pagetide_close(&crew->pagetide);
    servers_redis_stop(&crew->redis);
    mock_stop(&crew->mock);
}

/* The most requests in any window of `window_ms`. */
static int64_t crew_most_in(const struct crew *crew, int64_t window_ms)
{
    size_t from = 0;
    int64_t most = 0;
    for (size_t i = 0; i < crew->count; i++) {
        while (crew->times[i] - crew->times[from] >= window_ms)
            from++;
        most = MAX(most, (int64_t)(i - from) + 1);
    }
    return most;
}

/* Slack: a process that the machine keeps waiting sends late what it has a place for. */
enum { RATE = 25, SLACK = RATE };

/* By the arrival times at the API. */
START_TEST(test_the_rate_of_all_workers_is_kept)
{
    struct crew crew;
    crew_open(&crew, many(), pagetide_text("%d/s", RATE));
    crew_ask(&crew);
    crew_finish(&crew);
    ck_assert_uint_eq(crew.count, PARTS * PAGES);
    printf("%d/s: %lld in a second, %lld in two, %lld in five, %.1f a second\n", RATE,
           (long long)crew_most_in(&crew, 1000), (long long)crew_most_in(&crew, 2000),
           (long long)crew_most_in(&crew, 5000),
           1000.0 * (double)crew.count / (double)(crew.times[crew.count - 1] - crew.times[0]));
    ck_assert_int_le(crew_most_in(&crew, 1000), RATE + 1 + SLACK);
    ck_assert_int_le(crew_most_in(&crew, 5000), 5 * RATE + 1 + SLACK);
    /* Neither the credential nor a host is in Redis. */
    const char *names = servers_redis(crew.redis.url, "KEYS pagetide:limit:*");
    ck_assert_msg(str_starts(str_from(names), STR("pagetide:limit:api:")), "%s", names);
    ck_assert_ptr_null(strstr(names, "127.0.0.1"));
    crew_close(&crew);
}
END_TEST

/* What is lost is who has which place: for a moment two may have the same. */
START_TEST(test_the_rate_is_kept_while_redis_is_emptied_and_restarted)
{
    struct crew crew;
    crew_open(&crew, many(), pagetide_text("%d/s", RATE));
    crew_ask(&crew);
    crew_await_requests(&crew, 60);
    servers_redis(crew.redis.url, "FLUSHALL");
    crew_await_requests(&crew, 120);
    servers_redis_stop(&crew.redis);
    usleep(1500000);
    servers_redis_restart(&crew.redis);
    crew_finish(&crew);
    printf("%d/s: %lld in a second, %lld in two, %lld in five, %.1f a second\n", RATE,
           (long long)crew_most_in(&crew, 1000), (long long)crew_most_in(&crew, 2000),
           (long long)crew_most_in(&crew, 5000),
           1000.0 * (double)crew.count / (double)(crew.times[crew.count - 1] - crew.times[0]));
    ck_assert_int_le(crew_most_in(&crew, 5000), 5 * RATE + 1 + 2 * SLACK);
    crew_close(&crew);
}
END_TEST

START_TEST(test_a_pause_told_to_one_worker_is_kept_by_all)
{
    struct crew crew;
    crew_open(&crew, many(), "{concurrency: 100}");
    mock_post(
        &crew.mock, "/_mock/fault",
        "{\"path\": \"/gen/page\", \"nth\": 60, \"kind\": \"retry_after\", \"value\": 3}");
    mock_post(&crew.mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 50}");
    crew_ask(&crew);
    crew_finish(&crew);
    ck_assert_uint_eq(crew.count, PARTS * PAGES + 1);
    int64_t quiet_ms = 0; /* nobody asked */
    for (size_t i = 60; i < crew.count; i++)
        quiet_ms = MAX(quiet_ms, crew.times[i] - crew.times[i - 1]);
    ck_assert_int_ge(quiet_ms, 2400);
    crew_close(&crew);
}
END_TEST

START_TEST(test_slots_are_shared_and_die_with_their_owner)
{
    struct crew crew;
    crew_open(&crew, 4, "{concurrency: 3}");
    mock_post(&crew.mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 30}");
    crew_ask(&crew);
    crew_await_requests(&crew, 20);
    pagetide_kill(&crew.workers[0]);
    crew.workers[0] = (struct pagetide_process){0};
    crew_await_requests(&crew, 60);
    servers_redis(crew.redis.url, "FLUSHALL");
    crew_await_requests(&crew, 90);
    ck_assert_int_le(crew_finish(&crew), 3 + 3);
    ck_assert_str_eq(servers_redis(crew.redis.url, "KEYS pagetide:limit:*"), "");
    crew_close(&crew);
}
END_TEST

SUITE("fault/limits", test_a_pause_told_to_one_worker_is_kept_by_all,
      test_slots_are_shared_and_die_with_their_owner, test_the_rate_of_all_workers_is_kept,
      test_the_rate_is_kept_while_redis_is_emptied_and_restarted)

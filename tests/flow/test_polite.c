#include <jansson.h>
#include <signal.h>

#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

/* How an API sees all the jobs of a process together. */

enum { JOBS = 6, REQUESTS_MAX = 1000 };

static struct mock mock;
static struct pagetide pagetide;

static void start(void)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
}

static void stop(void)
{
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

/* A stream of six jobs with four pages each, and what the test is about. */
static void define(const char *keys)
{
    pagetide_source(&pagetide, "shop",
                    "source: shop\n"
                    "base_url: %s\n"
                    "%s\n"
                    "streams:\n"
                    "  orders:\n"
                    "    path: /gen/page\n"
                    "    params: {total: 40, from: \"{{ partition.from }}\"}\n"
                    "    partitions: [{from: 1}, {from: 101}, {from: 201}, {from: 301}, "
                    "{from: 401}, {from: 501}]\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n",
                    mock.url, keys);
}

static void sync_all_rows(void)
{
    struct pagetide_result got = pagetide_run(&pagetide, "sync shop.orders --json");
    ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(distinct id) from shop.orders"),
                     "240");
}

/* When each request came, in ms; returns how many. */
static size_t request_times(int64_t times[REQUESTS_MAX], int64_t *ret_max_active)
{
    json_t *log = json_loads(mock_get(&mock, "/_mock/requests"), 0, NULL);
    json_t *requests = json_object_get(log, "requests"), *request;
    size_t i;
    ck_assert_uint_lt(json_array_size(requests), REQUESTS_MAX);
    json_array_foreach(requests, i, request) times[i] =
        json_integer_value(json_object_get(request, "at_ms"));
    *ret_max_active = json_integer_value(json_object_get(log, "max_active"));
    json_decref(log);
    return i;
}

START_TEST(a_wait_told_to_one_job_is_kept_by_all)
{
    int64_t times[REQUESTS_MAX], active;
    start();
    define("");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"nth\": 9, \"kind\": \"retry_after\", \"value\": 2}");
    sync_all_rows();
    size_t count = request_times(times, &active);
    ck_assert_uint_eq(count, JOBS * 4 + 1);
    int64_t longest = 0;
    for (size_t i = 1; i < count; i++)
        longest = MAX(longest, times[i] - times[i - 1]);
    ck_assert_int_ge(longest, 1900);
    /* Those in flight when the wait came are before it, all others after it. */
    int64_t late = 0;
    for (size_t i = 9; i < count; i++)
        late += times[i] - times[8] > 200 && times[i] - times[8] < 1900;
    ck_assert_int_eq(late, 0);
    stop();
}
END_TEST

START_TEST(requests_in_flight_are_bounded_over_all_jobs)
{
    int64_t times[REQUESTS_MAX], active;
    start();
    define("rate_limit: {concurrency: 2}");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 40}");
    sync_all_rows();
    ck_assert_uint_eq(request_times(times, &active), JOBS * 4);
    ck_assert_int_eq(active, 2);
    stop();
}
END_TEST

START_TEST(the_rate_is_kept_over_all_jobs)
{
    int64_t times[REQUESTS_MAX], active;
    start();
    define("rate_limit: {requests: 20, per: 1s, burst: 4}");
    sync_all_rows();
    size_t count = request_times(times, &active);
    ck_assert_uint_eq(count, JOBS * 4);
    for (size_t i = 0; i < count; i++)
        for (size_t j = i; j < count; j++)
            ck_assert_msg((int64_t)(j - i) <= 4 + (times[j] - times[i] + 30) / 50,
                          "%zu requests in %lld ms", j - i + 1,
                          (long long)(times[j] - times[i]));
    ck_assert_int_lt(times[count - 1] - times[0], 3000);
    stop();
}
END_TEST

START_TEST(a_host_that_fails_five_times_in_a_row_is_left_alone)
{
    start();
    define("retry: {max_attempts: 50, initial_delay: 10ms, backoff: fixed, jitter: none}");
    mock_post(
        &mock, "/_mock/fault",
        "{\"path\": \"/gen/page\", \"times\": -1, \"kind\": \"status\", \"status\": 503}");
    struct pagetide_process sync = pagetide_spawn(&pagetide, "sync shop.orders");
    pagetide_await(&pagetide, "6", 20000,
                   "select count(*) from pagetide.job where state = 'waiting' and "
                   "waiting_for like '%%the API failed several times in a row%%' and "
                   "wait_until > now() + '20 s'");
    /* One round of all jobs may have been in flight together. */
    ck_assert_int_le(mock_count(&mock, "/gen/page"), 2 * JOBS);
    ck_assert_str_eq(pagetide_sql(&pagetide, "select sum(attempt) <= 12 from pagetide.job"),
                     "t");
    pagetide_signal(&sync, SIGINT);
    ck_assert_int_eq(pagetide_wait(&sync, 20000), 130);
    stop();
}
END_TEST

SUITE("flow/polite", a_wait_told_to_one_job_is_kept_by_all,
      requests_in_flight_are_bounded_over_all_jobs, the_rate_is_kept_over_all_jobs,
      a_host_that_fails_five_times_in_a_row_is_left_alone)

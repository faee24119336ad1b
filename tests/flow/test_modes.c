#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/rng.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/servers.h"
#define SUITE_TIMEOUT 120
#include "tests/support/suite.h"
#include "tests/support/truth.h"

/* Incremental, full and window runs, and what a person orders about them. */
static struct mock mock;
static struct pagetide pagetide;

#define EXPECT(text, ...) ck_assert_str_eq(pagetide_sql(&pagetide, __VA_ARGS__), (text))
#define AWAIT(text, ...)  pagetide_await(&pagetide, text, 20000, __VA_ARGS__)
#define RUNS                                                                                   \
    "select string_agg(concat_ws(':', id, mode, state), ' ' order by id) from pagetide.run"

/* 35 records in 4 pages; `keys` are more keys of the stream, each after a line feed. */
static void set_up(const char *keys)
{
    setenv("PAGETIDE_LEASE", "3s", 1);
    setenv("PAGETIDE_BEAT", "500ms", 1);
    setenv("PAGETIDE_BATCH_RECORDS", "10", 1);
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    pagetide_source(&pagetide, "shop",
                    "source: shop\n"
                    "base_url: %s\n"
                    "streams:\n"
                    "  orders:\n"
                    "    path: /gen/page\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n"
                    "    write: upsert\n"
                    "    key: [id]\n"
                    "%s",
                    mock.url, keys);
}

static void tear_down(void)
{
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

static const char *run(int code, const char *command)
{
    struct pagetide_result got = pagetide_run(&pagetide, "%s", command);
    ck_assert_msg(got.code == code, "%s: %d\n%s%s", command, got.code, got.out, got.err);
    return got.code ? got.err : got.out;
}

static void slow_down(int ms)
{
    mock_post(&mock, "/_mock/fault",
              pagetide_text("{\"path\": \"/gen/page\", \"kind\": \"slow_ms\", \"ms\": %d, "
                            "\"times\": -1}",
                            ms));
}

static int64_t asked(const char *query)
{
    return mock_count(&mock, pagetide_text("/gen/page?%s", query));
}

/* --- bookmarks --- */

#define BOOKMARK                                                                               \
    "    params: {total: 35, since: \"{{ bookmark }}\"}\n"                                     \
    "    bookmark: {path: created_at, start: \"2024-01-01T00:05:00Z\", lookback: 2m}\n"

START_TEST(a_run_begins_where_the_last_one_came_to)
{
    set_up(BOOKMARK);
    run(0, "sync shop.orders");
    ck_assert_int_eq(asked("total=35&since=2024-01-01T00%3A05%3A00Z&page=1"), 1);
    EXPECT("2024-01-01T00:35:00Z 1",
           "select value || ' ' || run from pagetide.bookmark where partition = ''");
    run(0, "sync shop.orders");
    ck_assert_int_eq(asked("total=35&since=2024-01-01T00%3A33%3A00Z&page=1"), 1);
    EXPECT("3", "select records from pagetide.run where id = 2");
    run(0, "sync shop.orders --full");
    ck_assert_int_eq(asked("total=35&since=2024-01-01T00%3A05%3A00Z&page=1"), 2);
    const char *shown = run(0, "bookmark shop.orders --json");
    ck_assert_str_eq(pagetide_json(shown, "value"), "2024-01-01T00:35:00Z");
    run(1, "bookmark shop.orders --set soon");
    run(0, "bookmark shop.orders --set 2024-01-01T00:10:00Z");
    run(0, "sync shop.orders");
    ck_assert_int_eq(asked("total=35&since=2024-01-01T00%3A08%3A00Z&page=1"), 1);
    run(0, "bookmark shop.orders --clear");
    EXPECT("0", "select count(*) from pagetide.bookmark");
    tear_down();
}
END_TEST

/* The API does not know `since`, or counts from the bookmark on: append doubles what comes. */
START_TEST(appended_records_that_came_before_are_said)
{
    set_up("");
    pagetide_source(&pagetide, "shop",
                    "source: shop\nbase_url: %s\nstreams:\n  orders:\n"
                    "    path: /gen/page\n    merge_path: data\n    pagination: {type: page}\n"
                    "    params: {total: 35, unknown: \"{{ bookmark | default('') }}\"}\n"
                    "    bookmark: created_at\n",
                    mock.url);
    run(0, "sync shop.orders");
    EXPECT("f", "select array_to_string(warnings, ';') like '%%not later than%%' "
                "from pagetide.run where id = 1");
    run(0, "sync shop.orders");
    EXPECT("t", "select array_to_string(warnings, ';') like "
                "'%%35 of 35 records are not later than%%' from pagetide.run where id = 2");
    tear_down();
}
END_TEST

START_TEST(only_a_complete_run_moves_the_bookmark)
{
    set_up(BOOKMARK);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"page\": 3, \"kind\": \"status\", \"status\": 404}");
    run(1, "sync shop.orders");
    EXPECT("0", "select count(*) from pagetide.bookmark");
    run(0, "retry 1");
    run(0, "sync shop.orders");
    EXPECT("1:incremental:succeeded", RUNS);
    EXPECT("2024-01-01T00:35:00Z", "select value from pagetide.bookmark");
    ck_assert_int_eq(asked("total=35&since=2024-01-01T00%3A05%3A00Z&page=1"), 1);
    ck_assert_int_eq(asked("total=35&since=2024-01-01T00%3A05%3A00Z&page=3"), 2);
    tear_down();
}
END_TEST

/* Delta links, as Microsoft Graph has them; an error in the first run's second page. */
START_TEST(a_token_of_the_last_answer_begins_the_next_run)
{
    set_up("");
    pagetide_source(&pagetide, "shop",
                    "source: shop\nbase_url: %s\nstreams:\n  orders:\n"
                    "    url: \"{{ bookmark | default('%s/delta', true) }}\"\n"
                    "    pagination: {type: next_url, next_path: next}\n"
                    "    merge_path: value\n"
                    "    bookmark: {from_response: delta}\n"
                    "    responses: [{status: 410, then: fail, message: \"expired\"}]\n"
                    "    write: upsert\n    key: id\n",
                    mock.url, mock.url);
    mock_post(&mock, "/_mock/route",
              pagetide_text("[{\"path\": \"/delta\", \"body\": {\"value\": [{\"id\": 1}], "
                            "\"delta\": \"%s/delta?token=early\", "
                            "\"next\": \"%s/delta?page=2\"}},"
                            "{\"path\": \"/delta\", \"query\": \"page=2\", \"answers\": ["
                            "{\"status\": 404}, {\"body\": "
                            "{\"value\": [{\"id\": 2}], \"delta\": \"%s/delta?token=9\"}}]},"
                            "{\"path\": \"/delta\", \"query\": \"token=9\", \"body\": "
                            "{\"value\": [{\"id\": 3}], \"delta\": \"%s/delta?token=10\"}},"
                            "{\"path\": \"/delta\", \"query\": \"token=10\", \"answers\": ["
                            "{\"body\": {\"value\": []}}, {\"status\": 410}]}]",
                            mock.url, mock.url, mock.url, mock.url));
    run(1, "sync shop.orders");
    EXPECT("0", "select count(*) from pagetide.bookmark");
    run(0, "retry 1");
    run(0, "sync shop.orders");
    EXPECT(pagetide_text("%s/delta?token=9 1", mock.url),
           "select value || ' ' || run from pagetide.bookmark");
    run(0, "sync shop.orders");
    EXPECT(pagetide_text("%s/delta?token=10 2", mock.url),
           "select value || ' ' || run from pagetide.bookmark");
    run(0, "sync shop.orders");
    EXPECT("t", "select array_to_string(warnings, ';') like '%%has no token at delta (there is "
                "undefined)%%' from pagetide.run where id = 3");
    ck_assert_ptr_nonnull(strstr(run(1, "sync shop.orders"), "expired"));
    EXPECT("2", "select run from pagetide.bookmark");
    EXPECT("1 2 3", "select string_agg(id::text, ' ' order by id) from shop.orders");
    run(0, "bookmark shop.orders --clear");
    run(0, "sync shop.orders");
    ck_assert_int_eq(mock_count(&mock, "/delta"), 8);
    tear_down();
}
END_TEST

/* A request that reads the answer before it: a job that goes on asks what it would have
 * asked. */
START_TEST(a_request_made_from_an_answer_goes_on)
{
    set_up("");
    pagetide_source(
        &pagetide, "shop",
        "source: shop\nbase_url: %s\nstreams:\n  orders:\n"
        "    path: \"{{ response.next if response is defined else 'p1' }}\"\n"
        "    headers: {X-Page: \"{{ http.headers['x-page'] | default('none') }}\"}\n"
        "    pagination: {type: response_based, continue_while: "
        "\"{{ response.next }}\", next_page: {headers: {X-More: 'yes'}}, "
        "merge_strategy: append}\n"
        "    merge_path: data\n",
        mock.url);
    mock_post(&mock, "/_mock/route",
              "[{\"path\": \"/p1\", \"headers\": {\"X-Page\": \"one\"}, "
              "\"body\": {\"data\": [{\"id\": 1}], \"next\": \"p2\"}}, "
              "{\"path\": \"/p2\", \"answers\": [{\"status\": 404}, "
              "{\"body\": {\"data\": [{\"id\": 2}], \"next\": null}}]}]");
    run(1, "sync shop.orders");
    run(0, "retry 1");
    run(0, "sync shop.orders");
    EXPECT("1 2", "select string_agg(id::text, ' ' order by id) from shop.orders");
    EXPECT("1:incremental:succeeded", RUNS);
    ck_assert_int_eq(mock_count(&mock, "/p1"), 1);
    ck_assert_int_eq(mock_count(&mock, "/p2"), 2);
    const char *asked_for = mock_get(&mock, "/_mock/requests");
    const char *last = strstr(asked_for, "\"x-page\":\"one\"");
    ck_assert(last && strstr(last + 1, "\"x-page\":\"one\""));
    tear_down();
}
END_TEST

/* Three runs: broken on page 3, broken on page 2, complete. */
static void append_with_two_failures(void)
{
    pagetide_source(&pagetide, "shop",
                    "source: shop\nbase_url: %s\nstreams:\n  orders:\n    path: /gen/page\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n    params: {total: 35, since: \"{{ bookmark }}\"}\n"
                    "    bookmark: {path: created_at, start: \"2024-01-01T00:00:00Z\"}\n",
                    mock.url);
    for (int page = 3; page >= 2; page--) {
        mock_post(&mock, "/_mock/fault",
                  pagetide_text("{\"path\": \"/gen/page\", \"page\": %d, \"kind\": \"status\", "
                                "\"status\": 404}",
                                page));
        run(1, "sync shop.orders");
    }
}

START_TEST(records_of_a_run_that_failed_are_not_stored_twice)
{
    set_up("");
    append_with_two_failures();
    EXPECT("10 2", "select count(*) || ' ' || max(_pt_run) from shop.orders");
    run(0, "sync shop.orders");
    EXPECT("35 35", "select count(*) || ' ' || count(distinct id) from shop.orders");
    EXPECT("{\"10 rows of unfinished runs (1, 2) were taken out: their records come again\"}",
           "select warnings from pagetide.run where id = 3");
    run(0, "sync shop.orders");
    EXPECT("35", "select count(distinct id) from shop.orders");
    tear_down();
}
END_TEST

/* Its records do not come again: they stay. */
START_TEST(rows_of_a_run_from_another_bookmark_stay)
{
    set_up("");
    append_with_two_failures();
    run(0, "bookmark shop.orders --set 2024-01-01T00:20:00Z");
    run(0, "sync shop.orders");
    EXPECT("10", "select count(*) from shop.orders where _pt_run = 2");
    tear_down();
}
END_TEST

/* --- append --- */

static void append(const char *keys)
{
    pagetide_source(&pagetide, "shop",
                    "source: shop\nbase_url: %s\nstreams:\n"
                    "  orders:\n"
                    "    path: /gen/page\n"
                    "    params: {total: 20}\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n%s",
                    mock.url, keys);
}

static void expect_twice(const char *command)
{
    const char *said = run(2, command);
    ck_assert_msg(strstr(said, "would be there twice"), "%s: %s", command, said);
}

START_TEST(what_appends_is_stored_twice_only_where_it_is_asked_for)
{
    set_up("");
    append("");
    run(0, "sync shop.orders");
    expect_twice("sync shop.orders");
    expect_twice("sync shop.orders --full");
    EXPECT("20 1",
           "select count(*) || ' ' || (select count(*) from pagetide.run) from shop.orders");
    append("    bookmark: id\n"); /* no request uses it */
    expect_twice("sync shop.orders");
    run(0, "sync shop.orders --again");
    EXPECT("40", "select count(*) from shop.orders");
    append("    again: true\n");
    run(0, "sync shop.orders");
    EXPECT("60", "select count(*) from shop.orders");
    append("");
    pagetide_sql(&pagetide, "drop table shop.orders");
    run(0, "sync shop.orders");
    EXPECT("20", "select count(*) from shop.orders");
    tear_down();
}
END_TEST

START_TEST(a_stream_that_is_refused_blocks_no_other)
{
    set_up("");
    append("  lines: {path: /gen/page, params: {total: 20}, merge_path: data, "
           "key: id, write: upsert}\n");
    run(0, "sync --all");
    expect_twice("sync --all");
    EXPECT("1:incremental:succeeded 2:incremental:succeeded 3:incremental:succeeded", RUNS);
    EXPECT("2", "select count(*) from pagetide.run where stream = 'shop.lines'");
    expect_twice("sync shop.lines shop.orders shop.lines");
    EXPECT("3", "select count(*) from pagetide.run where stream = 'shop.lines'");
    EXPECT("0", "select count(*) from pagetide.job where not pagetide.is_end(state)");
    tear_down();
}
END_TEST

/* Its rows go before the first ones of the next run: nothing is there twice. */
START_TEST(a_run_that_failed_does_not_stand_in_the_way)
{
    set_up("");
    append("");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"query\": \"page=2\", \"kind\": \"status\", "
              "\"status\": 404}");
    run(1, "sync shop.orders");
    EXPECT("10", "select count(*) from shop.orders");
    run(0, "sync shop.orders");
    EXPECT("20 20", "select count(*) || ' ' || count(distinct id) from shop.orders");
    tear_down();
}
END_TEST

START_TEST(a_schedule_that_appends_the_same_is_told)
{
    set_up("");
    append("    every: 1s\n");
    struct pagetide_result check = pagetide_run(&pagetide, "check");
    ck_assert_int_eq(check.code, 0);
    ck_assert_msg(strstr(check.err, "shop.yaml:9:12: warning: shop.orders appends the same"),
                  "%s", check.err);
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    AWAIT("t", "select error like 'shop.orders appends, and each run asks for all%%' "
               "from pagetide.run where state = 'failed' and reason = 'definition' limit 1");
    EXPECT("20", "select count(*) from shop.orders");
    EXPECT("1", "select count(*) from pagetide.run where state = 'succeeded'");
    /* A message that says it is meant. */
    run(0, "reload shop.orders --id more --mode full --again");
    AWAIT("40", "select count(*) from shop.orders");
    pagetide_signal(&up, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&up, 25000), 0);
    tear_down();
}
END_TEST

START_TEST(windows_of_a_stream_that_appends_do_not_overlap)
{
    set_up("");
    append("    headers: {X-From: \"{{ window.start }}\"}\n");
    run(0, "sync shop.orders --from 2024-01-01 --to 2024-01-03");
    run(0, "sync shop.orders --from 2024-01-03 --to 2024-01-04");
    expect_twice("sync shop.orders --from 2024-01-02 --to 2024-01-05");
    EXPECT("40", "select count(*) from shop.orders");
    run(0, "sync shop.orders --from 2024-01-02 --to 2024-01-05 --again");
    EXPECT("60", "select count(*) from shop.orders");
    tear_down();
}
END_TEST

START_TEST(each_partition_has_its_bookmark)
{
    set_up(
        "    partitions: [{from: 1}, {from: 101}]\n"
        "    params: {total: 15, from: \"{{ partition.from }}\", after: \"{{ bookmark }}\"}\n"
        "    bookmark: {path: id, start: 0, type: number, lookback: 1}\n");
    run(0, "sync shop.orders");
    ck_assert_int_eq(asked("total=15&from=101&after=0&page=1"), 1);
    EXPECT("15 115",
           "select string_agg(value, ' ' order by value::int) from pagetide.bookmark");
    run(0, "sync shop.orders");
    ck_assert_int_eq(asked("total=15&from=1&after=14&page=1"), 1);
    ck_assert_int_eq(asked("total=15&from=101&after=114&page=1"), 1);
    tear_down();
}
END_TEST

START_TEST(a_window_is_asked_for_and_leaves_the_bookmark)
{
    set_up("    params: {total: 5, f: \"{{ window.start }}\", t: \"{{ window.end }}\"}\n"
           "    bookmark: {path: created_at}\n");
    run(0, "sync shop.orders --from 2024-01-01 --to 2024-02-01T01:00:00+01:00");
    ck_assert_int_eq(
        asked("total=5&f=2024-01-01T00%3A00%3A00Z&t=2024-02-01T00%3A00%3A00Z&page=1"), 1);
    EXPECT("1:window:succeeded", RUNS);
    EXPECT("0", "select count(*) from pagetide.bookmark");
    run(0, "sync shop.orders");
    ck_assert_int_eq(asked("total=5&page=1"), 1);
    run(2, "sync shop.orders --from 2024-01-01");
    run(2, "sync shop.orders --from 2024-02-01 --to 2024-01-01");
    run(2, "sync shop.orders --from 2024-01-01 --to soon");
    run(2, "sync shop.orders --full --from 2024-01-01 --to 2024-02-01");
    tear_down();
}
END_TEST

/* --- reload --- */

START_TEST(fault_41_reloads_during_a_run)
{
    set_up("    params: {total: 200, w: \"{{ window.start }}\"}\n");
    slow_down(100);
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    AWAIT("shop.orders", "select name from pagetide.stream");
    run(0, "reload shop.orders --id first");
    AWAIT("t", "select page > 1 from pagetide.job where run = 1");
    run(0, "reload shop.orders --id queued --mode window --from 2024-01-01 --to 2024-01-02");
    run(0, "reload shop.orders --id skipped --if-running skip");
    AWAIT("2", "select count(*) from pagetide.request where state in ('pending', 'skipped')");
    run(0, "reload shop.orders --id replacing --mode full --if-running replace");
    AWAIT("1:incremental:cancelled 2:full:running", RUNS);
    AWAIT("1:incremental:cancelled 2:full:succeeded 3:window:succeeded", RUNS);
    EXPECT("first:cancelled:1 queued:succeeded:3 replacing:succeeded:2 skipped:skipped:1",
           "select string_agg(concat_ws(':', id, state, run), ' ' order by id) "
           "from pagetide.request");
    run(2, "reload shop.none --wait");
    truth_check_idle(&pagetide);
    pagetide_signal(&up, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&up, 25000), 0);
    truth_check_rows(&pagetide, &mock, "shop.orders", "total=200");
    tear_down();
}
END_TEST

/* --- orders --- */

START_TEST(fault_67_a_cancelled_run_can_be_retried)
{
    set_up("    params: {total: 200}\n");
    slow_down(100);
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    AWAIT("shop.orders", "select name from pagetide.stream");
    run(0, "reload shop.orders");
    AWAIT("t", "select page > 3 from pagetide.job");
    run(0, "cancel 1");
    const char *page = pagetide_sql(&pagetide, "select page from pagetide.job");
    EXPECT("1:incremental:cancelled", RUNS);
    truth_check_idle(&pagetide);
    EXPECT(page, "select page from pagetide.job");
    run(0, "retry 1/1");
    AWAIT("1:incremental:succeeded", RUNS);
    ck_assert_int_le(mock_count_max(&mock, "/gen/page"), 2);
    truth_check_idle(&pagetide);
    pagetide_signal(&up, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&up, 25000), 0);
    truth_check_rows(&pagetide, &mock, "shop.orders", "total=200");
    tear_down();
}
END_TEST

/* Nobody is there to drop it: the scheduler takes it off the queue. */
START_TEST(fault_67_what_is_cancelled_leaves_the_queue)
{
    set_up("    params: {total: 35}\n");
    run(0, "migrate");
    struct pagetide_process scheduler = pagetide_spawn(&pagetide, "scheduler");
    AWAIT("shop.orders", "select name from pagetide.stream");
    run(0, "reload shop.orders");
    AWAIT("t", "select enqueued_at is not null from pagetide.job");
    ck_assert_str_eq(servers_redis(pagetide.redis_url, "EXISTS pagetide:job:1"), "1");
    run(0, "cancel 1");
    AWAIT("t", "select enqueued_at is null from pagetide.job");
    ck_assert_str_eq(servers_redis(pagetide.redis_url, "EXISTS pagetide:job:1"), "0");
    truth_check_idle(&pagetide);
    pagetide_kill(&scheduler);
    tear_down();
}
END_TEST

START_TEST(fault_67_a_sync_hears_that_its_run_was_cancelled)
{
    set_up("    params: {total: 1000}\n");
    slow_down(100);
    struct pagetide_process sync = pagetide_spawn(&pagetide, "sync shop.orders");
    AWAIT("t", "select page > 1 from pagetide.job");
    run(0, "cancel 1");
    ck_assert_int_eq(pagetide_wait(&sync, 10000), 1);
    EXPECT("1:incremental:cancelled", RUNS);
    tear_down();
}
END_TEST

START_TEST(fault_67_streams_go_only_when_told)
{
    set_up("    params: {total: 200}\n    schedule: \"* * * * *\"\n");
    slow_down(100);
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    AWAIT("shop.orders", "select name from pagetide.stream");
    run(0, "reload shop.orders");
    AWAIT("running", "select state from pagetide.run where id = 1");
    pagetide_source(&pagetide, "shop",
                    "source: shop\nbase_url: %s\nstreams: {others: {path: /x, merge_path: "
                    "data, pagination: {type: none}}}\n",
                    mock.url);
    pagetide_file(&pagetide, "sources/bad.yaml", "source: bad\nstreams: 7\n");
    run(2, "apply --prune");
    EXPECT("t", "select removed_at is null from pagetide.stream where name = 'shop.orders'");
    pagetide_file(&pagetide, "sources/bad.yaml", "");
    ck_assert_int_eq(remove(pagetide_text("%s/sources/bad.yaml", pagetide.dir)), 0);
    run(0, "apply --prune");
    EXPECT("f", "select removed_at is null from pagetide.stream where name = 'shop.orders'");
    EXPECT("cancelled", "select state from pagetide.run where id = 1");
    truth_check_idle(&pagetide);
    run(2, "reload shop.orders --wait");
    run(2, "pause shop.orders");
    run(0, "pause shop.others");
    run(0, "resume shop.others");
    pagetide_signal(&up, SIGTERM); /* it would bring back the stream of the file */
    ck_assert_int_eq(pagetide_wait(&up, 25000), 0);
    run(0, "drop shop.others");
    run(2, "drop shop.others");
    tear_down();
}
END_TEST

/* Orders at random moments of random states. */
START_TEST(fault_67_orders_race)
{
    static const struct {
        const char *order;
        bool names_run;
    } orders[] = {
        {"reload shop.orders", false},
        {"reload shop.orders --if-running replace", false},
        {"pause shop.orders", false},
        {"resume shop.orders", false},
        {"cancel", true},
        {"retry", true},
        {"cancel", true},
        {"retry", true},
    };
    struct rng rng;
    uint64_t seed = (uint64_t)clock_wall_ms();
    set_up("    params: {total: 200}\n");
    slow_down(20);
    rng_seed(&rng, seed);
    printf("seed %llu\n", (unsigned long long)seed);
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    AWAIT("shop.orders", "select name from pagetide.stream");
    run(0, "reload shop.orders");
    AWAIT("1", "select count(*) from pagetide.run");
    for (int i = 0; i < 60; i++) {
        const char *last = pagetide_sql(&pagetide, "select max(id) from pagetide.run");
        size_t at = (size_t)rng_below(&rng, COUNT_OF(orders));
        struct pagetide_result got = pagetide_run(&pagetide, "%s %s", orders[at].order,
                                                  orders[at].names_run ? last : "");
        ck_assert_msg(got.code == 0 || got.code == 1, "%s: %s", orders[at].order, got.err);
        EXPECT("t", "select count(*) <= 1 from pagetide.run where state in "
                    "('queued', 'running')");
    }
    run(0, "reload shop.orders --mode full --id last --wait");
    AWAIT("0", "select count(*) from pagetide.run where state in ('queued', 'running')");
    EXPECT("0", "select count(*) from pagetide.request where state in ('pending', 'started')");
    truth_check_idle(&pagetide);
    pagetide_signal(&up, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&up, 25000), 0);
    truth_check_rows(&pagetide, &mock, "shop.orders", "total=200");
    tear_down();
}
END_TEST

SUITE("flow/modes", a_run_begins_where_the_last_one_came_to,
      only_a_complete_run_moves_the_bookmark, a_token_of_the_last_answer_begins_the_next_run,
      appended_records_that_came_before_are_said, a_request_made_from_an_answer_goes_on,
      each_partition_has_its_bookmark, what_appends_is_stored_twice_only_where_it_is_asked_for,
      a_stream_that_is_refused_blocks_no_other, a_run_that_failed_does_not_stand_in_the_way,
      a_schedule_that_appends_the_same_is_told, windows_of_a_stream_that_appends_do_not_overlap,
      records_of_a_run_that_failed_are_not_stored_twice,
      rows_of_a_run_from_another_bookmark_stay, a_window_is_asked_for_and_leaves_the_bookmark,
      fault_41_reloads_during_a_run, fault_67_a_cancelled_run_can_be_retried,
      fault_67_what_is_cancelled_leaves_the_queue,
      fault_67_a_sync_hears_that_its_run_was_cancelled, fault_67_streams_go_only_when_told,
      fault_67_orders_race)

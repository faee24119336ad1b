#define SUITE_TIMEOUT 120
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"

/* `up`, `scheduler` and `worker`: schedules, reload messages, drain, status. */
static struct mock mock;
static struct pagetide pagetide;

enum { LIMIT_MS = 30000 };

#define SQL(...)             pagetide_sql(&pagetide, __VA_ARGS__)
#define AWAIT(expected, ...) pagetide_await(&pagetide, (expected), LIMIT_MS, __VA_ARGS__)

static void set_up(void)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    setenv("PAGETIDE_BATCH_AGE", "50ms", 1);
    setenv("PAGETIDE_LEASE", "6s", 1);
    setenv("PAGETIDE_BEAT", "1s", 1);
}

static void tear_down(void)
{
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

static void shop(const char *keys)
{
    pagetide_source(&pagetide, "shop",
                    "source: shop\n"
                    "base_url: %s\n"
                    "defaults:\n"
                    "  pagination: {type: page, total_pages_path: pages}\n"
                    "  merge_path: data\n"
                    "streams:\n"
                    "  orders:\n"
                    "    path: /gen/page\n%s",
                    mock.url, keys);
}

static void slow(int ms)
{
    mock_post(&mock, "/_mock/fault",
              pagetide_text("{\"path\": \"/gen\", \"kind\": \"slow_ms\", \"ms\": %d, "
                            "\"times\": -1}",
                            ms));
}

static struct pagetide_process start_up(void)
{
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    AWAIT("1", "select count(*) from pagetide.stream where name = 'shop.orders'");
    return up;
}

static void expect_stop(struct pagetide_process *process)
{
    pagetide_signal(process, SIGTERM);
    int code = pagetide_wait(process, 25000);
    ck_assert_msg(code == 0, "exit %d\n%s", code, pagetide_err(process));
    ck_assert_msg(!strstr(pagetide_err(process), "Sanitizer"), "%s", pagetide_err(process));
}

static const char *xadd(const char *fields)
{
    return servers_redis(pagetide.redis_url, "XADD pagetide:reload * %s", fields);
}

static const char *outcome(const char *id)
{
    return servers_redis(pagetide.redis_url, "GET pagetide:reload:result:%s", id);
}

static void await_outcome(const char *id, const char *part)
{
    int64_t deadline = pagetide_deadline(LIMIT_MS);
    while (!strstr(outcome(id), part)) {
        ck_assert_msg(clock_mono_ms() < deadline, "%s: %s without %s", id, outcome(id), part);
        usleep(50000);
    }
}

START_TEST(a_schedule_runs)
{
    set_up();
    shop("    every: 1s\n    write: upsert\n    key: id\n");
    struct pagetide_process up = start_up();
    AWAIT("t", "select count(*) >= 2 from pagetide.run where state = 'succeeded' and "
               "trigger in ('schedule', 'catch_up') and scheduled_for is not null");
    ck_assert_str_eq(SQL("select count(*) from shop.orders"), "100");
    AWAIT("t", "select next_due > now() - interval '3 s' from pagetide.health");
    expect_stop(&up);
    tear_down();
}
END_TEST

START_TEST(an_edited_file_is_taken_over)
{
    set_up();
    shop("");
    struct pagetide_process up = start_up();
    shop("    max_rejects: 7\n    every: 1s\n");
    AWAIT("t", "select version = 2 and every_ms = 1000 from pagetide.stream");
    shop("    max_rejects: many\n");
    pagetide_await_err(&up, "max_rejects", LIMIT_MS);
    AWAIT("2", "select version from pagetide.stream");
    expect_stop(&up);
    tear_down();
}
END_TEST

START_TEST(a_message_starts_a_run)
{
    set_up();
    shop("    again: true\n");
    struct pagetide_process up = start_up();
    xadd("stream shop.orders id import-42 priority 9");
    await_outcome("import-42", "\"state\":\"succeeded\"");
    ck_assert_str_eq(SQL("select trigger || ' ' || mode || ' ' || priority || ' ' || "
                         "request_id from pagetide.run"),
                     "reload incremental 9 import-42");
    ck_assert_str_eq(SQL("select count(*) from shop.orders"), "100");
    /* The same id is the same run. */
    xadd("stream shop.orders id import-42");
    const char *entry = xadd("stream shop.orders");
    await_outcome(entry, "\"state\":\"succeeded\"");
    ck_assert_str_eq(SQL("select count(*) from pagetide.run"), "2");
    ck_assert_str_eq(SQL("select state from pagetide.request where id = '%s'", entry),
                     "succeeded");
    ck_assert_str_eq(servers_redis(pagetide.redis_url, "XLEN pagetide:reload"), "0");
    expect_stop(&up);
    tear_down();
}
END_TEST

START_TEST(a_bad_message_is_put_aside)
{
    static const char *const bad[][2] = {
        {"stream shop.nothing id bad-1", "shop.nothing"},
        {"stream shop.orders id bad-2 colour red", "colour"},
        {"stream shop.orders id bad-3 mode sideways", "mode"},
        {"stream shop.orders id bad-4 if_running maybe", "if_running"},
        {"stream shop.orders id bad-5 mode full", "again"},
        {"stream shop.orders id bad-6 priority 10", "priority"},
        {"strem shop.orders id bad-7", "stream"},
    };
    set_up();
    shop("");
    struct pagetide_process up = start_up();
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        const char *id = pagetide_text("bad-%zu", i + 1);
        xadd(bad[i][0]);
        await_outcome(id, "\"state\":\"refused\"");
        expect_holds(outcome(id), bad[i][1]);
    }
    ck_assert_str_eq(servers_redis(pagetide.redis_url, "XLEN pagetide:reload:bad"), "7");
    expect_holds(servers_redis(pagetide.redis_url, "XRANGE pagetide:reload:bad - +"), "bad-3");
    ck_assert_str_eq(SQL("select count(*) from pagetide.run"), "0");
    ck_assert_int_eq(mock_count(&mock, "/gen/page"), 0);
    /* A message over 4 KiB. */
    char fields[5000];
    snprintf(fields, sizeof fields, "stream shop.orders id bad-8 note ");
    memset(fields + strlen(fields), 'x', sizeof fields - strlen(fields) - 1);
    fields[sizeof fields - 1] = '\0';
    xadd(fields);
    await_outcome("bad-8", "4 KiB");
    expect_stop(&up);
    tear_down();
}
END_TEST

START_TEST(full_on_append_needs_again)
{
    set_up();
    shop("");
    struct pagetide_process up = start_up();
    xadd("stream shop.orders id f-1 mode full again yes");
    await_outcome("f-1", "\"state\":\"succeeded\"");
    ck_assert_str_eq(SQL("select mode from pagetide.run"), "full");
    expect_stop(&up);
    tear_down();
}
END_TEST

START_TEST(messages_during_a_run_wait_or_are_skipped)
{
    set_up();
    shop("    params: {total: 40}\n    again: true\n");
    slow(700);
    struct pagetide_process up = start_up();
    xadd("stream shop.orders id first");
    AWAIT("running", "select state from pagetide.run");
    xadd("stream shop.orders id skipped if_running skip");
    xadd("stream shop.orders id low priority 1");
    xadd("stream shop.orders id high mode full again yes priority 8");
    xadd("stream shop.orders id merged priority 2");
    await_outcome("skipped", "\"state\":\"skipped\"");
    await_outcome("low", "\"state\":\"pending\"");
    await_outcome("merged", "\"state\":\"succeeded\"");
    await_outcome("low", "\"state\":\"succeeded\"");
    await_outcome("high", "\"state\":\"succeeded\"");
    ck_assert_str_eq(SQL("select string_agg(mode, ' ' order by id) from pagetide.run"),
                     "incremental full incremental");
    ck_assert_str_eq(
        SQL("select count(distinct run) from pagetide.request where id in ('low', 'merged')"),
        "1");
    expect_stop(&up);
    tear_down();
}
END_TEST

START_TEST(reload_waits_for_the_end)
{
    set_up();
    shop("");
    struct pagetide_process up = start_up();
    struct pagetide_result got = pagetide_run(&pagetide, "reload shop.orders --wait --json");
    ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
    ck_assert_str_eq(pagetide_json(pagetide_last_line(got.out), "state"), "succeeded");
    got = pagetide_run(&pagetide, "reload shop.orders --mode full --wait");
    ck_assert_int_eq(got.code, 2);
    expect_holds(got.err, "again");
    got = pagetide_run(&pagetide, "reload shop.nothing --wait");
    ck_assert_int_eq(got.code, 2);
    shop("    again: true\n");
    AWAIT("2", "select version from pagetide.stream");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"page\": 3, \"kind\": \"status\", \"status\": 404}");
    got = pagetide_run(&pagetide, "reload shop.orders --wait --id r-9");
    ck_assert_int_eq(got.code, 1);
    expect_holds(got.out, "failed (http)");
    got = pagetide_run(&pagetide, "reload shop.orders --json --id r-10");
    ck_assert_int_eq(got.code, 0);
    ck_assert_str_eq(pagetide_json(got.out, "id"), "r-10");
    await_outcome("r-10", "\"state\":\"succeeded\"");
    expect_stop(&up);
    tear_down();
}
END_TEST

START_TEST(three_streams_at_once)
{
    set_up();
    shop("  a:\n    path: /gen/page\n"
         "  b:\n    path: /gen/page\n");
    slow(300);
    struct pagetide_process up = start_up();
    xadd("stream shop.orders");
    xadd("stream shop.a");
    xadd("stream shop.b");
    AWAIT("3 1", "select count(*) || ' ' || count(distinct worker) from pagetide.job "
                 "where state = 'running'");
    const char *status = pagetide_run(&pagetide, "status --json").out;
    expect_holds(status, "\"state\": \"running\"");
    AWAIT("3", "select count(*) from pagetide.run where state = 'succeeded'");
    ck_assert_str_eq(SQL("select count(*) from shop.a"), "100");
    ck_assert_int_ge(
        strtol(pagetide_json(mock_get(&mock, "/_mock/requests"), "max_active"), NULL, 10), 3);
    expect_stop(&up);
    tear_down();
}
END_TEST

START_TEST(two_workers_share_no_page)
{
    set_up();
    shop("    params: {total: 300}\n");
    slow(60);
    struct pagetide_process scheduler = pagetide_spawn(&pagetide, "migrate");
    pagetide_wait(&scheduler, LIMIT_MS);
    scheduler = pagetide_spawn(&pagetide, "scheduler");
    struct pagetide_process one = pagetide_spawn(&pagetide, "worker");
    struct pagetide_process two = pagetide_spawn(&pagetide, "worker");
    AWAIT("1", "select count(*) from pagetide.stream");
    AWAIT("2", "select count(*) from pagetide.worker");
    xadd("stream shop.orders");
    AWAIT("succeeded", "select state from pagetide.run");
    ck_assert_str_eq(SQL("select epoch from pagetide.job"), "1");
    ck_assert_int_eq(mock_count(&mock, "/gen/page"), 30);
    ck_assert_str_eq(SQL("select count(distinct id) from shop.orders"), "300");
    expect_stop(&one);
    expect_stop(&two);
    expect_stop(&scheduler);
    tear_down();
}
END_TEST

START_TEST(partitions_are_jobs_of_one_run)
{
    set_up();
    shop("    partitions: [{site: 1}, {site: 2}, {site: 3}]\n"
         "    params: {total: 20, from: \"{{ partition.site * 100 }}\"}\n"
         "    with: {site: \"{{ partition.site }}\"}\n");
    struct pagetide_process up = start_up();
    struct pagetide_result got = pagetide_run(&pagetide, "reload shop.orders --wait --json");
    ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
    ck_assert_str_eq(pagetide_json(pagetide_last_line(got.out), "records"), "60");
    ck_assert_str_eq(SQL("select string_agg(site || ':' || c, ' ' order by site) from "
                         "(select site, count(*) c from shop.orders group by site) x"),
                     "1:20 2:20 3:20");
    ck_assert_str_eq(SQL("select count(*) from pagetide.job where run = 1"), "3");
    expect_stop(&up);
    tear_down();
}
END_TEST

START_TEST(a_scheduled_run_that_failed_goes_on)
{
    set_up();
    shop("    params: {total: 30}\n    every: 1h\n");
    mock_post(
        &mock, "/_mock/fault",
        "{\"path\": \"/gen/page\", \"query\": \"page=2\", \"kind\": \"status\", \"status\": "
        "400}");
    struct pagetide_process up = start_up();
    AWAIT("failed http", "select state || ' ' || reason from pagetide.run");
    SQL("insert into pagetide.meta values ('clock_offset', '6 min')");
    AWAIT("succeeded", "select state from pagetide.run");
    ck_assert_str_eq(SQL("select count(*) || ' ' || count(distinct id) from shop.orders"),
                     "30 30");
    ck_assert_str_eq(SQL("select count(*) || ' ' || sum(reruns) from pagetide.run"), "1 1");
    ck_assert_int_eq(mock_count(&mock, "/gen/page"), 4);
    expect_holds(pagetide_err(&up), "goes on by retry_run");
    expect_stop(&up);
    tear_down();
}
END_TEST

START_TEST(a_drained_worker_gives_its_jobs_back)
{
    set_up();
    shop("    params: {total: 300}\n");
    slow(100);
    ck_assert_int_eq(pagetide_run(&pagetide, "migrate").code, 0);
    struct pagetide_process scheduler = pagetide_spawn(&pagetide, "scheduler");
    struct pagetide_process first = pagetide_spawn(&pagetide, "worker");
    AWAIT("1", "select count(*) from pagetide.stream");
    xadd("stream shop.orders id d");
    AWAIT("t", "select page >= 5 from pagetide.job");
    expect_stop(&first);
    ck_assert_str_eq(SQL("select state || ' ' || (owner is null) || ' ' || losses from "
                         "pagetide.job"),
                     "queued true 0");
    struct pagetide_process second = pagetide_spawn(&pagetide, "worker");
    await_outcome("d", "\"state\":\"succeeded\"");
    ck_assert_str_eq(SQL("select count(*) || ' ' || count(distinct id) from shop.orders"),
                     "300 300");
    ck_assert_int_le(mock_count(&mock, "/gen/page"), 31);
    expect_stop(&second);
    expect_stop(&scheduler);
    tear_down();
}
END_TEST

START_TEST(a_long_wait_gives_the_lease_back)
{
    set_up();
    shop("");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"page\": 3, \"kind\": \"retry_after\", \"value\": "
              "\"12\"}");
    struct pagetide_process up = start_up();
    xadd("stream shop.orders id w");
    AWAIT("waiting", "select state from pagetide.job");
    ck_assert_str_eq(SQL("select page || ' ' || (owner is null) || ' ' || told_waits || ' ' || "
                         "(wait_until > now() + interval '5 s') from pagetide.job"),
                     "2 true 1 true");
    ck_assert_str_eq(SQL("select count(*) from shop.orders"), "20");
    await_outcome("w", "\"state\":\"succeeded\"");
    ck_assert_str_eq(SQL("select count(*) || ' ' || count(distinct id) from shop.orders"),
                     "100 100");
    expect_stop(&up);
    tear_down();
}
END_TEST

START_TEST(a_sync_leaves_a_living_worker_alone)
{
    set_up();
    shop("    params: {total: 300}\n");
    slow(100);
    struct pagetide_process up = start_up();
    xadd("stream shop.orders id s");
    AWAIT("running", "select state from pagetide.job");
    struct pagetide_result got = pagetide_run(&pagetide, "sync shop.orders");
    ck_assert_msg(got.code == 1, "%s%s", got.out, got.err);
    expect_holds(got.err, "is being made by");
    await_outcome("s", "\"state\":\"succeeded\"");
    expect_stop(&up);
    tear_down();
}
END_TEST

START_TEST(health_and_readiness)
{
    set_up();
    shop("");
    struct test_redis redis;
    servers_redis_start(&redis);
    setenv("PAGETIDE_REDIS_URL", redis.url, 1);
    setenv("PAGETIDE_HTTP", "127.0.0.1:0", 1);
    struct pagetide_process up = start_up();
    int port = pagetide_http_port(&up, LIMIT_MS);
    expect_holds(pagetide_http_get(port, "/healthz"), "200 {\"status\":\"ok\"}");
    int64_t deadline = pagetide_deadline(LIMIT_MS);
    while (strncmp(pagetide_http_get(port, "/readyz"), "200", 3) != 0) {
        ck_assert_msg(clock_mono_ms() < deadline, "%s", pagetide_err(&up));
        usleep(50000);
    }
    const char *ask = pagetide_text("status --ready --http 127.0.0.1:%d", port);
    ck_assert_str_eq(pagetide_expect(&pagetide, 0, ask).out, "{\"status\":\"ready\"}\n");
    servers_redis_stop(&redis);
    while (strncmp(pagetide_http_get(port, "/readyz"), "503", 3) != 0) {
        ck_assert_msg(clock_mono_ms() < deadline, "still ready without Redis");
        usleep(50000);
    }
    struct pagetide_result got = pagetide_expect(&pagetide, 3, ask);
    ck_assert_str_eq(got.err, "{\"status\":\"not ready\"}\n");
    ck_assert_str_eq(got.out, "");
    expect_holds(pagetide_http_get(port, "/healthz"), "200");
    expect_holds(pagetide_http_get(port, "/nothing"), "404");
    expect_stop(&up);
    expect_holds(pagetide_expect(&pagetide, 3, ask).err,
                 pagetide_text("pagetide: --http 127.0.0.1:%d: Failed to connect", port));
    setenv("PAGETIDE_HTTP", "off", 1);
    expect_holds(pagetide_expect(&pagetide, 2, "status --ready").err, "--http is off");
    expect_holds(pagetide_expect(&pagetide, 2, "status --ready shop").err, "takes no stream");
    tear_down();
}
END_TEST

static void await_shares(const char *shares)
{
    int64_t deadline = pagetide_deadline(LIMIT_MS);
    const char *got;
    while (strcmp(got = servers_redis(pagetide.redis_url, "GET pagetide:shares"), shares) !=
           0) {
        ck_assert_msg(clock_mono_ms() < deadline, "shares are %s", got);
        usleep(50000);
    }
}

/* The jobs of one that waits for its `concurrency` do not fill the workers. */
START_TEST(a_source_at_its_limit_leaves_places)
{
    static const char running[] = "select count(*) from pagetide.job j join pagetide.run r on "
                                  "r.id = j.run where r.stream = 'shop.orders' and j.state = "
                                  "'running'";
    set_up();
    slow(300);
    shop("    params: {total: 5, seed: \"{{ partition.n }}\"}\n"
         "    partitions: [{n: 1}, {n: 2}, {n: 3}, {n: 4}, {n: 5}, {n: 6}, {n: 7}, {n: 8}]\n"
         "    rate_limit: {concurrency: 1}\n");
    pagetide_source(&pagetide, "blog",
                    "source: blog\nweight: 2\nbase_url: %s\nstreams:\n  posts:\n"
                    "    path: /gen/page\n    params: {total: 5}\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n",
                    mock.url);
    struct pagetide_process up = pagetide_spawn(&pagetide, "up --jobs 6");
    AWAIT("2", "select count(*) from pagetide.stream");
    await_shares("\nblog 2 -\nshop 1 2\n");
    xadd("stream shop.orders id a");
    AWAIT("2", "%s", running);
    xadd("stream blog.posts id b");
    AWAIT("succeeded", "select state from pagetide.run where stream = 'blog.posts'");
    ck_assert_str_eq(SQL("select (%s) <= 2", running), "t");
    ck_assert_str_eq(SQL("select state from pagetide.run where stream = 'shop.orders'"),
                     "running");
    AWAIT("succeeded", "select state from pagetide.run where stream = 'shop.orders'");
    expect_stop(&up);
    tear_down();
}
END_TEST

/* Every key of the shared Redis' database as it would be dumped. Tabs: blanks part words. */
static const char *redis_content(void)
{
    return servers_redis(
        pagetide.redis_url,
        "EVAL local\tall=''\tfor\t_,k\tin\tipairs(redis.call('KEYS','*'))\tdo\tlocal\t"
        "t=redis.call('TYPE',k).ok\tall=all..k\tif\tt=='hash'\tthen\tall=all..table.concat("
        "redis.call('HGETALL',k),',')\telseif\tt=='string'\tthen\tall=all..redis.call('GET',k)"
        "\telseif\tt=='zset'\tthen\tall=all..table.concat(redis.call('ZRANGE',k,0,-1),',')\tend"
        "\tend\treturn\tall 0");
}

static const char *database_content(void)
{
    return SQL("select string_agg(query_to_xml('select * from pagetide.' || quote_ident("
               "tablename), true, true, '')::text, '') from pg_tables where schemaname = "
               "'pagetide'");
}

START_TEST(a_secret_stays_in_its_process)
{
    set_up();
    setenv("FLOW_TOKEN", "s3cr3t-token", 1);
    pagetide_source(&pagetide, "shop",
                    "source: shop\n"
                    "base_url: %s\n"
                    "auth: {type: bearer, token: \"{{ env.FLOW_TOKEN }}\"}\n"
                    "streams:\n"
                    "  orders:\n"
                    "    path: /gen/page\n"
                    "    params: {total: 30}\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n",
                    mock.url);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"page\": 3, \"kind\": \"status\", \"status\": 500, "
              "\"body\": \"not for s3cr3t-token\", \"times\": -1}");
    const char *url = pagetide.database_url;
    struct pagetide_process up = pagetide_spawn(
        &pagetide, "up --log-level debug --database-url %s --token s3cr3t-http", url);
    AWAIT("1", "select count(*) from pagetide.stream");
    xadd("stream shop.orders id s");
    AWAIT("t", "select page = 2 from pagetide.job");
    const char *shown = pagetide_text("tr '\\0' ' ' < /proc/%d/cmdline > %s/cmdline",
                                      (int)up.pid, pagetide.dir);
    ck_assert_int_eq(system(shown), 0);
    shown = pagetide_read(pagetide_text("%s/cmdline", pagetide.dir));
    expect_holds(shown, "--token *");
    ck_assert_ptr_null(strstr(shown, "s3cr3t"));
    ck_assert_ptr_null(strstr(shown, "postgresql:"));
    expect_holds(redis_content(), "pagetide:job:1");
    ck_assert_ptr_null(strstr(redis_content(), "s3cr3t"));
    pagetide_await_err(&up, "job.retry", LIMIT_MS);
    expect_holds(pagetide_err(&up), "not for");
    ck_assert_ptr_null(strstr(pagetide_err(&up), "s3cr3t"));
    const char *content = database_content();
    expect_holds(content, "env.FLOW_TOKEN");
    ck_assert_ptr_null(strstr(content, "s3cr3t"));
    expect_holds(mock_get(&mock, "/_mock/requests"), "Bearer s3cr3t-token");
    pagetide_kill(&up);
    tear_down();
}
END_TEST

/* The lease would last a minute more. */
START_TEST(a_worker_takes_the_descriptors_that_it_may_have)
{
    struct rlimit usual, low, got;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
    low = (struct rlimit){.rlim_cur = usual.rlim_max / 2, .rlim_max = usual.rlim_max};
    set_up();
    ck_assert_int_eq(pagetide_run(&pagetide, "migrate").code, 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
    struct pagetide_process worker = pagetide_spawn(&pagetide, "worker");
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
    pagetide_await_err(&worker, "process.start", LIMIT_MS);
    ck_assert_int_eq(prlimit(worker.pid, RLIMIT_NOFILE, NULL, &got), 0);
    ck_assert_uint_eq(got.rlim_cur, usual.rlim_max);
    ck_assert_uint_eq(got.rlim_max, usual.rlim_max);
    pagetide_stop(&worker);
    tear_down();
}
END_TEST

START_TEST(a_cancelled_run_goes_on_at_once_by_retry)
{
    set_up();
    setenv("PAGETIDE_LEASE", "60s", 1);
    setenv("PAGETIDE_BEAT", "20s", 1);
    pagetide_source(&pagetide, "shop",
                    "source: shop\nbase_url: %s\nstreams:\n  orders:\n"
                    "    path: /gen/page\n    params: {total: 200}\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n",
                    mock.url);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"kind\": \"slow_ms\", \"ms\": 200, \"times\": -1}");
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    AWAIT("1", "select count(*) from pagetide.stream");
    xadd("stream shop.orders id s");
    AWAIT("t", "select page > 1 from pagetide.job");
    pagetide_expect(&pagetide, 0, "cancel 1");
    pagetide_expect(&pagetide, 0, "retry 1");
    AWAIT("succeeded", "select state from pagetide.run");
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(distinct id) || ' ' || count(*) "
                                             "from shop.orders"),
                     "200 200");
    pagetide_kill(&up);
    unsetenv("PAGETIDE_LEASE");
    unsetenv("PAGETIDE_BEAT");
    tear_down();
}
END_TEST

SUITE("flow/service", a_schedule_runs, an_edited_file_is_taken_over, a_message_starts_a_run,
      a_bad_message_is_put_aside, full_on_append_needs_again,
      messages_during_a_run_wait_or_are_skipped, reload_waits_for_the_end,
      three_streams_at_once, partitions_are_jobs_of_one_run, two_workers_share_no_page,
      a_scheduled_run_that_failed_goes_on, a_drained_worker_gives_its_jobs_back,
      a_long_wait_gives_the_lease_back, a_sync_leaves_a_living_worker_alone,
      health_and_readiness, a_source_at_its_limit_leaves_places, a_secret_stays_in_its_process,
      a_worker_takes_the_descriptors_that_it_may_have, a_cancelled_run_goes_on_at_once_by_retry)

#define SUITE_TIMEOUT 120
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/metrics.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/schema.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"

/* /metrics of real processes, and what is made of it: alert rules and a dashboard. */
static struct mock mock;
static struct pagetide pagetide;

enum { LIMIT_MS = 30000 };
#define SQL(...)             pagetide_sql(&pagetide, __VA_ARGS__)
#define AWAIT(expected, ...) pagetide_await(&pagetide, expected, LIMIT_MS, __VA_ARGS__)

static void set_up(void)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    setenv("PAGETIDE_HTTP", "127.0.0.1:0", 1);
    setenv("PAGETIDE_BEAT", "500ms", 1);
}

static void tear_down(void)
{
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

/* The second page is refused once, and two scores do not fit their column; the other stream
 * has no such path. */
static void write_streams(void)
{
    mock_post(&mock, "/_mock/fault",
              "[{\"path\": \"/gen/page\", \"page\": 2, \"kind\": \"retry_after\", \"value\": "
              "\"1\"}, {\"path\": \"/gen/page\", \"page\": 3, \"kind\": \"status\"}]");
    pagetide_source(&pagetide, "shop",
                    "source: shop\n"
                    "base_url: %s\n"
                    "retry: {initial_delay: 10ms}\n"
                    "streams:\n"
                    "  orders: {path: /gen/page?total=95, merge_path: data, write: upsert, "
                    "key: id, every: 1h, columns: {name: integer}}\n"
                    "  gone: {path: /nowhere, every: 1h}\n",
                    mock.url);
}

/* The body of /metrics; its status and type must be right. */
static const char *scrape(int port)
{
    const char *answer = pagetide_http_get(port, "/metrics");
    ck_assert_msg(strncmp(answer, "200 ", 4) == 0, "%s", answer);
    return answer + 4;
}

/* The sample's number as text; "" if there is none. */
static const char *sample(const char *text, const char *name)
{
    const char *at = strstr(text, pagetide_text("\n%s ", name));
    if (!at)
        return "";
    at += strlen(name) + 2;
    return pagetide_text("%.*s", (int)strcspn(at, "\n"), at);
}

static void expect_sample(const char *text, const char *name, const char *number)
{
    ck_assert_msg(strcmp(sample(text, name), number) == 0, "%s is '%s', not %s:\n%.3000s", name,
                  sample(text, name), number, text);
}

static int shell(const char *command)
{
    int status = system(command);
    ck_assert_msg(WIFEXITED(status), "%s", command);
    return WEXITSTATUS(status);
}

static void expect_promtool(const char *text)
{
    pagetide_file(&pagetide, "metrics.txt", text);
    int code = shell(pagetide_text("promtool check metrics <%s/metrics.txt >&2", pagetide.dir));
    ck_assert_msg(code == 0, "promtool: exit %d (make deps)\n%.3000s", code, text);
}

static struct pagetide_process start_up(void)
{
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    AWAIT("2", "select count(*) from pagetide.run where finished_at is not null");
    return up;
}

/* Every metric that is not of a fault which nobody made here. */
static void expect_all_named(const char *text)
{
    for (size_t i = 0; i < METRIC_COUNT; i++)
        if (i != METRIC_REFUSED && i != METRIC_SPANS)
            ck_assert_msg(strstr(text, pagetide_text("# TYPE %s %s\n", metrics_about[i].name,
                                                     metrics_type_name(metrics_about[i].type))),
                          "no %s in:\n%.3000s", metrics_about[i].name, text);
}

START_TEST(a_process_says_what_it_has_done)
{
    set_up();
    write_streams();
    struct pagetide_process up = start_up();
    const char *text = scrape(pagetide_http_port(&up, LIMIT_MS));
    expect_promtool(text);
    expect_sample(text, "pagetide_pages_total{source=\"shop\",stream=\"shop.orders\"}",
                  SQL("select sum(page) from pagetide.job where run = (select id from "
                      "pagetide.run where stream = 'shop.orders')"));
    expect_sample(text, "pagetide_records_total{source=\"shop\",stream=\"shop.orders\"}", "95");
    expect_sample(text, "pagetide_misfits_total{source=\"shop\",stream=\"shop.orders\"}", "95");
    expect_sample(text, "pagetide_rejects_total{source=\"shop\",stream=\"shop.orders\"}", "0");
    expect_sample(text, "pagetide_bytes_total{source=\"shop\",stream=\"shop.orders\"}",
                  SQL("select sum(bytes) from pagetide.run where stream = 'shop.orders'"));
    expect_sample(text, "pagetide_requests_total{source=\"shop\",code=\"2xx\"}", "10");
    expect_sample(text, "pagetide_requests_total{source=\"shop\",code=\"4xx\"}", "2");
    expect_sample(text, "pagetide_requests_total{source=\"shop\",code=\"5xx\"}", "1");
    expect_sample(text, "pagetide_request_seconds_count{source=\"shop\"}", "13");
    expect_sample(text, "pagetide_retries_total{source=\"shop\"}", "2");
    expect_sample(text, "pagetide_waits_total{source=\"shop\",reason=\"told\"}", "1");
    expect_sample(text, "pagetide_job_turns_total{source=\"shop\",state=\"succeeded\"}", "1");
    expect_sample(text, "pagetide_job_turns_total{source=\"shop\",state=\"failed\"}", "1");
    expect_sample(text, "pagetide_jobs_held", "0");
    expect_sample(text, "pagetide_server_up{server=\"postgres\"}", "1");
    expect_sample(text, "pagetide_server_up{server=\"redis\"}", "1");
    expect_sample(text, "pagetide_build_info{version=\"" PAGETIDE_VERSION "\"}", "1");
    ck_assert_str_ne(sample(text, "pagetide_process_open_fds"), "");
    pagetide_signal(&up, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&up, LIMIT_MS), 0);
    tear_down();
}
END_TEST

START_TEST(a_scheduler_says_what_postgres_knows)
{
    set_up();
    write_streams();
    struct pagetide_process up = start_up();
    int port = pagetide_http_port(&up, LIMIT_MS);
    const char *text = scrape(port);
    expect_sample(text, "pagetide_survey_up", "1");
    expect_sample(text, "pagetide_streams{state=\"succeeded\"}", "1");
    expect_sample(text, "pagetide_streams{state=\"failed\"}", "1");
    expect_sample(text, "pagetide_stream_failing{source=\"shop\",stream=\"shop.gone\"}", "1");
    expect_sample(text, "pagetide_stream_failing{source=\"shop\",stream=\"shop.orders\"}", "0");
    expect_sample(text, "pagetide_streams_failing{reason=\"http\"}", "1");
    expect_sample(text, "pagetide_stream_misfits{source=\"shop\",stream=\"shop.orders\"}",
                  "95");
    expect_sample(text, "pagetide_workers{state=\"alive\"}", "1");
    expect_sample(text, "pagetide_schedulers", "1");
    expect_sample(text, "pagetide_jobs{state=\"queued\"}", "0");
    expect_all_named(text);
    /* A stream that is gone is gone from here. */
    ck_assert_int_eq(pagetide_run(&pagetide, "drop shop.gone").code, 0);
    int64_t deadline = pagetide_deadline(LIMIT_MS);
    while (strstr(text = scrape(port), "pagetide_streams{state=\"failed\"} 1")) {
        ck_assert_int_lt(clock_mono_ms(), deadline);
        usleep(100000);
    }
    ck_assert_ptr_null(
        strstr(text, "pagetide_stream_failing{source=\"shop\",stream=\"shop.gone"));
    pagetide_kill(&up);
    tear_down();
}
END_TEST

START_TEST(a_worker_says_nothing_of_streams)
{
    set_up();
    setenv("PAGETIDE_TOKEN", "t0k3n", 1);
    ck_assert_int_eq(pagetide_run(&pagetide, "migrate").code, 0);
    struct pagetide_process worker = pagetide_spawn(&pagetide, "worker");
    int port = pagetide_http_port(&worker, LIMIT_MS);
    expect_holds(pagetide_http_get(port, "/metrics"), "401 ");
    pagetide_kill(&worker);
    unsetenv("PAGETIDE_TOKEN");
    worker = pagetide_spawn(&pagetide, "worker");
    const char *text = scrape(pagetide_http_port(&worker, LIMIT_MS));
    expect_promtool(text);
    expect_holds(text, "pagetide_jobs_held_max ");
    expect_lacks(text, "pagetide_survey");
    pagetide_kill(&worker);
    tear_down();
}
END_TEST

/* PostgreSQL does not answer: all else is said, and in time. */
START_TEST(a_scrape_waits_for_nobody)
{
    set_up();
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    int port = pagetide_http_port(&up, LIMIT_MS);
    AWAIT("1", "select count(*) from pagetide.scheduler");
    const char *text = scrape(port);
    expect_sample(text, "pagetide_survey_up", "1");
    struct schema_session *session = schema_session_open(pagetide.database_url);
    schema_session_sql(session, "begin; lock table pagetide.run");
    int64_t began_ms = clock_mono_ms();
    while (strcmp(sample(text = scrape(port), "pagetide_survey_up"), "0") != 0)
        ck_assert_int_lt(clock_mono_ms() - began_ms, LIMIT_MS);
    expect_sample(text, "pagetide_schedulers", "1"); /* of less than a minute before */
    expect_sample(text, "pagetide_jobs_held", "0");
    expect_holds(pagetide_http_get(port, "/healthz"), "200 ");
    schema_session_sql(session, "rollback");
    while (strcmp(sample(scrape(port), "pagetide_survey_up"), "1") != 0)
        ck_assert_int_lt(clock_mono_ms() - began_ms, 2 * LIMIT_MS);
    pagetide_kill(&up);
    tear_down();
}
END_TEST

/* Until the text is in a scrape, or is not. */
static void await_scrape(int port, const char *part, bool is_there)
{
    int64_t deadline = pagetide_deadline(LIMIT_MS);
    const char *text;
    while ((strstr(text = scrape(port), part) != NULL) != is_there) {
        ck_assert_msg(clock_mono_ms() < deadline, "'%s' is %sin:\n%.3000s", part,
                      is_there ? "not " : "", text);
        usleep(100000);
    }
}

START_TEST(what_a_server_refuses_is_said)
{
    set_up();
    struct test_redis redis;
    servers_redis_start(&redis);
    setenv("PAGETIDE_REDIS_URL", redis.url, 1);
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    int port = pagetide_http_port(&up, LIMIT_MS);
    await_scrape(port, "pagetide_server_up{server=\"redis\"} 1", true);
    expect_lacks(scrape(port), "pagetide_refused");
    servers_redis(redis.url, "replicaof 127.0.0.1 1");
    await_scrape(port, "pagetide_refused{server=\"redis\",reason=\"turn\"}", true);
    servers_redis(redis.url, "replicaof no one");
    await_scrape(port, "pagetide_refused{server=\"redis\",reason=\"turn\"}", false);
    servers_redis_stop(&redis);
    await_scrape(port, "pagetide_server_up{server=\"redis\"} 0", true);
    pagetide_kill(&up);
    tear_down();
}
END_TEST

/* --- deploy/ --- */

START_TEST(the_alerts_fire_when_they_should)
{
    ck_assert_int_eq(shell("promtool check rules deploy/prometheus/alerts.yaml >&2"), 0);
    ck_assert_int_eq(shell("promtool test rules tests/tables/alerts_test.yaml >&2"), 0);
}
END_TEST

START_TEST(the_dashboard_can_be_read)
{
    int code = shell(pagetide_text(
        "python3 tests/support/dashboard_rules.py deploy/grafana/pagetide.json >%s/panels.yaml "
        "&& promtool check rules %s/panels.yaml >&2",
        pagetide_build(), pagetide_build()));
    ck_assert_int_eq(code, 0);
}
END_TEST

START_TEST(every_alert_says_what_to_do)
{
    static const char key[] = "- alert: ";
    const char *rules = pagetide_read("deploy/prometheus/alerts.yaml");
    const char *operations = pagetide_read("docs/operations.md");
    size_t count = 0;
    for (const char *at = rules; (at = strstr(at, key)); count++) {
        at += strlen(key);
        expect_holds(operations, pagetide_text("`%.*s`", (int)strcspn(at, "\n"), at));
    }
    ck_assert_uint_gt(count, 10);
}
END_TEST

/* In words a histogram has its own name, in queries those of its samples. */
static bool is_metric(struct str name, bool in_words)
{
    static const char *const ends[] = {"", "_bucket", "_sum", "_count"};
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        bool is_histogram = metrics_about[i].type == METRIC_SECONDS;
        for (size_t j = is_histogram && !in_words; j < (is_histogram ? COUNT_OF(ends) : 1); j++)
            if (str_is(name, pagetide_text("%s%s", metrics_about[i].name, ends[j])))
                return true;
    }
    return false;
}

/* The names that begin with `pagetide_`, of which a_scheduler_says… saw each in a scrape. */
START_TEST(rules_and_dashboard_name_what_there_is)
{
    static const char *const files[] = {"docs/metrics.md", "deploy/prometheus/alerts.yaml",
                                        "deploy/grafana/pagetide.json",
                                        "tests/tables/alerts_test.yaml"};
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        size_t count = 0;
        for (const char *at = pagetide_read(files[i]); (at = strstr(at, "pagetide_"));
             count++) {
            struct str name = {at, strspn(at, letters)};
            ck_assert_msg(is_metric(name, i == 0), "%s: %.*s", files[i], STR_ARG(name));
            at += name.len;
        }
        ck_assert_msg(count > 10, "%s", files[i]);
    }
}
END_TEST

SUITE("flow/metrics", a_process_says_what_it_has_done, a_scheduler_says_what_postgres_knows,
      a_worker_says_nothing_of_streams, a_scrape_waits_for_nobody,
      what_a_server_refuses_is_said, the_alerts_fire_when_they_should,
      every_alert_says_what_to_do, the_dashboard_can_be_read,
      rules_and_dashboard_name_what_there_is)

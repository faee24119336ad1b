#include <signal.h>
#include <stdio.h>

#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"

/* preview, config, check --live, runs, jobs, rejects, explain, status --watch, and the last
 * line. */

static struct mock mock;
static struct pagetide pagetide;

static void open_shop(const char *streams)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    pagetide_source(&pagetide, "shop",
                    "source: shop\nbase_url: %s\n"
                    "retry: {max_attempts: 2, initial_delay: 10ms, jitter: none}\n"
                    "defaults: {merge_path: data}\nstreams:\n%s",
                    mock.url, streams);
}

static void close_shop(void)
{
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

static const char orders[] = "  orders:\n"
                             "    path: /gen/page\n"
                             "    params: {total: 35}\n"
                             "    pagination: {type: page, total_pages_path: pages}\n"
                             "    write: upsert\n"
                             "    key: id\n";

static bool holds(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

#define ck_assert_holds(text, part)                                                            \
    ck_assert_msg(holds((text), (part)), "\"%s\" is not in:\n%s", (part), (text))

static const char *first_line(const char *text)
{
    return pagetide_text("%.*s", (int)strcspn(text, "\n"), text);
}

static void forget_servers(void)
{
    setenv("PAGETIDE_DATABASE_URL", "postgresql://127.0.0.1:1/none", 1);
    setenv("PAGETIDE_REDIS_URL", "redis://127.0.0.1:1", 1);
}

START_TEST(preview_shows_pages_without_a_server)
{
    open_shop(orders);
    forget_servers();
    struct pagetide_result got = pagetide_run(&pagetide, "preview shop.orders --pages 2");
    ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
    ck_assert_holds(got.out, "/gen/page?total=35&page=2");
    ck_assert_holds(got.out, "status 200");
    ck_assert_holds(got.out, "pages is 4 and 1 were read");
    ck_assert_holds(got.out, "{\"id\":11,\"name\":\"name 11\"");
    ck_assert_holds(got.out, "create table \"shop\".\"orders\"");
    ck_assert_holds(got.out, "stopped here, more pages follow");
    ck_assert_int_eq(mock_count(&mock, "/gen/page"), 2);
    close_shop();
}
END_TEST

static const char report[] =
    "  report:\n"
    "    prepare: {request: {path: /start}, poll: {path: '/state/{{ submitted.id }}'},\n"
    "              until: url, every: 20ms, then: {url: url}}\n";

START_TEST(preview_shows_the_steps_of_a_report)
{
    open_shop(report);
    forget_servers();
    mock_post(&mock, "/_mock/route",
              "[{\"path\": \"/start\", \"body\": {\"id\": 7}}, {\"path\": \"/state/7\", "
              "\"answers\": [{\"body\": {\"url\": null}}, {\"body\": {\"url\": "
              "\"/gen/page?total=3&sig=0123456789abcdef0123456789abcdef\"}}]}]");
    struct pagetide_result got = pagetide_run(&pagetide, "preview shop.report");
    ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
    ck_assert_holds(got.out, "prepare, request: POST");
    ck_assert_holds(got.out, "the work is begun");
    ck_assert_holds(got.out, "prepare, poll: GET");
    ck_assert_holds(got.out, "the work is not done yet");
    ck_assert_holds(got.out, "the work is done");
    ck_assert_holds(got.out, "page 1: GET");
    ck_assert_holds(got.out, "{\"id\":3,");
    ck_assert_ptr_null(strstr(got.out, "0123456789"));
    got = pagetide_run(&pagetide, "preview shop.report --json");
    ck_assert_str_eq(pagetide_json(first_line(got.out), "prepare"), "request");
    close_shop();
}
END_TEST

START_TEST(preview_goes_to_the_end_as_json)
{
    open_shop(orders);
    forget_servers();
    struct pagetide_result got =
        pagetide_run(&pagetide, "preview shop.orders --pages 9 --json");
    ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
    ck_assert_str_eq(pagetide_json(first_line(got.out), "next"), "more");
    ck_assert_str_eq(pagetide_json(first_line(got.out), "status"), "200");
    const char *end = pagetide_last_line(got.out);
    ck_assert_str_eq(pagetide_json(end, "state"), "succeeded");
    ck_assert_str_eq(pagetide_json(end, "records"), "35");
    ck_assert_int_eq(mock_count(&mock, "/gen/page"), 4);
    close_shop();
}
END_TEST

static const char columns_sql[] =
    "select string_agg(format('%%s %%s', attname, format_type(atttypid, atttypmod)), ',' "
    "order by attnum) from pg_attribute where attrelid = '%s'::regclass and attnum > 0";

/* The DDL is what a run makes: tried with names that collide, declared types, nested values. */
START_TEST(preview_draws_the_table_that_a_sync_makes)
{
    open_shop("  odd:\n"
              "    path: /odd\n"
              "    pagination: none\n"
              "    write: upsert\n"
              "    key: id\n"
              "    with: {site: \"{{ 'berlin' }}\"}\n"
              "    columns: {price: {type: \"numeric(12,2)\", path: money.amount}}\n");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/odd\", \"body\": {\"data\": [{\"id\": 1, \"userName\": \"a\", "
              "\"user_name\": \"b\", \"money\": {\"amount\": \"1.50\"}, \"tags\": [1], "
              "\"at\": \"2024-01-01T00:00:00Z\", \"big\": 0.25}]}}");
    struct pagetide_result got = pagetide_run(&pagetide, "preview shop.odd --json");
    ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
    const char *ddl = pagetide_json(pagetide_last_line(got.out), "ddl");
    servers_sql(pagetide.database_url, ddl);
    const char *drawn = pagetide_sql(&pagetide, columns_sql, "shop.odd");
    ck_assert_holds(drawn, "price numeric(12,2)");
    ck_assert_holds(drawn, "user_name_2");
    pagetide_sql(&pagetide, "drop schema shop cascade");
    got = pagetide_run(&pagetide, "sync shop.odd");
    ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
    ck_assert_str_eq(pagetide_sql(&pagetide, columns_sql, "shop.odd"), drawn);
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) from pg_indexes where "
                                             "schemaname = 'shop' and indexdef like '%%(id)'"),
                     "1");
    close_shop();
}
END_TEST

START_TEST(preview_traces_without_credentials)
{
    open_shop("  orders:\n    path: /gen/page\n    params: {key: \"{{ env.SHOP_KEY }}\"}\n"
              "    headers: {Authorization: \"Bearer {{ env.SHOP_KEY }}\", X-Plain: yes}\n"
              "    pagination: none\n");
    forget_servers();
    setenv("SHOP_KEY", "planted/secret", 1);
    struct pagetide_result got = pagetide_run(&pagetide, "preview shop.orders --trace");
    ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
    ck_assert_holds(got.out, "> X-Plain: yes");
    ck_assert_holds(got.out, "< content-type: application/json");
    ck_assert(!holds(got.out, "planted"));
    got = pagetide_run(&pagetide, "preview shop.orders --trace --json --log-level debug");
    ck_assert_msg(!holds(got.out, "planted") && !holds(got.err, "planted"), "%s%s", got.out,
                  got.err);
    close_shop();
}
END_TEST

START_TEST(preview_fails_where_a_run_would)
{
    open_shop("  orders:\n    path: /gen/page\n    pagination: none\n    merge_path: nothing\n"
              "  broken:\n    path: /broken\n    pagination: none\n"
              "  shop:\n    path: /gen/page\n    params: {page: 1}\n"
              "    pagination: {type: cursor, cursor_path: \"{{ response.page + 'x' }}\", "
              "param: c}\n");
    forget_servers();
    struct pagetide_result got = pagetide_run(&pagetide, "preview shop.orders");
    ck_assert_int_eq(got.code, 1);
    ck_assert_holds(got.out, "failed (merge)");
    ck_assert_holds(got.out, "try: --trace");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/broken\", \"status\": 503, \"body\": \"\"}");
    got = pagetide_run(&pagetide, "preview shop.broken");
    ck_assert_int_eq(got.code, 1);
    ck_assert_holds(got.err, "again in");
    ck_assert_holds(got.out, "given up after 2 attempts");
    got = pagetide_run(&pagetide, "preview shop.shop");
    ck_assert_int_eq(got.code, 1);
    ck_assert_holds(got.out, "page 1: ");
    ck_assert_holds(got.out, "response.page + 'x'\n");
    ck_assert_holds(got.out, "^");
    ck_assert_holds(got.out, "1 and \"x\"");
    close_shop();
}
END_TEST

START_TEST(explain_says_how_a_run_went)
{
    open_shop("  orders:\n    path: /gen/page\n    params: {total: 25}\n"
              "    pagination: {type: page, total_pages_path: pages}\n"
              "    key: id\n    write: upsert\n"
              "    bookmark: {path: created_at, start: \"2024-01-01T00:00:00Z\"}\n");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"nth\": 2, \"kind\": \"status\"}");
    ck_assert_int_eq(pagetide_run(&pagetide, "sync shop.orders").code, 0);
    struct pagetide_result got = pagetide_run(&pagetide, "explain 1");
    ck_assert_int_eq(got.code, 0);
    ck_assert_holds(got.out, "shop.orders: run 1 succeeded\n");
    ck_assert_holds(got.out, "mode incremental, started by manual, definition version 1");
    ck_assert_holds(got.out, "pagination: page\n");
    ck_assert_holds(got.out, "job 1/1 succeeded: 3 of 3 pages, 25 records, 1 retries, waited");
    ck_assert_holds(got.out, "highest bookmark read: 2024-01-01T00:25:00Z\n");
    ck_assert_holds(got.out, "end: proved: total is 25 and 25 were read");
    ck_assert(!holds(got.out, "page 1: status"));
    ck_assert_str_eq(pagetide_run(&pagetide, "explain shop.orders").out, got.out);

    got = pagetide_run(&pagetide, "explain 1/1");
    ck_assert_int_eq(got.code, 0);
    ck_assert_holds(got.out, "\n    page 2: status 200, 10 records, ");
    ck_assert_holds(got.out, "2 attempts, waited ");
    ck_assert_holds(got.out, "\n      asked /gen/page?total=25&page=2\n");
    ck_assert_holds(got.out, "\n      next: pages is 3 and 2 were read\n");
    ck_assert_holds(got.out, "\n      the end: total is 25 and 25 were read");

    got = pagetide_run(&pagetide, "explain 1/1 --json");
    const char *jobs = pagetide_json(got.out, "jobs");
    ck_assert_str_eq(pagetide_json(got.out, "pagination"), "page");
    ck_assert_holds(jobs, "\"complete\":\"proved\"");
    ck_assert_holds(jobs, "\"ledger\":[");
    ck_assert_int_eq(pagetide_run(&pagetide, "sync shop.orders").code, 0);
    ck_assert_holds(pagetide_run(&pagetide, "explain shop.orders").out,
                    "bookmark at the start: 2024-01-01T00:25:00Z\n");
    close_shop();
}
END_TEST

START_TEST(explain_says_what_to_try)
{
    open_shop("  orders:\n    path: /gen/page\n    pagination: {type: page}\n"
              "  auto: {path: /gen/next, params: {total: 25}}\n"
              "  twice: {path: /gen/offset, params: {total: 5}, key: active, write: upsert}\n");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"page\": 2, \"times\": -1, \"kind\": \"status\", "
              "\"status\": 404}");
    ck_assert_int_eq(pagetide_run(&pagetide, "sync shop.orders").code, 1);
    struct pagetide_result got = pagetide_run(&pagetide, "explain 1");
    ck_assert_int_eq(got.code, 0);
    ck_assert_holds(got.out, "run 1 failed (http)\n");
    ck_assert_holds(got.out, "error: page 2: GET ");
    ck_assert_holds(got.out, "try: is it the page behind the last? total_path");
    got = pagetide_run(&pagetide, "explain 1 --json");
    ck_assert_holds(pagetide_json(got.out, "hint"), "is it the page behind the last?");
    ck_assert_str_eq(pagetide_json(got.out, "reason"), "http");

    ck_assert_int_eq(pagetide_run(&pagetide, "sync shop.auto").code, 0);
    got = pagetide_run(&pagetide, "explain shop.auto");
    ck_assert_holds(got.out, "pagination: auto\n");
    ck_assert_holds(got.out, "recognised: next_url");

    pagetide_run(&pagetide, "sync shop.twice"); /* five records, and `active` has two values */
    ck_assert_holds(pagetide_run(&pagetide, "explain shop.twice").out,
                    "5 records, 3 whose key came before");
    got = pagetide_run(&pagetide, "explain shop.twice --json");
    ck_assert_str_eq(pagetide_json(got.out, "folded"), "3");

    ck_assert_int_eq(pagetide_run(&pagetide, "explain 99").code, 2);
    ck_assert_int_eq(pagetide_run(&pagetide, "explain 1/9").code, 2);
    ck_assert_int_eq(pagetide_run(&pagetide, "explain").code, 2);
    ck_assert_int_eq(pagetide_run(&pagetide, "explain shop.none").code, 2);
    forget_servers();
    got = pagetide_run(&pagetide, "explain 1");
    ck_assert_int_eq(got.code, 3);
    ck_assert_holds(got.err, "try: does PostgreSQL run");
    close_shop();
}
END_TEST

START_TEST(a_failed_run_ends_with_one_line_to_act_on)
{
    open_shop("  orders:\n    path: /gen/page\n    pagination: {type: page}\n");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"page\": 2, \"times\": -1, \"kind\": \"status\"}");
    struct pagetide_result got = pagetide_run(&pagetide, "sync shop.orders");
    ck_assert_int_eq(got.code, 1);
    const char *line = pagetide_last_line(got.out);
    ck_assert_holds(line, "shop.orders failed (http) after page 1; try: "
                          "the API failed by itself");
    ck_assert_holds(line, "`pagetide retry 1`");

    got = pagetide_run(&pagetide, "runs shop.orders");
    ck_assert_int_eq(got.code, 0);
    ck_assert_holds(got.out, "failed");
    got = pagetide_run(&pagetide, "runs --json");
    ck_assert_str_eq(pagetide_json(first_line(got.out), "reason"), "http");
    got = pagetide_run(&pagetide, "jobs 1 --json");
    ck_assert_str_eq(pagetide_json(first_line(got.out), "job"), "1/1");
    ck_assert_str_eq(pagetide_json(first_line(got.out), "page"), "1");
    ck_assert_int_eq(pagetide_run(&pagetide, "jobs one").code, 2);
    got = pagetide_run(&pagetide, "rejects 1");
    ck_assert_int_eq(got.code, 0);
    ck_assert_str_eq(got.out, "");
    close_shop();
}
END_TEST

START_TEST(rejects_are_shown)
{
    open_shop("  odd:\n    path: /odd\n    pagination: none\n    write: upsert\n    key: id\n");
    mock_post(
        &mock, "/_mock/route",
        "{\"path\": \"/odd\", \"body\": {\"data\": [{\"id\": 1}, {\"name\": \"lost\"}]}}");
    struct pagetide_result got = pagetide_run(&pagetide, "preview shop.odd");
    ck_assert_holds(got.out, "rejected: ");
    ck_assert_holds(got.out, "{\"name\":");
    ck_assert_int_eq(pagetide_run(&pagetide, "sync shop.odd").code, 0);
    got = pagetide_run(&pagetide, "rejects 1");
    ck_assert_holds(got.out, "lost");
    got = pagetide_run(&pagetide, "rejects 1 --json");
    ck_assert_str_eq(pagetide_json(first_line(got.out), "position"), "1");
    close_shop();
}
END_TEST

START_TEST(status_is_watched_until_a_signal)
{
    open_shop(orders);
    ck_assert_int_eq(pagetide_run(&pagetide, "sync shop.orders").code, 0);
    ck_assert_int_eq(pagetide_run(&pagetide, "apply %s", pagetide.dir).code, 0);
    struct pagetide_process watch = pagetide_spawn(&pagetide, "status --watch --json");
    const char *again = "}\n{";
    for (int i = 0; i < 200 && !holds(pagetide_out(&watch), again); i++)
        ck_assert(pagetide_is_running(&watch) && usleep(50000) == 0);
    ck_assert_holds(pagetide_out(&watch), again);
    pagetide_signal(&watch, SIGINT);
    ck_assert_int_eq(pagetide_wait(&watch, 5000), 0);
    close_shop();
}
END_TEST

START_TEST(check_tries_servers_and_streams)
{
    open_shop(orders);
    ck_assert_int_eq(pagetide_run(&pagetide, "migrate").code, 0);
    struct pagetide_result got = pagetide_run(&pagetide, "check --live");
    ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
    ck_assert_holds(got.out, "PostgreSQL: up");
    ck_assert_holds(got.out, "Redis: up");
    ck_assert_holds(got.out, "shop.orders: answers, 10 records");
    ck_assert_int_eq(mock_count(&mock, "/gen/page"), 1);
    mock_post(
        &mock, "/_mock/fault",
        "{\"path\": \"/gen/page\", \"times\": -1, \"kind\": \"status\", \"status\": 404}");
    got = pagetide_run(&pagetide, "check --live shop.orders");
    ck_assert_int_eq(got.code, 1);
    ck_assert_holds(got.out, "shop.orders: failed, page 1");
    setenv("PAGETIDE_DATABASE_URL", "postgresql://127.0.0.1:1/none", 1);
    ck_assert_int_eq(pagetide_run(&pagetide, "check --live").code, 3);
    close_shop();
}
END_TEST

/* Before the first page, and behind the last where it comes that far. */
START_TEST(a_count_of_its_own_is_shown)
{
    open_shop("  counted:\n"
              "    path: /gen/page\n"
              "    params: {total: 35}\n"
              "    pagination: {type: page, total: {request: {path: /n}, path: n}}\n");
    mock_post(&mock, "/_mock/route", "{\"path\": \"/n\", \"body\": {\"n\": 35}}");
    struct pagetide_result got = pagetide_run(&pagetide, "preview shop.counted --pages 9");
    ck_assert_holds(got.out, "count: GET ");
    ck_assert_holds(got.out, "`total` is 35, before the first page");
    ck_assert_holds(got.out, "next: the page is empty → the count of `total`");
    ck_assert_holds(got.out, "the end, proved: `total` is 35 and 35 were read");
    got = pagetide_run(&pagetide, "preview shop.counted --pages 2 --json");
    ck_assert_holds(got.out, "{\"count\":true,\"method\":\"GET\"");
    ck_assert_holds(got.out, "`total` is 35, before the first page");
    ck_assert_holds(got.out, "\"state\":\"stopped\"");
    got = pagetide_run(&pagetide, "sync shop.counted");
    ck_assert_int_eq(got.code, 0);
    got = pagetide_run(&pagetide, "explain shop.counted");
    ck_assert_holds(got.out, "end: proved: `total` is 35 and 35 were read");
    got = pagetide_run(&pagetide, "check --live shop.counted");
    ck_assert_int_eq(got.code, 0);
    ck_assert_holds(got.out,
                    "10 records on the first page, more follow; `total` is 35, before");
    mock_post(&mock, "/_mock/route", "{\"path\": \"/n\", \"status\": 404}");
    got = pagetide_run(&pagetide, "check --live shop.counted");
    ck_assert_holds(got.out, "more follow; `total` cannot be read: GET ");
    close_shop();
}
END_TEST

SUITE("flow/show", a_count_of_its_own_is_shown, preview_shows_pages_without_a_server,
      preview_shows_the_steps_of_a_report, preview_goes_to_the_end_as_json,
      preview_draws_the_table_that_a_sync_makes, preview_traces_without_credentials,
      preview_fails_where_a_run_would, explain_says_how_a_run_went, explain_says_what_to_try,
      a_failed_run_ends_with_one_line_to_act_on, rejects_are_shown,
      status_is_watched_until_a_signal, check_tries_servers_and_streams)

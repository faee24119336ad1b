#define SUITE_TIMEOUT 120
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"

/* What the commands print, and their exit codes. */
static struct mock mock;
static struct pagetide pagetide;

static void set_up(void)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
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
                    "streams:\n"
                    "  orders:\n"
                    "    path: /gen/page\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n%s",
                    mock.url, keys);
}

static struct pagetide_result expect_run(int code, const char *command)
{
    return pagetide_expect(&pagetide, code, command);
}

static int count_lines(const char *text)
{
    int count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

START_TEST(every_command_has_help)
{
    static const char *const names[] = {"sync",      "check",  "expr", "migrate", "apply",
                                        "scheduler", "worker", "up",   "reload",  "status"};
    set_up();
    struct pagetide_result all = expect_run(0, "--help");
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct pagetide_result got = expect_run(0, pagetide_text("%s --help", names[i]));
        expect_holds(all.out, pagetide_text("  %s ", names[i]));
        expect_holds(got.out, pagetide_text("usage: pagetide %s", names[i]));
        expect_holds(got.out, "--config DIR");
        ck_assert_str_eq(got.err, "");
    }
    expect_holds(expect_run(0, "--version").out, "pagetide ");
    expect_holds(expect_run(2, "snyc").err, "unknown command \"snyc\"; did you mean sync?");
    expect_holds(expect_run(2, "run shop").err, "did you mean sync?");
    expect_holds(expect_run(2, "ls").err, "did you mean check?");
    expect_holds(expect_run(2, "dashboard").err, "did you mean up?");
    expect_holds(expect_run(2, "healthcheck").err, "did you mean status --ready?");
    expect_holds(expect_run(0, "help sync").out, "usage: pagetide sync");
    expect_holds(expect_run(0, "help nothing").out, "usage: pagetide COMMAND");
    expect_holds(expect_run(0, "-V").out, "pagetide ");
    expect_holds(expect_run(2, "sync --full-refresh").err, "here it is --full (see");
    expect_holds(expect_run(2, "sync -n").err, "unknown option -n; here it is --dry-run");
    expect_holds(expect_run(2, "runs --last 5").err, "here it is --limit");
    expect_holds(expect_run(2, "runs --failed").err, "here it is --state failed");
    expect_holds(expect_run(2, "runs --state success").err, "here it is succeeded");
    expect_holds(expect_run(2, "status --output json").err, "here it is --json");
    expect_holds(expect_run(2, "preview a.b --limit 1").err, "here it is --pages");
    expect_holds(expect_run(2, "sync a.b --pages 1").err, "preview STREAM --pages N");
    expect_holds(expect_run(2, "sync --stream a.b").err, "no option: the name alone");
    ck_assert_int_eq(count_lines(expect_run(2, "frobnicate").err), 1);
    expect_holds(expect_run(2, "sync --al").err, "--al");
    expect_holds(expect_run(2, "-c /nowhere --json").err, "which command?");
    expect_holds(expect_run(0, "--log-level debug -c /nowhere migrate --help").out,
                 "pagetide migrate");
    expect_run(2, "");
    tear_down();
}
END_TEST

/* No scheduler would take it: nothing is sent. */
START_TEST(reload_with_words_that_would_be_refused)
{
    static const char *const wrong[][2] = {
        {"--mode partial", "--mode: incremental, full or window, not \"partial\""},
        {"--priority 10", "--priority: a digit from 0 to 9, not \"10\""},
        {"--if-running stop", "--if-running: queue, skip or replace, not \"stop\""},
        {"--id ''", "--id is empty"},
        {"--from 2024-01-01 --to 2024-02-01", "--mode window, --from and --to go together"},
        {"--mode window --from 2024-01-01", "--mode window, --from and --to go together"},
        {"--mode window --from 2024-13-01 --to 2025-01-01", "--from: \"2024-13-01\" is nei"},
        {"--mode window --from 2024-02-01 --to 2024-01-01", "--from must lie before --to"},
    };
    set_up();
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct pagetide_result got =
            expect_run(2, pagetide_text("reload shop.orders %s", wrong[i][0]));
        expect_holds(got.err, wrong[i][1]);
        ck_assert_str_eq(got.out, "");
    }
    tear_down();
}
END_TEST

START_TEST(check_tells_all_errors_at_once)
{
    set_up();
    pagetide_source(&pagetide, "shop",
                    "source: shop\n"
                    "base_url: https://api.shop.example\n"
                    "streams:\n"
                    "  orders:\n"
                    "    path: /orders\n"
                    "    pagination: {typ: page}\n"
                    "    params: {a: \"{{ 1 + }}\"}\n"
                    "    write: replace\n"
                    "    max_rejects: many\n");
    struct pagetide_result got = expect_run(2, "check");
    ck_assert_str_eq(got.out, "");
    expect_holds(got.err, "shop.yaml:6:18: streams.orders.pagination.typ");
    expect_holds(got.err, "did you mean \"type\"?");
    expect_holds(got.err, "shop.yaml:7:17: streams.orders.params.a");
    expect_holds(got.err, "shop.yaml:9:18: streams.orders.max_rejects");
    ck_assert_int_ge(count_lines(got.err), 3);
    /* The same before anything is sent. */
    expect_run(2, "sync shop.orders");
    tear_down();
}
END_TEST

START_TEST(check_tells_what_partitions_need)
{
    set_up();
    shop("    columns: {at: timestamptz}\n    key: id\n    write: upsert\n"
         "    partition_by: at\n    partitionby: at\n");
    struct pagetide_result got = expect_run(2, "check");
    expect_holds(got.err, "shop.yaml:9:10: streams.orders.key: must contain \"at\"");
    expect_holds(got.err, "shop.yaml:12:5: streams.orders.partitionby: unknown key; did you "
                          "mean \"partition_by\"?");
    tear_down();
}
END_TEST

START_TEST(check_tells_broken_yaml)
{
    set_up();
    pagetide_source(&pagetide, "shop", "source: shop\nstreams: {orders: [\n");
    expect_holds(expect_run(2, "check").err, "shop.yaml:3:1");
    pagetide_source(&pagetide, "shop", "source: shop\nbase_url: {{ env.URL }}\n");
    expect_holds(expect_run(2, "check").err, "shop.yaml:2:");
    shop("");
    struct pagetide_result got = expect_run(0, "check");
    expect_holds(got.out, "shop.orders");
    expect_run(0, "check shop.orders");
    expect_run(2, "check shop.customers");
    tear_down();
}
END_TEST

START_TEST(settings_have_an_order)
{
    set_up();
    shop("");
    pagetide_file(&pagetide, "pagetide.yaml", "lease: soon\n");
    expect_holds(expect_run(2, "check").err, "pagetide.yaml:1:8");
    pagetide_file(&pagetide, "pagetide.yaml", "database_url: postgresql://127.0.0.1:1/none\n");
    expect_run(0, "sync shop.orders"); /* the environment beats the file */
    expect_run(3, "sync shop.orders --database-url postgresql://127.0.0.1:1/none");
    tear_down();
}
END_TEST

/* Unread, they would leave a default in force. */
START_TEST(misspelt_settings_are_told)
{
    set_up();
    setenv("PAGETIDE_DB_URL", "postgresql:///", 1);
    setenv("PAGETIDE_SERVICE_HOST", "10.0.0.1", 1);
    struct pagetide_result got = expect_run(2, "check");
    expect_holds(got.err, "warning: PAGETIDE_DB_URL is no setting");
    ck_assert_ptr_null(strstr(got.err, "SERVICE_HOST"));
    pagetide_file(&pagetide, "pagetide.yaml", "databse: x\n");
    expect_holds(expect_run(2, "check").err,
                 "databse: unknown key; the keys here are database_url");
    tear_down();
}
END_TEST

START_TEST(the_log_is_set_like_other_settings)
{
    set_up();
    shop("");
    pagetide_file(&pagetide, "pagetide.yaml", "log_level: debug\n");
    setenv("PAGETIDE_LOG_FORMAT", "json", 1);
    expect_holds(expect_run(0, "sync shop.orders").err, "\"level\":\"debug\"");
    expect_holds(expect_run(0, "sync shop.orders --again --log-format text").err, " debug ");
    setenv("PAGETIDE_LOG_FORMAT", "yaml", 1);
    expect_holds(expect_run(2, "status").err, "\"yaml\" is not text or json");
    tear_down();
}
END_TEST

START_TEST(an_unreachable_server_is_one_message_and_a_hint)
{
    set_up();
    shop("");
    setenv("PAGETIDE_DATABASE_URL", "postgresql://me:s3cr3t@127.0.0.1:1/none", 1);
    struct pagetide_result got = expect_run(3, "sync shop.orders");
    ck_assert_msg(count_lines(got.err) == 2, "%s", got.err);
    expect_holds(got.err, "\n  try: does PostgreSQL run");
    expect_holds(got.err, "PostgreSQL at postgresql://127.0.0.1:1/none cannot be reached");
    ck_assert_ptr_null(strstr(got.err, "s3cr3t"));
    ck_assert_int_eq(mock_count(&mock, "/gen/page"), 0);
    setenv("PAGETIDE_REDIS_URL", "redis://:s3cr3t@127.0.0.1:1", 1);
    got = expect_run(3, "reload shop.orders");
    ck_assert_msg(count_lines(got.err) == 2, "%s", got.err);
    expect_holds(got.err, "\n  try: does Redis run");
    tear_down();
}
END_TEST

/* What this machine lacks is no server that may come yet. */
START_TEST(a_command_without_descriptors_says_so_at_once)
{
    set_up();
    int64_t began_mono_ms = clock_mono_ms();
    setenv("PAGETIDE_TEST_UNDER", "sh -c 'ulimit -n 12; exec \"$0\" \"$@\"'", 1);
    expect_holds(expect_run(3, "status").err, "no file descriptors left (ulimit -n)");
    unsetenv("PAGETIDE_TEST_UNDER");
    ck_assert_int_lt(clock_mono_ms() - began_mono_ms, 5000);
    tear_down();
}
END_TEST

START_TEST(a_missing_schema_is_told)
{
    mock_start(NULL, &mock);
    pagetide_open_empty(&pagetide);
    static const char *const lines[] = {"worker", "scheduler", "status", "apply"};
    shop("");
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct pagetide_result got = expect_run(3, lines[i]);
        expect_holds(got.err, "pagetide migrate");
    }
    expect_run(0, "migrate");
    expect_run(0, "migrate");
    expect_run(0, "status");
    tear_down();
}
END_TEST

START_TEST(expr_prints_json)
{
    set_up();
    pagetide_file(&pagetide, "page.json",
                  "{\"response\": {\"page\": 3, \"big\": 12345678901234567890}}");
    const char *file = pagetide_text("--context %s/page.json", pagetide.dir);
    ck_assert_str_eq(
        expect_run(0, pagetide_text("expr %s '{{ response.page + 1 }}'", file)).out, "4\n");
    ck_assert_str_eq(expect_run(0, pagetide_text("expr %s '{{ response.big }}'", file)).out,
                     "12345678901234567890\n");
    ck_assert_str_eq(expect_run(0, pagetide_text("expr %s 'p={{ response.page }}'", file)).out,
                     "\"p=3\"\n");
    struct pagetide_result got =
        expect_run(1, pagetide_text("expr %s '{{ response.page + missing }}'", file));
    expect_holds(got.err, "missing");
    expect_holds(got.err, "^");
    expect_run(1, "expr '{{ 5 // 0 }}'");
    expect_holds(expect_run(2, "expr '{{ a + }}'").err, "^");
    expect_run(2, "expr");
    expect_run(2, "expr --context /nowhere '{{ 1 }}'");
    tear_down();
}
END_TEST

START_TEST(the_last_line_of_sync_is_a_summary)
{
    static const char *const keys[] = {"run",    "stream",   "state",        "reason",
                                       "pages",  "records",  "bytes",        "rejects",
                                       "asides", "folded",   "retries",      "seconds",
                                       "error",  "complete", "complete_why", "warnings"};
    set_up();
    shop("");
    const char *line = pagetide_last_line(expect_run(0, "sync shop.orders --json").out);
    const char *at = line;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        at = strstr(at, pagetide_text("%s\"%s\":", i ? "," : "{", keys[i]));
        ck_assert_msg(at != NULL, "%s in %s", keys[i], line);
    }
    ck_assert_str_eq(pagetide_json(line, "run"), "1");
    ck_assert_str_eq(pagetide_json(line, "stream"), "shop.orders");
    ck_assert_str_eq(pagetide_json(line, "state"), "succeeded");
    ck_assert_str_eq(pagetide_json(line, "reason"), "");
    ck_assert_str_eq(pagetide_json(line, "pages"), "10");
    ck_assert_str_eq(pagetide_json(line, "records"), "100");
    ck_assert_str_eq(pagetide_json(line, "complete"), "proved");
    struct pagetide_result plain = expect_run(0, "sync --all --again");
    expect_holds(plain.out, "shop.orders: run 2 succeeded: 10 pages, 100 records");
    tear_down();
}
END_TEST

START_TEST(sync_refuses_what_is_not_meant)
{
    set_up();
    shop("");
    expect_holds(expect_run(2, "sync").err, "--all");
    expect_holds(expect_run(2, "sync shop.customers").err, "shop.customers");
    expect_holds(expect_run(2, "sync shop.orders --full").err, "--again");
    ck_assert_int_eq(mock_count(&mock, "/gen/page"), 0);
    expect_run(0, "sync shop.orders shop.orders");
    expect_run(0, "sync shop.orders --full --again");
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) from shop.orders"), "200");
    ck_assert_str_eq(pagetide_sql(&pagetide, "select string_agg(mode, ' ' order by id) "
                                             "from pagetide.run"),
                     "incremental full");
    expect_holds(expect_run(2, "jobs 99").err, "there is no run 99");
    expect_holds(expect_run(2, "rejects 99").err, "there is no run 99");
    expect_holds(expect_run(2, "runs shop.customers").err, "there is no stream shop.customers");
    tear_down();
}
END_TEST

/* Of a word that may be a type of the user's own, only PostgreSQL can say it. */
START_TEST(a_type_that_postgresql_has_not_is_an_error)
{
    set_up();
    shop("  typed:\n    path: /gen/page\n    merge_path: data\n    again: true\n"
         "    columns: {id: bigint, name: \"varchar(9)\", tags: \"text[]\", note: strng}\n"
         "    tables:\n      lines: {merge_path: data, columns: {odd: own.kind}}\n");
    expect_run(0, "migrate");
    struct pagetide_result got = expect_run(2, "check shop.typed");
    expect_holds(got.err, ": streams.typed.columns.note: PostgreSQL has no type \"strng\"");
    expect_holds(
        got.err,
        ": streams.typed.tables.lines.columns.odd: PostgreSQL has no type \"own.kind\"");
    ck_assert_int_eq(count_lines(got.err), 2);
    expect_holds(got.err, "sources/shop.yaml:");
    pagetide_sql(&pagetide, "create schema own");
    pagetide_sql(&pagetide, "create domain own.kind as text");
    pagetide_sql(&pagetide, "create domain strng as text");
    expect_run(0, "check shop.typed");
    tear_down();
}
END_TEST

START_TEST(a_stream_or_source_is_named_where_it_is_meant)
{
    set_up();
    shop("  lines:\n    path: /gen/page\n    merge_path: data\n    params: {total: 20}\n"
         "    again: true\n");
    expect_run(0, "check sources/shop.yaml");
    expect_run(0, "check shop");
    expect_holds(expect_run(2, "check shop.order").err, "did you mean \"shop.orders\"?");
    expect_holds(expect_run(2, "preview shop").err, "means 2 streams: name one");
    struct pagetide_result dry = expect_run(0, "sync shop.lines --dry-run");
    expect_holds(dry.out, "create table");
    ck_assert_str_eq(pagetide_sql(&pagetide, "select to_regclass('shop.lines') is null"), "t");
    ck_assert_int_eq(count_lines(expect_run(0, "sync shop").out), 2);
    ck_assert_str_eq(expect_run(0, "sync 'shop.l*' -q").err, "");
    expect_holds(expect_run(0, "sync shop.lines -v").err, "debug");
    expect_holds(expect_run(0, "status shop.lines").out, "shop.lines  last run succeeded");
    ck_assert_ptr_null(strstr(expect_run(0, "status shop.lines").out, "shop.orders"));
    expect_holds(expect_run(2, "status shop.order").err,
                 "there is no stream shop.order; did you mean \"shop.orders\"?");
    expect_holds(expect_run(2, "sync lines").err, "did you mean \"shop.lines\"?");
    expect_holds(expect_run(2, "check sources").err, "it is a folder: -c DIR");
    expect_holds(expect_run(2, "sync all").err, "'*' means all");
    expect_holds(expect_run(2, "status shop.next").err, "it is stored by its first sync");
    expect_holds(expect_run(2, "bookmark shop.lines 7").err, "--set VALUE");
    expect_run(0, "runs --state Succeeded");
    static const char *const commands[] = {"status",   "runs",    "columns", "pause",
                                           "bookmark", "rejects", "retry",   "explain"};
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        expect_holds(expect_run(2, pagetide_text("%s lines", commands[i])).err,
                     "there is no stream lines; did you mean \"shop.lines\"?");
    expect_holds(expect_run(2, "pause shop").err,
                 "there is no stream shop; did you mean \"shop.lines\" or \"shop.orders\"?");
    expect_holds(expect_run(0, "rejects shop.lines").err, "nothing was rejected in this run");
    expect_holds(expect_run(0, "jobs shop.lines").out, "4/1");
    expect_holds(expect_run(1, "retry shop.lines").err, "4");
    expect_holds(expect_run(2, "retry shop.line").err, "there is no stream shop.line");
    expect_holds(expect_run(2, "rejects").err, "name one run by its number");
    struct pagetide_result runs = expect_run(0, "runs --limit 3");
    ck_assert_int_eq(count_lines(runs.out), 4);
    expect_holds(runs.err, "there are more than these 3: --limit N shows more");
    ck_assert_str_eq(expect_run(0, "runs -n 4").err, "");
    expect_holds(expect_run(0, "runs --state failed").err, "there is no such run");
    ck_assert_int_eq(count_lines(expect_run(0, "runs shop --state succeeded --json").out), 4);
    expect_holds(expect_run(2, "runs --state bad").err, "one of queued, running");
    tear_down();
}
END_TEST

START_TEST(an_empty_folder_is_nothing_to_check)
{
    set_up();
    pagetide_source(&pagetide, "shop", "source: shop\n");
    unlink(pagetide_text("%s/sources/shop.yaml", pagetide.dir));
    expect_holds(expect_run(2, "check").err, "there is nothing to check");
    tear_down();
}
END_TEST

START_TEST(a_broken_file_blocks_no_other)
{
    set_up();
    shop("    headers: {X: \"{{ env.FLOW_NOWHERE }}\"}\n"
         "  lines: {path: /gen/page, merge_path: data, params: {total: 20}}\n");
    pagetide_source(&pagetide, "broken", "source: broken\nstreams: {a: {pth: /a}}\n");
    struct pagetide_result got = expect_run(2, "check");
    expect_holds(got.err, "broken.yaml:2:");
    expect_holds(got.out, "shop.lines");
    ck_assert_ptr_null(strstr(got.out, "all good"));
    expect_holds(got.err, "warning: shop.orders: ");
    expect_holds(got.err, "FLOW_NOWHERE");
    got = expect_run(2, "check sources/broken.yaml");
    expect_holds(got.err, "no stream of sources/broken.yaml could be read");
    ck_assert_ptr_null(strstr(got.err, "there is no stream"));
    expect_holds(expect_run(0, "check shop.lines").err, "broken.yaml:2:");
    expect_holds(expect_run(2, "check broken.a").err,
                 "\"broken.a\" is not among the streams that could be read");
    expect_holds(expect_run(2, "sync broken.a").err, "correct the errors above");
    expect_holds(expect_run(2, "sync broken").err, "correct the errors above");
    ck_assert_ptr_null(strstr(expect_run(2, "preview broken.a").err, "there is no stream"));
    expect_holds(expect_run(2, "check sources/none.yaml").err, "correct the errors above");
    expect_holds(expect_run(0, "preview shop.lines").err, "broken.yaml:2:");
    expect_holds(expect_run(0, "sync shop.lines").err, "broken.yaml:2:");
    expect_holds(expect_run(2, "sync --all --again").out, "shop.lines: run 3 succeeded");
    tear_down();
}
END_TEST

START_TEST(json_has_times_and_lists)
{
    set_up();
    shop("");
    expect_run(0, "sync shop.orders");
    pagetide_sql(&pagetide, "update pagetide.run set warnings = '{one,two}' returning 1");
    const char *line = expect_run(0, "runs --json").out;
    expect_holds(line, "\"warnings\": [\"one\", \"two\"]");
    ck_assert_str_eq(pagetide_json(line, "complete"), "proved");
    expect_holds(expect_run(0, "runs").out, "proved");
    ck_assert_str_eq(pagetide_sql(&pagetide,
                                  "select '%s' ~ '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:[0-9.]+"
                                  "(Z|[+-]\\d\\d:\\d\\d)$'",
                                  pagetide_json(line, "started")),
                     "t");
    pagetide_sql(&pagetide, "update pagetide.job set wait_until = now() returning 1");
    line = expect_run(0, "jobs 1 --json").out;
    ck_assert_ptr_nonnull(strchr(pagetide_json(line, "wait_until"), 'T'));
    tear_down();
}
END_TEST

START_TEST(status_says_that_a_worker_is_gone)
{
    set_up();
    setenv("PAGETIDE_BEAT", "300ms", 1);
    shop("");
    mock_post(&mock, "/_mock/fault", "{\"path\": \"/gen/page\", \"kind\": \"hang\"}");
    struct pagetide_process sync = pagetide_spawn(&pagetide, "sync shop.orders");
    pagetide_await(&pagetide, "running", 20000, "select state from pagetide.job");
    ck_assert_ptr_null(strstr(expect_run(0, "status").out, "worker is gone"));
    pagetide_kill(&sync);
    pagetide_await(&pagetide, "t", 20000,
                   "select max(seen_at) < now() - interval '700 ms' from pagetide.worker");
    expect_holds(expect_run(0, "status").out, "its worker is gone, last seen 2");
    expect_holds(expect_run(0, "status --json").out, "\"worker_is_gone\": true");
    tear_down();
}
END_TEST

/* A `sync` that hangs at its first page, left in PostgreSQL by this signal. */
static void leave_sync(int signal)
{
    shop("");
    mock_post(&mock, "/_mock/fault", "{\"path\": \"/gen/page\", \"kind\": \"hang\"}");
    struct pagetide_process sync = pagetide_spawn(&pagetide, "sync shop.orders");
    pagetide_await(&pagetide, "running", 20000, "select state from pagetide.job");
    expect_holds(expect_run(0, "status --json").out, "\"worker_is_gone\": false");
    pagetide_signal(&sync, signal);
    pagetide_wait(&sync, 25000);
}

static void expect_nobody(void)
{
    const char *out = expect_run(0, "status").out;
    expect_holds(out, "last run running, but nobody works on it");
    expect_holds(out, "pagetide sync shop.orders goes on where it stopped");
    expect_holds(expect_run(0, "status --json").out, "\"worker_is_gone\": true");
    mock_post(&mock, "/_mock/reset", "{}");
    expect_holds(expect_run(0, "sync shop.orders").out, "run 1 succeeded");
    ck_assert_ptr_null(strstr(expect_run(0, "status").out, "nobody"));
}

START_TEST(status_says_that_a_sync_was_interrupted)
{
    set_up();
    leave_sync(SIGINT);
    expect_nobody();
    tear_down();
}
END_TEST

/* On this host at once, before its beats are missed. */
START_TEST(status_says_that_a_sync_was_killed)
{
    set_up();
    leave_sync(SIGKILL);
    expect_holds(expect_run(0, "status").out, "its worker is gone, last seen 2");
    expect_nobody();
    tear_down();
}
END_TEST

START_TEST(a_401_and_a_page_of_html_are_one_message)
{
    set_up();
    shop("");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/gen/page\", \"status\": 401, \"body\": {\"error\": \"no key\"}}");
    struct pagetide_result got = expect_run(1, "sync shop.orders");
    expect_holds(got.out, "run 1 failed (auth)");
    expect_holds(got.out, "status 401");
    mock_post(&mock, "/_mock/reset", "{}");
    mock_post(&mock, "/_mock/fault", "{\"path\": \"/gen/page\", \"kind\": \"html\"}");
    got = expect_run(1, "sync shop.orders");
    expect_holds(got.out, "run 2 failed (body)");
    expect_holds(got.out, "text/html");
    tear_down();
}
END_TEST

START_TEST(apply_keeps_the_last_good_version)
{
    set_up();
    shop("");
    expect_run(0, "migrate");
    ck_assert_str_eq(expect_run(0, "apply --json").out, "{\"streams\":1,\"stored\":1}\n");
    expect_run(0, "apply");
    pagetide_source(&pagetide, "other",
                    "source: other\nbase_url: %s\nstreams: {a: {path: /a}}\n", mock.url);
    shop("    colour: red\n");
    struct pagetide_result got = expect_run(2, "apply --json");
    expect_holds(got.err, "shop.yaml:8:5: streams.orders.colour");
    ck_assert_str_eq(pagetide_sql(&pagetide, "select string_agg(name || version, ' ' order by "
                                             "name) from pagetide.stream"),
                     "other.a1 shop.orders1");
    shop("    max_rejects: 5\n");
    expect_run(0, "apply");
    ck_assert_str_eq(pagetide_sql(&pagetide, "select version from pagetide.stream where name "
                                             "= 'shop.orders'"),
                     "2");
    tear_down();
}
END_TEST

START_TEST(status_prints_one_object_per_stream)
{
    set_up();
    shop("  customers:\n    path: /gen/none\n");
    expect_run(1, "sync --all");
    expect_run(0, "apply");
    struct pagetide_result got = expect_run(0, "status --json");
    ck_assert_int_eq(count_lines(got.out), 2);
    const char *last = pagetide_last_line(got.out);
    ck_assert_str_eq(pagetide_json(last, "stream"), "shop.orders");
    ck_assert_str_eq(pagetide_json(last, "last_state"), "succeeded");
    expect_holds(pagetide_json(last, "jobs"), "\"state\":\"succeeded\"");
    got = expect_run(0, "status");
    expect_holds(got.out, "shop.customers  last run failed");
    expect_holds(got.out, "shop.orders  last run succeeded");
    tear_down();
}
END_TEST

START_TEST(an_interrupted_sync_goes_on)
{
    set_up();
    setenv("PAGETIDE_BATCH_AGE", "50ms", 1);
    shop("    params: {total: 300}\n");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"kind\": \"slow_ms\", \"ms\": 50, \"times\": -1}");
    struct pagetide_process sync = pagetide_spawn(&pagetide, "sync shop.orders");
    pagetide_await(&pagetide, "t", 20000, "select page >= 5 from pagetide.job");
    pagetide_signal(&sync, SIGINT);
    ck_assert_int_eq(pagetide_wait(&sync, 10000), 130);
    expect_holds(pagetide_err(&sync), "goes on where it stopped");
    ck_assert_str_eq(pagetide_sql(&pagetide,
                                  "select count(*) = 10 * (select page from pagetide.job) "
                                  "from shop.orders"),
                     "t");
    const char *line = pagetide_last_line(expect_run(0, "sync shop.orders --json").out);
    ck_assert_str_eq(pagetide_json(line, "run"), "1");
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) || ' ' || count(distinct id) "
                                             "from shop.orders"),
                     "300 300");
    ck_assert_int_le(mock_count(&mock, "/gen/page"), 31);
    tear_down();
}
END_TEST

START_TEST(the_loop_guard_outlives_the_process)
{
    set_up();
    setenv("PAGETIDE_BATCH_AGE", "50ms", 1);
    pagetide_source(&pagetide, "shop",
                    "source: shop\n"
                    "base_url: %s\n"
                    "streams:\n"
                    "  orders:\n"
                    "    path: /x\n"
                    "    pagination: {type: cursor, cursor_path: next, param: cursor}\n"
                    "    merge_path: data\n",
                    mock.url);
    mock_post(
        &mock, "/_mock/route",
        "[{\"path\": \"/x\", \"body\": {\"data\": [{\"id\": 1}], \"next\": \"a\"}},"
        " {\"path\": \"/x?cursor=a\", \"body\": {\"data\": [{\"id\": 2}], \"next\": \"b\"}},"
        " {\"path\": \"/x?cursor=b\", \"body\": {\"data\": [{\"id\": 3}], \"next\": \"a\"}}]");
    mock_post(&mock, "/_mock/fault", "{\"path\": \"/x?cursor=b\", \"kind\": \"hang\"}");
    struct pagetide_process sync = pagetide_spawn(&pagetide, "sync shop.orders");
    pagetide_await(&pagetide, "2", 20000, "select page from pagetide.job");
    pagetide_kill(&sync);
    setenv("PAGETIDE_BEAT", "500ms", 1);
    const char *line = pagetide_last_line(expect_run(1, "sync shop.orders --json").out);
    ck_assert_str_eq(pagetide_json(line, "run"), "1");
    ck_assert_str_eq(pagetide_json(line, "reason"), "loop");
    ck_assert_str_eq(pagetide_json(line, "pages"), "2");
    ck_assert_int_eq(mock_count(&mock, "/x?cursor=a"), 1);
    tear_down();
}
END_TEST

START_TEST(an_unchanged_row_is_not_written_again)
{
    set_up();
    shop("    params: {total: 20, seed: \"{{ env.FLOW_SEED }}\"}\n"
         "    write: upsert\n"
         "    key: id\n");
    setenv("FLOW_SEED", "1", 1);
    expect_run(0, "sync shop.orders");
    const char *rows = "select md5(string_agg(xmin || ' ' || ctid, ' ' order by id)) "
                       "from shop.orders";
    const char *before = pagetide_sql(&pagetide, "%s", rows);
    expect_run(0, "sync shop.orders");
    ck_assert_str_eq(pagetide_sql(&pagetide, "%s", rows), before);
    const char *sum = pagetide_sql(&pagetide, "select sum(score) from shop.orders");
    setenv("FLOW_SEED", "2", 1);
    expect_run(0, "sync shop.orders");
    ck_assert_str_ne(pagetide_sql(&pagetide, "%s", rows), before);
    ck_assert_str_ne(pagetide_sql(&pagetide, "select sum(score) from shop.orders"), sum);
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) from shop.orders"), "20");
    tear_down();
}
END_TEST

SUITE("flow/commands", every_command_has_help, reload_with_words_that_would_be_refused,
      check_tells_all_errors_at_once, check_tells_what_partitions_need, check_tells_broken_yaml,
      settings_have_an_order, misspelt_settings_are_told, the_log_is_set_like_other_settings,
      an_unreachable_server_is_one_message_and_a_hint,
      a_command_without_descriptors_says_so_at_once, a_missing_schema_is_told, expr_prints_json,
      the_last_line_of_sync_is_a_summary, sync_refuses_what_is_not_meant,
      a_type_that_postgresql_has_not_is_an_error, a_stream_or_source_is_named_where_it_is_meant,
      an_empty_folder_is_nothing_to_check, a_broken_file_blocks_no_other,
      json_has_times_and_lists, status_says_that_a_worker_is_gone,
      status_says_that_a_sync_was_interrupted, status_says_that_a_sync_was_killed,
      a_401_and_a_page_of_html_are_one_message, apply_keeps_the_last_good_version,
      status_prints_one_object_per_stream, an_interrupted_sync_goes_on,
      the_loop_guard_outlives_the_process, an_unchanged_row_is_not_written_again)

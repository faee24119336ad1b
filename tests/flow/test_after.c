#define SUITE_TIMEOUT 120
#include <signal.h>
#include <sys/resource.h>

#include "tests/support/stand.h"
#include "tests/support/suite.h"

/* What is done after a run has ended. */
enum { LIMIT_MS = 30000 };

static void hook(int status)
{
    mock_post(&mock, "/_mock/route",
              pagetide_text("{\"path\": \"/hook\", \"answers\": [{\"status\": %d}]}", status));
}

#define LEFT                                                                                   \
    "select coalesce(string_agg(kind, ' ' order by id), '') from pagetide.chore "              \
    "where kind <> 'analyze'"

START_TEST(sql_a_notification_and_a_webhook)
{
    set_up();
    setenv("HOOK_TOKEN", "t0ken-of-the-hook", 1);
    SQL("create table told (event jsonb, stored bigint)");
    people(pagetide_text("    vars: {of: shop}\n"
                         "    after_load:\n"
                         "      sql:\n"
                         "        - insert into public.told select "
                         "current_setting('pagetide.event')::jsonb, count(*) from "
                         "people.all -- all\n"
                         "        - update public.told set stored = stored + 100\n"
                         "      notify: loaded\n"
                         "      webhook: {url: \"%s/hook?of={{ vars.of }}&run={{ run.id }}\", "
                         "headers: {X-Token: \"{{ "
                         "env.HOOK_TOKEN }}\"}}\n",
                         mock.url));
    answer("[{\"id\": 1}, {\"id\": 2}]");
    hook(204);
    expect_run(0, "sync people.all");
    EXPECT_SQL("1 people.all succeeded 2 0 102",
               "select concat_ws(' ', event ->> 'run', event ->> 'stream', event ->> 'state', "
               "event ->> "
               "'records', event ->> 'rejects', stored) from told");
    const char *log = mock_get(&mock, "/_mock/requests");
    expect_holds(log, "\"/hook?of=shop&run=1\"");
    expect_holds(log, "t0ken-of-the-hook");
    expect_holds(log, "application/json");
    expect_holds(log, "\\\"state\\\": \\\"succeeded\\\"");
    ck_assert_int_eq(mock_count(&mock, "/hook?of=shop&run=1"), 1);
    EXPECT_SQL("", LEFT);
    EXPECT_SQL("{}", "select warnings from pagetide.run");
    EXPECT_SQL("0",
               "select count(*) from pagetide.definition where spec::text like '%%t0ken%%'");
    tear_down();
}
END_TEST

START_TEST(after_a_failed_run_only_where_that_is_wanted)
{
    set_up();
    SQL("create table told (state text)");
    static const char keys[] =
        "    after_load: {sql: \"insert into public.told values "
        "(current_setting('pagetide.event')::jsonb ->> 'state')\", on: %s}\n";
    answer("{\"error\": \"x\"}");
    people(pagetide_text(keys, "succeeded"));
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/people\", \"times\": -1, \"kind\": \"status\", \"status\": 404}");
    expect_run(1, "sync people.all");
    EXPECT_SQL("0", "select count(*) from told");
    people(pagetide_text(keys, "ended"));
    expect_run(1, "sync people.all");
    EXPECT_SQL("failed", "select string_agg(state, ' ') from told");
    tear_down();
}
END_TEST

/* All statements or none; the run says why, and stays what it is. */
START_TEST(sql_that_fails_is_a_warning)
{
    set_up();
    SQL("create table told (n int)");
    people("    after_load: {sql: [insert into public.told values (1), select 1 / 0]}\n");
    answer("[{\"id\": 1}]");
    struct pagetide_result got = expect_run(0, "sync people.all");
    expect_holds(got.err, "warning: people.all: after_load: sql: division by zero");
    EXPECT_SQL("0", "select count(*) from told");
    EXPECT_SQL("succeeded", "select state from pagetide.run");
    EXPECT_SQL("", LEFT);
    people("    again: true\n    after_load: {sql: select pg_sleep(30), timeout: 1s}\n");
    got = expect_run(0, "sync people.all");
    expect_holds(got.err, "canceling statement due to statement timeout");
    EXPECT_SQL("sql", LEFT);
    tear_down();
}
END_TEST

/* Neither what it sets nor what it leaves. */
START_TEST(sql_is_alone_in_its_session)
{
    static const char sql[] =
        "    path: /people\n    pagination: {type: none}\n    after_load: {sql: "
        "[create temp table mine (n int), "
        "insert into public.told values (current_setting('search_path')), "
        "set search_path = people]}\n";
    set_up();
    SQL("create table told (path text)");
    pagetide_source(&pagetide, "people",
                    "source: people\nbase_url: %s\nstreams:\n  a:\n%s  b:\n%s", mock.url, sql,
                    sql);
    answer("[{\"id\": 1}]");
    struct pagetide_result got = expect_run(0, "sync people");
    ck_assert_msg(!strstr(got.err, "warning"), "%s", got.err);
    EXPECT_SQL("2", "select count(*) from told where path not like '%%people%%'");
    SQL("truncate told");
    expect_run(0, "apply");
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    expect_run(0, "reload people.a --mode full --again");
    expect_run(0, "reload people.b --mode full --again");
    pagetide_await(&pagetide, "2", LIMIT_MS,
                   "select count(*) from told where path not like '%%people%%'");
    pagetide_signal(&up, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&up, 25000), 0);
    tear_down();
}
END_TEST

/* A server that is broken is asked again; one that refuses is not. */
START_TEST(a_webhook_that_is_refused_is_a_warning)
{
    set_up();
    people(pagetide_text("    again: true\n    after_load: {webhook: {url: \"%s/hook\"}}\n",
                         mock.url));
    answer("[{\"id\": 1}]");
    hook(404);
    expect_holds(expect_run(0, "sync people.all").err, "after_load: webhook: status 404");
    EXPECT_SQL("", LEFT);
    hook(503);
    expect_run(0, "sync people.all");
    EXPECT_SQL("webhook", LEFT);
    EXPECT_SQL("10",
               "select round(extract(epoch from due_at - at) / 10) * 10 from pagetide.chore");
    hook(302);
    SQL("update pagetide.chore set due_at = now(), attempts = 7");
    expect_run(0, "sync people.all");
    EXPECT_SQL("{\"after_load: webhook: status 302 (the last of 8 tries)\"}",
               "select warnings from pagetide.run where id = 2");
    EXPECT_SQL("", LEFT);
    tear_down();
}
END_TEST

static void leave_descriptors(const struct pagetide_process *process, rlim_t count)
{
    struct rlimit limit;
    ck_assert_int_eq(prlimit(process->pid, RLIMIT_NOFILE, NULL, &limit), 0);
    limit.rlim_cur = MIN(count, limit.rlim_max);
    ck_assert_int_eq(prlimit(process->pid, RLIMIT_NOFILE, &limit, NULL), 0);
}

/* The last try there is: it is not taken by who cannot make it. */
START_TEST(a_scheduler_without_descriptors_leaves_it)
{
    set_up();
    people(pagetide_text("    after_load: {webhook: {url: \"%s/hook\"}}\n", mock.url));
    answer("[{\"id\": 1}]");
    hook(503);
    expect_run(0, "sync people.all");
    SQL("update pagetide.chore set due_at = now() + interval '1 h', attempts = 7");
    struct pagetide_process scheduler = pagetide_spawn(&pagetide, "scheduler");
    pagetide_await_err(&scheduler, "process.start", LIMIT_MS);
    pagetide_await(&pagetide, "t", LIMIT_MS, "select count(*) > 0 from pagetide.scheduler");
    hook(204);
    leave_descriptors(&scheduler, 3);
    SQL("update pagetide.chore set due_at = now() where kind = 'webhook'");
    pagetide_await_err(&scheduler, "machine.lack", LIMIT_MS);
    EXPECT_SQL("7", "select attempts from pagetide.chore where kind = 'webhook'");
    leave_descriptors(&scheduler, RLIM_INFINITY);
    pagetide_await(&pagetide, "", LIMIT_MS, LEFT);
    EXPECT_SQL("{}", "select warnings from pagetide.run");
    pagetide_stop(&scheduler);
    tear_down();
}
END_TEST

static const char refused[] = "after_load: webhook: ";

START_TEST(a_webhook_goes_where_requests_may_go)
{
    set_up();
    answer("[{\"id\": 1}]");
    people("    again: true\n    after_load: {webhook: {url: \"http://hook.example/x\"}}\n");
    expect_holds(expect_run(0, "sync people.all").err, refused);
    people(pagetide_text(
        "    again: true\n    after_load: {webhook: {url: \"http://localtest.me:%d/hook\"}}\n",
        mock.port));
    expect_holds(expect_run(0, "sync people.all").err, refused);
    people("    again: true\n    after_load: {webhook: {url: \"{{ env.NO_SUCH_HOOK }}\"}}\n");
    expect_holds(expect_run(0, "sync people.all").err,
                 "after_load: webhook: env.NO_SUCH_HOOK is not set");
    ck_assert_int_eq(mock_count(&mock, "/hook"), 0);
    tear_down();
}
END_TEST

/* By the scheduler: what a worker's run has left. */
START_TEST(a_scheduler_works_it_off)
{
    set_up();
    SQL("create table told (run bigint)");
    people(
        pagetide_text("    again: true\n    after_load: {sql: \"insert into public.told values "
                      "((current_setting('pagetide.event')::jsonb ->> 'run')::bigint)\", "
                      "webhook: {url: \"%s/hook\"}}\n    every: 1s\n",
                      mock.url));
    answer("[{\"id\": 1}]");
    hook(200);
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    pagetide_await(&pagetide, "t", LIMIT_MS, "select count(*) > 2 from told");
    pagetide_signal(&up, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&up, 25000), 0);
    EXPECT_SQL("0", "select count(*) - count(distinct run) from told");
    EXPECT_SQL("t", "select reltuples > 0 from pg_class where oid = 'people.all'::regclass");
    ck_assert_int_ge(mock_count(&mock, "/hook"), 2);
    tear_down();
}
END_TEST

/* Killed at any moment: SQL happens once for each run, the webhook at least once. */
START_TEST(nothing_is_forgotten_by_a_scheduler_that_is_killed)
{
    set_up();
    SQL("create table told (run bigint)");
    people(
        pagetide_text("    again: true\n    after_load: {sql: \"insert into public.told values "
                      "((current_setting('pagetide.event')::jsonb ->> 'run')::bigint)\", "
                      "webhook: {url: \"%s/hook?run={{ run.id }}\"}}\n    every: 1s\n",
                      mock.url));
    answer("[{\"id\": 1}]");
    hook(200);
    for (int i = 0; i < 5; i++) {
        struct pagetide_process up = pagetide_spawn(&pagetide, "up");
        pagetide_await(&pagetide, "t", LIMIT_MS,
                       "select count(*) > %d from pagetide.run "
                       "where state = 'succeeded'",
                       i);
        usleep((useconds_t)(i * 40000));
        pagetide_kill(&up);
    }
    people("    again: true\n");
    SQL("update pagetide.chore set due_at = now()");
    expect_run(0, "sync people.all");
    pagetide_await(&pagetide, "", LIMIT_MS, LEFT);
    EXPECT_SQL(
        "t", "select count(*) = count(distinct t.run) and count(*) = (select count(*) - 1 from "
             "pagetide.run r where r.finished_at is not null) from told t");
    int64_t runs = 0;
    ck_assert(str_to_int64(str_from(SQL("select count(*) - 1 from pagetide.run")), &runs));
    for (int run = 1; run < runs; run++)
        ck_assert_int_ge(mock_count(&mock, pagetide_text("/hook?run=%d", run)), 1);
    tear_down();
}
END_TEST

START_TEST(a_table_that_has_grown_is_analyzed)
{
    static const char counted[] =
        "select reltuples = %d and not exists (select from pagetide.chore) from pg_class "
        "where oid = 'people.all'::regclass";
    set_up();
    people("    again: true\n");
    answer("[{\"id\": 1}, {\"id\": 2}]");
    expect_run(0, "sync people.all");
    pagetide_await(&pagetide, "t", LIMIT_MS, counted, 2);
    expect_run(0, "sync people.all");
    EXPECT_SQL("t", counted, 2);
    SQL("insert into people.all (id) select g from generate_series(1, 1000) g");
    expect_run(0, "sync people.all");
    pagetide_await(&pagetide, "t", LIMIT_MS, counted, 1006);
    tear_down();
}
END_TEST

SUITE("flow/after", sql_a_notification_and_a_webhook,
      after_a_failed_run_only_where_that_is_wanted, sql_that_fails_is_a_warning,
      sql_is_alone_in_its_session, a_webhook_that_is_refused_is_a_warning,
      a_webhook_goes_where_requests_may_go, a_scheduler_works_it_off,
      a_scheduler_without_descriptors_leaves_it,
      nothing_is_forgotten_by_a_scheduler_that_is_killed, a_table_that_has_grown_is_analyzed)

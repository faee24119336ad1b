#define SUITE_TIMEOUT 120
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

/* What is said of what is not there: schedulers, files of streams, variables. */
static struct mock mock;
static struct pagetide pagetide;

enum { LIMIT_MS = 30000 };

static void set_up(void)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    setenv("PAGETIDE_BEAT", "500ms", 1);
}

static void tear_down(void)
{
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

static struct pagetide_result expect_run(int code, const char *command)
{
    return pagetide_expect(&pagetide, code, command);
}

static void stream(const char *source, const char *keys)
{
    pagetide_source(&pagetide, source,
                    "source: %s\n"
                    "base_url: %s\n"
                    "streams:\n"
                    "  orders: {path: /gen/page, merge_path: data, write: upsert, key: id%s}\n",
                    source, mock.url, keys);
}

START_TEST(a_scheduler_that_is_gone_is_said)
{
    set_up();
    stream("shop", ", every: 1h");
    expect_run(0, "migrate");
    expect_run(0, "apply");
    expect_holds(expect_run(0, "status").out, "No scheduler is running: 1 stream with");
    struct pagetide_process up = pagetide_spawn(&pagetide, "scheduler");
    pagetide_await(&pagetide, "1", LIMIT_MS, "select count(*) from pagetide.scheduler");
    expect_lacks(expect_run(0, "status").out, "No scheduler");
    expect_holds(expect_run(0, "status --json").out, "\"scheduler_is_gone\": false");
    pagetide_kill(&up);
    expect_holds(expect_run(0, "status").out, "No scheduler is running (last seen 2");
    expect_holds(expect_run(0, "status --json").out, "\"scheduler_is_gone\": true");
    pagetide_await(&pagetide, "t", LIMIT_MS,
                   "select max(seen_at) < now() - interval '1 s' from pagetide.scheduler");
    expect_holds(expect_run(0, "reload shop.orders").err,
                 "no scheduler is running (last seen: 2");
    expect_holds(expect_run(0, "reload shop.order").err, "no stream shop.order is stored");
    expect_run(0, "pause shop.orders");
    expect_lacks(expect_run(0, "status").out, "No scheduler");
    tear_down();
}
END_TEST

START_TEST(a_worker_says_that_no_scheduler_lives)
{
    set_up();
    setenv("PAGETIDE_HTTP", "127.0.0.1:0", 1);
    stream("shop", ", every: 1h");
    expect_run(0, "migrate");
    expect_run(0, "apply");
    struct pagetide_process worker = pagetide_spawn(&pagetide, "worker");
    int port = pagetide_http_port(&worker, LIMIT_MS);
    pagetide_await_err(&worker, "scheduler.down", LIMIT_MS);
    expect_holds(pagetide_err(&worker), "no scheduler lives (last seen: never): 1 stream");
    expect_holds(pagetide_http_get(port, "/readyz"), "200 ");
    expect_holds(pagetide_http_get(port, "/readyz"), "\"scheduler\":\"none seen\"");
    struct pagetide_process scheduler = pagetide_spawn(&pagetide, "scheduler");
    pagetide_await_err(&worker, "scheduler.up", LIMIT_MS);
    expect_lacks(pagetide_http_get(port, "/readyz"), "none seen");
    pagetide_kill(&scheduler);
    pagetide_kill(&worker);
    tear_down();
}
END_TEST

/* Another folder's streams run here too: said, with what they lack here. */
START_TEST(streams_of_another_folder_are_said)
{
    set_up();
    stream("other", ", headers: {X: \"{{ env.FLOW_NOT_HERE }}\"}");
    expect_run(0, "migrate");
    expect_run(0, "apply");
    ck_assert_int_eq(unlink(pagetide_text("%s/sources/other.yaml", pagetide.dir)), 0);
    stream("shop", "");
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    pagetide_await_err(&up, "config.strange", LIMIT_MS);
    expect_holds(pagetide_err(&up),
                 "1 stream is in the database and in no file of this folder, and runs");
    expect_holds(pagetide_err(&up), "other.orders");
    pagetide_await_err(&up, "config.missing", LIMIT_MS);
    expect_holds(pagetide_err(&up), "other.orders");
    expect_holds(pagetide_err(&up), "env.FLOW_NOT_HERE is not set");
    expect_lacks(pagetide_err(&up), "config.missing shop.orders");
    pagetide_kill(&up);
    tear_down();
}
END_TEST

START_TEST(a_dropped_stream_that_a_file_has_is_said)
{
    set_up();
    stream("shop", "");
    expect_run(0, "migrate");
    expect_run(0, "apply");
    expect_holds(expect_run(0, "drop shop.orders").err, "sources/shop.yaml still has it");
    expect_run(0, "apply");
    ck_assert_int_eq(unlink(pagetide_text("%s/sources/shop.yaml", pagetide.dir)), 0);
    ck_assert_str_eq(expect_run(0, "drop shop.orders").err, "");
    tear_down();
}
END_TEST

SUITE("flow/unseen", a_scheduler_that_is_gone_is_said, a_worker_says_that_no_scheduler_lives,
      streams_of_another_folder_are_said, a_dropped_stream_that_a_file_has_is_said)

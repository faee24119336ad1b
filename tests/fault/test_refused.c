#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/fault.h"
#include "tests/support/schema.h"
#include "tests/support/servers.h"
#define SUITE_TIMEOUT 240
#include "tests/support/stand.h"
#include "tests/support/suite.h"
#include "tests/support/truth.h"

/* Servers that are there and do not serve: Redis cannot save, or loads; it forgets its scripts
 * and its clients; PostgreSQL has no session left, or a table is locked for long. And one
 * message, said a hundred times. */

enum { PAGES = 120, ROWS = PAGES * 10 };

static struct test_redis redis;
static struct pagetide_process scheduler, worker;

static void define(void)
{
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: %s\nstreams:\n  s:\n    path: /gen/page\n"
                    "    params: {per_page: 10, total: %d, seed: 3}\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n",
                    mock.url, ROWS);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 25}");
    setenv("PAGETIDE_LEASE", "2s", 1);
    setenv("PAGETIDE_BEAT", "500ms", 1);
    setenv("PAGETIDE_BATCH_RECORDS", "20", 1);
    expect_run(0, "migrate");
    expect_run(0, pagetide_text("apply %s", pagetide.dir));
}

static void serve(void)
{
    scheduler = pagetide_spawn(&pagetide, "scheduler");
    worker = pagetide_spawn(&pagetide, "worker");
}

static void house(const char *const more[])
{
    set_up();
    servers_redis_start_with(&redis, more);
    pagetide.redis_url = redis.url;
    setenv("PAGETIDE_REDIS_URL", redis.url, 1);
    define();
    serve();
}

static void begin(void)
{
    expect_run(0, "reload api.s");
    pagetide_await(&pagetide, "t", 30000, "select max(page) >= 10 from pagetide.job");
}

static int64_t check_whole(void)
{
    pagetide_await(&pagetide, "succeeded", 60000, "select state from pagetide.run");
    int64_t again = mock_count(&mock, "/gen/page") - PAGES;
    truth_check_idle(&pagetide);
    truth_check_ledger(&pagetide, "api.s", ROWS);
    truth_check_rows(&pagetide, &mock, "api.s", pagetide_text("total=%d&seed=3", ROWS));
    EXPECT_SQL("1", "select max(epoch) from pagetide.job"); /* in the same hands all the time */
    return again;
}

static void leave(void)
{
    struct pagetide_process *const all[] = {&worker, &scheduler};
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        pagetide_signal(all[i], SIGTERM);
        ck_assert_int_eq(pagetide_wait(all[i], 25000), 0);
    }
    tear_down();
    servers_redis_stop(&redis);
}

/* --- Redis --- */

START_TEST(a_redis_that_cannot_save)
{
    char dir[] = "/tmp/pagetide-redis.XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(dir));
    const char *const more[] = {"--dir", dir, "--save", "1 1", NULL};
    house(more);
    begin();
    ck_assert_int_eq(system(pagetide_text("rm -r '%s'", dir)), 0);
    pagetide_await_err(&worker, "MISCONF", 20000);
    expect_holds(pagetide_err(&worker), "Redis refuses ");
    servers_redis(redis.url, "CONFIG SET stop-writes-on-bgsave-error no");
    int64_t again = check_whole();
    ck_assert_int_eq(again, 0);
    fault_note("20", "Redis cannot save and refuses writes (MISCONF)", again,
               "until it is told to go on");
    leave();
}
END_TEST

/* It answers LOADING for some seconds, and has everything when it is done. */
START_TEST(a_redis_that_loads)
{
    char dir[] = "/tmp/pagetide-redis.XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(dir));
    const char *const more[] = {
        "--dir", dir, "--key-load-delay", "4000", "--loading-process-events-interval-bytes",
        "1024",  NULL};
    house(more);
    servers_redis(redis.url, "DEBUG POPULATE 1500 filler 50");
    begin();
    servers_redis(redis.url, "SAVE");
    kill(redis.pid, SIGKILL);
    servers_redis_restart(&redis);
    expect_holds(servers_redis(redis.url, "GET x"), "LOADING");
    pagetide_await_err(&worker, "LOADING", 20000);
    for (int64_t until = pagetide_deadline(60000); *servers_redis(redis.url, "GET x");
         usleep(50000))
        ck_assert_int_lt(clock_mono_ms(), until);
    int64_t again = check_whole();
    ck_assert_int_eq(again, 0);
    fault_note("20", "Redis is killed, and loads for some seconds", again, "once");
    leave();
    ck_assert_int_eq(system(pagetide_text("rm -r '%s'", dir)), 0);
}
END_TEST

START_TEST(a_redis_that_forgets_scripts_and_clients)
{
    enum { TIMES = 40 };
    house(NULL);
    begin();
    for (int i = 0; i < TIMES; i++) {
        servers_redis(redis.url, i % 2 ? "SCRIPT FLUSH" : "CLIENT KILL TYPE normal");
        usleep(50000);
    }
    int64_t again = check_whole();
    ck_assert_int_eq(again, 0);
    fault_note("17 21", "connections to Redis killed and its scripts forgotten in turn", again,
               "%d times", TIMES);
    leave();
}
END_TEST

START_TEST(one_message_from_ten_producers)
{
    char dir[] = "/tmp/pagetide-redis.XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(dir));
    const char *const more[] = {"--dir",  dir, "--appendonly", "yes", "--appendfsync",
                                "always", NULL};
    house(more);
    const char *produce =
        pagetide_text("for p in 1 2 3 4 5 6 7 8 9 10; do (for n in 1 2 3 4 5 6 7 8 9 10; do "
                      "redis-cli -p %d XADD pagetide:reload '*' stream api.s id once; done) & "
                      "done >/dev/null; wait",
                      redis.port);
    ck_assert_int_eq(system(produce), 0);
    servers_redis_restart(&redis);
    pagetide_await(&pagetide, "t", 30000, "select count(*) = 1 from pagetide.request");
    /* What was read and not answered for is read again after 30 s. */
    int64_t until = pagetide_deadline(60000);
    while (strcmp(servers_redis(redis.url, "XLEN pagetide:reload"), "0") != 0) {
        ck_assert_int_lt(clock_mono_ms(), until);
        usleep(20000);
    }
    EXPECT_SQL("1", "select count(*) from pagetide.run");
    int64_t again = check_whole();
    fault_note("42", "one reload id 100 times from 10 producers, and a restart of Redis", again,
               "1 run");
    leave();
    ck_assert_int_eq(system(pagetide_text("rm -r '%s'", dir)), 0);
}
END_TEST

/* They are taken by the hundred, and what is due comes in between. */
START_TEST(messages_that_wait_hold_up_no_tick)
{
    enum { MESSAGES = 30000 };
    house(NULL);
    pagetide_kill(&scheduler);
    pagetide_source(&pagetide, "due",
                    "source: due\nbase_url: %s\nstreams:\n  t:\n    path: /gen/offset\n"
                    "    pagination: {type: none}\n    merge_path: data\n    every: 1s\n"
                    "    write: upsert\n    key: [id]\n",
                    mock.url);
    expect_run(0, pagetide_text("apply %s", pagetide.dir));
    const char *put = pagetide_text(
        "seq %d | sed 's/.*/XADD pagetide:reload * stream api.s id m&/' | redis-cli -p %d "
        "--pipe >/dev/null",
        MESSAGES, redis.port);
    ck_assert_int_eq(system(put), 0);
    scheduler = pagetide_spawn(&pagetide, "scheduler");
    pagetide_await(&pagetide, "t", 15000,
                   "select count(*) >= 2 from pagetide.run where stream = 'due.t' and state = "
                   "'succeeded'");
    ck_assert_str_ne(servers_redis(redis.url, "XLEN pagetide:reload"), "0");
    fault_note("-", "30,000 reload messages wait while ticks come due", -1, "2 ticks, in time");
    leave();
}
END_TEST

/* --- PostgreSQL --- */

/* Others want all sessions, and more: what ends is not had again. */
static void crowd(const struct test_postgres *postgres, int clients)
{
    const char *url = pagetide_text("postgresql://small@%s", strchr(postgres->url, '@') + 1);
    pagetide_file(&pagetide, "crowd", "");
    const char *command = pagetide_text(
        "for i in $(seq %d); do (while [ -e '%s/crowd' ] && kill -0 %d; do psql '%s' -qc "
        "'select pg_sleep(60)'; sleep 0.05; done >/dev/null 2>&1) & done",
        clients, pagetide.dir, (int)getpid(), url);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(a_postgresql_without_a_free_session)
{
    enum { SESSIONS = 20, CLIENTS = 24 };
    struct test_postgres postgres;
    set_up();
    servers_postgres_start(&postgres);
    servers_sql(postgres.url, pagetide_text("alter system set max_connections = %d", SESSIONS));
    servers_sql(postgres.url, "create role small login; create role loader login; "
                              "grant create on database postgres to loader");
    ck_assert_int_eq(kill(postgres.pid, SIGINT), 0);
    servers_postgres_await_end(&postgres);
    servers_postgres_restart(&postgres);
    pagetide.database_url = postgres.url;
    setenv("PAGETIDE_DATABASE_URL",
           pagetide_text("postgresql://loader@%s", strchr(postgres.url, '@') + 1), 1);
    define();
    serve();
    begin();
    crowd(&postgres, CLIENTS);
    static const char shoot[] = "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                                "where application_name like 'pagetide%'";
    int64_t until = pagetide_deadline(30000);
    for (; !strstr(pagetide_err(&worker), "remaining connection slots"); usleep(50000)) {
        ck_assert_msg(clock_mono_ms() < until, "%s", pagetide_err(&worker));
        servers_sql(postgres.url, shoot);
    }
    ck_assert_int_eq(unlink(pagetide_text("%s/crowd", pagetide.dir)), 0);
    servers_sql(postgres.url, "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                              "where usename = 'small'");
    int64_t again = check_whole();
    ck_assert_int_eq(again, 0);
    fault_note("29", "max_connections reached, sessions shot meanwhile", again,
               "%d clients for %d sessions", CLIENTS, SESSIONS);
    leave();
    servers_postgres_stop(&postgres);
}
END_TEST

/* Longer than five leases: beats go on, the job stays where it is. */
START_TEST(a_table_that_is_locked_for_long)
{
    enum { LOCKED_MS = 12000 };
    house(NULL);
    begin();
    struct schema_session *lock = schema_session_open(pagetide.database_url);
    schema_session_sql(lock, "begin; lock table api.s in access exclusive mode");
    usleep(LOCKED_MS * 1000);
    const char *seen = SQL("select max(extract(epoch from now() - seen_at)) < 3 from "
                           "pagetide.worker");
    ck_assert_str_eq(seen, "t");
    schema_session_sql(lock, "rollback");
    int64_t again = check_whole();
    ck_assert_int_eq(again, 0);
    fault_note("29", "the table is locked for 12 s, six leases", again, "once");
    leave();
}
END_TEST

/* By a trigger of somebody's, say. It is tried again, but less and less often. */
START_TEST(an_end_that_postgresql_refuses)
{
    house((const char *const[]){NULL});
    SQL("create function no_end() returns trigger language plpgsql as "
        "'begin raise exception ''no end''; end'");
    SQL("create trigger no_end before update on pagetide.job for each row when "
        "(pagetide.is_end(new.state)) execute function no_end()");
    mock_post(&mock, "/_mock/route", "{\"path\": \"/gen/page\", \"status\": 404}");
    expect_run(0, "reload api.s");
    pagetide_await_err(&worker, "no end", 30000);
    usleep(12000000);
    const char *taken = SQL("select max(epoch) from pagetide.job");
    int64_t times = 0;
    ck_assert(str_to_int64(str_from(taken), &times));
    ck_assert_msg(times <= 6, "taken %s times", taken);
    SQL("drop trigger no_end on pagetide.job");
    pagetide_await(&pagetide, "failed", 60000, "select state from pagetide.run");
    fault_note("29", "PostgreSQL refuses the end of a job", -1, "12 s: taken %s times", taken);
    leave();
}
END_TEST

SUITE("fault/refused", a_redis_that_cannot_save, a_redis_that_loads,
      a_redis_that_forgets_scripts_and_clients, one_message_from_ten_producers,
      messages_that_wait_hold_up_no_tick, a_postgresql_without_a_free_session,
      a_table_that_is_locked_for_long, an_end_that_postgresql_refuses)

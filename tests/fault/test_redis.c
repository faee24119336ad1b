#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "tests/support/fault.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/servers.h"
#define SUITE_TIMEOUT 180
#include "tests/support/suite.h"
#include "tests/support/truth.h"

/* Redis only dispatches: frozen, emptied and lost, it costs seconds and no data. */

struct house {
    struct pagetide pagetide;
    struct mock mock;
    struct test_redis redis;
    struct pagetide_process scheduler, worker;
};

/* Streams s1 … sN of `pages` pages each; the first has a tenth of them. */
static void house_open(struct house *house, int streams, int pages, int jobs)
{
    *house = (struct house){0};
    mock_start(NULL, &house->mock);
    mock_post(&house->mock, "/_mock/fault",
              "{\"path\": \"/gen/\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 20}");
    pagetide_open(&house->pagetide);
    servers_redis_start(&house->redis);
    house->pagetide.redis_url = house->redis.url;
    setenv("PAGETIDE_REDIS_URL", house->redis.url, 1);
    setenv("PAGETIDE_LEASE", "3s", 1);
    setenv("PAGETIDE_BEAT", "500ms", 1);
    setenv("PAGETIDE_BATCH_AGE", "200ms", 1);
    const char *text = pagetide_text("source: api\nbase_url: %s\nstreams:\n", house->mock.url);
    for (int i = 1; i <= streams; i++)
        text = pagetide_text("%s  s%d:\n    path: /gen/page\n"
                             "    params: {per_page: 5, total: %d, seed: %d}\n"
                             "    pagination: {type: page, total_pages_path: pages}\n"
                             "    merge_path: data\n    again: true\n",
                             text, i, 5 * (i == 1 ? pages / 10 : pages), i);
    pagetide_source(&house->pagetide, "api", "%s", text);
    ck_assert_int_eq(pagetide_run(&house->pagetide, "migrate").code, 0);
    ck_assert_int_eq(pagetide_run(&house->pagetide, "apply %s", house->pagetide.dir).code, 0);
    house->scheduler = pagetide_spawn(&house->pagetide, "scheduler");
    house->worker = pagetide_spawn(&house->pagetide, "worker --jobs %d", jobs);
}

static void house_ask(struct house *house, int stream)
{
    servers_redis(house->redis.url, "XADD pagetide:reload * stream api.s%d", stream);
}

static void house_check(struct house *house, int streams, int pages)
{
    struct pagetide *pagetide = &house->pagetide;
    pagetide_await(
        pagetide, pagetide_text("succeeded %d", streams), 90000,
        "select string_agg(distinct state, ' ') || ' ' || count(*) from pagetide.run");
    truth_check_idle(pagetide);
    for (int i = 1; i <= streams; i++) {
        int rows = 5 * (i == 1 ? pages / 10 : pages);
        const char *table = pagetide_text("api.s%d", i);
        truth_check_ledger(pagetide, table, rows);
        truth_check_rows(pagetide, &house->mock, table,
                         pagetide_text("total=%d&seed=%d", rows, i));
    }
}

static void house_close(struct house *house)
{
    pagetide_signal(&house->worker, SIGTERM);
    pagetide_signal(&house->scheduler, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&house->worker, 25000), 0);
    ck_assert_int_eq(pagetide_wait(&house->scheduler, 25000), 0);
    pagetide_close(&house->pagetide);
    servers_redis_stop(&house->redis);
    mock_stop(&house->mock);
}

enum { FREEZE_MS = 20000, FREEZE_PAGES = 1300 };

START_TEST(test_frozen_redis_does_not_stop_jobs_in_hand)
{
    struct house house;
    house_open(&house, 3, FREEZE_PAGES, 64);
    struct pagetide *pagetide = &house.pagetide;
    for (int i = 1; i <= 3; i++)
        house_ask(&house, i);
    pagetide_await(pagetide, "3", 15000,
                   "select count(*) from pagetide.job where state = 'running' and page > 0 and "
                   "worker = (select id from pagetide.worker where pid = %d)",
                   (int)house.worker.pid);
    const char *began = pagetide_sql(pagetide, "select clock_timestamp()");
    ck_assert_int_eq(kill(house.redis.pid, SIGSTOP), 0);
    usleep(FREEZE_MS * 1000);
    /* The pages of the two long streams committed meanwhile, and the longest pause between. */
    const char *found = pagetide_sql(
        pagetide,
        "select count(*) || ' streams, at least ' || min(n) || ' pages, pauses of ' || "
        "round(max(pause)) || ' s' from (select job, count(*) as n, max(extract(epoch from "
        "committed_at - before)) as pause from (select job, committed_at, lag(committed_at, 1, "
        "'%s') over (partition by job order by number) as before from pagetide.page where "
        "committed_at > '%s') p where job in (select j.id from pagetide.job j join "
        "pagetide.run "
        "r on r.id = j.run where r.stream <> 'api.s1') group by job) s",
        began, began);
    printf("redis frozen for 20 s: %s\n", found);
    long pages = 0, pause = 9;
    ck_assert_int_eq(
        sscanf(found, "2 streams, at least %ld pages, pauses of %ld", &pages, &pause), 2);
    ck_assert_int_ge(pages, FREEZE_MS / 64 / 4); /* of a machine that is busy otherwise */
    ck_assert_int_le(pause, FREEZE_MS / 1000 / 4);
    ck_assert_str_eq(pagetide_sql(pagetide, "select state from pagetide.run where stream = "
                                            "'api.s1'"),
                     "succeeded");
    ck_assert_int_eq(kill(house.redis.pid, SIGCONT), 0);
    house_check(&house, 3, FREEZE_PAGES);
    ck_assert_str_eq(pagetide_sql(pagetide, "select max(epoch) from pagetide.job"), "1");
    fault_note("16", "Redis does not answer for 20 s, six leases", 0, "once");
    house_close(&house);
}
END_TEST

enum { EMPTIED_PAGES = 250, EMPTIED_STREAMS = 6 };

START_TEST(test_emptied_redis_loses_no_run)
{
    struct house house;
    house_open(&house, EMPTIED_STREAMS, EMPTIED_PAGES, 2);
    struct pagetide *pagetide = &house.pagetide;
    for (int i = 1; i <= EMPTIED_STREAMS; i++)
        house_ask(&house, i);
    pagetide_await(pagetide, "6", 15000,
                   "select count(*) from pagetide.job "
                   "where enqueued_at is not null or started_at is not null");
    pagetide_await(
        pagetide, "t", 15000,
        "select count(*) > 0 from pagetide.job where state = 'running' and page > 3");
    servers_redis(house.redis.url, "FLUSHALL");
    pagetide_await(pagetide, "t", 60000,
                   "select count(*) > 2 from pagetide.job where started_at is not null");
    servers_redis(house.redis.url, "FLUSHALL");
    usleep(700000);
    servers_redis(house.redis.url, "FLUSHALL");
    servers_redis_restart(&house.redis);
    house_check(&house, EMPTIED_STREAMS, EMPTIED_PAGES);
    ck_assert_str_eq(pagetide_sql(pagetide, "select sum(losses) from pagetide.job"), "0");
    fault_note("11 12 13", "Redis emptied while jobs run, and restarted empty", -1,
               "3 times, 1 restart; no worker counted as lost");
    /* The message queue works again, too. */
    servers_redis(house.redis.url, "XADD pagetide:reload * stream api.s1 id again");
    pagetide_await(pagetide, "succeeded", 20000,
                   "select state from pagetide.request where id = 'again'");
    house_close(&house);
}
END_TEST

/* Deletes what the pattern names. */
static void house_lose(const struct house *house, const char *pattern)
{
    struct str keys = str_from(servers_redis(house->redis.url, "KEYS %s", pattern)), key;
    while (keys.len) {
        keys = str_split(keys, '\n', &key);
        servers_redis(house->redis.url, "DEL %.*s", STR_ARG(key));
    }
}

enum { ONE_KEY_PAGES = 30, ONE_KEY_STREAMS = 5 };

START_TEST(test_any_key_lost_alone_stops_no_job)
{
    static const char *const keys[] = {
        "pagetide:ring", "pagetide:ready:*",  "pagetide:job:*", "pagetide:lease",
        "pagetide:wake", "pagetide:active:*", "pagetide:seen",  "pagetide:reload"};
    struct house house;
    house_open(&house, ONE_KEY_STREAMS, ONE_KEY_PAGES, 1);
    struct pagetide *pagetide = &house.pagetide;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        for (int n = 1; n <= ONE_KEY_STREAMS; n++)
            house_ask(&house, n);
        pagetide_await(pagetide, pagetide_text("%zu", (i + 1) * ONE_KEY_STREAMS), 15000,
                       "select count(*) from pagetide.job "
                       "where enqueued_at is not null or started_at is not null");
        pagetide_await(pagetide, "t", 15000,
                       "select count(*) filter (where state = 'running') = 1 and "
                       "count(*) filter (where state = 'queued') > 1 from pagetide.job");
        house_lose(&house, keys[i]);
        pagetide_await(pagetide, pagetide_text("%zu", (i + 1) * ONE_KEY_STREAMS), 30000,
                       "select count(*) from pagetide.run where state = 'succeeded' "
                       "/* without %s */",
                       keys[i]);
    }
    truth_check_idle(pagetide);
    pagetide_await_err(&house.scheduler, "put on the queue again", 1000);
    ck_assert_str_eq(pagetide_sql(pagetide, "select sum(losses) from pagetide.job"), "0");
    house_close(&house);
}
END_TEST

/* --- a Redis that is there, and refuses --- */

static void house_await_ready(int port, const char *answer)
{
    int64_t deadline = pagetide_deadline(20000);
    const char *got;
    while (!strstr(got = pagetide_http_get(port, "/readyz"), answer)) {
        ck_assert_msg(clock_mono_ms() < deadline, "%s: %s", answer, got);
        usleep(50000);
    }
}

static void house_await_runs(struct house *house, int count)
{
    pagetide_await(&house->pagetide, pagetide_text("%d", count), 60000,
                   "select count(*) from pagetide.run where state = 'succeeded'");
}

static struct pagetide_process house_up_as_user(struct house *house)
{
    const char *rights = strstr(pagetide_read("docker/redis.acl"), " ~pagetide:*");
    ck_assert(rights != NULL);
    servers_redis(house->redis.url, "ACL SETUSER pt on >word%.*s", (int)strcspn(rights, "\n"),
                  rights);
    pagetide_kill(&house->worker);
    pagetide_kill(&house->scheduler);
    setenv("PAGETIDE_REDIS_URL",
           pagetide_text("redis://pt:word@127.0.0.1:%d", house->redis.port), 1);
    setenv("PAGETIDE_HTTP", "127.0.0.1:0", 1);
    return pagetide_spawn(&house->pagetide, "up");
}

START_TEST(test_what_redis_refuses_is_said_and_heals)
{
    static const struct {
        const char *refuse, *allow, *what, *words;
    } cases[] = {
        {"ACL SETUSER pt -@scripting", "ACL SETUSER pt +@scripting", "turn", "NOPERM"},
        {"ACL SETUSER pt -xreadgroup", "ACL SETUSER pt +xreadgroup", "XREADGROUP", "NOPERM"},
        {"CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "enqueue", "OOM"},
        {"REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "turn", "READONLY"},
    };
    struct house house;
    house_open(&house, 1, 40, 1);
    struct pagetide *pagetide = &house.pagetide;
    struct pagetide_process up = house_up_as_user(&house);
    int port = pagetide_http_port(&up, 15000);
    /* By the same user: all that a command asks of Redis. */
    const char *reload = pagetide_run(pagetide, "reload api.s1 --wait").err;
    ck_assert_msg(!strstr(reload, "NOPERM"), "%s", reload);
    house_await_runs(&house, 1);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        house_await_ready(port, "{\"status\":\"ready\"}");
        servers_redis(house.redis.url, "%s", cases[i].refuse);
        pagetide_sql(pagetide, "select pagetide.reload('case %zu', 'api.s1', '{}')", i);
        pagetide_await_err(
            &up, pagetide_text("Redis refuses %s: %s", cases[i].what, cases[i].words), 20000);
        house_await_ready(port, "503 {\"status\":\"not ready\",\"refused_by_redis\":\"");
        pagetide_await(pagetide, "t", 5000, "select count(*) > 0 from pagetide.refusals()");
        const char *status = pagetide_run(pagetide, "status").out;
        ck_assert_msg(strstr(status, pagetide_text("Redis refuses %s since", cases[i].what)),
                      "%s", status);
        servers_redis(house.redis.url, "%s", cases[i].allow);
        house_await_runs(&house, (int)i + 2);
    }
    fault_note("19 20", "Redis at maxmemory, without a right, a replica", -1, "%d refusals",
               (int)COUNT_OF(cases));
    pagetide_await_err(&up, "Redis refuses XREADGROUP no more, after ", 5000);
    pagetide_await(pagetide, "0", 40000, "select count(*) from pagetide.refusals()");
    house_await_ready(port, "{\"status\":\"ready\"}");
    pagetide_signal(&up, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&up, 25000), 0);
    pagetide_close(pagetide);
    servers_redis_stop(&house.redis);
    mock_stop(&house.mock);
}
END_TEST

START_TEST(test_two_installations_share_no_queue)
{
    struct house house;
    struct pagetide other;
    house_open(&house, 2, 40, 1);
    house_ask(&house, 1);
    house_await_runs(&house, 1);
    pagetide_open(&other);
    setenv("PAGETIDE_REDIS_URL", house.redis.url, 1);
    setenv("PAGETIDE_HTTP", "127.0.0.1:0", 1);
    struct pagetide_process up = pagetide_spawn(&other, "up");
    pagetide_await_err(&up, "are of another installation", 15000);
    int port = pagetide_http_port(&up, 15000);
    house_await_ready(port, "503 {\"status\":\"not ready\",\"refused_by_redis\":\"");
    for (int i = 0; i < 10; i++)
        house_ask(&house, 1 + i % 2);
    pagetide_await(&house.pagetide, "11", 60000, "select count(*) from pagetide.request");
    pagetide_await(&house.pagetide, "0", 60000,
                   "select count(*) from pagetide.run where state in ('queued', 'running')");
    ck_assert_str_eq(pagetide_sql(&other, "select count(*) from pagetide.request"), "0");
    /* The other is gone: its keys, too. */
    setenv("PAGETIDE_DATABASE_URL", house.pagetide.database_url, 1);
    pagetide_kill(&house.worker);
    pagetide_kill(&house.scheduler);
    servers_redis(house.redis.url, "FLUSHALL");
    house_await_ready(port, "{\"status\":\"ready\"}");
    pagetide_signal(&up, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&up, 25000), 0);
    pagetide_close(&other);
    pagetide_close(&house.pagetide);
    servers_redis_stop(&house.redis);
    mock_stop(&house.mock);
}
END_TEST

SUITE("fault/redis", test_frozen_redis_does_not_stop_jobs_in_hand,
      test_emptied_redis_loses_no_run, test_any_key_lost_alone_stops_no_job,
      test_what_redis_refuses_is_said_and_heals, test_two_installations_share_no_queue)

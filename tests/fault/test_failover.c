#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "tests/support/fault.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/proxy.h"
#include "tests/support/servers.h"
#define SUITE_TIMEOUT 240
#include "tests/support/suite.h"
#include "tests/support/truth.h"

/*
 * PostgreSQL fails over to an asynchronous replica that lacks the last commits: the rows of a
 * page and the place behind it are lost together, so the jobs go back to what the new primary
 * knows, fetch again from there, and no row is lost or twice.
 */
struct house {
    struct pagetide pagetide;
    struct mock mock;
    struct rng rng;
    struct test_postgres primary, replica;
    struct proxy wire; /* the replication between them */
    struct pagetide_process scheduler, workers[2];
    int64_t again; /* pages that were fetched more than once */
};

enum { PAGES = 400, PAGE_RECORDS = 10, ROWS = PAGES * PAGE_RECORDS, LOST_PAGES_MIN = 10 };

static const char definition[] =
    "source: api\nbase_url: %s\n"
    "defaults:\n  merge_path: data\n"
    "streams:\n"
    "  appended:\n    path: /gen/page\n    params: {per_page: 10, total: 4000, seed: 1}\n"
    "    pagination: {type: page, total_pages_path: pages, parallel: 3}\n"
    "  upserted:\n    path: /gen/cursor\n    params: {limit: 10, total: 4000, seed: 2}\n"
    "    pagination: {type: cursor, cursor_path: next_cursor, param: cursor}\n"
    "    write: upsert\n    key: [id]\n"
    "  unknown:\n    path: /gen/offset\n    params: {limit: 10, total: 400, seed: 3}\n"
    "    pagination: {type: offset, total_path: total}\n    again: true\n";

/* What was made on the primary is soon on the replica, but not at once. */
static void await_tables(const struct test_postgres *replica)
{
    int64_t deadline = pagetide_deadline(30000);
    while (strcmp(servers_sql(replica->url, "select to_regclass('pagetide.job')::text"),
                  "pagetide.job") != 0) {
        ck_assert_msg(clock_mono_ms() < deadline, "the replica has no tables");
        usleep(20000);
    }
}

static void house_open(struct house *house)
{
    *house = (struct house){0};
    pagetide_seed(&house->rng);
    mock_start(NULL, &house->mock);
    mock_post(&house->mock, "/_mock/fault",
              "{\"path\": \"/gen/\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 20}");
    pagetide_open(&house->pagetide);
    servers_postgres_start(&house->primary);
    proxy_start(servers_port_of(house->primary.url), &house->wire);
    servers_postgres_replicate(house->wire.port, &house->replica);
    house->pagetide.database_url =
        pagetide_text("postgresql://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres",
                      servers_port_of(house->primary.url), servers_port_of(house->replica.url));
    setenv("PAGETIDE_DATABASE_URL", house->pagetide.database_url, 1);
    setenv("PAGETIDE_LEASE", "3s", 1);
    setenv("PAGETIDE_BEAT", "500ms", 1);
    setenv("PAGETIDE_BATCH_RECORDS", "20", 1);
    setenv("PAGETIDE_BATCH_AGE", "50ms", 1);
    pagetide_source(&house->pagetide, "api", definition, house->mock.url);
    ck_assert_int_eq(pagetide_run(&house->pagetide, "migrate").code, 0);
    ck_assert_int_eq(pagetide_run(&house->pagetide, "apply %s", house->pagetide.dir).code, 0);
    await_tables(&house->replica);
    house->scheduler = pagetide_spawn(&house->pagetide, "scheduler");
    for (size_t i = 0; i < COUNT_OF(house->workers); i++)
        house->workers[i] = pagetide_spawn(&house->pagetide, "worker --jobs 2");
}

static void house_close(struct house *house)
{
    pagetide_signal(&house->scheduler, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&house->scheduler, 25000), 0);
    for (size_t i = 0; i < COUNT_OF(house->workers); i++) {
        pagetide_signal(&house->workers[i], SIGTERM);
        ck_assert_int_eq(pagetide_wait(&house->workers[i], 25000), 0);
    }
    pagetide_close(&house->pagetide);
    proxy_stop(&house->wire);
    servers_postgres_stop(&house->replica);
    servers_postgres_stop(&house->primary);
    mock_stop(&house->mock);
}

static int page_of(const struct test_postgres *postgres, const char *stream)
{
    const char *page = servers_sql(
        postgres->url, pagetide_text("select coalesce(max(j.page), 0) from pagetide.job j join "
                                     "pagetide.run r on r.id = j.run where r.stream = '%s'",
                                     stream));
    return (int)strtol(page, NULL, 10);
}

static void await_page(const struct test_postgres *postgres, const char *stream, int page)
{
    int64_t deadline = pagetide_deadline(60000);
    while (page_of(postgres, stream) < page) {
        ck_assert_msg(clock_mono_ms() < deadline, "%s is not at page %d", stream, page);
        usleep(20000);
    }
}

/* The replica hears nothing any more, the primary goes on, and dies; the replica takes over. */
static void fail_over(struct house *house, const char *meanwhile)
{
    proxy_set(&house->wire, proxy_black_hole);
    int pages[] = {page_of(&house->primary, "api.appended"),
                   page_of(&house->primary, "api.upserted")};
    if (meanwhile)
        ck_assert_int_eq(pagetide_run(&house->pagetide, "%s", meanwhile).code, 0);
    await_page(&house->primary, "api.appended", pages[0] + LOST_PAGES_MIN);
    await_page(&house->primary, "api.upserted", pages[1] + LOST_PAGES_MIN);
    if (meanwhile)
        await_page(&house->primary, "api.unknown", 3);
    usleep((useconds_t)(1000 * rng_below(&house->rng, 100)));
    ck_assert_int_eq(kill(house->primary.pid, SIGQUIT), 0); /* stop -m immediate */
    servers_sql(house->replica.url, "select pg_promote()");
    printf("lost with the old primary: pages %d to %d or later of api.appended, %d to %d or "
           "later of api.upserted\n",
           page_of(&house->replica, "api.appended") + 1, pages[0] + LOST_PAGES_MIN,
           page_of(&house->replica, "api.upserted") + 1, pages[1] + LOST_PAGES_MIN);
}

static void check_both(struct house *house)
{
    struct pagetide *pagetide = &house->pagetide;
    pagetide_await(pagetide, "succeeded 2", 90000,
                   "select string_agg(distinct state, ' ') || ' ' || count(*) from "
                   "pagetide.run where stream <> 'api.unknown'");
    int64_t requests[] = {mock_count(&house->mock, "/gen/page"),
                          mock_count(&house->mock, "/gen/cursor")};
    house->again = requests[0] + requests[1] - 2 * (int64_t)PAGES;
    printf("%lld and %lld requests for %d pages each\n", (long long)requests[0],
           (long long)requests[1], PAGES);
    ck_assert_int_ge(requests[0], PAGES + LOST_PAGES_MIN);
    ck_assert_int_ge(requests[1], PAGES + LOST_PAGES_MIN);
    truth_check_idle(pagetide);
    truth_check_ledger(pagetide, "api.appended", ROWS);
    truth_check_ledger(pagetide, "api.upserted", ROWS);
    truth_check_rows(pagetide, &house->mock, "api.appended", "total=4000&seed=1");
    truth_check_rows(pagetide, &house->mock, "api.upserted", "total=4000&seed=2");
}

static void begin_both(struct house *house)
{
    ck_assert_int_eq(pagetide_run(&house->pagetide, "reload api.appended").code, 0);
    ck_assert_int_eq(pagetide_run(&house->pagetide, "reload api.upserted").code, 0);
    await_page(&house->replica, "api.appended", 20);
    await_page(&house->replica, "api.upserted", 20);
}

START_TEST(test_pages_lost_with_the_old_primary_are_fetched_again)
{
    struct house house;
    house_open(&house);
    begin_both(&house);
    fail_over(&house, NULL);
    check_both(&house);
    fault_note("24", "failover to a PostgreSQL that lacks the last commits", house.again,
               "once; at least %d pages of each job lost with it", LOST_PAGES_MIN);
    house_close(&house);
}
END_TEST

/* A run that only the old primary knew: its job is on the queue, and in a worker's hands. */
START_TEST(test_a_run_that_the_new_primary_does_not_know_is_dropped)
{
    struct house house;
    house_open(&house);
    struct pagetide *pagetide = &house.pagetide;
    mock_post(&house.mock, "/_mock/fault",
              "{\"path\": \"/gen/offset\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 100}");
    begin_both(&house);
    fail_over(&house, "reload api.unknown --id lost");
    check_both(&house);
    ck_assert_str_eq(pagetide_sql(pagetide, "select count(*) from pagetide.request where id = "
                                            "'lost'"),
                     "0");
    /* Asked for again, by the same id, it is one run. */
    struct pagetide_result asked =
        pagetide_run(pagetide, "reload api.unknown --id lost --wait --mode full");
    ck_assert_msg(asked.code == 0, "%d: %s%s", asked.code, asked.out, asked.err);
    pagetide_await(pagetide, "1", 20000,
                   "select count(*) from pagetide.run where stream = 'api.unknown' and state "
                   "= 'succeeded'");
    truth_check_rows(pagetide, &house.mock, "api.unknown", "total=400&seed=3");
    truth_check_idle(pagetide);
    fault_note("24", "the same, with a run that only the old one knew", house.again, "once");
    house_close(&house);
}
END_TEST

SUITE("fault/failover", test_pages_lost_with_the_old_primary_are_fetched_again,
      test_a_run_that_the_new_primary_does_not_know_is_dropped)

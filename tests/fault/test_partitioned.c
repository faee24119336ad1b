#include <signal.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/rng.h"
#include "tests/support/fault.h"
#include "tests/support/stand.h"
#define SUITE_TIMEOUT 240
#include "tests/support/suite.h"
#include "tests/support/truth.h"

/*
 * Tables with `partition_by`, whose partitions come while rows come: workers that meet the same
 * new period at the same moment, and processes that die at it.
 */
enum { PARTS = 3, PART_PAGES = 40, PAGE_RECORDS = 5, KILLS = 10 };

static const char definition[] =
    "source: api\nbase_url: %s\n"
    "defaults:\n"
    "  pagination: {type: page, has_more_path: more}\n"
    "  merge_path: data\n"
    "  partitions: [{name: a}, {name: b}, {name: c}]\n"
    "  columns: {at: timestamptz}\n"
    "  partition_by: {range: at, every: hour}\n"
    "streams:\n"
    "  appended: {path: \"/part/{{ partition.name }}\"}\n"
    "  upserted: {path: \"/part/{{ partition.name }}\", write: upsert, key: [part, id, at]}\n";

/* The newest route wins, and `page=1` is a part of `page=10`: so the high ones come last. Page
 * n of all parts is of hour n / 4, and the last record of it of the next one. */
static void make_routes(void)
{
    for (int part = 'a'; part < 'a' + PARTS; part++)
        for (int page = 0; page < PART_PAGES; page++) {
            AUTO_BUF(body, MIB(1));
            buf_printf(&body,
                       "{\"path\": \"/part/%c\", \"query\": \"page=%d\", \"body\": {\"more\": "
                       "%s, \"data\": [",
                       part, page + 1, page + 1 < PART_PAGES ? "true" : "false");
            for (int i = 0; i < PAGE_RECORDS; i++)
                buf_printf(&body,
                           "%s{\"part\": \"%c\", \"id\": %d, \"at\": "
                           "\"2024-01-01T%02d:00:%02dZ\"}",
                           i ? ", " : "", part, page * PAGE_RECORDS + i,
                           page / 4 + (i == PAGE_RECORDS - 1), page);
            buf_puts(&body, "]}}");
            mock_post(&mock, "/_mock/route", body.ptr);
        }
}

static void check_table(const char *table)
{
    int rows = PARTS * PART_PAGES * PAGE_RECORDS;
    truth_check_ledger(&pagetide, table, rows);
    EXPECT_SQL(pagetide_text("%d", rows), "select count(distinct (part, id)) from %s", table);
    EXPECT_SQL("0", "select count(*) from %s_default", table);
    EXPECT_SQL("",
               "select string_agg(tableoid::regclass::text, ' ') from %s where "
               "tableoid::regclass::text <> '%s_p' || to_char(at at time zone 'UTC', "
               "'YYYY_MM_DD_HH24')",
               table, table);
}

START_TEST(workers_that_meet_new_periods_and_die)
{
    struct pagetide_process workers[2];
    struct rng rng;
    set_up();
    pagetide_seed(&rng);
    make_routes();
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/part/\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 20}");
    setenv("PAGETIDE_BATCH_RECORDS", "7", 1);
    setenv("PAGETIDE_BATCH_AGE", "20ms", 1);
    setenv("PAGETIDE_LEASE", "3s", 1);
    setenv("PAGETIDE_BEAT", "1s", 1);
    pagetide_source(&pagetide, "api", definition, mock.url);
    expect_run(0, "migrate");
    expect_run(0, pagetide_text("apply %s", pagetide.dir));
    struct pagetide_process scheduler = pagetide_spawn(&pagetide, "scheduler");
    for (int i = 0; i < 2; i++)
        workers[i] = pagetide_spawn(&pagetide, "worker --jobs 3");
    expect_run(0, "reload api.appended");
    expect_run(0, "reload api.upserted");
    for (int i = 0; i < KILLS; i++) {
        usleep((useconds_t)(50 + rng_below(&rng, 300)) * 1000);
        pagetide_kill(&workers[i % 2]);
        workers[i % 2] = pagetide_spawn(&pagetide, "worker --jobs 3");
    }
    pagetide_await(
        &pagetide, "succeeded 2", 120000,
        "select string_agg(distinct state, ' ') || ' ' || count(*) from pagetide.run");
    for (int i = 0; i < 2; i++)
        pagetide_stop(&workers[i]);
    pagetide_stop(&scheduler);
    EXPECT_SQL("0", "select deadlocks from pg_stat_database where datname = "
                    "current_database()");
    check_table("api.appended");
    check_table("api.upserted");
    truth_check_idle(&pagetide);
    fault_note("1", "kill -9 of workers that make partitions", -1, "%d kills", KILLS);
    tear_down();
}
END_TEST

static const char *const writes[] = {"append", "upsert, key: [id, created_at]",
                                     "replace, key: [id, created_at]",
                                     "history, key: [id, created_at]"};

static void generated(const char *write)
{
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: %s\nstreams:\n"
                    "  s: {path: /gen/page, params: {per_page: 20, total: 1000, seed: 1}, "
                    "merge_path: data, pagination: {type: page, total_pages_path: pages}, "
                    "columns: {created_at: timestamptz}, write: %s, "
                    "partition_by: {range: created_at, every: hour}}\n",
                    mock.url, write);
}

static void check_generated(const char *run)
{
    truth_check_rows(&pagetide, &mock, "api.s", "total=1000&seed=1");
    truth_check_ledger(&pagetide, "api.s", 1000);
    EXPECT_SQL("0 17", "select (select count(*) from api.s_default) || ' ' || count(distinct "
                       "tableoid) from api.s");
    EXPECT_SQL(run, "select string_agg(state, ' ') from pagetide.run");
}

/* Between the commit of new partitions and the rows that they are for. */
START_TEST(a_process_that_dies_with_partitions_and_no_rows)
{
    setenv("PAGETIDE_BATCH_RECORDS", "100", 1);
    for (size_t i = 0; i < COUNT_OF(writes); i++) {
        set_up();
        generated(writes[i]);
        for (int times = 0; times < 3; times++) {
            struct pagetide_process sync =
                pagetide_spawn_crashing(&pagetide, "partitions api.s", "sync api.s");
            ck_assert_int_eq(pagetide_wait(&sync, 30000), -SIGKILL);
        }
        expect_run(0, "sync api.s");
        check_generated("succeeded");
        tear_down();
    }
    fault_note("1", "a process that dies between its partitions and their rows", -1,
               "%d deaths", 3 * (int)COUNT_OF(writes));
}
END_TEST

START_TEST(kills_at_random_lose_no_row)
{
    setenv("PAGETIDE_BATCH_RECORDS", "40", 1);
    for (size_t i = 0; i < COUNT_OF(writes); i++) {
        set_up();
        generated(writes[i]);
        mock_post(
            &mock, "/_mock/fault",
            "{\"path\": \"/gen/page\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 10}");
        kill_at_random("sync api.s", 1, KILLS, 300);
        check_generated("succeeded");
        tear_down();
    }
    fault_note("1", "kill -9 of a run that makes partitions", -1, "%d kills",
               KILLS * (int)COUNT_OF(writes));
}
END_TEST

SUITE("fault/partitioned", workers_that_meet_new_periods_and_die,
      a_process_that_dies_with_partitions_and_no_rows, kills_at_random_lose_no_row)

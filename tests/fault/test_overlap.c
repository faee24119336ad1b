#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/rng.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#define SUITE_TIMEOUT 180
#include "tests/support/suite.h"

/* Pages that overlap, killed at random: each record is stored once, and nothing looks moved. */
enum { RECORDS = 2000, KILLS = 6 };

START_TEST(test_what_overlaps_is_stored_once_whatever_is_killed)
{
    struct pagetide pagetide;
    struct mock mock;
    struct rng rng;
    pagetide_seed(&rng);
    mock_start(NULL, &mock);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/offset\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 20}");
    setenv("PAGETIDE_BEAT", "200ms", 1);
    setenv("PAGETIDE_BATCH_AGE", "50ms", 1);
    pagetide_open(&pagetide);
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: %s\nstreams:\n  s:\n    path: /gen/offset\n"
                    "    params: {total: %d}\n"
                    "    pagination: {type: offset, size: 10, total_path: total, overlap: 3, "
                    "parallel: 4}\n    merge_path: data\n",
                    mock.url, RECORDS);
    ck_assert_int_eq(pagetide_run(&pagetide, "migrate").code, 0);
    for (int i = 0; i < KILLS; i++) {
        struct pagetide_process sync = pagetide_spawn(&pagetide, "sync api.s");
        pagetide_await(&pagetide, "t", 20000,
                       "select coalesce(max(page), 0) >= %d from pagetide.job",
                       1 + i * 20 + (int)rng_below(&rng, 15));
        pagetide_kill(&sync);
    }
    struct pagetide_result last = pagetide_run(&pagetide, "sync api.s");
    ck_assert_msg(last.code == 0, "%s%s", last.out, last.err);
    ck_assert_str_eq(
        pagetide_sql(&pagetide, "select count(*) || ' ' || count(distinct id) from api.s"),
        pagetide_text("%d %d", RECORDS, RECORDS));
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) from pagetide.run where "
                                             "warnings::text like '%%drifted%%'"),
                     "0");
    ck_assert_str_eq(
        pagetide_sql(&pagetide, "select state || ' ' || records from pagetide.history"),
        pagetide_text("succeeded %d", RECORDS));
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

SUITE("fault/overlap", test_what_overlaps_is_stored_once_whatever_is_killed)

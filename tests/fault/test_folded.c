#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#define SUITE_TIMEOUT 120
#include "tests/support/suite.h"

/* Keys that come twice, once on each side of a `kill -9`: each is counted once. */
enum { LIMIT_MS = 30000 };

static const char *const pages[] = {
    "{\"data\": [{\"id\": 1}, {\"id\": 2}], \"next\": 2}",
    "{\"data\": [{\"id\": 2}, {\"id\": 3}], \"next\": 3}",
    "{\"data\": [{\"id\": 1}, {\"id\": 4}], \"next\": 4}",
    "{\"data\": [{\"id\": 4}, {\"id\": 5}], \"next\": null}",
};

static void serve(const struct mock *mock)
{
    for (size_t i = 0; i < COUNT_OF(pages); i++)
        mock_post(mock, "/_mock/route",
                  pagetide_text("{\"path\": \"/x\", \"query\": \"%s\", \"body\": %s}",
                                i ? pagetide_text("after=%zu", i + 1) : "", pages[i]));
}

/* The page that is asked for next has no answer, the first time. */
static void hang(const struct mock *mock, size_t page)
{
    mock_post(mock, "/_mock/fault",
              pagetide_text("{\"path\": \"/x\", \"query\": \"after=%zu\", \"kind\": \"hang\"}",
                            page));
}

START_TEST(test_keys_on_both_sides_of_a_kill)
{
    struct pagetide pagetide;
    struct mock mock;
    mock_start(NULL, &mock);
    serve(&mock);
    pagetide_open(&pagetide);
    setenv("PAGETIDE_BATCH_RECORDS", "1", 1);
    setenv("PAGETIDE_LEASE", "3s", 1);
    setenv("PAGETIDE_BEAT", "1s", 1);
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: %s\nstreams:\n  s:\n    path: /x\n    key: id\n"
                    "    write: upsert\n    merge_path: data\n"
                    "    pagination: {type: cursor, cursor_path: next, param: after}\n",
                    mock.url);
    for (size_t page = 2; page <= COUNT_OF(pages); page++) {
        hang(&mock, page);
        struct pagetide_process sync = pagetide_spawn(&pagetide, "sync api.s");
        pagetide_await(&pagetide, pagetide_text("%zu", page - 1), LIMIT_MS,
                       "select page from pagetide.job");
        pagetide_kill(&sync);
    }
    struct pagetide_result got = pagetide_run(&pagetide, "sync api.s --json");
    ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
    ck_assert_str_eq(pagetide_json(pagetide_last_line(got.out), "folded"), "3");
    ck_assert_str_eq(pagetide_sql(&pagetide,
                                  "select concat_ws(' ', r.folded, r.records, (select "
                                  "count(*) from pagetide.job_keys), (select "
                                  "string_agg(id::text, ',' order by id) from api.s)) "
                                  "from pagetide.run r"),
                     "3 8 0 1,2,3,4,5");
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

SUITE("fault/folded", test_keys_on_both_sides_of_a_kill)

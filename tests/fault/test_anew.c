#define SUITE_TIMEOUT 400

#include "base/buf.h"
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/*
 * `kill -9` at random moments while a paging takes another way: it begins anew by a rule or at
 * the bookmark, asks for smaller pages, or ends with a token. Every record has one row, and
 * the next run begins where it should.
 */
enum { TOTAL = 200, KILLS = 20, LIMIT_MS = 30000 };

static void stream(const char *keys)
{
    pagetide_source(&pagetide, "people",
                    "source: people\nbase_url: %s\nretry: {initial_delay: 10ms}\n"
                    "streams:\n  all:\n    merge_path: data\n%s",
                    mock.url, keys);
}

static void kill_sync(void)
{
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/\", \"kind\": \"slow_ms\", \"ms\": 100, \"times\": -1}");
    kill_at_random("sync people.all", 1, KILLS, 500);
}

#define ROWS     "select concat_ws(' ', count(*), count(distinct id), max(id)) from people.all"
#define ALL_ROWS pagetide_text("%d %d %d", TOTAL, TOTAL, TOTAL)

START_TEST(a_paging_that_begins_anew_by_a_rule)
{
    set_up();
    stream("    path: /gen/cursor\n    params: {total: 200, limit: 10}\n"
           "    pagination: {type: cursor, cursor_path: next_cursor, param: cursor}\n"
           "    responses: [{status: 410, then: reset}]\n" UPSERT);
    mock_post(&mock, "/_mock/fault",
              "[{\"path\": \"/gen\", \"nth\": 5, \"kind\": \"status\", \"status\": 410}, "
              "{\"path\": \"/gen\", \"nth\": 12, \"kind\": \"status\", \"status\": 410}]");
    kill_sync();
    EXPECT_SQL(ALL_ROWS, ROWS);
    EXPECT_SQL("succeeded", "select state from pagetide.run where records > 0");
    tear_down();
}
END_TEST

START_TEST(a_paging_that_begins_anew_at_the_bookmark)
{
    set_up();
    stream("    path: /gen/offset\n    params: {total: 200, since: \"{{ bookmark }}\"}\n"
           "    bookmark: created_at\n    ordered: true\n"
           "    pagination: {type: offset, size: 10, restart_after: 40}\n" UPSERT);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen\", \"query\": \"offset=40\", \"times\": -1, \"kind\": "
              "\"status\", \"status\": 400}");
    kill_sync();
    EXPECT_SQL(ALL_ROWS, ROWS);
    EXPECT_SQL("2024-01-01T03:20:00Z", "select value from pagetide.bookmark");
    tear_down();
}
END_TEST

/* Without a key: a page that came twice would be there twice. */
START_TEST(pages_of_half_their_size)
{
    set_up();
    stream("    path: /gen/offset\n    params: {total: 200}\n"
           "    pagination: {type: offset, size: 20, page_size_on_error: halve}\n");
    mock_post(&mock, "/_mock/fault",
              "[{\"path\": \"/gen\", \"query\": \"limit=20\", \"times\": -1, \"kind\": "
              "\"status\", \"status\": 500}, {\"path\": \"/gen\", \"query\": \"offset=90\", "
              "\"times\": 3, \"kind\": \"status\", \"status\": 500}]");
    kill_sync();
    EXPECT_SQL(ALL_ROWS, ROWS);
    EXPECT_SQL("1", "select count(*) from pagetide.run where records > 0");
    tear_down();
}
END_TEST

/* Pages of a delta: the last one has the token of the next run. */
static void serve_delta(void)
{
    AUTO_BUF(routes, 65536);
    for (int page = 1; page <= 20; page++) {
        buf_printf(&routes,
                   "%s{\"path\": \"/delta\", \"query\": \"page=%d\", \"body\": "
                   "{\"data\": [",
                   page > 1 ? ", " : "[", page);
        for (int i = 1; i <= 10; i++)
            buf_printf(&routes, "%s{\"id\": %d}", i > 1 ? "," : "", (page - 1) * 10 + i);
        if (page < 20)
            buf_printf(&routes, "], \"next\": \"/delta?page=%d\"}}", page + 1);
        else
            buf_puts(&routes, "], \"token\": \"t-1\"}}");
    }
    buf_puts(&routes, ", {\"path\": \"/delta\", \"query\": \"since=t-1\", \"body\": {\"data\": "
                      "[{\"id\": 201}], \"token\": \"t-2\"}}]");
    mock_post(&mock, "/_mock/route", pagetide_text("%.*s", (int)routes.len, routes.ptr));
}

START_TEST(a_token_for_the_next_run)
{
    set_up();
    stream("    path: /delta\n    params: {page: 1, since: \"{{ bookmark }}\"}\n"
           "    bookmark: {from_response: token}\n"
           "    pagination: {type: next_url, next_path: next}\n");
    serve_delta();
    kill_sync();
    EXPECT_SQL(ALL_ROWS, ROWS);
    EXPECT_SQL("t-1", "select value from pagetide.bookmark");
    expect_run(0, "sync people.all");
    EXPECT_SQL("201 201 201", ROWS);
    EXPECT_SQL("t-2", "select value from pagetide.bookmark");
    tear_down();
}
END_TEST

SUITE("fault/anew", a_paging_that_begins_anew_by_a_rule,
      a_paging_that_begins_anew_at_the_bookmark, pages_of_half_their_size,
      a_token_for_the_next_run)

#define SUITE_TIMEOUT 400
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/*
 * `kill -9` of a job whose work the API does first (`prepare`): a work that is known to have
 * been begun is never begun again, and each file has its rows once.
 */
enum { FILES = 12, RECORDS = 10, KILLS = 20, LIMIT_MS = 30000 };

/* The answer to the poll, when the work is done. `sig`: other signatures each time. */
static const char *files(int sig)
{
    AUTO_BUF(text, 8192);
    for (int i = 1; i <= FILES; i++)
        buf_printf(&text, "%s{\"url\": \"/gen/page?page=%d&per_page=%d&total=%d&sig=%d\"}",
                   i > 1 ? ", " : "", i, RECORDS, FILES * RECORDS, sig);
    return pagetide_text("{\"body\": {\"done\": true, \"parts\": [%.*s]}}", (int)text.len,
                         text.ptr);
}

static void serve(const char *submitted, int polls_before)
{
    AUTO_BUF(answers, 65536);
    for (int i = 0; i < polls_before; i++)
        buf_puts(&answers, "{\"body\": {\"done\": false}}, ");
    buf_printf(&answers, "%s, %s", files(1), files(2));
    mock_post(&mock, "/_mock/route",
              pagetide_text("[{\"path\": \"/start\", \"body\": %s}, "
                            "{\"path\": \"/state\", \"answers\": [%.*s]}]",
                            submitted, (int)answers.len, answers.ptr));
}

static void reports(const char *auth, const char *poll)
{
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: %s\n%sstreams:\n  s:\n"
                    "    prepare:\n"
                    "      request: {path: /start}\n"
                    "      poll: %s\n"
                    "      until: done\n"
                    "      fail_when: \"{{ response.failed }}\"\n"
                    "      every: 50ms\n"
                    "      then: {urls: 'parts[*].url'}\n"
                    "    merge_path: data\n",
                    mock.url, auth, poll);
    setenv("PAGETIDE_BATCH_RECORDS", "1", 1);
}

#define ROWS     "select concat_ws(' ', count(*), count(distinct id)) from api.s"
#define ALL_ROWS pagetide_text("%d %d", FILES *RECORDS, FILES *RECORDS)

static void await_state(const char *part)
{
    pagetide_await(&pagetide, "t", LIMIT_MS,
                   "select checkpoint::text like '%%%s%%' from pagetide.job", part);
}

START_TEST(killed_while_it_waits)
{
    set_up();
    reports("", "{path: '/state?id={{ submitted.id }}'}");
    serve("{\"id\": 7, \"other\": 1}", 1000);
    for (int i = 0; i < 3; i++) {
        struct pagetide_process sync = pagetide_spawn(&pagetide, "sync api.s");
        await_state("\"submitted\": {\"id\": 7}");
        usleep(300000);
        pagetide_kill(&sync);
    }
    serve("{\"id\": 7}", 0);
    expect_run(0, "sync api.s");
    ck_assert_int_eq(mock_count(&mock, "/start"), 1);
    EXPECT_SQL(ALL_ROWS, ROWS);
    tear_down();
}
END_TEST

START_TEST(killed_between_files)
{
    set_up();
    reports("", "{path: /state}");
    serve("{}", 0);
    mock_post(&mock, "/_mock/fault", "{\"path\": \"/gen\", \"page\": 5, \"kind\": \"hang\"}");
    struct pagetide_process sync = pagetide_spawn(&pagetide, "sync api.s");
    pagetide_await(&pagetide, "4", LIMIT_MS, "select page from pagetide.job");
    pagetide_kill(&sync);
    expect_run(0, "sync api.s");
    ck_assert_int_eq(mock_count(&mock, "/start"), 1);
    ck_assert_int_eq(mock_count(&mock, "/state"), 2);
    ck_assert_int_eq(mock_count(&mock, "/gen/page"), FILES + 1);
    EXPECT_SQL(ALL_ROWS, ROWS);
    tear_down();
}
END_TEST

START_TEST(killed_at_random)
{
    set_up();
    reports("", "{path: /state}");
    serve("{}", 5);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/\", \"kind\": \"slow_ms\", \"ms\": 120, \"times\": -1}");
    kill_at_random("sync api.s", 1, KILLS, 700);
    EXPECT_SQL(ALL_ROWS, ROWS);
    EXPECT_SQL("1", "select count(*) from pagetide.run where records > 0");
    tear_down();
}
END_TEST

/* --- files that have pages of their own --- */

enum { PAGED_FILES = 4, PAGES = 6, PAGED_RECORDS = PAGED_FILES * PAGES * RECORDS };

/* Records of a file are numbered on behind those of the one before it. */
static void serve_paged(const char *kind)
{
    AUTO_BUF(text, 8192);
    for (int i = 0; i < PAGED_FILES; i++)
        buf_printf(&text, "%s{\"url\": \"/gen/%s?per_page=%d&limit=%d&total=%d&from=%d\"}",
                   i ? ", " : "", kind, RECORDS, RECORDS, PAGES * RECORDS,
                   1 + i * PAGES * RECORDS);
    mock_post(&mock, "/_mock/route",
              pagetide_text("[{\"path\": \"/start\", \"body\": {}}, {\"path\": \"/state\", "
                            "\"body\": {\"done\": true, \"parts\": [%.*s]}}]",
                            (int)text.len, text.ptr));
}

static void killed_among_pages(const char *kind, const char *paging)
{
    set_up();
    pagetide_source(
        &pagetide, "api",
        "source: api\nbase_url: %s\nstreams:\n  s:\n"
        "    prepare: {request: {path: /start}, poll: {path: /state}, until: done,\n"
        "      every: 20ms, then: {urls: 'parts[*].url'}}\n"
        "    merge_path: data\n    pagination: %s\n",
        mock.url, paging);
    setenv("PAGETIDE_BATCH_RECORDS", "1", 1);
    serve_paged(kind);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen\", \"kind\": \"slow_ms\", \"ms\": 60, \"times\": -1}");
    kill_at_random("sync api.s", 1, KILLS, 600);
    EXPECT_SQL(pagetide_text("%d %d", PAGED_RECORDS, PAGED_RECORDS), ROWS);
    EXPECT_SQL(pagetide_text("succeeded told %d %d", PAGED_FILES * PAGES, PAGED_RECORDS),
               "select concat_ws(' ', state, complete, pages, records) from pagetide.run where "
               "records > 0");
    ck_assert_int_eq(mock_count(&mock, "/start"), 1);
    tear_down();
}

START_TEST(killed_among_the_pages_of_files_by_number)
{
    killed_among_pages("page", "{type: page, total_path: total}");
}
END_TEST

START_TEST(killed_among_the_pages_of_files_by_cursor)
{
    killed_among_pages("cursor", "{type: cursor, cursor_path: next_cursor, param: cursor}");
}
END_TEST

START_TEST(killed_among_the_pages_of_files_by_link)
{
    killed_among_pages("next", "{type: next_url, next_path: next}");
}
END_TEST

/* What was begun is gone: another list of files may hold other rows. */
START_TEST(other_files_after_a_kill)
{
    set_up();
    reports("", "{path: /state}");
    serve("{}", 0);
    mock_post(&mock, "/_mock/fault", "{\"path\": \"/gen\", \"page\": 3, \"kind\": \"hang\"}");
    struct pagetide_process sync = pagetide_spawn(&pagetide, "sync api.s");
    pagetide_await(&pagetide, "2", LIMIT_MS, "select page from pagetide.job");
    pagetide_kill(&sync);
    mock_post(
        &mock, "/_mock/route",
        "{\"path\": \"/state\", \"body\": {\"done\": true, \"parts\": [{\"url\": \"/x\"}]}}");
    struct pagetide_result got = expect_run(1, "sync api.s");
    expect_holds(got.err, "2 of 12 files are stored, and now the API names 1 others");
    EXPECT_SQL("20", "select count(*) from api.s");
    tear_down();
}
END_TEST

START_TEST(failed_work_is_begun_again_by_retry)
{
    set_up();
    reports("", "{path: '/state?id={{ submitted.id }}'}");
    serve("{\"id\": 7}", 0);
    mock_post(&mock, "/_mock/route", "{\"path\": \"/state\", \"body\": {\"failed\": true}}");
    expect_run(1, "sync api.s");
    EXPECT_SQL("f", "select checkpoint ? 'prepare' from pagetide.job");
    serve("{\"id\": 8}", 0);
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    expect_run(0, "retry 1");
    pagetide_await(&pagetide, "succeeded", LIMIT_MS, "select state from pagetide.run");
    pagetide_kill(&up);
    ck_assert_int_eq(mock_count(&mock, "/state?id=8"), 1);
    EXPECT_SQL(ALL_ROWS, ROWS);
    tear_down();
}
END_TEST

/* A link that is a credential is sealed with the secrets of the stream. */
START_TEST(signed_links_are_sealed)
{
    set_up();
    setenv("API_TOKEN", "t0ken-planted", 1);
    reports("auth: {type: bearer, token: \"{{ env.API_TOKEN }}\"}\n", "{url: link}");
    serve(pagetide_text("{\"link\": \"%s/state?sig=0123456789abcdef\"}", mock.url), 1000);
    struct pagetide_process sync = pagetide_spawn(&pagetide, "sync api.s");
    await_state("sealed");
    pagetide_kill(&sync);
    EXPECT_SQL("f", "select checkpoint::text like '%%0123456789%%' from pagetide.job");
    serve("{}", 0);
    expect_run(0, "sync api.s");
    ck_assert_int_eq(mock_count(&mock, "/start"), 1);
    EXPECT_SQL(ALL_ROWS, ROWS);
    tear_down();
}
END_TEST

/* Without a secret there is nothing to seal with, so it is not stored: the work begins anew. */
START_TEST(signed_links_are_not_stored_in_the_clear)
{
    set_up();
    reports("", "{url: link}");
    serve(pagetide_text("{\"link\": \"%s/state?sig=0123456789abcdef\"}", mock.url), 1000);
    struct pagetide_process sync = pagetide_spawn(&pagetide, "sync api.s");
    await_state("records");
    pagetide_kill(&sync);
    EXPECT_SQL("f", "select checkpoint::text like '%%0123456789%%' from pagetide.job");
    serve(pagetide_text("{\"link\": \"%s/state?sig=0123456789abcdef\"}", mock.url), 0);
    expect_run(0, "sync api.s");
    ck_assert_int_eq(mock_count(&mock, "/start"), 2);
    EXPECT_SQL(ALL_ROWS, ROWS);
    tear_down();
}
END_TEST

SUITE("fault/prepare", killed_while_it_waits, killed_among_the_pages_of_files_by_number,
      killed_among_the_pages_of_files_by_cursor, killed_among_the_pages_of_files_by_link,
      killed_between_files, killed_at_random, other_files_after_a_kill,
      failed_work_is_begun_again_by_retry, signed_links_are_sealed,
      signed_links_are_not_stored_in_the_clear)

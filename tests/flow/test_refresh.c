#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/stand.h"
#include "tests/support/suite.h"

/*
 * grant: refresh_token against a server that takes each refresh token once, and where one comes
 * twice forgets them all (mock_token.c). The first is rt-1-planted.
 */
static const char *store; /* store.json of the configuration folder */

static void define(const char *source, const char *at)
{
    pagetide_source(&pagetide, source,
                    "source: %s\n"
                    "base_url: %s\n"
                    "auth:\n"
                    "  type: oauth2\n"
                    "  grant: refresh_token\n"
                    "  token_url: /oauth/token\n"
                    "  client_id: shop\n"
                    "  client_secret: \"{{ env.CLIENT_SECRET }}\"\n"
                    "  refresh_token: \"{{ env.REFRESH_TOKEN }}\"\n"
                    "  refresh_store: \"%s\"\n"
                    "retry: {initial_delay: 10ms, jitter: none}\n"
                    "defaults: {pagination: {type: none}, merge_path: data, again: true}\n"
                    "streams:\n"
                    "  a: {path: /guarded/gen/page}\n"
                    "  b: {path: /guarded/gen/page}\n"
                    "  c: {path: /guarded/gen/page}\n"
                    "  d: {path: /guarded/gen/page}\n",
                    source, mock.url, at);
}

static void begin(void)
{
    set_up();
    setenv("CLIENT_SECRET", "s3cr3t-planted", 1);
    setenv("REFRESH_TOKEN", "rt-1-planted", 1);
    store = pagetide_text("%s/store.json", pagetide.dir);
    define("shop", "store.json");
    mock_post(&mock, "/_mock/token", "{\"rotate\": true}");
}

static void expect_stored(const char *token)
{
    struct stat info;
    const char *text = pagetide_read(store);
    ck_assert_msg(strstr(text, pagetide_text("\"refresh_token\":\"%s\"", token)) != NULL, "%s",
                  text);
    ck_assert_int_eq(stat(store, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0600);
}

START_TEST(each_process_goes_on_with_the_last_one)
{
    begin();
    for (int i = 2; i < 5; i++) {
        expect_run(0, "sync shop.a");
        expect_stored(pagetide_text("rt-%d-planted", i));
    }
    ck_assert_int_eq(mock_count(&mock, "/oauth/token"), 3);
    tear_down();
}
END_TEST

/* The lock makes them take turns: a token that came twice would end all of them. */
START_TEST(processes_take_turns)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    struct pagetide_process processes[COUNT_OF(names)];
    begin();
    expect_run(0, "sync shop.a");
    mock_post(
        &mock, "/_mock/fault",
        "{\"path\": \"/oauth/token\", \"kind\": \"slow_ms\", \"ms\": 200, \"times\": -1}");
    for (size_t i = 0; i < COUNT_OF(names); i++)
        processes[i] = pagetide_spawn(&pagetide, "sync shop.%s", names[i]);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        ck_assert_msg(pagetide_wait(&processes[i], 50000) == 0, "%s",
                      pagetide_err(&processes[i]));
    expect_stored("rt-6-planted");
    tear_down();
}
END_TEST

/* The new one is on the disk before anything is sent with what came beside it. */
START_TEST(one_killed_between_the_two_loses_nothing)
{
    begin();
    mock_post(&mock, "/_mock/fault", "{\"path\": \"/guarded/gen/page\", \"kind\": \"hang\"}");
    struct pagetide_process process = pagetide_spawn(&pagetide, "sync shop.a");
    for (int i = 0; i < 400 && !mock_count(&mock, "/guarded/gen/page"); i++)
        usleep(50000);
    ck_assert_int_eq(mock_count(&mock, "/guarded/gen/page"), 1);
    pagetide_kill(&process);
    expect_stored("rt-2-planted");
    expect_run(0, "sync shop.b");
    expect_stored("rt-3-planted");
    tear_down();
}
END_TEST

/* While it waits for the answer it is told to end: it takes what comes, and keeps it. */
START_TEST(one_that_is_told_to_end_keeps_what_comes)
{
    begin();
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/oauth/token\", \"kind\": \"slow_ms\", \"ms\": 2000}");
    struct pagetide_process process = pagetide_spawn(&pagetide, "sync shop.a");
    for (int i = 0; i < 400 && !mock_count(&mock, "/oauth/token"); i++)
        usleep(50000);
    pagetide_signal(&process, SIGTERM);
    pagetide_wait(&process, 25000);
    expect_stored("rt-2-planted");
    tear_down();
}
END_TEST

START_TEST(nothing_is_asked_where_it_could_not_be_kept)
{
    begin();
    define("shop", "no/store.json");
    struct pagetide_result got = expect_run(1, "sync shop.a");
    ck_assert_msg(strstr(got.err, "refresh_store: ") && strstr(got.err, "No such file"), "%s",
                  got.err);
    ck_assert_int_eq(mock_count(&mock, "/oauth/token"), 0);
    tear_down();
}
END_TEST

START_TEST(a_file_that_is_none_is_left_alone)
{
    begin();
    pagetide_file(&pagetide, "store.json", "rt-9\n");
    struct pagetide_result got = expect_run(1, "sync shop.a");
    ck_assert_msg(strstr(got.err, "not a file that Pagetide wrote"), "%s", got.err);
    ck_assert_str_eq(pagetide_read(store), "rt-9\n");
    unlink(store);
    expect_run(0, "sync shop.a");
    define("other", "store.json");
    got = expect_run(1, "sync other.a");
    ck_assert_msg(strstr(got.err, "belongs to the source shop"), "%s", got.err);
    tear_down();
}
END_TEST

/* Somebody signed in anew: what the file has descends from the token before. */
START_TEST(a_new_one_in_the_environment_counts)
{
    begin();
    expect_run(0, "sync shop.a");
    expect_stored("rt-2-planted");
    mock_post(&mock, "/_mock/token", "{\"refresh\": 40}");
    setenv("REFRESH_TOKEN", "rt-40-planted", 1);
    expect_run(0, "sync shop.a");
    expect_stored("rt-41-planted");
    expect_run(0, "sync shop.a");
    expect_stored("rt-42-planted");
    tear_down();
}
END_TEST

START_TEST(no_token_is_anywhere_else)
{
    begin();
    mock_post(&mock, "/_mock/token", "{\"rotate\": true, \"uses\": 1}");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/gen/page\", \"answers\": [{\"status\": 403, \"body\": "
              "\"at-1-planted rt-2-planted\"}]}");
    struct pagetide_result got =
        pagetide_run(&pagetide, "sync shop.a --log-level debug --log-format json");
    ck_assert_int_eq(got.code, 1);
    const char *dump = pagetide_text("%s/dump.sql", pagetide.dir);
    ck_assert_int_eq(system(pagetide_text("pg_dump '%s' >%s", pagetide.database_url, dump)), 0);
    const char *const texts[] = {got.out, got.err, pagetide_read(dump)};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        ck_assert_msg(!strstr(texts[i], "planted"), "%zu: %s", i, texts[i]);
    ck_assert_msg(strstr(got.err, "<token> <token>"), "%s", got.err);
    tear_down();
}
END_TEST

SUITE("flow/refresh", each_process_goes_on_with_the_last_one, processes_take_turns,
      one_killed_between_the_two_loses_nothing, one_that_is_told_to_end_keeps_what_comes,
      nothing_is_asked_where_it_could_not_be_kept, a_file_that_is_none_is_left_alone,
      a_new_one_in_the_environment_counts, no_token_is_anywhere_else)

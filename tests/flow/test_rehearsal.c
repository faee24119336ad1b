#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

/* `record` and `test`: what is in a recording, and what a changed definition makes of it. */

static struct mock mock;
static struct pagetide pagetide;

static const char orders[] = "  orders:\n"
                             "    path: /gen/page\n"
                             "    params: {total: 12, per_page: 5}\n"
                             "    pagination: {type: page, total_pages_path: pages}\n"
                             "    write: upsert\n"
                             "    key: id\n";

static void write_shop(const char *streams)
{
    pagetide_source(&pagetide, "shop",
                    "source: shop\nbase_url: %s\n"
                    "retry: {max_attempts: 3, initial_delay: 5s, jitter: none}\n"
                    "defaults: {merge_path: data}\nstreams:\n%s",
                    mock.url, streams);
}

static void open_shop(const char *streams)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    setenv("PAGETIDE_DATABASE_URL", "postgresql://127.0.0.1:1/none", 1);
    setenv("PAGETIDE_REDIS_URL", "redis://127.0.0.1:1", 1);
    write_shop(streams);
}

static void close_shop(void)
{
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

static struct pagetide_result expect_run(int code, const char *command)
{
    return pagetide_expect(&pagetide, code, command);
}

static const char *recording(const char *stream)
{
    return pagetide_read(pagetide_text("%s/tests/shop.%s.yaml", pagetide.dir, stream));
}

/* The file with one text in place of another, which it must have. */
static void edit(const char *stream, const char *old, const char *new)
{
    const char *text = recording(stream), *at = strstr(text, old);
    ck_assert_msg(at != NULL, "\"%s\" is not in:\n%s", old, text);
    pagetide_file(&pagetide, pagetide_text("tests/shop.%s.yaml", stream),
                  pagetide_text("%.*s%s%s", (int)(at - text), text, new, at + strlen(old)));
}

START_TEST(what_was_recorded_passes_without_the_api)
{
    open_shop(orders);
    struct pagetide_result got = expect_run(0, "record shop.orders --pages 9");
    expect_holds(got.out, "shop.orders: 3 pages, 12 records, 3 requests: succeeded");
    expect_holds(recording("orders"), "url: http");
    expect_holds(recording("orders"), "\"id\":12,\"name\":\"name 12\"");
    expect_holds(recording("orders"), "complete: proved");
    expect_holds(recording("orders"), "created_at: timestamp with time zone");
    ck_assert_int_eq(mock_count(&mock, "/gen/page"), 3);
    got = expect_run(0, "test");
    expect_holds(got.out, "shop.orders: 3 pages, 12 records\n1 passed, 0 failed");
    ck_assert_int_eq(mock_count(&mock, "/gen/page"), 3);
    mock_stop(&mock);
    expect_run(0, "test");
    pagetide_close(&pagetide);
}
END_TEST

/* The count of `total` is asked for twice, before the first page and behind the last. */
START_TEST(both_counts_are_recorded)
{
    open_shop("  counted:\n"
              "    path: /gen/page\n"
              "    params: {total: 12}\n"
              "    pagination: {type: page, has_more_path: has_more,\n"
              "      total: {request: {path: /n}, path: n}}\n");
    mock_post(&mock, "/_mock/route", "{\"path\": \"/n\", \"body\": {\"n\": 12}}");
    struct pagetide_result got = expect_run(0, "record shop.counted --pages 9");
    expect_holds(got.out, "shop.counted: 2 pages, 12 records, 4 requests: succeeded");
    expect_holds(recording("counted"), "complete: proved");
    expect_run(0, "test");
    const char *all = recording("counted"), *first = strstr(all, "- request:"),
               *second = strstr(first + 1, "- request:");
    ck_assert_msg(second != NULL, "%s", all);
    pagetide_file(&pagetide, pagetide_text("tests/shop.counted.yaml"),
                  pagetide_text("%.*s%s", (int)(first - all), all, second));
    got = expect_run(1, "test");
    expect_holds(got.out, "asked for more often than it is recorded");
    close_shop();
}
END_TEST

START_TEST(a_value_that_is_another_is_said_with_its_place)
{
    open_shop(orders);
    expect_run(0, "record shop.orders --pages 1");
    edit("orders", "- {\"id\":3,\"name\":\"name 3\"", "- {\"id\":3,\"name\":\"nobody\"");
    struct pagetide_result got = expect_run(1, "test");
    expect_holds(got.out, "FAILED");
    expect_holds(got.out,
                 "shop.orders, row 3, name: expected \"nobody\", got \"name 3\"\n0 passed, 1");
    got = expect_run(1, "test --json");
    expect_holds(got.out, "{\"of\":\"row\",\"table\":\"shop.orders\",\"row\":3,\"column\":"
                          "\"name\",\"expected\":\"nobody\",\"got\":\"name 3\"}");
    edit("orders", "pages: 1\n  tables", "pages: 4\n  tables");
    expect_holds(expect_run(1, "test").out, "  pages: expected 4, got 1");
    const char *before = recording("orders"), *at = strstr(before, "\nexpect:");
    expect_holds(expect_run(0, "test --update").out, "updated ");
    expect_run(0, "test");
    ck_assert_int_eq(strncmp(before, recording("orders"), (size_t)(at - before)), 0);
    close_shop();
}
END_TEST

START_TEST(a_definition_that_changes_is_seen)
{
    open_shop(orders);
    expect_run(0, "record shop.orders --pages 9");
    write_shop(pagetide_text("%s    where: \"{{ record.id != 2 }}\"\n"
                             "    columns: {score: {type: text}}\n",
                             orders));
    struct pagetide_result got = expect_run(1, "test");
    expect_holds(got.out, "type of column score: expected \"numeric\", got \"text\"");
    expect_holds(got.out, "number of rows: expected 12, got 11");
    expect_holds(got.out, "row 2, id: expected 2, got 3");
    write_shop(pagetide_text("%s", orders));
    expect_run(0, "test");
    close_shop();
}
END_TEST

START_TEST(a_request_that_is_not_recorded_is_said_with_the_nearest)
{
    open_shop(orders);
    expect_run(0, "record shop.orders --pages 9");
    write_shop("  orders:\n    path: /gen/page\n    params: {total: 12, per_page: 6}\n"
               "    pagination: {type: page, total_pages_path: pages}\n");
    struct pagetide_result got = expect_run(1, "test");
    expect_holds(got.out, "not recorded: GET http");
    expect_holds(got.out, "the nearest, in line ");
    expect_holds(got.out, "per_page is 6, recorded is 5");
    expect_lacks(got.out, "row 1");
    expect_run(1, "test --update");
    expect_lacks(recording("orders"), "per_page=6");
    expect_holds(recording("orders"), "requests: 3");
    close_shop();
}
END_TEST

START_TEST(a_definition_that_asks_for_less_is_said)
{
    open_shop(orders);
    expect_run(0, "record shop.orders --pages 9");
    write_shop("  orders:\n    path: /gen/page\n    params: {total: 12, per_page: 5}\n"
               "    pagination: {type: page, total_pages_path: pages, max_iterations: 2}\n"
               "    write: upsert\n    key: id\n");
    struct pagetide_result got = expect_run(1, "test");
    expect_holds(got.out, "  requests: expected 3, got 2");
    expect_holds(got.out, "not asked for any more, in line ");
    expect_holds(got.out, "page=3");
    expect_run(0, "test --update");
    expect_holds(expect_run(0, "test").out, "not asked for any more");
    close_shop();
}
END_TEST

/* Retry-After, and a pause of the policy. */
START_TEST(nobody_waits_in_a_test)
{
    open_shop(orders);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"page\": 2, \"kind\": \"retry_after\", \"value\": "
              "\"3\"}");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"page\": 3, \"kind\": \"status\"}");
    struct pagetide_result got = expect_run(0, "record shop.orders --pages 9");
    const int64_t with_waits_ms = got.ms;
    ck_assert_int_gt(with_waits_ms, 7500);
    expect_holds(recording("orders"), "status: 429");
    expect_holds(recording("orders"), "status: 500");
    got = expect_run(0, "test");
    ck_assert_int_lt(got.ms, with_waits_ms);
    close_shop();
}
END_TEST

START_TEST(now_is_the_time_of_the_recording)
{
    open_shop("  dated:\n    path: /gen/page\n    params: {total: 4, at: \"{{ now() }}\"}\n"
              "    pagination: {type: page, total_pages_path: pages}\n"
              "    with: {read_at: \"{{ run.started_at }}\"}\n");
    expect_run(0, "record shop.dated");
    usleep(20000);
    expect_run(0, "test");
    edit("dated", "\nat: 20", "\nat: 19");
    expect_holds(expect_run(1, "test").out, "at is 19");
    close_shop();
}
END_TEST

/* What is put behind a map in braces is no part of it: the file would be lost. */
START_TEST(a_recording_in_braces_stays_as_it_is)
{
    open_shop(orders);
    ck_assert_int_eq(mkdir(pagetide_text("%s/tests", pagetide.dir), 0700), 0);
    const char *const texts[] = {
        "{stream: shop.orders, pages: 1, at: 2026-01-01T00:00:00Z, exchanges: [{request: "
        "{method: GET, url: \"%s/gen/page?page=1&total=12&per_page=5\"}, answer: {status: 200, "
        "body: '{\"pages\": 1, \"data\": [{\"id\": 7}]}'}}]}\n",
        "{stream: shop.orders, pages: 1, at: 2026-01-01T00:00:00Z, exchanges: [{request: "
        "{method: GET, url: \"%s/gen/page?page=1&total=12&per_page=5\"}, answer: {status: 200, "
        "body: '{\"pages\": 1, \"data\": [{\"id\": 7}]}'}}], expect: {pages: 9}}\n",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char *text = strstr(texts[i], "%s");
        text = pagetide_text("%.*s%s%s", (int)(text - texts[i]), texts[i], mock.url, text + 2);
        pagetide_file(&pagetide, "tests/a.yml", text);
        expect_holds(expect_run(2, "test --update").err, "nothing is written");
        ck_assert_str_eq(pagetide_read(pagetide_text("%s/tests/a.yml", pagetide.dir)), text);
    }
    close_shop();
}
END_TEST

START_TEST(update_keeps_links_and_other_files)
{
    open_shop(orders);
    expect_run(0, "record shop.orders --pages 1");
    edit("orders", "pages: 1\n  tables", "pages: 4\n  tables");
    const char *link = pagetide_text("%s/link.yaml", pagetide.dir);
    pagetide_file(&pagetide, "tests/shop.orders.yaml.new", "mine\n");
    ck_assert_int_eq(symlink("tests/shop.orders.yaml", link), 0);
    expect_run(0, pagetide_text("test --update %s", link));
    struct stat is;
    ck_assert(!lstat(link, &is) && S_ISLNK(is.st_mode));
    ck_assert_str_eq(
        pagetide_read(pagetide_text("%s/tests/shop.orders.yaml.new", pagetide.dir)), "mine\n");
    expect_run(0, "test");
    close_shop();
}
END_TEST

START_TEST(a_run_that_fails_is_recorded_as_one)
{
    open_shop("  x: {path: /no/such, pagination: none}\n");
    struct pagetide_result got = expect_run(1, "record shop.x");
    expect_holds(got.out, "failed");
    expect_holds(got.err, "recorded as it ended: ");
    expect_run(0, "test");
    close_shop();
}
END_TEST

/* Of values that are longer than a line of JSON may be, the first 16 KiB are told. */
START_TEST(long_values_are_cut_in_json)
{
    AUTO_BUF(text, MIB(4));
    open_shop("  x: {path: /x, pagination: none}\n");
    buf_printf(&text,
               "stream: shop.x\npages: 1\nat: 2026-01-01T00:00:00Z\nexchanges:\n"
               "  - request: {method: GET, url: \"%s/x\"}\n"
               "    answer: {status: 200, body: '{\"data\": [{\"id\": \"",
               mock.url);
    for (int i = 0; i < 200000; i++)
        buf_puts(&text, "0123456789");
    buf_puts(&text, "\"}]}'}\nexpect: {state: succeeded, requests: 1, pages: 1, tables: "
                    "{shop.x: {columns: {id: text}, rows: [{id: a}]}}}\n");
    ck_assert_int_eq(mkdir(pagetide_text("%s/tests", pagetide.dir), 0700), 0);
    FILE *file = fopen(pagetide_text("%s/tests/x.yaml", pagetide.dir), "w");
    ck_assert(file && fwrite(text.ptr, 1, text.len, file) == text.len && !fclose(file));
    struct pagetide_result got = expect_run(1, "test --json");
    expect_holds(got.out, "\"expected\":\"a\",\"got\":\"\\\"01234");
    expect_holds(got.out, "\"error\":");
    ck_assert_uint_lt(strlen(got.out), 40000);
    close_shop();
}
END_TEST

/* A value that is given in one file is a word like others in the next. */
START_TEST(values_of_one_file_are_of_that_file)
{
    open_shop("  a: {path: \"/{{ env.REGION }}\", pagination: none}\n"
              "  b: {path: /b, pagination: none}\n");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/eu-west\", \"body\": {\"data\": [{\"id\": 1}]}}");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/b\", \"body\": {\"data\": [{\"at\": \"eu-west\"}]}}");
    setenv("REGION", "eu-west", 1);
    expect_run(0, "record shop.a --plain env.REGION");
    unsetenv("REGION");
    expect_run(0, "record shop.b");
    expect_holds(expect_run(0, "test").out, "2 passed, 0 failed");
    close_shop();
}
END_TEST

/* --- secrets --- */

static const char *const planted[] = {"t0ken/planted+1", "t0ken%2Fplanted%2B1",
                                      "dDBrZW4vcGxhbnRlZCsx", "planted"};

START_TEST(no_secret_is_recorded_and_none_is_needed)
{
    open_shop("  x: {path: x}\n");
    pagetide_source(
        &pagetide, "shop",
        "source: shop\nbase_url: \"%s/{{ env.SHOP_TENANT }}\"\n"
        "auth: {type: bearer, token: \"{{ env.SHOP_TOKEN }}\"}\n"
        "params: {k: \"{{ env.SHOP_TOKEN }}\"}\n"
        "headers: {X-Sign: \"{{ env.SHOP_TOKEN | sha256 }}\"}\n"
        "streams:\n  echo:\n    path: /echo\n    merge_path: data\n    method: POST\n"
        "    body: {q: 1, pass: \"{{ env.SHOP_TOKEN }}\"}\n"
        "    pagination: {type: next_url, next_path: next}\n",
        mock.url);
    mock_post(
        &mock, "/_mock/route",
        pagetide_text("{\"path\": \"/tenant-planted/echo\", \"body\": {\"data\": [{\"id\": "
                      "1, \"said\": \"t0ken/planted+1 t0ken%%2Fplanted%%2B1\", \"coded\": "
                      "\"dDBrZW4vcGxhbnRlZCsx\", \"api_key\": \"of-a-customer-planted\"}], "
                      "\"next\": \"%s/tenant-planted/more\"}, \"headers\": {\"Set-Cookie\": "
                      "\"sid=c00kie-planted\"}}",
                      mock.url));
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/tenant-planted/more\", \"body\": {\"data\": [{\"id\": 2, "
              "\"said\": \"of-a-customer-planted\"}], \"next\": null}}");
    setenv("SHOP_TOKEN", planted[0], 1);
    setenv("SHOP_TENANT", "tenant-planted", 1);
    struct pagetide_result got = expect_run(0, "record shop.echo");
    expect_holds(got.err, "1 values of members that are named like credentials");
    unsetenv("SHOP_TOKEN");
    unsetenv("SHOP_TENANT");
    for (size_t i = 0; i < sizeof planted / sizeof planted[0]; i++)
        expect_lacks(recording("echo"), planted[i]);
    expect_lacks(recording("echo"), "c00kie");
    expect_lacks(recording("echo"), "X-Sign");
    expect_holds(recording("echo"), "/<env.SHOP_TENANT>/more");
    expect_holds(recording("echo"), "\"said\":\"<env.SHOP_TOKEN> <env.SHOP_TOKEN>\"");
    expect_holds(recording("echo"), "{\"id\":2,\"said\":\"<hidden-1>\"}");
    got = expect_run(0, "test");
    expect_holds(got.out, "shop.echo: 2 pages, 2 records");
    close_shop();
}
END_TEST

/* As redaction calls what it hides. */
START_TEST(xml_has_elements_called_token_and_secret)
{
    open_shop("  items: {path: /items, format: xml, merge_path: r.item, pagination: {type: "
              "none}}\n");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/items\", \"body\": \"<r><item><id>1</id><token>short</token>"
              "</item><item><id>2</id><token>l0ng-planted</token><secret>s3cret-planted"
              "</secret></item></r>\"}");
    expect_run(0, "record shop.items");
    expect_lacks(recording("items"), "planted");
    expect_holds(recording("items"), "<token>short</token>");
    expect_holds(recording("items"), "<token><hidden-1></token><secret><hidden-2></secret>");
    expect_holds(recording("items"), "\"token\":\"short\"");
    struct pagetide_result got = expect_run(0, "test");
    expect_holds(got.out, "shop.items: 1 pages, 2 records");
    close_shop();
}
END_TEST

/* Two letters are no secret to redaction, and "{{ }}" needs a number. */
START_TEST(a_variable_that_is_no_secret_may_be_recorded)
{
    open_shop("  orders:\n    path: \"/{{ env.REGION }}\"\n"
              "    params: {size: \"{{ (env.SIZE | int) * 2 }}\"}\n"
              "    pagination: {type: none}\n");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/eu\", \"body\": {\"data\": [{\"id\": 1}]}}");
    setenv("REGION", "eu", 1);
    setenv("SIZE", "20", 1);
    struct pagetide_result got = expect_run(1, "record shop.orders");
    expect_holds(got.err, "nothing is written");
    expect_holds(got.err, "--plain env.NAME");
    ck_assert_str_eq(recording("orders"), "");
    expect_run(0, "record shop.orders --plain env.REGION --plain env.SIZE");
    unsetenv("REGION");
    unsetenv("SIZE");
    expect_run(0, "test");
    expect_holds(recording("orders"), "values: {\"env.REGION\":\"eu\",\"env.SIZE\":\"20\"}");
    expect_holds(expect_run(2, "record shop.orders -o x --plain env.REGION").err,
                 "no variable that is set");
    close_shop();
}
END_TEST

/* --- what is refused --- */

START_TEST(what_cannot_be_is_refused)
{
    open_shop(orders);
    expect_holds(expect_run(2, "test").err, "there is no recording in");
    expect_run(0, "record shop.orders");
    expect_holds(expect_run(2, "record shop.orders").err, "is there already");
    expect_holds(expect_run(2, "record shop.none").err, "there is no stream");
    expect_holds(expect_run(2, "record").err, "name one stream");
    expect_holds(expect_run(2, "test nowhere.yaml").err, "nowhere.yaml");
    edit("orders", "stream: shop.orders", "stream: shop.gone");
    expect_holds(expect_run(2, "test").err, "there is no stream shop.gone");
    edit("orders", "stream: shop.gone", "streams: shop.gone");
    expect_holds(expect_run(2, "test").err, "shop.orders.yaml:3:");
    write_shop("  orders:\n    path: /gen/page\n    params: {k: \"{{ env.NO_SUCH }}\"}\n");
    expect_holds(expect_run(2, "record shop.orders -o x").err, "env.NO_SUCH is not set");
    close_shop();
}
END_TEST

/* One bad file does not hide the others. */
START_TEST(each_file_is_tried)
{
    open_shop(orders);
    expect_run(0, "record shop.orders");
    pagetide_file(&pagetide, "tests/a.yaml", "stream: 1\n");
    struct pagetide_result got = expect_run(2, "test");
    expect_holds(got.err, "a.yaml:1:1: the key \"pages\" is missing");
    expect_holds(got.out, "1 passed, 1 failed");
    expect_holds(
        expect_run(0, pagetide_text("test %s/tests/shop.orders.yaml", pagetide.dir)).out,
        "1 passed, 0 failed");
    close_shop();
}
END_TEST

START_TEST(a_file_by_hand_is_enough)
{
    open_shop(orders);
    ck_assert_int_eq(mkdir(pagetide_text("%s/tests", pagetide.dir), 0700), 0);
    pagetide_file(&pagetide, "tests/by_hand.yaml",
                  pagetide_text("stream: shop.orders\npages: 5\nat: 2026-01-01T00:00:00Z\n"
                                "exchanges:\n"
                                "  - request: {method: GET, url: \"%s/gen/page?page=1&total=12&"
                                "per_page=5\"}\n"
                                "    answer: {status: 200, body: '{\"pages\": 1, \"data\": "
                                "[{\"id\": 7}]}'}\n",
                                mock.url));
    expect_holds(expect_run(1, "test").out, "--update writes it");
    expect_run(0, "test --update");
    expect_run(0, "test");
    expect_holds(pagetide_read(pagetide_text("%s/tests/by_hand.yaml", pagetide.dir)),
                 "rows:\n        - {\"id\":7}\n");
    close_shop();
}
END_TEST

SUITE("flow/rehearsal", long_values_are_cut_in_json, values_of_one_file_are_of_that_file,
      a_recording_in_braces_stays_as_it_is, update_keeps_links_and_other_files,
      a_run_that_fails_is_recorded_as_one, both_counts_are_recorded,
      what_was_recorded_passes_without_the_api, a_value_that_is_another_is_said_with_its_place,
      a_definition_that_changes_is_seen,
      a_request_that_is_not_recorded_is_said_with_the_nearest,
      a_definition_that_asks_for_less_is_said, nobody_waits_in_a_test,
      now_is_the_time_of_the_recording, no_secret_is_recorded_and_none_is_needed,
      xml_has_elements_called_token_and_secret, a_variable_that_is_no_secret_may_be_recorded,
      what_cannot_be_is_refused, each_file_is_tried, a_file_by_hand_is_enough)

#include "cli/summary.h"

#include "tests/support/suite.h"

/* In the order of enum summary_column; NULL is PostgreSQL's. */
static const char *const good[SUMMARY_COLUMNS] = {
    "7", "shop.orders", "succeeded", NULL,    "1234", "56789",  "1000000",           "0",
    "0", "0",           "0",         "1.250", NULL,   "proved", "total was reached", NULL,
    "{}"};
static const char *const bad[SUMMARY_COLUMNS] = {"8",
                                                 "shop.orders",
                                                 "failed",
                                                 "http",
                                                 "3",
                                                 "30",
                                                 "900",
                                                 "2",
                                                 "1",
                                                 "4",
                                                 "5",
                                                 "0.500",
                                                 "GET https://h/x: \"503\"",
                                                 NULL,
                                                 NULL,
                                                 NULL,
                                                 "{\"age\": 1}"};
static const char *const cancelled[SUMMARY_COLUMNS] = {
    "9", "s.t", "cancelled", NULL, "0", "0", "0", "0", "0", "0", "0", "0", NULL};

static const char *const replaced[SUMMARY_COLUMNS] = {
    "10", "s.t", "succeeded", NULL, "1", "4",  "9",
    "0",  "0",   "0",         "0",  "0", NULL, NULL,
    NULL, NULL,  "{}",        "2",  "0", "1",  "{\"items\": 7, \"notes\": 2}"};

typedef void (*put_fn)(struct buf *line, const struct summary *summary);

static void expect(put_fn put, const char *const texts[], const char *text)
{
    AUTO_BUF(line, 4096);
    struct summary summary;
    for (size_t i = 0; i < SUMMARY_COLUMNS; i++)
        summary.values[i] = texts[i] ? pg_text(str_from(texts[i])) : PG_NULL;
    put(&line, &summary);
    ck_assert_str_is(buf_str(&line), text);
}

START_TEST(a_run_that_succeeded_is_one_line)
{
    expect(summary_put, good,
           "shop.orders: run 7 succeeded: 1,234 pages, 56,789 records in 1.250 s, proved: "
           "total was reached");
}
END_TEST

START_TEST(a_failed_run_says_why_and_what_to_try)
{
    expect(
        summary_put, bad,
        "shop.orders: run 8 failed (http): 3 pages, 30 records, 2 rejected, 1 values aside "
        "(age 1), 4 whose key came before, 5 retries in 0.500 s\n"
        "  GET https://h/x: \"503\"\n"
        "shop.orders failed (http) after page 3; try: `pagetide preview shop.orders --trace` "
        "shows requests and answers: are base_url, path and params right?; `pagetide retry 8` "
        "goes on where it stopped");
}
END_TEST

START_TEST(what_became_of_the_rows_is_counted)
{
    expect(summary_put, replaced,
           "s.t: run 10 succeeded: 1 pages, 4 records, for other tables (items 7, "
           "notes 2), 2 rows added, 1 deleted in 0 s");
}
END_TEST

START_TEST(without_a_reason_nothing_is_advised)
{
    expect(summary_put, cancelled,
           "s.t: run 9 cancelled: 0 pages, 0 records in 0 s\ns.t cancelled after page 0");
}
END_TEST

START_TEST(json_has_every_column_under_its_name)
{
    expect(
        summary_put_json, good,
        "{\"run\":7,\"stream\":\"shop.orders\",\"state\":\"succeeded\",\"reason\":null,"
        "\"pages\":1234,\"records\":56789,\"bytes\":1000000,\"rejects\":0,\"asides\":0,"
        "\"folded\":0,\"retries\":0,\"seconds\":1.250,\"error\":null,\"complete\":\"proved\","
        "\"complete_why\":\"total was reached\",\"warnings\":null,\"misfits\":{},"
        "\"added\":null,\"changed\":null,\"deleted\":null,\"tables\":null}");
    expect(summary_put_json, bad,
           "{\"run\":8,\"stream\":\"shop.orders\",\"state\":\"failed\",\"reason\":\"http\","
           "\"pages\":3,\"records\":30,\"bytes\":900,\"rejects\":2,\"asides\":1,\"folded\":4,"
           "\"retries\":5,"
           "\"seconds\":0.500,\"error\":\"GET https://h/x: \\\"503\\\"\",\"complete\":null,"
           "\"complete_why\":null,\"warnings\":null,\"misfits\":{\"age\": 1},"
           "\"added\":null,\"changed\":null,\"deleted\":null,\"tables\":null}");
    expect(summary_put_json, replaced,
           "{\"run\":10,\"stream\":\"s.t\",\"state\":\"succeeded\",\"reason\":null,"
           "\"pages\":1,\"records\":4,\"bytes\":9,\"rejects\":0,\"asides\":0,\"folded\":0,"
           "\"retries\":0,\"seconds\":0,\"error\":null,\"complete\":null,\"complete_why\":null,"
           "\"warnings\":null,\"misfits\":{},\"added\":2,\"changed\":0,\"deleted\":1,"
           "\"tables\":{\"items\": 7, \"notes\": 2}}");
}
END_TEST

SUITE("cli/summary", a_run_that_succeeded_is_one_line, a_failed_run_says_why_and_what_to_try,
      what_became_of_the_rows_is_counted, without_a_reason_nothing_is_advised,
      json_has_every_column_under_its_name)

#define SUITE_TIMEOUT 120
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

/* What is said before a run: by `preview` and `check --live`. And what a resumed run knows. */
static struct mock mock;
static struct pagetide pagetide;

#define SQL(...) pagetide_sql(&pagetide, __VA_ARGS__)

static void set_up(const char *keys)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: %s\nretry: {max_attempts: 1}\nstreams:\n  s:\n"
                    "    path: /x\n%s",
                    mock.url, keys);
    ck_assert_int_eq(pagetide_run(&pagetide, "migrate").code, 0);
}

static void tear_down(void)
{
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

static void expect(const char *arguments, int code, const char *part)
{
    struct pagetide_result got = pagetide_run(&pagetide, "%s", arguments);
    ck_assert_msg(got.code == code && (strstr(got.err, part) || strstr(got.out, part)),
                  "pagetide %s: exit %d, and no \"%s\" in:\n%s\n%s", arguments, got.code, part,
                  got.out, got.err);
}

START_TEST(a_place_that_is_absent_is_told_before_a_run)
{
    set_up("    merge_path: data\n    pagination: {type: next_url, next_path: nxt}\n");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/x\", \"body\": {\"data\": [{\"id\": 1}], \"next\": \"/x?p=2\"}}");
    expect("preview api.s", 1, "next_path: nxt is not in the answer; next holds a next link");
    expect("check --live api.s", 0,
           "next_path: nxt is not in the answer; next holds a next link");
    tear_down();
}
END_TEST

START_TEST(one_page_only_is_told_before_a_run)
{
    set_up("    merge_path: data\n");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/x\", \"body\": {\"data\": [{\"id\": 1}, {\"id\": 2}]}}");
    expect("preview api.s", 0, "one page only");
    expect("check --live api.s", 0, "one page only");
    tear_down();
}
END_TEST

/* The definition names no merge_path: what the first page has shown holds after a restart. */
START_TEST(a_resumed_run_knows_the_records_that_were_found)
{
    set_up(
        "    key: id\n    write: upsert\n    pagination: {type: next_url, next_path: next}\n");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/x\", \"body\": {\"items\": [{\"id\": 1}], \"next\": \"/y\"}}");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/y\", \"answers\": [{\"status\": 503}, {\"body\": {\"items\": "
              "[{\"id\": 2}, {\"id\": 3}], \"next\": null}}]}");
    expect("sync api.s", 1, "503");
    expect("retry api.s", 0, "");
    expect("sync api.s", 0, "succeeded");
    ck_assert_str_eq(SQL("select string_agg(id::text, ' ' order by id) from api.s"), "1 2 3");
    ck_assert_str_eq(SQL("select count(*) from pagetide.run"), "1");
    ck_assert_str_eq(SQL("select count(*) from information_schema.columns where table_schema = "
                         "'api' and column_name in ('items', 'next')"),
                     "0");
    tear_down();
}
END_TEST

/* No index of ours, and no column, takes such a name. */
START_TEST(a_field_name_of_3000_bytes_goes_aside)
{
    set_up("    merge_path: data\n    pagination: {type: none}\n");
    char name[3001] = "";
    for (size_t i = 0; i < sizeof name - 1; i++)
        name[i] = (char)('a' + (i * 7919 + i / 26) % 26);
    mock_post(&mock, "/_mock/route",
              pagetide_text(
                  "{\"path\": \"/x\", \"body\": {\"data\": [{\"id\": 1, \"%s\": 7}]}}", name));
    expect("sync api.s", 0, "1 values aside");
    ck_assert_str_eq(SQL("select concat_ws(' ', id, _pt_aside ->> '%s') from api.s", name),
                     "1 7");
    ck_assert_str_eq(SQL("select count(*) from pagetide.field"), "1");
    tear_down();
}
END_TEST

static const char *warnings_of_last(void)
{
    return SQL(
        "select array_to_string(warnings, '; ') from pagetide.run order by id desc limit 1");
}

static void answer(const char *records)
{
    mock_post(&mock, "/_mock/route",
              pagetide_text("{\"path\": \"/x\", \"body\": %s}", records));
}

/* What some records lack is told of a run that reads all, and of others until one has it. */
START_TEST(an_optional_field_is_no_warning_of_each_delta)
{
    set_up("    bookmark: id\n    params: {since: \"{{ bookmark }}\"}\n"
           "    where: \"{{ id != 5 }}\"\n"
           "    columns: {note: {type: text}, tag: {type: text, path: tagg}}\n"
           "    pagination: {type: none}\n");
    answer("[{\"id\": 1, \"note\": \"n\"}]");
    expect("sync api.s", 0, "columns: no record has \"tagg\" (column tag)");
    ck_assert_str_eq(warnings_of_last(), "columns: no record has \"tagg\" (column tag)");
    answer("[{\"id\": 2}]");
    expect("sync api.s", 0, "succeeded");
    ck_assert_str_eq(warnings_of_last(), "columns: no record has \"tagg\" (column tag)");
    answer("[{\"id\": 3, \"tagg\": \"t\"}]");
    expect("sync api.s", 0, "succeeded");
    ck_assert_str_eq(warnings_of_last(), "");
    answer("[{\"id\": 4}]");
    expect("sync api.s", 0, "succeeded");
    ck_assert_str_eq(warnings_of_last(), "");
    answer("[{\"id\": 5}]");
    expect("sync api.s", 0, "succeeded");
    ck_assert_str_eq(warnings_of_last(), "");
    answer("[{\"id\": 6}]");
    expect("sync api.s --full --again", 0, "succeeded");
    ck_assert_str_eq(warnings_of_last(), "columns: no record has \"note\"; columns: no record "
                                         "has \"tagg\" (column tag)");
    tear_down();
}
END_TEST

SUITE("flow/warned", an_optional_field_is_no_warning_of_each_delta,
      a_place_that_is_absent_is_told_before_a_run, one_page_only_is_told_before_a_run,
      a_resumed_run_knows_the_records_that_were_found, a_field_name_of_3000_bytes_goes_aside)

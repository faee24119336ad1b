#define SUITE_TIMEOUT 120
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

/* `check --live`: what a definition names, and a page has not; and APIs that do not answer. */
static struct mock mock;
static struct pagetide pagetide;

/* `streams` stand in lines 4 and on, two blanks deep. */
static void set_up(const char *streams)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    pagetide_source(&pagetide, "api", "source: api\nbase_url: %s\nstreams:\n%s", mock.url,
                    streams);
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/x\", \"headers\": {\"X-Remaining\": \"9\"}, \"body\": {\"data\": "
              "[{\"id\": 1, \"name\": \"a\", \"meta\": {\"changed\": 5}, \"lines\": [{\"sku\": "
              "1}]}, {\"id\": 2, \"name\": \"b\", \"meta\": {\"changed\": 6}, \"lines\": []}], "
              "\"page\": {\"total\": 2}}}");
    ck_assert_int_eq(pagetide_run(&pagetide, "migrate").code, 0);
}

static void tear_down(void)
{
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

static struct pagetide_result live(const char *options, int code)
{
    struct pagetide_result got = pagetide_run(&pagetide, "check --live %s", options);
    ck_assert_msg(got.code == code, "exit %d:\n%s\n%s", got.code, got.out, got.err);
    return got;
}

#define HOLDS(text, part)                                                                      \
    ck_assert_msg(strstr((text), (part)), "no \"%s\" in:\n%s", (part), (text))
#define LACKS(text, part)                                                                      \
    ck_assert_msg(!strstr((text), (part)), "\"%s\" in:\n%s", (part), (text))

START_TEST(what_records_have_not_is_told_with_its_place)
{
    set_up("  s:\n"
           "    path: /x\n"
           "    merge_path: data\n"
           "    pagination: none\n"
           "    bookmark: changed\n"
           "    exclude: [nmae]\n"
           "    columns:\n"
           "      id: bigint\n"
           "      at: {type: bigint, path: meta.chnged}\n"
           "      odd: text\n"
           "    with: {all: page.totl}\n"
           "    indexes: [{columns: [id, nam]}]\n");
    struct pagetide_result got = live("api.s", 0);
    HOLDS(got.out, "api.yaml:8:5: api.s: warns, bookmark.path: none of the 2 records has "
                   "changed; meta.changed is there");
    HOLDS(got.out, "api.yaml:9:15: api.s: warns, exclude: none of the 2 records has nmae; "
                   "name is there");
    HOLDS(got.out, "api.yaml:12:26: api.s: warns, columns.at.path: none of the 2 records has "
                   "meta.chnged; meta.changed is there");
    HOLDS(got.out, "api.yaml:13:7: api.s: warns, columns.odd.path: none of the 2 records has "
                   "odd; there are id, name, meta, lines");
    HOLDS(got.out, "api.yaml:14:12: api.s: warns, with.all: nothing stands at page.totl; "
                   "page.total is there");
    HOLDS(got.out, "api.s: warns, indexes.columns: none of the 2 records has nam; name is");
    HOLDS(got.out, "api.s: answers, 2 records on the first page, the only one");
    LACKS(got.out, "columns.id");
    HOLDS(live("api.s --json", 0).out, "\"check\":\"api.s\",\"state\":\"warns\",\"place\":\"");
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) from pagetide.stream"), "0");
    tear_down();
}
END_TEST

START_TEST(a_good_definition_has_no_warning)
{
    set_up(
        "  s:\n"
        "    path: /x\n"
        "    merge_path: data\n"
        "    pagination: {type: page, total_path: page.total}\n"
        "    key: [id, total]\n"
        "    write: upsert\n"
        "    bookmark: meta.changed\n"
        "    params: {since: \"{{ bookmark | default('') }}\"}\n"
        "    flatten: meta\n"
        "    exclude: name\n"
        "    where: \"{{ record.id > 0 and (nope is undefined or nope | default(false)) }}\"\n"
        "    with: {total: page.total}\n"
        "    rate_limit: {remaining: 'header:X-Remaining', reset: 'header:X-Remaining'}\n"
        "    indexes: [{columns: [changed]}, {columns: [_pt_at]}]\n"
        "    tables: {lines: {merge_path: 'data[*].lines[*]', key: sku}}\n");
    struct pagetide_result got = live("api.s", 0);
    LACKS(got.out, "warns");
    LACKS(got.err, "warning");
    tear_down();
}
END_TEST

START_TEST(records_that_would_be_rejected_are_told)
{
    set_up("  s:\n"
           "    {path: /x, merge_path: data, pagination: none, write: upsert, key: nr}\n");
    struct pagetide_result got = live("api.s", 1);
    HOLDS(got.out, "api.yaml:5:67: api.s: warns, key: none of the 2 records has nr; there are "
                   "id, name, meta, lines");
    HOLDS(got.out, "api.s: warns, 2 of 2 records would be rejected: key \"nr\" is null or");
    tear_down();
}
END_TEST

START_TEST(records_of_other_tables_are_looked_at)
{
    set_up("  s:\n"
           "    path: /x\n"
           "    merge_path: data\n"
           "    pagination: none\n"
           "    again: true\n"
           "    tables:\n"
           "      lines:\n"
           "        merge_path: 'data[*].lines[*]'\n"
           "        key: [order, sk]\n"
           "        with: {order: 'data[*].nr'}\n");
    struct pagetide_result got = live("api.s", 1);
    HOLDS(got.out, "api.s: warns, tables.lines: 1 of 1 records would be rejected: key ");
    HOLDS(got.out, "api.yaml:12:22: api.s: warns, tables.lines.key: none of the 1 records has "
                   "sk; sku is there");
    HOLDS(got.out, "api.yaml:13:16: api.s: warns, tables.lines.with.order: nothing stands at");
    HOLDS(got.out, "api.s: answers, 2 records on the first page");
    tear_down();
}
END_TEST

START_TEST(what_drops_all_records_is_told)
{
    set_up("  s:\n"
           "    path: /x\n"
           "    merge_path: data\n"
           "    pagination: none\n"
           "    where: \"{{ nme == 'a' }}\"\n");
    struct pagetide_result got = live("api.s", 0);
    HOLDS(got.out, "api.yaml:8:5: api.s: warns, where: none of the 2 records has nme; name is");
    HOLDS(got.out, "api.yaml:8:5: api.s: warns, where: none of the 2 records is kept");
    tear_down();
}
END_TEST

START_TEST(what_the_answer_has_not_is_told)
{
    set_up("  s:\n"
           "    path: /x\n"
           "    merge_path: dta\n"
           "    on_missing: empty\n"
           "    pagination: {type: page, total_path: page.totl}\n"
           "    rate_limit: {remaining: 'header:X-Remainin', reset: page.rset}\n"
           "    tables: {lines: {merge_path: 'data[*].line[*]', on_missing: empty}}\n");
    struct pagetide_result got = live("api.s", 0);
    HOLDS(got.out, "api.yaml:6:5: api.s: warns, merge_path: dta is not in the answer; data is");
    HOLDS(got.out, "api.yaml:9:18: api.s: warns, rate_limit.remaining: header:X-Remainin is "
                   "not in the answer; header:x-remaining is there");
    HOLDS(got.out, "api.yaml:9:50: api.s: warns, rate_limit.reset: page.rset is not in the "
                   "answer; there are total");
    HOLDS(got.out, "api.s: warns, tables.lines.merge_path: data[*].line[*] is not in the "
                   "answer; data[*].lines is there");
    tear_down();
}
END_TEST

START_TEST(each_place_of_the_paging_has_its_line)
{
    set_up("  s:\n"
           "    path: /x\n"
           "    merge_path: data\n"
           "    pagination:\n"
           "      type: page\n"
           "      total_path: page.totl\n"
           "      has_more_path: more\n");
    struct pagetide_result got = live("api.s", 0);
    HOLDS(got.out, "api.yaml:9:7: api.s: warns, total_path: page.totl is not in the answer");
    HOLDS(got.out, "api.yaml:10:7: api.s: warns, has_more_path: more is not in the answer");
    tear_down();
}
END_TEST

START_TEST(what_is_inherited_has_the_place_of_its_file)
{
    set_up("  s: {path: /x, pagination: none}\n"
           "defaults:\n"
           "  bookmark: {path: when}\n"
           "  merge_path: data\n");
    struct pagetide_result got = live("api.s", 0);
    HOLDS(got.out,
          "api.yaml:6:14: api.s: warns, bookmark.path: none of the 2 records has when");
    HOLDS(got.err, "api.yaml:6:13: warning: api.s has a bookmark that no request uses, so each "
                   "run asks for all");
    tear_down();
}
END_TEST

/* Names and values of an answer are the API's: what is a secret stays one. */
START_TEST(no_secret_is_shown)
{
    setenv("API_TOKEN", "hunter2hunter2", 1);
    set_up("  s: {path: /y, merge_path: data, pagination: none, key: id, write: upsert}\n"
           "headers: {X-Token: \"{{ env.API_TOKEN }}\"}\n");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/y\", \"body\": {\"data\": [{\"hunter2hunter2\": 1}]}}");
    struct pagetide_result got = live("api.s", 1);
    HOLDS(got.out, "none of the 1 records has id; there are");
    LACKS(got.out, "hunter2");
    LACKS(got.err, "hunter2");
    tear_down();
}
END_TEST

START_TEST(an_api_that_is_away_is_told_at_once)
{
    set_up("  s: {path: /x, merge_path: data, pagination: none}\n"
           "  away: {url: 'http://127.0.0.1:1/', pagination: none}\n"
           "  ill: {path: /ill, pagination: none}\n");
    mock_post(&mock, "/_mock/route", "{\"path\": \"/ill\", \"status\": 503}");
    struct pagetide_result got = live("", 3);
    HOLDS(got.out, "api.s: answers, 2 records");
    HOLDS(got.out, "api.away: away, GET http://127.0.0.1:1/: ");
    HOLDS(got.out, "api.ill: failed, GET ");
    HOLDS(got.out, "status 503");
    ck_assert_int_eq(mock_count(&mock, "/ill"), 2);
    live("api.ill", 1);
    tear_down();
}
END_TEST

SUITE("flow/live", what_records_have_not_is_told_with_its_place,
      a_good_definition_has_no_warning, records_that_would_be_rejected_are_told,
      records_of_other_tables_are_looked_at, what_drops_all_records_is_told,
      what_the_answer_has_not_is_told, each_place_of_the_paging_has_its_line,
      what_is_inherited_has_the_place_of_its_file, no_secret_is_shown,
      an_api_that_is_away_is_told_at_once)

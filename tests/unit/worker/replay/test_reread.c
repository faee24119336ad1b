#include "worker/replay/reread.h"

#include "tests/support/exchange_fixture.h"
#include "tests/support/suite.h"

/* A reject as a page of its own. */
static struct exchange_fixture fixture;
static struct reread reread;
static struct err err;

static bool make(const char *keys, const char *record, const char *added)
{
    exchange_fixture_open(&fixture, "", keys);
    err = (struct err)ERR_INIT;
    return reread_make(fixture.arena, fixture.stream, str_from(record), str_from(added),
                       &reread, &err);
}

static void done(void)
{
    buf_done(&reread.body);
    exchange_fixture_close(&fixture);
}

static void expect_body(const char *body)
{
    ck_assert_msg(str_is(buf_str(&reread.body), body), "%.*s", STR_ARG(buf_str(&reread.body)));
}

START_TEST(a_record_alone)
{
    ck_assert(make("path: /x, merge_path: data, merge_strategy: extend", "{\"a\": 1}", ""));
    expect_body("{\"r\":[{\"a\": 1}]}");
    const struct merge *merge = &reread.stream.merge;
    ck_assert_uint_eq(merge->path.count, 2);
    ck_assert_int_eq(merge->path.steps[1].kind, PATH_EACH);
    ck_assert_int_eq(merge->strategy, MERGE_APPEND);
    ck_assert_uint_eq(merge->with_count, 0);
    done();
}
END_TEST

START_TEST(with_is_read_beside_it)
{
    ck_assert(make("path: /x, merge_path: \"o[*].l[*]\", with: {o: \"o[*].id\", r: \"{{ "
                   "response.x }}\", own: \"o[*].l[*].k\", v: 7}",
                   "{\"k\":1}", "{\"o\":5,\"r\":\"x\"}"));
    expect_body("{\"w\":{\"o\":5,\"r\":\"x\"},\"r\":[{\"k\":1}]}");
    const struct with_field *with = reread.stream.merge.with;
    ck_assert_uint_eq(reread.stream.merge.with_count, 4);
    ck_assert(with[0].is_path && with[0].anchor == WITH_BODY);
    ck_assert(with[1].is_path && str_is(with[1].path.steps[1].key, "r"));
    ck_assert_int_eq(with[2].anchor, WITH_RECORD);
    ck_assert(!with[3].is_path);
    ck_assert_int_eq(fixture.stream->merge.with[0].anchor, 1); /* the definition is as before */
    done();
}
END_TEST

static void expect_gone(const char *keys, const char *what)
{
    ck_assert(!make(keys, "{}", ""));
    ck_assert_int_eq(err.kind, ERR_INPUT);
    ck_assert_msg(str_starts(str_from(err.text), str_from(what)), "%s", err.text);
    exchange_fixture_close(&fixture);
}

START_TEST(what_needs_the_page_is_gone)
{
    expect_gone("path: /x, merge_path: data, with: {of: of}", "with.of reads the page");
    expect_gone("path: /x, merge_path: data, with: {n: \"{{ iteration }}\"}",
                "with.n reads the page");
    expect_gone("path: /x, merge_path: data, with: {n: \"{{ http.status }}\"}",
                "with.n reads the page");
    expect_gone("path: /x, merge_path: data, with: {k: \"{{ accumulated | length }}\"}",
                "with.k reads the page");
    expect_gone("path: /x, merge_path: data, where: \"{{ response.of == 1 }}\"",
                "where reads the page");
}
END_TEST

/* With `collect` the body is the record. */
START_TEST(the_whole_answer_was_the_record)
{
    ck_assert(make("path: /x, merge_strategy: collect, with: {of: of}", "{\"of\":1}", ""));
    ck_assert_int_eq(reread.stream.merge.with[0].anchor, WITH_RECORD);
    done();
}
END_TEST

SUITE("worker/replay/reread", a_record_alone, with_is_read_beside_it,
      what_needs_the_page_is_gone, the_whole_answer_was_the_record)

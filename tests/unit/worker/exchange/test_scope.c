#include "worker/exchange/scope.h"

#include "tests/support/exchange_fixture.h"
#include "tests/support/suite.h"

static struct exchange_fixture fixture;

static void check(const char *source, const char *json)
{
    struct expr *expr;
    struct value value = UNDEFINED_VALUE;
    ck_assert_ok(expr_compile(fixture.arena, str_from(source), &expr, &fixture.err),
                 fixture.err);
    ck_assert_ok(expr_eval(expr, &fixture.scope.expr, fixture.arena, &value, &fixture.err),
                 fixture.err);
    struct str got = exchange_fixture_json(fixture.arena, value);
    ck_assert_msg(str_is(got, json), "%s: %.*s", source, STR_ARG(got));
}

START_TEST(the_runs_values_have_names)
{
    setenv("TEST_TOKEN", "t-4711", 1);
    fixture.arena = arena_new();
    fixture.job = exchange_fixture_job();
    fixture.job.part = STR("{\"partition\":{\"site\":\"a\"}}");
    fixture.job.window_from = STR("2026-01-01T00:00:00Z");
    fixture.job.bookmark = STR("42");
    fixture.stream = exchange_fixture_stream(
        fixture.arena, "",
        "path: /x, headers: {h: '{{ env.TEST_TOKEN }}'}, bookmark: {path: id, start: '1'}");
    ck_assert_ok(scope_init(&fixture.scope, &fixture.job, fixture.stream, NULL, fixture.arena,
                            &fixture.err),
                 fixture.err);
    check("run", "{\"id\":7,\"started_at\":\"2026-01-02T03:04:05Z\"}");
    check("partition.site", "\"a\"");
    check("window", "{\"start\":\"2026-01-01T00:00:00Z\",\"end\":null}");
    check("bookmark", "42");
    check("env.TEST_TOKEN", "\"t-4711\"");
    check("secrets", "{}");
    check("now()", "\"2026-01-02T03:04:05Z\"");
}
END_TEST

START_TEST(vars_may_use_those_before_them)
{
    exchange_fixture_open(&fixture, "",
                          "path: /x, vars: {a: 1, b: '{{ vars.a + 1 }}', c: '{{ b + 1 }}'}");
    check("vars", "{\"a\":1,\"b\":2,\"c\":3}");
    check("workload.b", "2");
    check("c", "3");
    check("d is defined", "false");
    exchange_fixture_close(&fixture);
}
END_TEST

/* A name of ours cannot be taken over by a var. */
START_TEST(a_name_of_ours_comes_before_a_var)
{
    exchange_fixture_open(&fixture, "", "path: /x, vars: {iteration: 99}");
    check("iteration", "0");
    check("vars.iteration", "99");
    exchange_fixture_close(&fixture);
}
END_TEST

START_TEST(the_pages_values_follow_the_page)
{
    static const struct http_header headers[] = {{STR_INIT("x-a"), STR_INIT("1")}};
    exchange_fixture_open(&fixture, "", "path: /x, pagination: {type: page}");
    check("response is defined", "false");
    check("accumulated | length", "0");
    fixture.scope.response = exchange_fixture_value(fixture.arena, "{\"data\":[5]}");
    fixture.scope.status = 206;
    fixture.scope.headers = headers;
    fixture.scope.header_count = COUNT_OF(headers);
    fixture.scope.iteration = 3;
    fixture.scope.accumulated = 301;
    fixture.scope.last = STR("{\"id\":9}");
    check("response.data[0]", "5");
    check("http", "{\"status\":206,\"headers\":{\"x-a\":\"1\"}}");
    check("pager.page", "1");
    check("iteration", "3");
    check("accumulated | length", "301");
    check("accumulated[-1].id", "9");
    exchange_fixture_close(&fixture);
}
END_TEST

START_TEST(without_values_they_are_null_or_undefined)
{
    exchange_fixture_open(&fixture, "", "path: /x");
    check("bookmark", "null");
    check("window.start", "null");
    check("partition is defined", "false");
    check("vars", "{}");
    exchange_fixture_close(&fixture);
}
END_TEST

static void check_refused(const char *keys, enum err_kind kind, const char *part)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct job job = exchange_fixture_job();
    struct scope scope;
    struct err err = ERR_INIT;
    const struct stream *stream = exchange_fixture_stream(arena, "", keys);
    ck_assert(!scope_init(&scope, &job, stream, NULL, arena, &err));
    ck_assert_int_eq(err.kind, kind);
    ck_assert_msg(strstr(err.text, part), "%s", err.text);
}

START_TEST(what_is_not_there_yet_is_refused)
{
    unsetenv("TEST_NO_TOKEN");
    check_refused("path: /x, vars: {a: '{{ 1 / 0 }}'}", ERR_INPUT, "vars.a");
    check_refused("path: /x, vars: {a: '{{ pager.page }}'}", ERR_INPUT, "vars.a");
    check_refused("path: /x, headers: {a: '{{ env.TEST_NO_TOKEN }}'}", ERR_CONFIG,
                  "TEST_NO_TOKEN");
}
END_TEST

SUITE("worker/exchange/scope", the_runs_values_have_names, vars_may_use_those_before_them,
      a_name_of_ours_comes_before_a_var, the_pages_values_follow_the_page,
      without_values_they_are_null_or_undefined, what_is_not_there_yet_is_refused)

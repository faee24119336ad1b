#include "web/route.h"

#include "tests/support/suite.h"
#include "web/answer.h"

static struct arena *arena;
static struct str parts[ROUTE_PARTS_MAX];
static struct pg_value params[ROUTE_PARAMS_MAX];
static struct str why;

static const struct route *find(const char *method, const char *path)
{
    bool has_other;
    return route_find(str_from(method), str_from(path), parts, &has_other);
}

/* How many parameters; -1: one is wrong. */
static int fill(const char *path, const char *query)
{
    struct httpd_request request = {.path = str_from(path), .query = str_from(query)};
    size_t count;
    arena_free(arena); /* what it held is looked at until the next call */
    arena = arena_new();
    const struct route *route = find("GET", path);
    ck_assert_ptr_nonnull(route);
    return route_fill(route, &request, parts, 7000, arena, params, &count, &why) ? (int)count
                                                                                 : -1;
}

START_TEST(finds_the_path_and_its_parts)
{
    ck_assert_str_eq(find("GET", "/api/v1/streams")->query, "streams");
    ck_assert_str_eq(find("GET", "/api/v1/streams/shop.orders")->query, "stream");
    ck_assert_str_is(parts[0], "shop.orders");
    ck_assert_str_eq(find("GET", "/api/v1/runs/7/jobs/3/pages")->query, "pages");
    ck_assert_str_is(parts[0], "7");
    ck_assert_str_is(parts[1], "3");
    static const char *const none[] = {"",
                                       "/",
                                       "/api/v1",
                                       "/api/v1/",
                                       "/api/v1/streams/",
                                       "/api/v1/streams//columns",
                                       "/api/v1/streams/a/columns/",
                                       "/api/v1/streams/a/columns/b",
                                       "/api/v1/runs/7/jobs/3"};
    for (size_t i = 0; i < COUNT_OF(none); i++)
        ck_assert_msg(!find("GET", none[i]), "%s", none[i]);
}
END_TEST

START_TEST(knows_the_method)
{
    bool has_other;
    ck_assert_ptr_null(find("GET", "/api/v1/runs/7/cancel"));
    ck_assert_ptr_nonnull(find("POST", "/api/v1/runs/7/cancel"));
    route_find(STR("GET"), STR("/api/v1/runs/7/cancel"), parts, &has_other);
    ck_assert(has_other);
    route_find(STR("GET"), STR("/api/v1/nothing"), parts, &has_other);
    ck_assert(!has_other);
}
END_TEST

START_TEST(each_route_has_its_statement)
{
    static const char *const paths[] = {"overview",
                                        "streams",
                                        "streams/a",
                                        "streams/a/columns",
                                        "active",
                                        "runs",
                                        "streams/a/definition",
                                        "runs/1",
                                        "misfits",
                                        "runs/1/rejects",
                                        "runs/1/jobs/1/pages",
                                        "rejects",
                                        "workers",
                                        "queue",
                                        "rejects/1/record"};
    char path[64];
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        snprintf(path, sizeof path, "/api/v1/%s", paths[i]);
        ck_assert_msg(strstr(answer_query(find("GET", path)->query), "select "), "%s", path);
    }
}
END_TEST

START_TEST(fills_in_what_the_statement_wants)
{
    ck_assert_int_eq(fill("/api/v1/streams", "q=a%20b&page=2"), 5);
    ck_assert_str_is(params[0].text, "a b");
    ck_assert(params[1].is_null && params[2].is_null);
    ck_assert_int_eq(params[3].number, 2);
    ck_assert_int_eq(params[4].number, 50);
    ck_assert_int_eq(fill("/api/v1/streams/a%2Eb", ""), 1);
    ck_assert_str_is(params[0].text, "a.b");
    ck_assert_int_eq(fill("/api/v1/workers", "beat=1"), 1);
    ck_assert_int_eq(params[0].number, 7000);
}
END_TEST

START_TEST(refuses_what_is_out_of_range)
{
    ck_assert_int_eq(fill("/api/v1/streams", "limit=201"), -1);
    ck_assert_str_is(why, "limit is a number from 1 to 200");
    ck_assert_int_eq(fill("/api/v1/runs/x", ""), -1);
    ck_assert_int_eq(fill("/api/v1/runs/99999999999999999999", ""), -1);
    ck_assert_int_eq(fill("/api/v1/streams", "q=%00"), -1);
    ck_assert_str_is(why, "q is no text");
    ck_assert_int_eq(fill("/api/v1/streams", "q=%c3%28"), -1);
}
END_TEST

SUITE("web/route", finds_the_path_and_its_parts, knows_the_method, each_route_has_its_statement,
      fills_in_what_the_statement_wants, refuses_what_is_out_of_range)

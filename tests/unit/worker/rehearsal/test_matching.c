#include "worker/rehearsal/matching.h"

#include "tests/support/suite.h"

static const struct http_header json = {STR_INIT("Accept"), STR_INIT("application/json")};
static const struct http_header xml = {STR_INIT("accept"), STR_INIT("application/xml")};

static struct exchange get(const char *url)
{
    return (struct exchange){.method = STR("GET"), .url = str_from(url)};
}

static struct exchange post(const char *body)
{
    return (struct exchange){.method = STR("POST"),
                             .url = STR("http://h/x"),
                             .body = str_from(body),
                             .has_body = true};
}

static bool is_same_url(const char *recorded, const char *asked)
{
    struct exchange a = get(recorded), b = get(asked);
    return matching_is_same(&a, &b);
}

static bool is_same_body(const char *recorded, const char *asked)
{
    struct exchange a = post(recorded), b = post(asked);
    return matching_is_same(&a, &b);
}

START_TEST(urls_match_by_what_they_say)
{
    ck_assert(is_same_url("http://h/a?x=1&y=2", "http://h/a?x=1&y=2"));
    ck_assert(is_same_url("http://h/a?x=1&y=2", "http://h/a?y=2&x=1"));
    ck_assert(is_same_url("http://h/a%2Fb?q=a b", "http://h/a/b?q=a%20b"));
    ck_assert(is_same_url("http://h/a?q=a+b", "http://h/a?q=a%20b"));
    ck_assert(is_same_url("http://<env.HOST>/a?t=<hidden-1>",
                          "http://<env.HOST>/a?t=%3Chidden-1%3E"));
    ck_assert(is_same_url("http://h/a?x=1&x=2", "http://h/a?x=2&x=1"));
    ck_assert(!is_same_url("http://h/a?x=1&x=1", "http://h/a?x=1&x=2"));
    ck_assert(!is_same_url("http://h/a?x=1", "http://h/a?x=1&y=2"));
    ck_assert(!is_same_url("http://h/a?x=1&y=2", "http://h/a?x=1"));
    ck_assert(!is_same_url("http://h/a", "http://h/b"));
    ck_assert(!is_same_url("http://h/a", "https://h/a"));
    ck_assert(!is_same_url("http://h/100%", "http://h/100%25%"));
}
END_TEST

START_TEST(bodies_match_by_their_values)
{
    ck_assert(is_same_body("{\"a\":1,\"b\":[2]}", "{ \"b\": [2], \"a\": 1 }"));
    ck_assert(!is_same_body("{\"a\":1}", "{\"a\":2}"));
    ck_assert(is_same_body("a=1&b=2", "a=1&b=2"));
    ck_assert(!is_same_body("a=1&b=2", "a=1&b=3"));
    struct exchange with = post("{}"), without = post("");
    without.has_body = false;
    ck_assert(!matching_is_same(&with, &without));
}
END_TEST

/* A header that is taken out of the file is one that nobody looks at. */
START_TEST(recorded_headers_must_be_sent)
{
    struct exchange recorded = get("http://h/"), asked = get("http://h/");
    asked.headers = &json;
    asked.header_count = 1;
    ck_assert(matching_is_same(&recorded, &asked));
    recorded.headers = &xml;
    recorded.header_count = 1;
    ck_assert(!matching_is_same(&recorded, &asked));
    recorded.headers = &json;
    ck_assert(matching_is_same(&recorded, &asked));
    asked.header_count = 0;
    ck_assert(!matching_is_same(&recorded, &asked));
}
END_TEST

static const char *difference(struct exchange recorded, struct exchange asked)
{
    static struct arena *arena;
    if (!arena)
        arena = arena_new();
    struct str text = matching_difference(&recorded, &asked, arena);
    return arena_cstr(arena, text);
}

START_TEST(a_difference_is_said)
{
    struct exchange with_header = get("http://h/");
    with_header.headers = &json;
    with_header.header_count = 1;
    ck_assert_str_eq(difference(get("http://h/?p=2&s=1"), get("http://h/?s=1&p=3")),
                     "p is 3, recorded is 2");
    ck_assert_str_eq(difference(get("http://h/?p=2"), get("http://h/")),
                     "recorded has p=2, which is not asked for");
    ck_assert_str_eq(difference(get("http://h/"), get("http://h/?p=2")),
                     "recorded has no parameter p");
    ck_assert_str_eq(difference(get("http://h/a"), get("http://h/b?p=2")),
                     "recorded is http://h/a");
    ck_assert_str_eq(difference(post("{}"), get("http://h/x")), "recorded is POST");
    ck_assert_str_eq(difference(post("{\"a\":1}"), post("{}")),
                     "the body is another: recorded is {\"a\":1}");
    ck_assert_str_eq(difference(with_header, get("http://h/")),
                     "the header Accept is not sent, recorded is application/json");
}
END_TEST

START_TEST(the_nearest_is_the_one_with_the_most_in_common)
{
    struct exchange asked = get("http://h/a?p=3&s=1"), near = get("http://h/a?p=2&s=1"),
                    far = get("http://h/a?p=2&s=9"), other = get("http://h/b?p=3&s=1");
    ck_assert_int_gt(matching_nearness(&near, &asked), matching_nearness(&far, &asked));
    ck_assert_int_gt(matching_nearness(&far, &asked), matching_nearness(&other, &asked));
}
END_TEST

SUITE("worker/rehearsal/matching", urls_match_by_what_they_say, bodies_match_by_their_values,
      recorded_headers_must_be_sent, a_difference_is_said,
      the_nearest_is_the_one_with_the_most_in_common)

#include "worker/access/sigv4.h"

#include "tests/support/suite.h"

/*
 * The requests of AWS' test suite for Signature Version 4 (aws-sig-v4-test-suite), and the
 * example of the IAM User Guide. All at 2015-08-30 12:36:00 UTC.
 */
static const int64_t now_us = 1440938160000000;
static const struct sigv4 example = {.service = STR_INIT("service"),
                                     .region = STR_INIT("us-east-1"),
                                     .access_key = STR_INIT("AKIDEXAMPLE"),
                                     .secret_key =
                                         STR_INIT("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")};

static struct arena *arena;
static struct http_header made[SIGV4_HEADERS];
static size_t count;

static struct str header(const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(made[i].name, name))
            return made[i].value;
    return STR_NONE;
}

/* SignedHeaders and Signature; both live as long as the arena. */
static struct str sign(const struct sigv4 *sigv4, const struct http_request *http)
{
    struct err err = ERR_INIT;
    ck_assert_ok(sigv4_sign(sigv4, http, now_us, arena, made, &count, &err), err);
    struct str text = header("Authorization");
    ptrdiff_t at = str_find(text, STR("SignedHeaders="));
    return str_slice(text, (size_t)at + 14, text.len);
}

static struct str get(const char *url)
{
    const struct http_request http = {.method = STR("GET"), .url = str_from(url)};
    return sign(&example, &http);
}

START_TEST(requests_of_the_suite)
{
    static const struct {
        const char *path, *signature;
    } cases[] = {
        /* get-vanilla, get-vanilla-query-order-key-case, get-utf8 */
        {"/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"/?Param2=value2&Param1=value1",
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        {"/\xe1\x88\xb4", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    };
    arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str url = arena_printf(arena, "https://example.amazonaws.com%s", cases[i].path);
        struct str wanted =
            arena_printf(arena, "host;x-amz-date, Signature=%s", cases[i].signature);
        struct str got = get(url.ptr);
        ck_assert_msg(str_eq(got, wanted), "%s: %.*s", cases[i].path, STR_ARG(got));
    }
    ck_assert_str_is(header("X-Amz-Date"), "20150830T123600Z");
    ck_assert(str_starts(header("Authorization"),
                         STR("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/"
                             "service/aws4_request, ")));
    const struct http_request post = {.method = STR("POST"),
                                      .url = STR("https://example.amazonaws.com/")};
    ck_assert_str_is(sign(&example, &post),
                     "host;x-amz-date, Signature="
                     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
    arena_free(arena);
}
END_TEST

START_TEST(the_example_of_the_guide)
{
    arena = arena_new();
    struct sigv4 iam = example;
    iam.service = STR("iam");
    const struct http_header type = {STR("Content-Type"),
                                     STR("application/x-www-form-urlencoded; charset=utf-8")};
    const struct http_request http = {
        .method = STR("GET"),
        .url = STR("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08"),
        .headers = &type,
        .header_count = 1};
    ck_assert_str_is(sign(&iam, &http),
                     "content-type;host;x-amz-date, Signature="
                     "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    arena_free(arena);
}
END_TEST

/* What is signed is the same in whatever order it is written. */
START_TEST(the_order_of_a_query_is_no_matter)
{
    arena = arena_new();
    struct str one = get("https://h.example/?b=2&a=%2F&a=&a-b=1&c");
    struct str other = get("https://h.example/?c=&a=&a-b=1&a=%2F&b=2");
    ck_assert(str_eq(one, other));
    ck_assert(!str_eq(one, get("https://h.example/?b=2&a=%2f&a=&a-b=1&c")));
    ck_assert(!str_eq(one, get("https://h.example:8443/?b=2&a=%2F&a=&a-b=1&c")));
    arena_free(arena);
}
END_TEST

START_TEST(a_session_and_a_body_are_signed)
{
    arena = arena_new();
    struct sigv4 s3 = example;
    s3.service = STR("s3");
    s3.session_token = STR("AQoDYXdzEPT");
    const struct http_header headers[] = {{STR("X-Amz-Target"), STR(" a   b ")},
                                          {STR("Accept"), STR("x")}};
    struct http_request http = {.method = STR("PUT"),
                                .url = STR("https://b.s3.amazonaws.com/a%20b"),
                                .headers = headers,
                                .header_count = COUNT_OF(headers),
                                .body = STR("Welcome to Amazon S3."),
                                .has_body = true};
    struct str first = sign(&s3, &http);
    ck_assert(str_starts(first, STR("host;x-amz-content-sha256;x-amz-date;"
                                    "x-amz-security-token;x-amz-target, Signature=")));
    ck_assert_str_is(header("X-Amz-Security-Token"), "AQoDYXdzEPT");
    ck_assert_str_is(header("X-Amz-Content-Sha256"),
                     "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
    http.body = STR("other");
    ck_assert(!str_eq(first, sign(&s3, &http)));
    arena_free(arena);
}
END_TEST

SUITE("worker/access/sigv4", requests_of_the_suite, the_example_of_the_guide,
      the_order_of_a_query_is_no_matter, a_session_and_a_body_are_signed)

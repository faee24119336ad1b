#include "worker/exchange/request_sign.h"

#include "tests/support/exchange_fixture.h"
#include "tests/support/suite.h"

/* 2015-08-30 12:36:00.5 UTC, a Sunday */
static const int64_t now_us = 1440938160500000;

static struct exchange_fixture fixture;
static struct http_request http;

static bool sign(const char *auth, const char *stream_keys, const char *token)
{
    struct request request;
    setenv("TEST_KEY", "s3cret-4711", 1);
    if (fixture.arena)
        exchange_fixture_close(&fixture);
    exchange_fixture_open(&fixture, auth, stream_keys);
    fixture.err = (struct err)ERR_INIT;
    ck_assert_ok(request_build(fixture.stream, &fixture.pager, &fixture.scope, fixture.arena,
                               &request, &fixture.err),
                 fixture.err);
    const struct sign_with with = {&fixture.scope.expr, str_from(token), now_us};
    return request_sign(fixture.stream, &request, &with, fixture.arena, &http, &fixture.err);
}

static void signed_by(const char *auth, const char *stream_keys, const char *token)
{
    ck_assert_ok(sign(auth, stream_keys, token), fixture.err);
}

static struct str sent(const char *name)
{
    for (size_t i = 0; i < http.header_count; i++)
        if (str_is(http.headers[i].name, name))
            return http.headers[i].value;
    return STR_NONE;
}

#define LOGIN "auth: {type: login, url: /l, token_path: t, send: "

START_TEST(a_token_goes_where_it_is_said)
{
    signed_by("auth: {type: login, url: /l, token_path: t}", "path: /x", "t-1");
    ck_assert_str_is(sent("Authorization"), "Bearer t-1");
    signed_by(LOGIN "{header: authorization, prefix: 'Token '}}", "path: /x", "t-1");
    ck_assert_str_is(sent("authorization"), "Token t-1");
    signed_by(LOGIN "{header: X-S}}", "path: /x", "t-1");
    ck_assert_str_is(sent("X-S"), "t-1");
    signed_by(LOGIN "{param: 's s'}}", "path: /x?a=1", "t/1");
    ck_assert_str_is(http.url, "https://h.example/x?a=1&s%20s=t%2F1");
    signed_by(LOGIN "{cookie: sid}}", "path: /x, headers: {cookie: 'a=1', X-A: b}", "t-1");
    ck_assert_str_is(sent("Cookie"), "a=1; sid=t-1");
    ck_assert_str_is(sent("X-A"), "b");
    ck_assert_uint_eq(http.header_count, 2);
    ck_assert(!sign(LOGIN "{header: X-S}}", "path: /x", "t\r\nX-Other: 1"));
}
END_TEST

#define HMAC "auth: {type: hmac, key: '{{ env.TEST_KEY }}', "

/* printf MESSAGE | openssl dgst -sha256 -hmac s3cret-4711 */
START_TEST(a_query_that_is_signed_by_its_last_parameter)
{
    signed_by(HMAC "message: '{{ request.query }}', send: {param: signature}, time: epoch_ms, "
                   "time_param: timestamp}",
              "path: /api/v3/order, params: {symbol: LTCBTC}, pagination: {type: none}", "");
    ck_assert_str_is(
        http.url, "https://h.example/api/v3/order?symbol=LTCBTC&timestamp=1440938160500&"
                  "signature=8fa31e377b6ce6fac30c4cbcc510564dd09593dcf6cf9252bc83b45e34ac60da");
}
END_TEST

START_TEST(a_message_of_all_parts)
{
    signed_by(HMAC "message: '{{ request.time }}{{ request.method }}{{ request.path }}"
                   "{{ request.query }}{{ request.body }}', encode: base64, alg: sha512, "
                   "send: {header: X-Sign}, time_header: X-Time, time: iso}",
              "path: /a, method: POST, body: {b: 1}, pagination: {type: none}", "");
    ck_assert_str_is(sent("X-Time"), "2015-08-30T12:36:00Z");
    ck_assert_str_is(sent("X-Sign"), "X3WIoGN96xuCtagu5G00tiRrLFPrg8T4LeADwWqibn1TMlNSTvjgJxWMR"
                                     "xr7rzqWOx1xK1H5mle8+MQbL2R7hg==");
}
END_TEST

START_TEST(times_are_written_as_is_wanted)
{
    signed_by(HMAC "message: x, send: {header: X-S}, time_header: Date, time: http}",
              "path: /a", "");
    ck_assert_str_is(sent("Date"), "Sun, 30 Aug 2015 12:36:00 GMT");
    signed_by(HMAC "message: x, send: {header: X-S}, time_header: X-T}", "path: /a", "");
    ck_assert_str_is(sent("X-T"), "1440938160");
}
END_TEST

START_TEST(a_key_may_be_coded)
{
    setenv("TEST_HEX", "7333637265742d34373131", 1); /* printf s3cret-4711 | xxd -p */
    setenv("TEST_64", "czNjcmV0LTQ3MTE=", 1);
    static const char *const keys[] = {"key: '{{ env.TEST_KEY }}'",
                                       "key: '{{ env.TEST_HEX }}', key_encoding: hex",
                                       "key: '{{ env.TEST_64 }}', key_encoding: base64"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        AUTO_BUF(auth, KIB(1));
        buf_printf(&auth,
                   "auth: {type: hmac, %s, message: 'm', send: {header: Authorization, prefix: "
                   "'HMAC me:'}}",
                   keys[i]);
        signed_by(auth.ptr, "path: /a", "");
        ck_assert_str_is(
            sent("Authorization"),
            "HMAC me:da77c76448bf01c0d7530b7ad5198a3d12f763967788b1d0cedcfa77a300620f");
    }
    ck_assert(!sign("auth: {type: hmac, key: '{{ env.TEST_KEY }}', key_encoding: hex, message: "
                    "m, send: {header: X}}",
                    "path: /a", ""));
    ck_assert_msg(strstr(fixture.err.text, "not written in hexadecimal"), "%s",
                  fixture.err.text);
}
END_TEST

START_TEST(aws_signs_what_is_sent)
{
    signed_by("auth: {type: aws_sigv4, service: execute-api, region: eu-central-1, access_key: "
              "AKID, secret_key: '{{ env.TEST_KEY }}'}",
              "path: /a, params: {b: 2, a: 'x y'}, pagination: {type: none}", "");
    ck_assert_str_is(sent("X-Amz-Date"), "20150830T123600Z");
    ck_assert(str_starts(sent("Authorization"),
                         STR("AWS4-HMAC-SHA256 Credential=AKID/20150830/eu-central-1/"
                             "execute-api/aws4_request, SignedHeaders=host;x-amz-date, ")));
    ck_assert_str_is(http.url, "https://h.example/a?b=2&a=x%20y");
}
END_TEST

START_TEST(digest_is_libcurls)
{
    signed_by("auth: {type: digest, user: me, password: '{{ env.TEST_KEY }}'}", "path: /a", "");
    ck_assert_str_is(http.digest_user, "me");
    ck_assert_str_is(http.digest_password, "s3cret-4711");
}
END_TEST

SUITE("worker/exchange/request_sign", a_token_goes_where_it_is_said,
      a_query_that_is_signed_by_its_last_parameter, a_message_of_all_parts,
      times_are_written_as_is_wanted, a_key_may_be_coded, aws_signs_what_is_sent,
      digest_is_libcurls)

#include "config/credential.h"

#include "base/buf.h"
#include "tests/support/exchange_fixture.h"
#include "tests/support/suite.h"

static void put_found(void *ctx, struct str place, struct str value)
{
    buf_printf(ctx, "%.*s=%.*s\n", STR_ARG(place), STR_ARG(value));
}

START_TEST(literals_are_found_wherever_they_are_sent)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(found, KIB(4));
    const struct stream *stream = exchange_fixture_stream(
        arena,
        "proxy: 'http://me:abc6@p:3128'\nheaders: {X-Api-Key: abc1, Accept: text, Cookie: "
        "'a={{ env.A }}', X-As: Bearer "
        "abc0}\n",
        "path: '/x?token=abc2&q=1&api%5fkey=ab%2Bc9', method: POST, params: {password: abc3, "
        "page_token: x, "
        "apikey: '{{ env.K }}', sort: y}, body: {key: name, login: {user: me, password: 12345, "
        "keys: "
        "[{secret: abc4}]}}, vars: {client_secret: abc5}, pagination: {type: none, total: "
        "{path: n, request: {method: POST, path: /n, headers: {X-Api-Key: abc7}, body: "
        "{password: abc8}}}}");
    credential_find(stream, put_found, &found);
    ck_assert_str_is(buf_str(&found), "headers.X-Api-Key=abc1\n"
                                      "headers.X-As=Bearer abc0\n"
                                      "params.password=abc3\n"
                                      "vars.client_secret=abc5\n"
                                      "body.login.password=12345\n"
                                      "body.login.keys.secret=abc4\n"
                                      "total.request.headers.X-Api-Key=abc7\n"
                                      "total.request.body.password=abc8\n"
                                      "proxy=abc6\n"
                                      "path?token=abc2\n"
                                      "path?api_key=ab+c9\n");
}
END_TEST

SUITE("config/credential", literals_are_found_wherever_they_are_sent)

#include "port/httpd_request.h"

#include "tests/support/suite.h"

static struct httpd_request parse(const char *head)
{
    struct httpd_request request;
    ck_assert(httpd_request_parse(str_from(head), &request));
    return request;
}

START_TEST(reads_the_head)
{
    struct httpd_request request =
        parse("GET /api/v1/streams?q=a HTTP/1.1\r\nHost: h:1\r\nX-Empty:\r\nHost: second");
    ck_assert_str_is(request.method, "GET");
    ck_assert_str_is(request.path, "/api/v1/streams");
    ck_assert_str_is(request.query, "q=a");
    ck_assert_str_is(httpd_request_header(&request, STR("host")), "h:1");
    ck_assert_uint_eq(httpd_request_header(&request, STR("x-empty")).len, 0);
    ck_assert_uint_eq(httpd_request_header(&request, STR("x-none")).len, 0);
    ck_assert(!httpd_request_parse(STR("nonsense"), &request));
    ck_assert(!httpd_request_parse(STR("GET /x"), &request));
    ck_assert(!httpd_request_parse(STR("GET http://h/x HTTP/1.1"), &request));
}
END_TEST

START_TEST(decodes_parameters)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct httpd_request request =
        parse("GET /x?q=a%20b+c%2Fd&q=second&empty=&flag&bad=%zz%4 HTTP/1.1");
    ck_assert_str_is(httpd_request_param(arena, &request, STR("q")), "a b c/d");
    ck_assert_str_is(httpd_request_param(arena, &request, STR("empty")), "");
    ck_assert_str_is(httpd_request_param(arena, &request, STR("flag")), "");
    ck_assert_str_is(httpd_request_param(arena, &request, STR("none")), "");
    ck_assert_str_is(httpd_request_param(arena, &request, STR("bad")), "%zz%4");
}
END_TEST

START_TEST(knows_whose_page_asks)
{
    static const struct {
        const char *headers;
        bool is_same;
    } cases[] = {
        {"Host: localhost:9187", true},
        {"Host: localhost:9187\r\nOrigin: http://localhost:9187", true},
        {"Host: p.example\r\nOrigin: https://p.example\r\nSec-Fetch-Site: same-origin", true},
        {"Host: localhost:9187\r\nSec-Fetch-Site: none", true},
        {"Host: localhost:9187\r\nOrigin: http://localhost:3000", false},
        {"Host: localhost:9187\r\nOrigin: http://evil.example", false},
        {"Host: localhost:9187\r\nOrigin: null", false},
        {"Host: localhost:9187\r\nSec-Fetch-Site: same-site", false},
        {"Host: localhost:9187\r\nSec-Fetch-Site: cross-site", false},
        {"Origin: http://localhost:9187", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char head[256];
        snprintf(head, sizeof head, "POST /x HTTP/1.1\r\n%s", cases[i].headers);
        struct httpd_request request = parse(head);
        ck_assert_msg(httpd_request_is_same_origin(&request) == cases[i].is_same, "%s",
                      cases[i].headers);
    }
}
END_TEST

SUITE("port/httpd_request", reads_the_head, decodes_parameters, knows_whose_page_asks)

#include "port/http_headers.h"

#include "tests/support/suite.h"

START_TEST(collects_headers)
{
    static const char *const lines[] = {
        "HTTP/1.1 103 Early Hints\r\n",
        "Link: <early>\r\n",
        "\r\n",
        "HTTP/1.1 200 OK\r\n",
        "X-A:  1 \r\n",
        "no colon\r\n",
        "x-a: 2\r\n",
        "\t3\r\n",
        "\r\n",
        "X-Trailer: late\r\n",
    };
    struct http_headers headers = {.arena = arena_new()};
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        ck_assert(http_headers_take(&headers, str_from(lines[i])));
    ck_assert_uint_eq(headers.count, 2);
    ck_assert_str_is(headers.list[0].name, "x-a");
    ck_assert_str_is(headers.list[0].value, "1");
    ck_assert_str_is(headers.list[1].value, "2 3");
    headers = (struct http_headers){.arena = headers.arena};
    ck_assert(http_headers_take(&headers, STR("X: 1\r\n")));
    int taken = 0;
    while (http_headers_take(&headers, STR(" folded\r\n")))
        taken++;
    ck_assert_int_eq(taken, HTTP_FOLDED_MAX);
    headers = (struct http_headers){.arena = headers.arena};
    taken = 0;
    while (http_headers_take(&headers, STR("X: 0123456789\r\n")))
        taken++;
    ck_assert_int_eq(taken, HTTP_HEADERS_BYTES / 15);
    arena_free(headers.arena);
}
END_TEST

SUITE("port/http_headers", collects_headers)

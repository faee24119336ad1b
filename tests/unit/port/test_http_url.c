#include "port/http_url.h"

#include "tests/support/lines.h"
#include "tests/support/suite.h"

START_TEST(parses_urls)
{
    struct arena *arena = arena_new();
    struct err err = ERR_INIT;
    struct http_url a, b;
    ck_assert_ok(http_url_parse(arena, STR("HTTPS://API.Example/a%2Fb/../c?d=e%20f"), &a, &err),
                 err);
    ck_assert_str_is(a.scheme, "https");
    ck_assert_str_is(a.host, "api.example");
    ck_assert_int_eq(a.port, 443);
    ck_assert_str_is(a.path, "/a%2Fb/../c");
    ck_assert_str_is(a.query, "d=e%20f");
    ck_assert_ok(http_url_parse(arena, STR("https://api.example:443/"), &b, &err), err);
    ck_assert(http_url_same_origin(&a, &b));
    ck_assert_ok(http_url_parse(arena, STR("https://api.example:444/"), &b, &err), err);
    ck_assert(!http_url_same_origin(&a, &b));
    ck_assert_ok(http_url_parse(arena, STR("http://[2001:DB8::1]:81"), &b, &err), err);
    ck_assert_str_is(b.host, "2001:db8::1");
    ck_assert_int_eq(b.port, 81);
    static const char *const bad[] = {"",
                                      "/r",
                                      "api.example/r",
                                      "ftp://h/",
                                      "http://h/a b",
                                      "http://h/a\nb",
                                      "http://u@h/",
                                      "http://h:99999/"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        ck_assert_msg(!http_url_parse(arena, str_from(bad[i]), &b, &err), "%s", bad[i]);
    ck_assert_str_is(http_url_encode(arena, STR("aZ09-._~ /=&\xc3\xbc%")),
                     "aZ09-._~%20%2F%3D%26%C3%BC%25");
    arena_free(arena);
}
END_TEST

/* `base | reference`, in columns. */
START_TEST(resolves_references)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct line_cases all = lines_read(arena, "tests/tables/url_resolve.txt");
    for (size_t i = 0; i < all.count; i++) {
        struct str reference = all.items[i].input, base = str_trim(lines_take_cell(&reference));
        struct err err = ERR_INIT;
        struct str url = STR("!");
        bool done = http_url_resolve(arena, base, str_trim(reference), &url, &err);
        ck_assert_msg(str_eq(url, all.items[i].expected), "%s:%d: %.*s", all.items[i].path,
                      all.items[i].number, STR_ARG(url));
        ck_assert(done || err.kind == ERR_CONFIG);
    }
    ck_assert_int_ge(all.count, 30);
}
END_TEST

SUITE("port/http_url", parses_urls, resolves_references)

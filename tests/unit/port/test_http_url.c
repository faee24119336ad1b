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

START_TEST(percent_signs_are_undone)
{
    AUTO_ARENA struct arena *arena = arena_new();
    ck_assert_str_is(http_url_decode(arena, STR("a%2Eb+c%zz%4")), "a.b+c%zz%4");
    ck_assert_str_is(http_url_decode_query(arena, STR("a%2eb+c%2B%")), "a.b c+%");
    ck_assert_str_is(http_url_decode(arena, STR_NONE), "");
}
END_TEST

/* As it is written in a query, the name of a parameter, and whether it is that one. */
START_TEST(names_of_parameters_are_compared_in_one_way)
{
    static const struct {
        const char *written, *name;
        bool is_same;
    } table[] = {
        {"api_key", "api_key", true},
        {"api%5Fkey", "api_key", true},
        {"api%5fkey", "api_key", true},
        {"page%5bno%5D", "page[no]", true},
        {"page[no]", "page[no]", true},
        {"a+b", "a b", true},
        {"a%20b", "a b", true},
        {"a%2Bb", "a+b", true},
        {"a+b", "a+b", false},
        {"API_KEY", "api_key", false},
        {"api_keys", "api_key", false},
        {"api_ke", "api_key", false},
        {"a%5", "a%5", true},
        {"", "", true},
        {"%00", "", false},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++)
        ck_assert_msg(http_url_is_param(str_from(table[i].written), str_from(table[i].name)) ==
                          table[i].is_same,
                      "%s, %s", table[i].written, table[i].name);
}
END_TEST

static struct http_url parsed(struct arena *arena, const char *text)
{
    struct http_url url;
    struct err err = ERR_INIT;
    ck_assert_ok(http_url_parse(arena, str_from(text), &url, &err), err);
    return url;
}

START_TEST(a_unix_socket_stands_where_a_host_would)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct http_url url = parsed(arena, "http+unix://%2Frun%2Fapi%20x.sock/v1/x?a=%2F");
    ck_assert_str_is(url.socket, "/run/api x.sock");
    ck_assert_str_is(url.scheme, "http+unix");
    ck_assert_str_is(url.host, "localhost");
    ck_assert_str_is(url.path, "/v1/x");
    ck_assert_str_is(url.query, "a=%2F");
    ck_assert_str_is(http_url_origin(arena, &url), "http+unix://%2Frun%2Fapi%20x.sock");
    ck_assert_str_is(http_url_at_socket(arena, STR("HTTP+unix://%2Fa/v1/x?a=%2F")),
                     "http://localhost/v1/x?a=%2F");
    ck_assert_str_is(http_url_at_socket(arena, STR("http+unix://%2Fa?b")),
                     "http://localhost/?b");
    struct http_url same = parsed(arena, "HTTP+UNIX://%2frun%2Fapi%20x.sock"),
                    other = parsed(arena, "http+unix://%2Frun%2Fother.sock/v1/x"),
                    host = parsed(arena, "http://localhost/v1/x");
    ck_assert(http_url_same_origin(&url, &same));
    ck_assert(!http_url_same_origin(&url, &other));
    ck_assert(!http_url_same_origin(&url, &host));
    ck_assert_uint_eq(host.socket.len, 0);
    ck_assert_str_is(http_url_origin(arena, &host), "http://localhost:80");
}
END_TEST

START_TEST(what_is_no_socket_is_refused)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str longest = arena_printf(arena, "http+unix://%%2F%0106d/", 0),
               longer = arena_printf(arena, "http+unix://%%2F%0107d/", 0);
    const struct {
        struct str url;
        const char *why;
    } bad[] = {{STR("http+unix:///run/api.sock"), "where a host would"},
               {STR("http+unix://run%2Fapi.sock"), "where a host would"},
               {STR("http+unix://%2Frun%2/"), "two hexadecimal digits"},
               {STR("http+unix://%2Frun%00/"), "a NUL in its path"},
               {STR("http+unix://me:pass@%2Frun/"), "a URL holds credentials"},
               {longer, "over 107 bytes"}};
    struct http_url url;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err err = ERR_INIT;
        ck_assert(!http_url_parse(arena, bad[i].url, &url, &err));
        ck_assert_int_eq(err.kind, ERR_CONFIG);
        ck_assert_msg(strstr(err.text, bad[i].why), "%s", err.text);
        ck_assert_ptr_null(strstr(err.text, "pass"));
    }
    ck_assert_uint_eq(parsed(arena, longest.ptr).socket.len, 107);
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

SUITE("port/http_url", parses_urls, percent_signs_are_undone,
      names_of_parameters_are_compared_in_one_way, a_unix_socket_stands_where_a_host_would,
      what_is_no_socket_is_refused, resolves_references)

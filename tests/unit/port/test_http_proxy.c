#include "port/http_proxy.h"

#include "base/redact.h"
#include "tests/support/lines.h"
#include "tests/support/suite.h"

static struct arena *arena;
static struct err err = ERR_INIT;

static void forget(void)
{
    static const char *const names[] = {"http_proxy",  "HTTP_PROXY", "https_proxy",
                                        "HTTPS_PROXY", "all_proxy",  "ALL_PROXY",
                                        "no_proxy",    "NO_PROXY"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        unsetenv(names[i]);
}

static void start(void)
{
    arena = arena_new();
    forget();
}

static void expect_chosen(const char *setting, const char *url, const char *proxy)
{
    struct http_url parsed;
    struct str got = STR("!");
    ck_assert_ok(http_url_parse(arena, str_from(url), &parsed, &err), err);
    ck_assert_ok(http_proxy_choose(arena, str_from(setting), &parsed, &got, &err), err);
    ck_assert_str_is(got, proxy);
}

START_TEST(the_environment_counts_for_env_alone)
{
    start();
    setenv("https_proxy", "http://p:1", 1);
    setenv("ALL_PROXY", "http://p:2", 1);
    expect_chosen("", "https://h.example/", "");
    expect_chosen("http://own:3", "https://h.example/", "http://own:3");
    expect_chosen("env", "https://h.example/", "http://p:1");
    arena_free(arena);
}
END_TEST

START_TEST(the_scheme_of_the_url_chooses_the_variable)
{
    start();
    expect_chosen("env", "https://h.example/", "");
    setenv("HTTP_PROXY", "upper:1", 1);
    setenv("HTTPS_PROXY", "upper:2", 1);
    expect_chosen("env", "http://h.example/", "upper:1");
    expect_chosen("env", "https://h.example/", "upper:2");
    setenv("http_proxy", "lower:1", 1);
    setenv("https_proxy", "", 1);
    expect_chosen("env", "http://h.example/", "lower:1");
    expect_chosen("env", "https://h.example/", "upper:2");
    unsetenv("HTTPS_PROXY");
    expect_chosen("env", "https://h.example/", "");
    setenv("all_proxy", "socks5h://all", 1);
    expect_chosen("env", "https://h.example/", "socks5h://all");
    setenv("NO_PROXY", "h.example", 1);
    expect_chosen("env", "https://h.example/", "");
    expect_chosen("own:3", "https://h.example/", "own:3");
    expect_chosen("env", "http+unix://%2Fa.sock/", "");
    expect_chosen("own:3", "http+unix://%2Fa.sock/", "");
    arena_free(arena);
}
END_TEST

START_TEST(no_proxy_is_a_list_of_names_addresses_and_networks)
{
    start();
    struct line_cases all = lines_read(arena, "tests/tables/no_proxy.txt");
    for (size_t i = 0; i < all.count; i++) {
        struct str rest = all.items[i].input, list = lines_take_cell(&rest),
                   host = str_trim(lines_take_cell(&rest));
        int64_t port;
        ck_assert(str_to_int64(str_trim(rest), &port));
        bool is_direct = http_proxy_leaves_out(list, host, (int)port);
        ck_assert_msg(str_is(all.items[i].expected, is_direct ? "direct" : "proxy"),
                      "%s:%d: %.*s", all.items[i].path, all.items[i].number,
                      STR_ARG(all.items[i].input));
    }
    ck_assert_int_ge(all.count, 30);
    arena_free(arena);
}
END_TEST

START_TEST(what_is_no_proxy_is_refused_and_not_shown)
{
    static const char *const bad[] = {
        "ftp://me:pa55word@h:1",  "http://me:pa55word@h:99999", "http://",
        "http://me:pa55word@:80", "http://me:pa55word@h h",     "env://me:pa55word@h"};
    static const char *const good[] = {"h",           "h:3128",       "http://h",
                                       "https://h:8", "u:p@h:3128",   "socks5://u:p@[::1]:1080",
                                       "socks4a://h", "http://h:80/", "SOCKS5H://h"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        ck_assert_msg(!http_proxy_check(str_from(bad[i]), &err), "%s", bad[i]);
        ck_assert_int_eq(err.kind, ERR_CONFIG);
        ck_assert_msg(!strstr(err.text, "pa55word"), "%s", err.text);
    }
    for (size_t i = 0; i < COUNT_OF(good); i++)
        ck_assert_ok(http_proxy_check(str_from(good[i]), &err), err);
    start();
    setenv("https_proxy", "gopher://me:pa55word@h", 1);
    struct http_url url;
    struct str ignored;
    ck_assert_ok(http_url_parse(arena, STR("https://h.example/"), &url, &err), err);
    ck_assert(!http_proxy_choose(arena, STR("env"), &url, &ignored, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "https_proxy: its scheme is none of"));
    arena_free(arena);
}
END_TEST

START_TEST(credentials_of_a_proxy_are_not_shown)
{
    start();
    setenv("https_proxy", "http://me:pa%2455word@p:1", 1);
    expect_chosen("env", "https://h.example/", "http://me:pa%2455word@p:1");
    ck_assert_str_is(redact_str(arena, STR("it was pa$55word, that is bWU6cGEkNTV3b3Jk")),
                     "it was <proxy>, that is <proxy>");
    expect_chosen("me:0therw0rd@p:1", "https://h.example/", "me:0therw0rd@p:1");
    ck_assert_str_is(redact_str(arena, STR("me:0therw0rd@p")), "<proxy>@p");
    arena_free(arena);
}
END_TEST

SUITE("port/http_proxy", the_environment_counts_for_env_alone,
      the_scheme_of_the_url_chooses_the_variable,
      no_proxy_is_a_list_of_names_addresses_and_networks,
      what_is_no_proxy_is_refused_and_not_shown, credentials_of_a_proxy_are_not_shown)

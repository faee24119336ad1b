#include "worker/access/origin.h"

#include "base/redact.h"
#include "tests/support/exchange_fixture.h"
#include "tests/support/suite.h"

static struct err err = ERR_INIT;

/* 'h': home, with credentials; 'a': allowed, without; '!': ERR_INPUT; 'c': ERR_CONFIG. */
static const struct {
    const char *home, *url;
    char verdict;
} table[] = {
    {"https://h.example/x", "https://h.example/y?a=1", 'h'},
    {"https://h.example/x", "https://H.EXAMPLE:443/y", 'h'},
    {"https://h.example/x", "https://h.example:8443/y", '!'},
    {"https://h.example/x", "https://h.example.evil.example/y", '!'},
    {"https://h.example/x", "https://cdn.example/y", 'a'},
    {"https://h.example/x", "https://CDN.example:99/y", 'a'},
    {"https://h.example/x", "https://files.example:8443/y", 'a'},
    {"https://h.example/x", "https://files.example/y", '!'},
    {"https://h.example/x", "https://[2001:db8::1]:444/y", 'a'},
    {"https://h.example/x", "https://[2001:db8::1]/y", '!'},
    {"https://h.example/x", "http://h.example/y", '!'},
    {"https://h.example/x", "http://cdn.example/y", '!'},
    {"http://h.example/x", "http://cdn.example/y", 'a'},
    {"https://h.example/x", "ftp://h.example/y", 'c'},
    {"https://h.example/x", "https://u:p@h.example/y", 'c'},
    {"http+unix://%2Fa.sock/x", "http+unix://%2fa.sock/y", 'h'},
    {"http+unix://%2Fa.sock/x", "http+unix://%2Fb.sock/y", '!'},
    {"http+unix://%2Fa.sock/x", "http://localhost/y", '!'},
    {"http+unix://%2Fa.sock/x", "https://cdn.example/y", 'a'},
    {"http://localhost/x", "http+unix://%2Fa.sock/y", '!'},
};

static char verdict_of(const struct stream *stream, struct arena *arena, const char *home,
                       const char *url)
{
    bool is_home = false;
    if (origin_check(stream, arena, str_from(home), str_from(url), &is_home, &err))
        return is_home ? 'h' : 'a';
    return err.kind == ERR_CONFIG ? 'c' : '!';
}

START_TEST(requests_stay_where_the_definition_allows)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct stream *stream = exchange_fixture_stream(
        arena, "allow_hosts: [cdn.example, 'files.example:8443', '[2001:db8::1]:444']",
        "path: /x");
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        char got = verdict_of(stream, arena, table[i].home, table[i].url);
        ck_assert_msg(got == table[i].verdict, "%s to %s: %c", table[i].home, table[i].url,
                      got);
    }
}
END_TEST

START_TEST(https_is_left_only_where_http_is_allowed)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct stream *stream = exchange_fixture_stream(
        arena, "allow_hosts: [cdn.example]\nallow_http: true", "path: /x");
    ck_assert_int_eq(verdict_of(stream, arena, "https://h.example/x", "http://cdn.example/y"),
                     'a');
}
END_TEST

START_TEST(only_what_the_definition_names_may_be_private)
{
    AUTO_ARENA struct arena *arena = arena_new();
    ck_assert(origin_names_private(arena, STR("http://127.0.0.1:80/x"),
                                   STR("http://127.0.0.1:81/y")));
    ck_assert(
        origin_names_private(arena, STR("http://localhost/x"), STR("http://localhost/y")));
    ck_assert(
        !origin_names_private(arena, STR("http://h.example/x"), STR("http://127.0.0.1/y")));
    ck_assert(!origin_names_private(arena, STR("http://10.0.0.1/x"), STR("http://10.0.0.2/y")));
    ck_assert(
        !origin_names_private(arena, STR("http://h.example/x"), STR("http://h.example/y")));
}
END_TEST

START_TEST(a_host_has_its_port)
{
    AUTO_ARENA struct arena *arena = arena_new();
    ck_assert_str_is(origin_host(arena, STR("https://H.example/x")), "h.example:443");
    ck_assert_str_is(origin_host(arena, STR("http://h.example:81")), "h.example:81");
    ck_assert_uint_eq(origin_host(arena, STR("no url")).len, 0);
}
END_TEST

/* A link of a page of https://h.example:444/v1/x; "!": refused. */
static void check_link_to(struct arena *arena, const struct stream *stream, bool is_to_file,
                          const char *reference, const char *wanted)
{
    const struct origin_link link = {STR("https://h.example:444/v1/x?a=1"),
                                     STR("https://h.example:444/v1/x"), str_from(reference),
                                     is_to_file};
    struct str url = STR("!");
    bool is_home;
    err = (struct err)ERR_INIT;
    (void)!origin_follow(stream, arena, &link, &url, &is_home, &err);
    ck_assert_msg(str_is(url, wanted), "%s: %.*s %s", reference, STR_ARG(url), err.text);
}

static void check_link(struct arena *arena, const struct stream *stream, const char *reference,
                       const char *wanted)
{
    check_link_to(arena, stream, false, reference, wanted);
}

static const struct stream *stream_with_credentials(struct arena *arena)
{
    return exchange_fixture_stream(
        arena,
        "allow_hosts: [cdn.example]\n"
        "auth: {type: api_key, in: query, name: api_key, value: '{{ env.K }}'}",
        "path: /x, params: {sig: '{{ secrets.s }}', access_token: literal, page: 1}, "
        "pagination: {type: response_based, merge_strategy: append, continue_while: 'true', "
        "next_page: {params: {k: '{{ env.K }}', password: literal, at: 1}}}");
}

/* The API may send our key back in its links. */
START_TEST(credentials_leave_a_url_and_the_rest_stays)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct stream *stream = stream_with_credentials(arena);
    check_link(arena, stream, "?page=2&api_key=k", "https://h.example:444/v1/x?page=2");
    check_link(arena, stream, "?api_key=k&page=%32&sig=s",
               "https://h.example:444/v1/x?page=%32");
    check_link(arena, stream, "?api%5Fkey=k", "https://h.example:444/v1/x");
    check_link(arena, stream, "?api_keys=k&&a", "https://h.example:444/v1/x?api_keys=k&&a");
    check_link(arena, stream, "?k=k&at=1&access_token=l&password=l",
               "https://h.example:444/v1/x?at=1&access_token=l&password=l");
    check_link(arena, stream, "/v1/x", "https://h.example:444/v1/x");
}
END_TEST

/* Nor does a literal one go elsewhere, where the API writes it into a link. */
START_TEST(no_credential_goes_elsewhere_in_a_link)
{
    AUTO_ARENA struct arena *arena = arena_new();
    check_link(arena, stream_with_credentials(arena),
               "https://cdn.example/y?a=1&access%5Ftoken=l&password=l&k=k&api_key=k&sig=s&at=1",
               "https://cdn.example/y?a=1&at=1");
}
END_TEST

START_TEST(the_signature_of_a_file_stays_and_our_secret_does_not)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct stream *stream = stream_with_credentials(arena);
    redact_add(STR("env.K"), STR("s3cr3t+value"));
    check_link_to(arena, stream, true, "https://cdn.example/f?sig=theirs&access_token=t&b",
                  "https://cdn.example/f?sig=theirs&access_token=t&b");
    check_link_to(arena, stream, true, "https://cdn.example/f?sig=t&api_key=s3cr3t%2Bvalue&b",
                  "https://cdn.example/f?sig=t&b");
    check_link_to(arena, stream, true, "/f?sig=t&b", "https://h.example:444/f?b");
    redact_clear();
}
END_TEST

START_TEST(links_are_rebased_where_that_is_asked)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct stream *plain = exchange_fixture_stream(arena, "", "path: /x");
    const struct stream *rebased = exchange_fixture_stream(
        arena, "rebase_links: true\nallow_hosts: [cdn.example]", "path: /x");
    check_link(arena, plain, "?a=2", "https://h.example:444/v1/x?a=2");
    check_link(arena, plain, "http://h.example/v1/y", "!");
    ck_assert_msg(strstr(err.text, "this may be a proxy: rebase_links"), "%s", err.text);
    check_link(arena, plain, "https://h.example/", "!");
    ck_assert_msg(strstr(err.text, "allow_hosts may name it; behind a proxy"), "%s", err.text);
    check_link(arena, rebased, "http://in.example:81/v1/y?b=%7e",
               "https://h.example:444/v1/y?b=%7e");
    check_link(arena, rebased, "http://in.example?b", "https://h.example:444/?b");
    check_link(arena, rebased, "https://cdn.example/y", "https://cdn.example/y");
    check_link(arena, rebased, "ftp://in.example/y", "!");
}
END_TEST

SUITE("worker/access/origin", requests_stay_where_the_definition_allows,
      https_is_left_only_where_http_is_allowed, only_what_the_definition_names_may_be_private,
      a_host_has_its_port, links_are_rebased_where_that_is_asked,
      credentials_leave_a_url_and_the_rest_stays, no_credential_goes_elsewhere_in_a_link,
      the_signature_of_a_file_stays_and_our_secret_does_not)

#include "worker/exchange/request.h"

#include "tests/support/exchange_fixture.h"
#include "tests/support/suite.h"
#include "worker/exchange/count_request.h"

static struct exchange_fixture fixture;
static struct request request;

static void open_request_as_is(const char *source_keys, const char *stream_keys)
{
    if (fixture.arena)
        exchange_fixture_close(&fixture);
    exchange_fixture_open(&fixture, source_keys, stream_keys);
    fixture.err = (struct err)ERR_INIT;
}

static void open_request(const char *source_keys, const char *stream_keys)
{
    setenv("TEST_TOKEN", "t-4711", 1);
    open_request_as_is(source_keys, stream_keys);
}

static bool build(void)
{
    return request_build(fixture.stream, &fixture.pager, &fixture.scope, fixture.arena,
                         &request, &fixture.err);
}

static void build_from(const char *source_keys, const char *stream_keys)
{
    open_request(source_keys, stream_keys);
    ck_assert_ok(build(), fixture.err);
}

/* The value of a header that is sent; empty: it is not. */
static struct str sent(const char *name)
{
    for (size_t i = 0; i < request.http.header_count; i++)
        if (str_is(request.http.headers[i].name, name))
            return request.http.headers[i].value;
    return STR_NONE;
}

START_TEST(the_url_holds_params_encoded_once)
{
    build_from("", "path: /a%20b, params: {q: 'a&b c', ids: [1, 2], gone: null, on: true, m: "
                   "{k: 1}}, pagination: {type: none}");
    ck_assert_str_is(request.url, "https://h.example/a%20b?q=a%26b%20c&ids=1&ids=2&on=true&m="
                                  "%7B%22k%22%3A1%7D");
    ck_assert(str_eq(request.http.url, request.url));
    ck_assert_str_is(request.home_url, "https://h.example/a%20b");
    ck_assert_str_is(request.host, "h.example:443");
    ck_assert_str_is(request.http.method, "GET");
    ck_assert(!request.http.has_body);
}
END_TEST

START_TEST(the_pager_replaces_the_streams_own)
{
    build_from("", "path: /x, params: {page: 9, size: 5}, pagination: {type: page}");
    ck_assert_str_is(request.url, "https://h.example/x?size=5&page=1");
    fixture.pager.url = STR("https://h.example/x?cursor=c");
    ck_assert_ok(build(), fixture.err);
    ck_assert_str_is(request.url, "https://h.example/x?cursor=c");
}
END_TEST

/* However the API writes its name in the URL of a file. */
START_TEST(the_page_of_a_file_replaces_the_parameter_that_is_there)
{
    open_request("", "path: /x, pagination: {type: page, param: 'page[no] x'}");
    fixture.pager.is_file = true;
    fixture.pager.url = STR("https://h.example/f?a=%5b&page%5bno%5d+x=0&page[no]%20x=1");
    ck_assert_ok(build(), fixture.err);
    ck_assert_str_is(request.http.url, "https://h.example/f?a=%5b&page%5Bno%5D%20x=1");
}
END_TEST

START_TEST(the_pager_reaches_into_a_body)
{
    build_from("", "path: /x, method: POST, body: {q: {a: 1}}, pagination: {type: cursor, "
                   "cursor_path: next, param: 'body:q.after'}");
    ck_assert_str_is(request.http.body, "{\"q\":{\"a\":1}}");
    ck_assert_str_is(sent("Content-Type"), "application/json");
    ck_assert(request.http.is_once);
    fixture.pager.cursor = value_string(STR("c1"));
    ck_assert_ok(build(), fixture.err);
    ck_assert_str_is(request.http.body, "{\"q\":{\"a\":1,\"after\":\"c1\"}}");
}
END_TEST

START_TEST(bodies_have_their_types)
{
    build_from("", "path: /x, method: POST, idempotent: true, body: {a: 'b c', n: null}, "
                   "body_type: form");
    ck_assert_str_is(request.http.body, "a=b%20c");
    ck_assert_str_is(sent("Content-Type"), "application/x-www-form-urlencoded");
    ck_assert(!request.http.is_once);
    build_from("", "path: /x, method: POST, body: 'x', body_type: text, headers: "
                   "{content-type: text/csv}");
    ck_assert_str_is(request.http.body, "x");
    ck_assert_str_is(sent("content-type"), "text/csv");
    ck_assert_uint_eq(request.http.header_count, 1);
}
END_TEST

START_TEST(auth_says_who_asks)
{
    build_from("auth: {type: bearer, token: '{{ env.TEST_TOKEN }}'}", "path: /x");
    ck_assert_str_is(sent("Authorization"), "Bearer t-4711");
    build_from("auth: {type: basic, user: me, password: '{{ env.TEST_TOKEN }}'}", "path: /x");
    ck_assert_str_is(sent("Authorization"), "Basic bWU6dC00NzEx");
    build_from("auth: {type: api_key, name: X-Key, value: '{{ env.TEST_TOKEN }}'}", "path: /x");
    ck_assert_str_is(sent("X-Key"), "t-4711");
    build_from("auth: {type: api_key, in: query, name: k, value: '{{ env.TEST_TOKEN }}'}",
               "path: /x, params: {a: 1}, pagination: {type: none}");
    ck_assert_str_is(request.url, "https://h.example/x?a=1");
    ck_assert_str_is(request.http.url, "https://h.example/x?a=1&k=t-4711");
}
END_TEST

/* Another token is another peer, but not another page. */
START_TEST(credentials_are_not_in_the_hash)
{
    const char *keys = "path: /x, headers: {x-k: '{{ env.TEST_TOKEN }}', x-a: b}, "
                       "params: {k: '{{ env.TEST_TOKEN }}'}, pagination: {type: page}";
    build_from("", keys);
    struct request first = request;
    setenv("TEST_TOKEN", "t-4712", 1);
    exchange_fixture_close(&fixture);
    exchange_fixture_open(&fixture, "", keys);
    ck_assert_ok(build(), fixture.err);
    ck_assert(request.hash == first.hash);
    ck_assert(request.credential != first.credential);
    fixture.pager.number = 2;
    ck_assert_ok(build(), fixture.err);
    ck_assert(request.hash != first.hash);
}
END_TEST

START_TEST(elsewhere_it_goes_without_credentials)
{
    build_from(
        "allow_hosts: [cdn.example]\nauth: {type: bearer, token: '{{ env.TEST_TOKEN }}'}",
        "path: /x, params: {k: '{{ env.TEST_TOKEN }}'}, headers: {x-a: b}, "
        "pagination: {type: none}");
    ck_assert_ok(
        request_redirect(fixture.arena, STR("https://cdn.example/y"), &request, &fixture.err),
        fixture.err);
    ck_assert_str_is(request.http.url, "https://cdn.example/y");
    ck_assert_str_is(request.host, "cdn.example:443");
    ck_assert_str_is(sent("x-a"), "b");
    ck_assert_uint_eq(sent("Authorization").len, 0);
    ck_assert_ok(
        request_redirect(fixture.arena, STR("https://h.example/z"), &request, &fixture.err),
        fixture.err);
    ck_assert_str_is(request.http.url, "https://h.example/z?k=t-4711");
    ck_assert_str_is(sent("Authorization"), "Bearer t-4711");
    struct str before = request.http.url;
    ck_assert(
        !request_redirect(fixture.arena, STR("https://evil.example/"), &request, &fixture.err));
    ck_assert_int_eq(fixture.err.kind, ERR_INPUT);
    ck_assert(str_eq(request.http.url, before));
}
END_TEST

/* A link of the pager's may lead to an allowed host, too. */
START_TEST(a_link_elsewhere_goes_without_credentials)
{
    open_request("allow_hosts: [cdn.example]",
                 "path: /x, headers: {x-k: '{{ env.TEST_TOKEN }}'}, params: {k: "
                 "'{{ env.TEST_TOKEN }}'}");
    fixture.pager.url = STR("https://cdn.example/y");
    ck_assert_ok(build(), fixture.err);
    ck_assert_str_is(request.http.url, "https://cdn.example/y");
    ck_assert_uint_eq(request.http.header_count, 0);
    ck_assert(request.credential == 0);
}
END_TEST

START_TEST(a_body_with_a_credential_stays_at_home)
{
    build_from("allow_hosts: [cdn.example]",
               "path: /x, method: POST, body: {k: '{{ env.TEST_TOKEN }}'}");
    ck_assert(
        !request_redirect(fixture.arena, STR("https://cdn.example/y"), &request, &fixture.err));
    ck_assert_ptr_nonnull(strstr(fixture.err.text, "credential"));
}
END_TEST

/* Members of next_page that are credentials come from the definition, on every page but one. */
START_TEST(next_page_has_its_credentials_anew)
{
    build_from("", "path: /x, pagination: {type: response_based, merge_strategy: append, "
                   "continue_while: 'true', next_page: {headers: {x-k: "
                   "'{{ env.TEST_TOKEN }}'}, params: {k: '{{ env.TEST_TOKEN }}'}}}");
    ck_assert_str_is(request.http.url, "https://h.example/x");
    fixture.pager.page = 1;
    ck_assert_ok(build(), fixture.err);
    ck_assert_str_is(request.http.url, "https://h.example/x?k=t-4711");
    ck_assert_str_is(sent("x-k"), "t-4711");
}
END_TEST

/* Where a file elsewhere is asked for by page, or a cursor elsewhere goes into the query. */
static void check_refused(const char *part)
{
    ck_assert(!build());
    ck_assert_int_eq(fixture.err.kind, ERR_INPUT);
    ck_assert_msg(strstr(fixture.err.text, part), "%s", fixture.err.text);
    fixture.err = (struct err)ERR_INIT;
}

#define CURSOR_IN(place) "pagination: {type: cursor, cursor_path: next, param: " place "}"

START_TEST(what_pages_a_file_elsewhere_is_no_credential)
{
    static const struct {
        const char *place, *cursor;
        bool may_leave;
    } table[] = {
        {CURSOR_IN("after"), "c1", true},
        {CURSOR_IN("page_token"), "c1", true},
        {CURSOR_IN("session_id"), "c1", false},
        {CURSOR_IN("after"), "x.t-471122.y", false},
        {CURSOR_IN("'header:X-After'"), "c1", true},
        {CURSOR_IN("'header:X-Session-Id'"), "c1", false},
        {CURSOR_IN("'header:X-After'"), "Bearer c1", false},
        {CURSOR_IN("'header:X-After'"), "x.t-471122.y", false},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        char keys[256];
        snprintf(keys, sizeof keys, "path: /x, headers: {X-K: '{{ env.TEST_TOKEN }}'}, %s",
                 table[i].place);
        setenv("TEST_TOKEN", "t-471122", 1);
        open_request_as_is("allow_hosts: [cdn.example]", keys);
        fixture.pager.is_file = true;
        fixture.pager.cursor = value_string(str_from(table[i].cursor));
        fixture.pager.url = STR("https://h.example/f?a=1");
        ck_assert_ok(build(), fixture.err);
        fixture.pager.url = STR("https://cdn.example/f?a=1");
        if (!table[i].may_leave) {
            check_refused("holds a credential, which cannot go to another origin");
            continue;
        }
        ck_assert_ok(build(), fixture.err);
        ck_assert_uint_eq(sent("X-K").len, 0);
    }
}
END_TEST

/* One that the definition gives to next_page is left out of the query, as of the headers. */
START_TEST(a_url_elsewhere_goes_without_credentials_of_next_page)
{
    open_request("allow_hosts: [cdn.example]\nvars: {api_key: literal}",
                 "url: \"{{ pager.cursor or 'https://h.example/x' }}\", "
                 "headers: {X-V: '{{ vars.api_key }}'}, params: {v: '{{ vars.api_key }}'}, "
                 "pagination: {type: response_based, merge_strategy: append, "
                 "continue_while: 'true', next_page: {headers: {X-W: '{{ vars.api_key }}'}, "
                 "params: {w: '{{ vars.api_key }}', k: '{{ env.TEST_TOKEN }}'}}}");
    fixture.pager.page = 1;
    fixture.pager.params = exchange_fixture_value(
        fixture.arena, "{\"w\": \"literal\", \"password\": \"p\", \"at\": 1}");
    fixture.pager.headers = exchange_fixture_value(
        fixture.arena, "{\"X-W\": \"literal\", \"X-Basic\": \"Basic Zm9v\", \"X-At\": 1}");
    ck_assert_ok(build(), fixture.err);
    ck_assert_str_is(request.http.url, "https://h.example/x?v=literal&w=literal&password=p&"
                                       "at=1&k=t-4711");
    ck_assert_str_is(sent("X-W"), "literal");
    ck_assert_str_is(sent("X-V"), "literal");
    ck_assert_ok(
        request_redirect(fixture.arena, STR("https://cdn.example/y"), &request, &fixture.err),
        fixture.err);
    ck_assert_uint_eq(request.http.header_count, 1);
    fixture.pager.cursor = value_string(STR("https://cdn.example/x"));
    ck_assert_ok(build(), fixture.err);
    ck_assert_str_is(request.http.url, "https://cdn.example/x?at=1");
    ck_assert_str_is(sent("X-At"), "1");
    ck_assert_uint_eq(request.http.header_count, 1);
}
END_TEST

static void redirect_is_refused(void)
{
    ck_assert(
        !request_redirect(fixture.arena, STR("https://cdn.example/y"), &request, &fixture.err));
    ck_assert_msg(strstr(fixture.err.text, "the body holds a credential"), "%s",
                  fixture.err.text);
}

START_TEST(a_body_with_a_credential_of_the_paging_stays_at_home)
{
    build_from("allow_hosts: [cdn.example]",
               "path: /x, method: POST, body: {q: 1}, " CURSOR_IN("'body:auth.after'"));
    fixture.pager.cursor = value_string(STR("c1"));
    ck_assert_ok(build(), fixture.err);
    redirect_is_refused();
    build_from("allow_hosts: [cdn.example]\nvars: {password: p}",
               "path: /x, method: POST, body: {q: '{{ vars.password }}'}");
    redirect_is_refused();
}
END_TEST

/* An API may say our secret back in what the next body is made of. */
START_TEST(a_body_with_the_value_of_a_secret_stays_at_home)
{
    const char *keys = "path: /x, headers: {X-K: '{{ env.TEST_TOKEN }}'}, method: POST, "
                       "body: {q: 1}, " CURSOR_IN("'body:after'");
    setenv("TEST_TOKEN", "t-471122", 1);
    open_request_as_is("allow_hosts: [cdn.example]", keys);
    fixture.pager.cursor = value_string(STR("c1"));
    ck_assert_ok(build(), fixture.err);
    struct request harmless = request;
    ck_assert_ok(
        request_redirect(fixture.arena, STR("https://cdn.example/y"), &harmless, &fixture.err),
        fixture.err);
    fixture.pager.cursor = value_string(STR("c.t-471122"));
    ck_assert_ok(build(), fixture.err);
    redirect_is_refused();
}
END_TEST

/* `total` is asked for with a body and params of its own, and may be redirected, too. */
START_TEST(the_request_of_a_total_takes_no_credential_elsewhere)
{
    open_request("allow_hosts: [cdn.example]",
                 "path: /x, pagination: {type: page, total: {path: n, request: {method: POST, "
                 "path: /count, body: {k: '{{ env.TEST_TOKEN }}'}}}}");
    ck_assert_ok(count_request_build(fixture.stream, &fixture.scope, fixture.arena, &request,
                                     &fixture.err),
                 fixture.err);
    ck_assert_str_is(request.http.body, "{\"k\":\"t-4711\"}");
    redirect_is_refused();
    open_request("allow_hosts: [cdn.example]",
                 "path: /x, pagination: {type: page, total: {path: n, request: {path: /count, "
                 "params: {k: '{{ env.TEST_TOKEN }}', api_key: literal}}}}");
    ck_assert_ok(count_request_build(fixture.stream, &fixture.scope, fixture.arena, &request,
                                     &fixture.err),
                 fixture.err);
    ck_assert_ok(request_redirect(fixture.arena,
                                  STR("https://cdn.example/y?k=t-4711&api_key=literal&a=1"),
                                  &request, &fixture.err),
                 fixture.err);
    ck_assert_str_is(request.http.url, "https://cdn.example/y?a=1");
}
END_TEST

START_TEST(values_stay_in_their_place)
{
    static const struct {
        const char *keys, *part;
    } table[] = {
        {"path: '/a/{{ \"..\" }}/b'", "dot segment"},
        {"path: '/a/{{ \"%2e%2e\" }}'", "dot segment"},
        {"path: '/a/{{ \"b?c\" }}'", "a character that a path cannot"},
        {"path: '/a/{{ none }}'", "null"},
        {"path: /x, headers: {x-a: '{{ \"a\\nb\" }}'}", "line break"},
        {"path: /x, params: {a: '{{ 1 / 0 }}'}", "params.a"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        open_request("", table[i].keys);
        ck_assert_msg(!build(), "%s", table[i].keys);
        ck_assert_int_eq(fixture.err.kind, ERR_INPUT);
        ck_assert_msg(strstr(fixture.err.text, table[i].part), "%s: %s", table[i].keys,
                      fixture.err.text);
    }
}
END_TEST

START_TEST(proxy_and_certificates_are_expressions)
{
    setenv("TEST_CA", "/etc/ca.pem", 1);
    build_from("proxy: 'http://{{ env.TEST_TOKEN }}@p:3128'\n"
               "tls: {ca: '{{ env.TEST_CA }}', cert: '{{ vars.dir }}/c.pem', key: /k.pem}\n"
               "vars: {dir: /d}",
               "path: /x");
    ck_assert_str_is(request.http.proxy, "http://t-4711@p:3128");
    ck_assert_str_is(request.http.ca_file, "/etc/ca.pem");
    ck_assert_str_is(request.http.cert_file, "/d/c.pem");
    ck_assert_str_is(request.http.key_file, "/k.pem");
    build_from("proxy: '{{ none }}'", "path: /x");
    ck_assert_uint_eq(request.http.proxy.len, 0);
    open_request("tls: {ca: '{{ 7 }}'}", "path: /x");
    ck_assert(!build());
    ck_assert_ptr_nonnull(strstr(fixture.err.text, "tls.ca must be a text, not number"));
}
END_TEST

SUITE("worker/exchange/request", proxy_and_certificates_are_expressions,
      the_url_holds_params_encoded_once, the_pager_replaces_the_streams_own,
      the_page_of_a_file_replaces_the_parameter_that_is_there, the_pager_reaches_into_a_body,
      bodies_have_their_types, auth_says_who_asks, credentials_are_not_in_the_hash,
      elsewhere_it_goes_without_credentials, a_link_elsewhere_goes_without_credentials,
      a_body_with_a_credential_stays_at_home, next_page_has_its_credentials_anew,
      what_pages_a_file_elsewhere_is_no_credential,
      a_url_elsewhere_goes_without_credentials_of_next_page,
      a_body_with_a_credential_of_the_paging_stays_at_home,
      a_body_with_the_value_of_a_secret_stays_at_home,
      the_request_of_a_total_takes_no_credential_elsewhere, values_stay_in_their_place)

#include "worker/rehearsal/hidden.h"

#include "base/redact.h"
#include "tests/support/exchange_fixture.h"
#include "tests/support/suite.h"

static struct arena *arena;
static struct err err = ERR_INIT;

START_TEST(values_named_like_credentials_are_hidden)
{
    static const char body[] =
        "{\"data\":[{\"id\":\"id-of-one\",\"api_key\":\"aaaa-bbbb-1\",\"key\":\"PROJ-12345\"},"
        "{\"id\":\"id-of-two\",\"api_key\":\"aaaa-bbbb-2\",\"tokens\":[\"cccc-dddd\",\"short\"]"
        ","
        "\"token_type\":\"bearer-like\",\"secret\":{\"n\":1,\"hint\":\"not-hidden\"},"
        "\"session_token\":\"own-key-of-it\"}],\"next_page_token\":\"page-token-2\"}";
    arena = arena_new();
    struct hidden hidden = {.stream = exchange_fixture_stream(
                                arena, "", "path: /x, write: upsert, key: session_token")};
    ck_assert_ok(hidden_find(&hidden, str_from(body), &err), err);
    ck_assert_int_eq(hidden.count, 3);
    struct str text = redact_str(arena, str_from(body));
    static const char *const gone[] = {"aaaa-bbbb-1", "aaaa-bbbb-2", "cccc-dddd"};
    static const char *const kept[] = {
        "<hidden-1>",  "<hidden-2>", "<hidden-3>", "PROJ-12345",   "short",
        "bearer-like", "not-hidden", "id-of-two",  "page-token-2", "own-key-of-it"};
    for (size_t i = 0; i < COUNT_OF(gone); i++)
        ck_assert_msg(str_find(text, str_from(gone[i])) < 0, "%s", gone[i]);
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        ck_assert_msg(str_find(text, str_from(kept[i])) >= 0, "%s", kept[i]);
}
END_TEST

/* What the recording of one answer would show. */
static struct str shown(const char *keys, const char *body)
{
    redact_clear();
    struct hidden hidden = {.stream = exchange_fixture_stream(arena, "", keys)};
    hidden_find_params(&hidden, str_from(body));
    ck_assert_ok(hidden_find(&hidden, str_from(body), &err), err);
    return redact_str(arena, str_from(body));
}

START_TEST(every_format_is_looked_into)
{
    static const struct {
        const char *keys, *body;
    } cases[] = {
        {"path: /x, format: ndjson",
         "{\"id\":1,\"api_key\":\"planted-1\"}\n\n{\"id\":2,\"token\":\"planted-2\"}\n"},
        {"path: /x, format: csv", "id,api_key,note\r\n1,planted-1,a\r\n2,planted-2,b\r\n"},
        {"path: /x, format: xml, merge_path: r.i",
         "<?xml version='1.0'?><r token='planted-0'><i><api_key>planted-1</api_key></i>"
         "<i><secret kind='x'>planted-2</secret></i></r>"},
        {"path: /x, merge_path: rows, shape: {names: columns}",
         "{\"columns\":[\"id\",\"api_key\"],\"rows\":[[1,\"planted-1\"],[2,\"planted-2\"]]}"},
    };
    arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str text = shown(cases[i].keys, cases[i].body);
        ck_assert_msg(str_find(text, STR("planted")) < 0, "%.*s", STR_ARG(text));
    }
}
END_TEST

/* An attribute is a member like any other: `key` stays. */
START_TEST(attributes_are_hidden_as_members_are)
{
    arena = arena_new();
    ck_assert_str_is(shown("path: /x, format: xml, merge_path: r.i",
                           "<r><i key='PROJ-12345' token='planted-1'/></r>"),
                     "<r><i key='PROJ-12345' token='<hidden-1>'/></r>");
}
END_TEST

START_TEST(parameters_of_links_are_hidden)
{
    static const char *const bodies[] = {
        "[{\"id\":1,\"file\":\"https://s3.example/f?X-Amz-Signature=planted-1&"
        "X-Amz-Credential=planted%2F2\"}]",
        "{\"next\":\"/x?page=2&access_token=planted-1\"}",
        "{\"next\":\"?page=2&sig=planted-1#top\"}",
        "</x?page=2&api_key=planted-1>; rel=\"next\", </x?api_key=planted-2>; rel=\"last\"",
        "https://h.example/x?token=planted-1",
    };
    arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct str text = shown("path: /x", bodies[i]);
        ck_assert_msg(str_find(text, STR("planted")) < 0, "%.*s", STR_ARG(text));
    }
    ck_assert(str_find(shown("path: /x", bodies[1]), STR("page=2&access_token=<")) >= 0);
}
END_TEST

START_TEST(times_addresses_and_what_the_definition_says_stay)
{
    static const char body[] =
        "{\"token_expires_at\":\"2026-01-02T03:04:05Z\",\"token_day\":\"2026-01-02\","
        "\"authorization_url\":\"https://h.example/oauth\",\"next\":\"?session=said-here\"}";
    arena = arena_new();
    ck_assert_str_is(shown("path: /x, params: {session: said-here}", body), body);
}
END_TEST

START_TEST(a_member_is_named_at_any_depth)
{
    arena = arena_new();
    struct value plain =
        exchange_fixture_value(arena, "{\"shop\":1,\"key\":\"K\",\"token\":null}");
    struct value deep = exchange_fixture_value(arena, "{\"shop\":[{\"api_token\":\"x\"}]}");
    ck_assert_str_is(hidden_member(plain), "");
    ck_assert_str_is(hidden_member(deep), "api_token");
}
END_TEST

START_TEST(too_many_are_refused)
{
    AUTO_BUF(body, MIB(1));
    arena = arena_new();
    struct hidden hidden = {.stream = exchange_fixture_stream(arena, "", "path: /x")};
    buf_puts(&body, "[0");
    for (int i = 0; i <= HIDDEN_MAX; i++)
        buf_printf(&body, ",{\"token\":\"%d-token\"}", 100000 + i);
    buf_puts(&body, "]");
    ck_assert(!hidden_find(&hidden, buf_str(&body), &err));
    ck_assert_int_eq(err.kind, ERR_INPUT);
}
END_TEST

SUITE("worker/rehearsal/hidden", values_named_like_credentials_are_hidden,
      every_format_is_looked_into, attributes_are_hidden_as_members_are,
      parameters_of_links_are_hidden, times_addresses_and_what_the_definition_says_stay,
      a_member_is_named_at_any_depth, too_many_are_refused)

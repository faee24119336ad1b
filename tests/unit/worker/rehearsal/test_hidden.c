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

SUITE("worker/rehearsal/hidden", values_named_like_credentials_are_hidden, too_many_are_refused)

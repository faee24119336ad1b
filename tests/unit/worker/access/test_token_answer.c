#include "worker/access/token_answer.h"

#include "base/redact.h"
#include "tests/support/lines.h"
#include "tests/support/suite.h"

static struct arena *arena;

static struct str outcome(struct str status, struct str body)
{
    static const struct token_want want = {.token_path = STR_INIT("access_token"),
                                           .expires_path = STR_INIT("expires_in")};
    struct http_answer answer = {.body = body};
    struct token_answer found;
    struct err err = ERR_INIT;
    int64_t number = 0, wait_ms;
    ck_assert(str_to_int64(status, &number));
    answer.status = (int)number;
    if (token_answer_read(&want, &answer, arena, &found, &wait_ms, &err))
        return arena_printf(arena, "%.*s %lld", STR_ARG(found.token), (long long)found.life_ms);
    return arena_printf(arena, "%s %s", err.kind == ERR_AGAIN ? "again" : "fail", err.text);
}

START_TEST(follows_the_table)
{
    arena = arena_new();
    struct line_cases all = lines_read(arena, "tests/tables/token_answers.txt");
    for (size_t i = 0; i < all.count; i++) {
        const struct line_case *one = &all.items[i];
        struct str body = one->input, status = lines_take_cell(&body);
        struct str got = outcome(status, body);
        ck_assert_msg(str_eq(got, one->expected), "%s:%d: %.*s", one->path, one->number,
                      STR_ARG(got));
        redact_clear();
    }
    arena_free(arena);
}
END_TEST

static struct token_answer read_with(const struct token_want *want,
                                     const struct http_answer *answer)
{
    struct token_answer found = {0};
    struct err err = ERR_INIT;
    int64_t wait_ms;
    ck_assert_ok(token_answer_read(want, answer, arena, &found, &wait_ms, &err), err);
    return found;
}

START_TEST(looks_where_it_is_told)
{
    arena = arena_new();
    const struct http_header headers[] = {{STR("set-cookie"), STR("a=1; sid=no")},
                                          {STR("set-cookie"), STR("sid = s-4711 ; Path=/")},
                                          {STR("x-token"), STR("t-4711")},
                                          {STR("date"), STR("Mon, 03 Jun 2019 11:00:00 GMT")}};
    const struct http_answer answer = {.status = 302,
                                       .headers = headers,
                                       .header_count = COUNT_OF(headers),
                                       .body = STR("{\"d\": {\"t\": [\"b-4711\"]}, \"until\": "
                                                   "\"2019-06-03T11:01:00Z\"}")};
    const struct token_want cookie = {.cookie = STR("sid"), .ttl_ms = 5000};
    const struct token_want header = {.token_path = STR("header:X-Token"),
                                      .expires_path = STR("until")};
    const struct token_want path = {.token_path = STR("d.t[0]"), .ttl_ms = 7000};
    const struct token_want expr = {.token_path = STR("{{ 'x' ~ response.d.t[0] }}"),
                                    .expires_path = STR("{{ http.status }}")};
    struct token_answer found = read_with(&cookie, &answer);
    ck_assert_str_is(found.token, "s-4711");
    ck_assert_int_eq(found.life_ms, 5000);
    found = read_with(&header, &answer);
    ck_assert_str_is(found.token, "t-4711");
    ck_assert_int_eq(found.life_ms, 60000);
    found = read_with(&path, &answer);
    ck_assert_str_is(found.token, "b-4711");
    ck_assert_int_eq(found.life_ms, 7000);
    found = read_with(&expr, &answer);
    ck_assert_str_is(found.token, "xb-4711");
    ck_assert_int_eq(found.life_ms, 302000);
    const struct http_answer text = {.status = 200, .body = STR("w-4711\r\n")};
    const struct token_want whole = {.token_path = STR(".")};
    ck_assert_str_is(read_with(&whole, &text).token, "w-4711");
    ck_assert(redact_has(STR("s-4711")) && redact_has(STR("t-4711")) &&
              redact_has(STR("b-4711")));
    arena_free(arena);
}
END_TEST

SUITE("worker/access/token_answer", follows_the_table, looks_where_it_is_told)

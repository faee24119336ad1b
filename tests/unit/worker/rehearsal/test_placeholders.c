#include "worker/rehearsal/placeholders.h"

#include "base/redact.h"
#include "tests/support/exchange_fixture.h"
#include "tests/support/suite.h"
#include "worker/access/secrets.h"

static struct arena *arena;
static struct err err = ERR_INIT;
static struct placeholders placeholders;
static struct value values = {.kind = VALUE_UNDEFINED};

static struct secrets open_stream(const char *keys)
{
    struct secrets secrets;
    arena = arena_new();
    const struct stream *stream = exchange_fixture_stream(arena, "", keys);
    placeholders_open(&placeholders, arena, stream, &values);
    ck_assert_ok(secrets_collect(arena, stream, NULL, &secrets, &err), err);
    return secrets;
}

static struct str shown(struct str text)
{
    return redact_str(arena, arena_printf(arena, "x=%.*s;", STR_ARG(text)));
}

START_TEST(each_reference_has_a_text_that_is_shown_by_its_name)
{
    struct secrets secrets = open_stream(
        "path: /x, headers: {a: '{{ env.SHOP_TOKEN }}', b: '{{ env.SHOP_TOKEN_B }}'}");
    struct str a = value_get(secrets.env, STR("SHOP_TOKEN")).text,
               b = value_get(secrets.env, STR("SHOP_TOKEN_B")).text;
    ck_assert_str_is(shown(a), "x=<env.SHOP_TOKEN>;");
    ck_assert_str_is(shown(b), "x=<env.SHOP_TOKEN_B>;");
    ck_assert_str_is(
        placeholders_fill(&placeholders, arena,
                          STR("{\"a\":\"<env.SHOP_TOKEN>\",\"b\":\"<env.SHOP>\"}")),
        arena_printf(arena, "{\"a\":\"%.*s\",\"b\":\"<env.SHOP>\"}", STR_ARG(a)).ptr);
    ck_assert_str_is(placeholders_fill(&placeholders, arena, STR("a < b <")), "a < b <");
}
END_TEST

START_TEST(a_reference_into_a_secret_finds_something_there)
{
    struct secrets secrets = open_stream(
        "path: /x, headers: {a: '{{ secrets.shop.key }}', b: '{{ secrets.shop.deep[1].x }}', "
        "c: '{{ secrets.plain }}'}");
    ck_assert_str_is(shown(value_get(value_get(secrets.files, STR("shop")), STR("key")).text),
                     "x=<secrets.shop.key>;");
    struct value deep = value_get(value_get(secrets.files, STR("shop")), STR("deep"));
    ck_assert_str_is(shown(value_get(value_at(deep, 1), STR("x")).text),
                     "x=<secrets.shop.deep.1.x>;");
    ck_assert_int_eq(value_get(secrets.files, STR("plain")).kind, VALUE_STRING);
}
END_TEST

START_TEST(a_value_that_is_given_is_taken)
{
    struct value_member member = {STR("env.REGION"), value_string(STR("eu-west"))};
    struct value_map map = {.members = &member, .count = 1};
    values = (struct value){.kind = VALUE_MAP, .map = &map};
    struct secrets secrets = open_stream("path: /x, headers: {a: '{{ env.REGION }}'}");
    ck_assert_str_is(value_get(secrets.env, STR("REGION")).text, "eu-west");
    ck_assert_str_is(placeholders_fill(&placeholders, arena, STR("http://<env.REGION>.x/")),
                     "http://eu-west.x/");
    placeholders_close();
    ck_assert(!secrets_collect(
        arena,
        exchange_fixture_stream(arena, "", "path: /x, headers: {a: '{{ env.NO_SUCH }}'}"), NULL,
        &secrets, &err));
}
END_TEST

/* And what was hidden in them is another text. */
START_TEST(elements_that_are_called_as_redaction_calls_secrets_stay)
{
    open_stream("path: /x");
    redact_add_passing(STR("passing-4711"));
    redact_add_derived(STR("derived-4711"));
    struct exchange exchange = {
        .url = STR("https://h.example/x?a=passing-4711"),
        .answer_body = STR("<r><token>a</token><secret>b</secret><token>passing-4711</token>"
                           "<c>derived-4711</c></r>")};
    exchange_hide(arena, &exchange);
    ck_assert_str_is(exchange.url, "https://h.example/x?a=<hidden-token>");
    ck_assert_str_is(exchange.answer_body,
                     "<r><token>a</token><secret>b</secret><token><hidden-token></token>"
                     "<c><hidden-secret></c></r>");
    redact_clear();
    placeholders_note(&placeholders, &exchange);
    struct str filled = placeholders_fill(&placeholders, arena, exchange.answer_body);
    ck_assert_msg(str_starts(filled, STR("<r><token>a</token><secret>b</secret><token>")),
                  "%.*s", STR_ARG(filled));
    ck_assert_msg(str_find(filled, STR("hidden-token>")) < 0, "%.*s", STR_ARG(filled));
    struct str recorded = exchange.answer_body;
    exchange.answer_body = filled;
    exchange_hide(arena, &exchange);
    ck_assert(str_eq(exchange.answer_body, recorded));
}
END_TEST

SUITE("worker/rehearsal/placeholders", each_reference_has_a_text_that_is_shown_by_its_name,
      a_reference_into_a_secret_finds_something_there, a_value_that_is_given_is_taken,
      elements_that_are_called_as_redaction_calls_secrets_stay)

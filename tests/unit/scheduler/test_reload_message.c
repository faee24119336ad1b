#include "scheduler/reload_message.h"

#include "tests/support/suite.h"

enum { PAIRS_MAX = 8 };

/* A message of texts: name, value, name, value …, NULL. */
static bool is_read(struct arena *arena, const char *const *texts,
                    struct reload_message *ret_message, struct str *ret_refusal)
{
    const struct redis_reply *items[2 * PAIRS_MAX];
    size_t count = 0;
    for (; texts[count]; count++) {
        struct redis_reply *reply = ARENA_NEW(arena, struct redis_reply);
        *reply = (struct redis_reply){.type = REDIS_STRING, .text = str_from(texts[count])};
        items[count] = reply;
    }
    struct redis_reply pairs = {.type = REDIS_ARRAY, .items = items, .count = count};
    return reload_message_read(arena, STR("7-0"), &pairs, ret_message, ret_refusal);
}

#define READ(...) is_read(arena, (const char *const[]){__VA_ARGS__, NULL}, &message, &refusal)

static void expect_refusal(const char *const *texts, const char *id, const char *why)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct reload_message message;
    struct str refusal = STR_NONE;
    ck_assert(!is_read(arena, texts, &message, &refusal));
    ck_assert_str_is(refusal, why);
    ck_assert_str_is(message.id, id);
}

START_TEST(all_fields_are_handed_on_as_json)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct reload_message message;
    struct str refusal;
    ck_assert(READ("stream", "shop.orders", "mode", "full", "note", "a \"b\""));
    ck_assert_str_is(message.stream, "shop.orders");
    ck_assert_str_is(message.fields,
                     "{\"stream\":\"shop.orders\",\"mode\":\"full\",\"note\":\"a \\\"b\\\"\"}");
}
END_TEST

START_TEST(the_id_is_the_senders_or_the_entrys)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct reload_message message;
    struct str refusal;
    ck_assert(READ("stream", "s.t", "id", "mine"));
    ck_assert_str_is(message.id, "mine");
    ck_assert(READ("stream", "s.t"));
    ck_assert_str_is(message.id, "7-0");
}
END_TEST

START_TEST(an_empty_id_is_refused_under_the_entrys_id)
{
    expect_refusal((const char *const[]){"stream", "s.t", "id", "", NULL}, "7-0",
                   "the id is empty: leave it out, or name one");
}
END_TEST

START_TEST(a_message_without_a_stream_is_refused)
{
    expect_refusal((const char *const[]){"id", "mine", "mode", "full", NULL}, "mine",
                   "the field \"stream\" is missing");
    expect_refusal((const char *const[]){NULL}, "7-0", "the field \"stream\" is missing");
}
END_TEST

START_TEST(a_field_may_be_there_once)
{
    expect_refusal((const char *const[]){"stream", "a.b", "stream", "c.d", NULL}, "7-0",
                   "a field is twice in the message");
}
END_TEST

START_TEST(what_is_not_utf_8_is_refused_under_the_entrys_id)
{
    expect_refusal((const char *const[]){"id", "mine", "stream", "a.\xFF", NULL}, "7-0",
                   "the message is not UTF-8 text");
}
END_TEST

START_TEST(names_and_values_may_have_4_kib)
{
    char value[RELOAD_MESSAGE_BYTES_MAX];
    size_t rest = sizeof value - strlen("stream") - strlen("a.b") - strlen("note");
    memset(value, 'x', sizeof value);
    value[rest] = '\0';
    AUTO_ARENA struct arena *arena = arena_new();
    struct reload_message message;
    struct str refusal;
    ck_assert(READ("stream", "a.b", "note", value));
    value[rest] = 'x';
    value[rest + 1] = '\0';
    expect_refusal((const char *const[]){"stream", "a.b", "note", value, NULL}, "7-0",
                   "the message is over 4 KiB");
}
END_TEST

SUITE("scheduler/reload_message", all_fields_are_handed_on_as_json,
      the_id_is_the_senders_or_the_entrys, an_empty_id_is_refused_under_the_entrys_id,
      a_message_without_a_stream_is_refused, a_field_may_be_there_once,
      what_is_not_utf_8_is_refused_under_the_entrys_id, names_and_values_may_have_4_kib)

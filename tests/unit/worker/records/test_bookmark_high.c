#include "worker/records/bookmark_high.h"

#include "tests/support/suite.h"

static struct arena *arena;
static bool has_met_future;

/* The greatest of `"at"` in the records; the run starts 2024-06-01. */
static struct str high_of(int type, const char *const *records, size_t count)
{
    struct err err = ERR_INIT;
    struct bookmark bookmark = {.is_set = true};
    bookmark.type = type;
    ck_assert_ok(path_compile(arena, STR("at"), &bookmark.path, &err), err);
    struct bookmark_high high = {
        .bookmark = &bookmark, .now_us = INT64_C(1717200000000000), .arena = arena};
    for (size_t i = 0; i < count; i++) {
        struct record record = {.kind = RECORD_OBJECT};
        record.raw = arena_printf(arena, "{\"at\":%s}", records[i]);
        bookmark_high_take(&high, &record);
    }
    has_met_future = high.has_met_future;
    return high.text;
}

#define HIGH(type, ...)                                                                        \
    high_of(type, (const char *const[]){__VA_ARGS__},                                          \
            COUNT_OF(((const char *const[]){__VA_ARGS__})))

START_TEST(numbers_times_and_texts_each_have_their_order)
{
    arena = arena_new();
    ck_assert_str_is(HIGH(BOOKMARK_GUESS, "9", "10", "2"), "10");
    ck_assert_str_is(HIGH(BOOKMARK_GUESS, "\"9\"", "\"10\"", "\"2\""), "10");
    ck_assert_str_is(HIGH(BOOKMARK_GUESS, "1e2", "99.5"), "1e2");
    ck_assert_str_is(HIGH(BOOKMARK_TEXT, "\"9\"", "\"10\"", "\"2\""), "9");
    ck_assert_str_is(HIGH(BOOKMARK_GUESS, "\"b\"", "\"a\"", "\"ab\""), "b");
    /* 01:00+02:00 is before 00:00Z. */
    ck_assert_str_is(
        HIGH(BOOKMARK_GUESS, "\"2024-01-02T00:00:00Z\"", "\"2024-01-02T01:00:00+02:00\""),
        "2024-01-02T00:00:00Z");
    ck_assert_str_is(
        HIGH(BOOKMARK_TEXT, "\"2024-01-02T00:00:00Z\"", "\"2024-01-02T01:00:00+02:00\""),
        "2024-01-02T01:00:00+02:00");
    arena_free(arena);
}
END_TEST

START_TEST(values_of_another_type_do_not_count)
{
    arena = arena_new();
    ck_assert_str_is(HIGH(BOOKMARK_NUMBER, "5", "\"x\"", "null", "{}", "true"), "5");
    ck_assert_str_is(HIGH(BOOKMARK_TIME, "\"2024-01-02\"", "7", "\"2024-01-01T00:00:00Z\""),
                     "2024-01-01T00:00:00Z");
    ck_assert_uint_eq(HIGH(BOOKMARK_GUESS, "null", "[1]", "\"\"").len, 0);
    ck_assert_str_is(HIGH(BOOKMARK_GUESS, "\"a\\u0062\""), "ab");
    ck_assert_uint_eq(HIGH(BOOKMARK_GUESS, "\"\\u0000\"").len, 0);
    arena_free(arena);
}
END_TEST

START_TEST(the_future_is_not_taken)
{
    const char *past = "\"2024-05-31T00:00:00Z\"", *future = "\"2024-06-02T00:00:00Z\"";
    arena = arena_new();
    ck_assert_str_is(HIGH(BOOKMARK_GUESS, past, future), "2024-05-31T00:00:00Z");
    ck_assert(has_met_future);
    ck_assert_str_is(HIGH(BOOKMARK_TEXT, past, future), "2024-06-02T00:00:00Z");
    ck_assert(!has_met_future);
    arena_free(arena);
}
END_TEST

START_TEST(a_flawed_record_and_a_stream_without_one_give_none)
{
    struct bookmark bookmark = {0};
    struct bookmark_high high = {.bookmark = &bookmark};
    struct record record = {.kind = RECORD_OBJECT, .raw = STR("{\"at\":1}")};
    bookmark_high_take(&high, &record);
    ck_assert_uint_eq(high.text.len, 0);
    bookmark.is_set = true;
    record.flaw = FLAW_BAD_UTF8;
    bookmark_high_take(&high, &record);
    ck_assert_uint_eq(high.text.len, 0);
}
END_TEST

SUITE("worker/bookmark_high", numbers_times_and_texts_each_have_their_order,
      values_of_another_type_do_not_count, the_future_is_not_taken,
      a_flawed_record_and_a_stream_without_one_give_none)

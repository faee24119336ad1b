#include "worker/records/bookmark_high.h"

#include "tests/support/suite.h"

static struct arena *arena;
static bool has_met_future;
static struct bookmark_counts counts;
static struct column_from *from;
static size_t from_count;

/* The greatest of `"at"` in the records; the run starts 2024-06-01. */
static struct str high_of(int type, const char *const *records, size_t count)
{
    struct err err = ERR_INIT;
    struct bookmark bookmark = {.is_set = true, .from = from, .from_count = from_count};
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
    counts = high.counts;
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
    ck_assert_str_is(HIGH(BOOKMARK_TEXT, "\"b\"", "\"a\"", "\"ab\""), "b");
    ck_assert_uint_eq(HIGH(BOOKMARK_GUESS, "\"b\"", "\"a\"", "\"ab\"").len, 0);
    ck_assert_int_eq(counts.unread, 3);
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
    ck_assert(counts.met == 5 && counts.absent == 1 && counts.unread == 3);
    ck_assert_str_is(HIGH(BOOKMARK_TIME, "\"2024-01-02\"", "7", "\"2024-01-01T00:00:00Z\""),
                     "2024-01-02");
    ck_assert_str_is(
        HIGH(BOOKMARK_TIME, "\"2024-01-02T01:00:00+02:00\"", "\"2024-01-02T00:00:00\""),
        "2024-01-02T00:00:00");
    /* The first value says what the others are compared as. */
    ck_assert_str_is(HIGH(BOOKMARK_GUESS, "5", "\"2024-01-02\"", "7"), "7");
    ck_assert_int_eq(counts.unread, 1);
    ck_assert_uint_eq(HIGH(BOOKMARK_GUESS, "null", "[1]", "\"\"").len, 0);
    ck_assert_str_is(HIGH(BOOKMARK_TEXT, "\"a\\u0062\""), "ab");
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

START_TEST(times_in_the_apis_form_are_kept_as_rfc_3339)
{
    static struct column_from forms[] = {{FROM_EPOCH_MS, STR_INIT("epoch_ms")},
                                         {FROM_PATTERN, STR_INIT("%d.%m.%Y")}};
    arena = arena_new();
    from = forms;
    from_count = COUNT_OF(forms);
    ck_assert_str_is(HIGH(BOOKMARK_GUESS, "1704164645001", "\"1704164645000\"",
                          "\"03.01.2024\"", "\"2024-01-04\""),
                     "2024-01-03T00:00:00Z");
    ck_assert_int_eq(counts.unread, 1);
    from_count = 0;
    arena_free(arena);
}
END_TEST

START_TEST(a_job_s_counts_are_said)
{
    struct bookmark bookmark = {.path = {.source = STR("updatd_at")}};
    arena = arena_new();
    ck_assert_str_is(
        bookmark_high_warning(arena, &bookmark,
                              &(struct bookmark_counts){.met = 20, .absent = 20}),
        "bookmark: 20 of 20 records had no value at updatd_at: the bookmark is not "
        "moved, and the next run begins where this one did (bookmark.path)");
    ck_assert_uint_eq(bookmark_high_warning(arena, &bookmark,
                                            &(struct bookmark_counts){.met = 20, .absent = 19})
                          .len,
                      0);
    ck_assert_uint_eq(bookmark_high_warning(arena, &bookmark, &(struct bookmark_counts){0}).len,
                      0);
    bookmark.type = BOOKMARK_NUMBER;
    struct str said = bookmark_high_warning(
        arena, &bookmark, &(struct bookmark_counts){.met = 9, .absent = 1, .unread = 2});
    ck_assert(str_find(said, STR("2 of 9 records had a value that is no number")) > 0);
    ck_assert(str_ends(said, STR("1 had none")));
    arena_free(arena);
}
END_TEST

SUITE("worker/bookmark_high", numbers_times_and_texts_each_have_their_order,
      values_of_another_type_do_not_count, the_future_is_not_taken,
      a_flawed_record_and_a_stream_without_one_give_none,
      times_in_the_apis_form_are_kept_as_rfc_3339, a_job_s_counts_are_said)

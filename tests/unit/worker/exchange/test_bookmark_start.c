#include "worker/exchange/bookmark_start.h"

#include "tests/support/suite.h"

/* stored, lookback, type → what expressions see; "n" before numbers, "s" before texts. */
static const struct {
    const char *stored;
    int64_t lookback_ms;
    int type;
    const char *seen;
} table[] = {
    {"", 60000, BOOKMARK_GUESS, "s:2024-01-01"},
    {"2024-01-02T00:01:00Z", 0, BOOKMARK_GUESS, "s:2024-01-02T00:01:00Z"},
    {"2024-01-02T00:01:00Z", 300000, BOOKMARK_GUESS, "s:2024-01-01T23:56:00Z"},
    {"2024-01-02T00:01:00.123+02:00", 300000, BOOKMARK_TIME, "s:2024-01-01T23:56:00.123+02:00"},
    {"2024-03-01 00:00:00", 500, BOOKMARK_GUESS, "s:2024-02-29 23:59:59"},
    {"2024-03-01", 3600000, BOOKMARK_GUESS, "s:2024-02-29"},
    {"1700000000", 90000, BOOKMARK_GUESS, "n:1699999910"},
    {"1700000000.5", 1, BOOKMARK_NUMBER, "n:1699999999"},
    {"-0.5", 1000, BOOKMARK_NUMBER, "n:-2"},
    {"1700000000123", 1500, BOOKMARK_GUESS, "n:1699999998623"},
    {"12345678901234567890", 0, BOOKMARK_GUESS, "n:12345678901234567890"},
    {"00012", 0, BOOKMARK_GUESS, "s:00012"},
    {"42", 0, BOOKMARK_TEXT, "s:42"},
    {"abc", 1000, BOOKMARK_GUESS, NULL},
    {"12345678901234567890", 1000, BOOKMARK_GUESS, NULL},
    {"1e5", 1000, BOOKMARK_NUMBER, NULL},
    {"0001-01-01T00:00:00Z", 1000, BOOKMARK_TIME, NULL},
};

START_TEST(a_run_begins_at_the_value_or_before_it)
{
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct bookmark def = {.start = STR("2024-01-01"),
                               .lookback_ms = table[i].lookback_ms,
                               .type = table[i].type};
        struct value seen = UNDEFINED_VALUE;
        struct err err = ERR_INIT;
        bool ok = bookmark_start(arena, &def, str_from(table[i].stored), &seen, &err);
        ck_assert_msg(ok == (table[i].seen != NULL), "%s: %s", table[i].stored, err.text);
        if (!ok) {
            ck_assert_int_eq(err.kind, ERR_INPUT);
            continue;
        }
        const char *kind = seen.kind == VALUE_NUMBER ? "n" : "s";
        struct str text = arena_printf(arena, "%s:%.*s", kind, STR_ARG(seen.text));
        ck_assert_str_eq(text.ptr, table[i].seen);
    }
}
END_TEST

START_TEST(without_a_start_it_is_null)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct bookmark def = {.lookback_ms = 1000};
    struct value seen = UNDEFINED_VALUE;
    struct err err = ERR_INIT;
    ck_assert_ok(bookmark_start(arena, &def, STR_NONE, &seen, &err), err);
    ck_assert_int_eq(seen.kind, VALUE_NULL);
}
END_TEST

/* What is stored is RFC 3339; what is asked for is in the API's form. */
START_TEST(with_from_the_value_is_written_as_the_api_writes_it)
{
    static const struct {
        enum from_kind kind;
        const char *pattern, *stored, *seen;
    } cases[] = {
        {FROM_EPOCH_S, "", "2024-01-02T03:04:05Z", "n:1704164635"},
        {FROM_EPOCH_S, "", "2024-01-02T03:04:05.25Z", "n:1704164635.25"},
        {FROM_EPOCH_MS, "", "2024-01-02T03:04:05.25Z", "n:1704164635250"},
        {FROM_DOTNET, "", "2024-01-02T03:04:05Z", "s:/Date(1704164635000)/"},
        {FROM_RFC2822, "", "2024-01-02T03:04:05Z", "s:Tue, 02 Jan 2024 03:03:55 +0000"},
        {FROM_PATTERN, "%d.%m.%Y %H:%M:%S.%f", "2024-01-02T03:04:05.5Z",
         "s:02.01.2024 03:03:55.500000"},
        {FROM_ISO, "", "2024-01-02T03:04:05Z", "s:2024-01-02T03:03:55Z"},
        {FROM_EPOCH_S, "", "", "n:1704067200"},
        {FROM_EPOCH_S, "", "soon", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct column_from form = {cases[i].kind, str_from(cases[i].pattern)};
        struct bookmark def = {
            .start = STR("2024-01-01"), .lookback_ms = 10000, .from = &form, .from_count = 1};
        struct value seen = UNDEFINED_VALUE;
        struct err err = ERR_INIT;
        bool ok = bookmark_start(arena, &def, str_from(cases[i].stored), &seen, &err);
        ck_assert_msg(ok == (cases[i].seen != NULL), "%zu: %s", i, err.text);
        if (!ok)
            continue;
        struct str text = arena_printf(arena, "%c:%.*s", seen.kind == VALUE_NUMBER ? 'n' : 's',
                                       STR_ARG(seen.text));
        ck_assert_str_is(text, cases[i].seen);
    }
}
END_TEST

SUITE("worker/exchange/bookmark_start", a_run_begins_at_the_value_or_before_it,
      with_from_the_value_is_written_as_the_api_writes_it, without_a_start_it_is_null)

#include "worker/rows/convert.h"

#include "tests/support/suite.h"
#include "worker/records/jsontext.h"

static struct arena *arena;

/* The value as the column takes it, "no", or "flawed". */
static struct str convert(enum from_kind kind, const char *pattern, enum column_type type,
                          const char *sql_type, const char *json)
{
    struct column_from from = {kind, str_from(pattern)};
    struct declared_column declared = {.from = &from, .from_count = 1};
    struct column column = {
        .type = type, .sql_type = str_from(sql_type), .declared = &declared};
    struct record_field field = jsontext_field(STR("v"), str_from(json)), ret;
    if (!convert_value(arena, &column, &field, &ret))
        return STR("no");
    return ret.flaw ? STR("flawed") : ret.raw;
}

static struct str instant(enum from_kind kind, const char *pattern, const char *json)
{
    return convert(kind, pattern, COLUMN_TIMESTAMPTZ, "timestamp with time zone", json);
}

START_TEST(instants_become_rfc_3339)
{
    arena = arena_new();
    ck_assert_str_is(instant(FROM_EPOCH_S, "", "1704164645"), "\"2024-01-02T03:04:05Z\"");
    ck_assert_str_is(instant(FROM_EPOCH_S, "", "\"1704164645\""), "\"2024-01-02T03:04:05Z\"");
    ck_assert_str_is(instant(FROM_EPOCH_MS, "", "1704164645000"), "\"2024-01-02T03:04:05Z\"");
    ck_assert_str_is(instant(FROM_EPOCH_US, "", "1704164645000000"),
                     "\"2024-01-02T03:04:05Z\"");
    ck_assert_str_is(instant(FROM_RFC2822, "", "\"Tue, 02 Jan 2024 05:04:05 +0200\""),
                     "\"2024-01-02T03:04:05Z\"");
    ck_assert_str_is(instant(FROM_DOTNET, "", "\"/Date(1704164645000)/\""),
                     "\"2024-01-02T03:04:05Z\"");
    ck_assert_str_is(instant(FROM_PATTERN, "%d.%m.%Y %H:%M", "\"02.01.2024 03:04\""),
                     "\"2024-01-02T03:04:00Z\"");
    arena_free(arena);
}
END_TEST

START_TEST(a_date_takes_the_day_alone)
{
    arena = arena_new();
    ck_assert_str_is(convert(FROM_EPOCH_S, "", COLUMN_DATE, "date", "1704164645"),
                     "\"2024-01-02\"");
    arena_free(arena);
}
END_TEST

START_TEST(what_is_not_written_so_does_not_fit)
{
    arena = arena_new();
    ck_assert_str_is(instant(FROM_EPOCH_S, "", "\"yesterday\""), "no");
    ck_assert_str_is(instant(FROM_EPOCH_S, "", "{}"), "no");
    ck_assert_str_is(instant(FROM_EPOCH_S, "", "true"), "no");
    ck_assert_str_is(instant(FROM_RFC2822, "", "\"2024-01-02T03:04:05Z\""), "no");
    ck_assert_str_is(convert(FROM_BASE64, "", COLUMN_TEXT, "text", "7"), "no");
    ck_assert_str_is(convert(FROM_BASE64, "", COLUMN_TEXT, "text", "\"a*\""), "no");
    arena_free(arena);
}
END_TEST

START_TEST(base64_is_text_or_bytes)
{
    arena = arena_new();
    ck_assert_str_is(convert(FROM_BASE64, "", COLUMN_TEXT, "text", "\"YcOkIg==\""),
                     "\"a\xC3\xA4\\\"\"");
    ck_assert_str_is(convert(FROM_BASE64, "", COLUMN_TEXT, "text", "\"YcOk\\nIg\""),
                     "\"a\xC3\xA4\\\"\"");
    ck_assert_str_is(convert(FROM_BASE64, "", COLUMN_TEXT, "text", "\"_w==\""), "no");
    ck_assert_str_is(convert(FROM_BASE64, "", COLUMN_TEXT, "text", "\"YQBi\""), "flawed");
    ck_assert_str_is(convert(FROM_BASE64, "", COLUMN_OTHER, "bytea", "\"_wBh\""),
                     "\"\\\\xff0061\"");
    arena_free(arena);
}
END_TEST

SUITE("worker/convert", instants_become_rfc_3339, a_date_takes_the_day_alone,
      what_is_not_written_so_does_not_fit, base64_is_text_or_bytes)

#include "base/units.h"

#include "tests/support/suite.h"

static int64_t duration(const char *text)
{
    int64_t ms = -1;
    return units_parse_duration(str_from(text), &ms) ? ms : -1;
}

static int64_t size(const char *text)
{
    int64_t bytes = -1;
    return units_parse_size(str_from(text), &bytes) ? bytes : -1;
}

START_TEST(parses_durations)
{
    ck_assert_int_eq(duration("30"), 30000);
    ck_assert_int_eq(duration("0.5"), 500);
    ck_assert_int_eq(duration("0.0005"), 1);
    ck_assert_int_eq(duration("500ms"), 500);
    ck_assert_int_eq(duration("15m"), 900000);
    ck_assert_int_eq(duration("1.5h"), 5400000);
    ck_assert_int_eq(duration("7d"), 604800000);
    ck_assert_int_eq(duration("36500d"), 3153600000000);
    ck_assert_int_eq(duration("0"), 0);
}
END_TEST

START_TEST(refuses_what_is_no_duration)
{
    static const char *const bad[] = {
        "",           "-1",     "+1",         " 1",
        "1 s",        "s",      "1.",         ".5",
        "1e3",        "1M",     "1w",         "9223372036854775807d",
        "1.1234567s", "36501d", "3153600001", "9223372036854775807ms"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        ck_assert_msg(duration(bad[i]) == -1, "'%s' was taken", bad[i]);
}
END_TEST

START_TEST(parses_sizes)
{
    ck_assert_int_eq(size("4096"), 4096);
    ck_assert_int_eq(size("64KiB"), 65536);
    ck_assert_int_eq(size("8MiB"), 8388608);
    ck_assert_int_eq(size("1.5GiB"), 1610612736);
    ck_assert_int_eq(size("8MB"), -1);
    ck_assert_int_eq(size("9223372036854775807KiB"), -1);
}
END_TEST

static void shows(void (*format)(struct buf *, int64_t), int64_t number, const char *text)
{
    AUTO_BUF(buf, 64);
    format(&buf, number);
    ck_assert_str_is(buf_str(&buf), text);
}

START_TEST(formats_for_people)
{
    shows(units_write_duration, 500, "500ms");
    shows(units_write_duration, 30000, "30s");
    shows(units_write_duration, 5400000, "90m");
    shows(units_write_duration, 604800000, "7d");
    shows(units_format_duration, 850, "850 ms");
    shows(units_format_duration, 1560, "1.5 s");
    shows(units_format_duration, 125000, "2 min 05 s");
    shows(units_format_duration, 11400000, "3 h 10 min");
    shows(units_format_size, 999, "999 B");
    shows(units_format_size, 4200000, "4.2 MB");
    shows(units_format_size, 999999, "1.0 MB");
    shows(units_format_count, 1234567, "1,234,567");
    shows(units_format_count, -123456, "-123,456");
    shows(units_format_count, 12, "12");
}
END_TEST

SUITE("base/units", parses_durations, refuses_what_is_no_duration, parses_sizes,
      formats_for_people)

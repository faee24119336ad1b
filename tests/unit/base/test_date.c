#include "base/date.h"

#include "tests/support/suite.h"

static const int64_t SECOND = 1000000;

/* Stays until the next call. */
static struct str format(int64_t us)
{
    static struct buf buf;
    buf_done(&buf);
    buf_init(&buf, KIB(1));
    date_format_rfc3339(&buf, us);
    return buf_str(&buf);
}

/* What the text means, in our own form; "refused" if it is none. */
static struct str rfc3339(const char *text)
{
    int64_t us = -7;
    if (date_parse_rfc3339(str_from(text), &us))
        return format(us);
    ck_assert_int_eq(us, -7);
    return STR("refused");
}

static struct str iso(const char *text)
{
    int64_t us;
    return date_parse_iso(str_from(text), &us) ? format(us) : STR("refused");
}

static struct str http(const char *text)
{
    int64_t us, now_us;
    ck_assert(date_parse_rfc3339(STR("2019-06-03T11:00:00Z"), &now_us));
    return date_parse_http(str_from(text), now_us, &us) ? format(us) : STR("refused");
}

START_TEST(reads_rfc3339)
{
    ck_assert_str_is(rfc3339("2024-01-02T03:04:05Z"), "2024-01-02T03:04:05Z");
    ck_assert_str_is(rfc3339("2024-01-02t03:04:05.678z"), "2024-01-02T03:04:05.678000Z");
    ck_assert_str_is(rfc3339("2024-01-02 03:04:05.1234569+02:00"),
                     "2024-01-02T01:04:05.123456Z");
    ck_assert_str_is(rfc3339("2024-01-02T03:04:05+0530"), "2024-01-01T21:34:05Z");
    ck_assert_str_is(rfc3339("2024-01-02T03:04:05-08"), "2024-01-02T11:04:05Z");
    ck_assert_str_is(rfc3339("2024-02-29T23:59:60Z"), "2024-02-29T23:59:59.999999Z");
    ck_assert_str_is(rfc3339("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00Z");
    ck_assert_str_is(rfc3339("9999-12-31T23:59:59.999999Z"), "9999-12-31T23:59:59.999999Z");
    ck_assert_str_is(rfc3339("1969-12-31T23:59:59.5Z"), "1969-12-31T23:59:59.500000Z");
}
END_TEST

START_TEST(refuses_what_is_not_rfc3339)
{
    const char *texts[] = {
        "",
        "2024-01-02",
        "2024-01-02T03:04:05",
        "2024-01-02T03:04Z",
        "2024-13-02T03:04:05Z",
        "2024-00-02T03:04:05Z",
        "2023-02-29T03:04:05Z",
        "1900-02-29T03:04:05Z",
        "2024-04-31T03:04:05Z",
        "2024-01-00T03:04:05Z",
        "0000-01-01T00:00:00Z",
        "2024-01-02T24:00:00Z",
        "2024-01-02T03:60:00Z",
        "2024-01-02T03:04:61Z",
        "2024-01-02T03:04:05.Z",
        "2024-01-02T03:04:05,5Z",
        "2024-01-02T03:04:05Zx",
        "2024-01-02T03:04:05 Z",
        "2024-01-02T03:04:05+24:00",
        "2024-01-02T03:04:05+02:60",
        "2024-01-02T03:04:05+2",
        "2024-01-02T03:04:05+02:",
        "2024-01-02T03:04:05+020",
        "2024-01-02T03:04:05+020000",
        "2024-1-2T03:04:05Z",
        "+2024-01-02T03:04:05Z",
        " 2024-01-02T03:04:05Z",
        "2024-01-02_03:04:05Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        ck_assert_msg(str_is(rfc3339(texts[i]), "refused"), "'%s' was accepted", texts[i]);
    int64_t us;
    ck_assert(!date_parse_rfc3339((struct str){"2024-01-02T03:04:05Z\0", 21}, &us));
    ck_assert(!date_parse_rfc3339((struct str){"2024-01-02\0"
                                               "03:04:05Z",
                                               20},
                                  &us));
}
END_TEST

START_TEST(reads_iso_without_an_offset)
{
    ck_assert_str_is(iso("2024-01-02"), "2024-01-02T00:00:00Z");
    ck_assert_str_is(iso("2024-01-02T03:04:05.5"), "2024-01-02T03:04:05.500000Z");
    ck_assert_str_is(iso("2024-01-02 03:04:05"), "2024-01-02T03:04:05Z");
    ck_assert_str_is(iso("2024-01-02T03:04:05+01:00"), "2024-01-02T02:04:05Z");
    ck_assert_str_is(iso("2024-02-30"), "refused");
    ck_assert_str_is(iso("2024-01-02T"), "refused");
    int64_t days = -7;
    ck_assert(date_parse_day(STR("2000-03-01"), &days));
    ck_assert_int_eq(days, 11017);
    ck_assert(!date_parse_day(STR("2000-03-01T00:00:00Z"), &days));
    ck_assert_int_eq(days, 11017);
}
END_TEST

START_TEST(reads_the_three_http_dates)
{
    ck_assert_str_is(http("Sun, 06 Nov 1994 08:49:37 GMT"), "1994-11-06T08:49:37Z");
    ck_assert_str_is(http("Sunday, 06-Nov-94 08:49:37 GMT"), "1994-11-06T08:49:37Z");
    ck_assert_str_is(http("Sun Nov  6 08:49:37 1994"), "1994-11-06T08:49:37Z");
    ck_assert_str_is(http("Wed Nov 16 08:49:37 1994"), "1994-11-16T08:49:37Z");
    ck_assert_str_is(http("Monday, 03-Jun-69 11:30:12 GMT"), "2069-06-03T11:30:12Z");
    ck_assert_str_is(http("Tuesday, 03-Jun-70 11:30:12 GMT"), "1970-06-03T11:30:12Z");
    const char *refused[] = {
        "",
        "03 Jun 2019 11:30:12 GMT",
        "Mon, 3 Jun 2019 11:30:12 GMT",
        "Mon, 03 Jun 2019 11:30:12",
        "Mon, 03 Jun 2019 11:30:12 UTC",
        "Mon, 03 Jun 2019 11:30:12 +0000",
        "Mon, 03 jun 2019 11:30:12 GMT",
        "Mon, 31 Jun 2019 11:30:12 GMT",
        "Mon, 03 Jun 2019 25:30:12 GMT",
        "Mon, 03-Jun-19 11:30:12 GMT",
        "Xyz, 03 Jun 2019 11:30:12 GMT",
        "Mon, 03 Jun 2019 11:30:12 GMT ",
        "2019-06-03T11:30:12Z",
    };
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        ck_assert_msg(str_is(http(refused[i]), "refused"), "'%s' was accepted", refused[i]);
}
END_TEST

/* Every day of 9,999 years goes there and back, in order, with its weekday. */
START_TEST(calendar_is_consistent)
{
    int64_t days = date_days_from_civil(1, 1, 1);
    int weekday = 1; /* proleptic: a Monday */
    struct date_civil civil;
    for (; days <= date_days_from_civil(9999, 12, 31); days++) {
        date_civil_from_us(days * 86400 * SECOND, &civil);
        ck_assert_int_eq(date_days_from_civil(civil.year, civil.month, civil.day), days);
        ck_assert_int_eq(date_weekday(days), weekday);
        weekday = (weekday + 1) % 7;
    }
    date_civil_from_us(-1, &civil);
    ck_assert_int_eq(civil.year, 1969);
    ck_assert_int_eq(civil.microsecond, 999999);
    ck_assert_int_eq(date_us_from_civil(&civil), -1);
}
END_TEST

SUITE("base/date", reads_rfc3339, refuses_what_is_not_rfc3339, reads_iso_without_an_offset,
      reads_the_three_http_dates, calendar_is_consistent)

#ifndef BASE_DATE_H
#define BASE_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

/*
 * Dates as text, without the C library's time zones. Instants are microseconds since
 * 1970-01-01 00:00:00 UTC, days are days since 1970-01-01, in the proleptic Gregorian
 * calendar, years 1 to 9999. Parsers take the whole text, are strict about ranges (month 13,
 * 30 February, second 61 are refused; second 60 is taken as 59.999999), and leave *ret alone
 * when they refuse.
 */

struct date_civil {
    int year, month, day;     /* month and day from 1 */
    int hour, minute, second; /* UTC unless said otherwise */
    int microsecond;
};

/* `month` from 1 to 12; a day beyond the month counts on into the next, 0 is the day before. */
int64_t date_days_from_civil(int year, int month, int day);
void date_civil_from_us(int64_t us, struct date_civil *ret_civil);
int64_t date_us_from_civil(const struct date_civil *civil);
int date_weekday(int64_t days); /* 0 Sunday … 6 Saturday */

/*
 * RFC 3339 date-time with an offset: `2024-01-02T03:04:05.678Z`, `…+02:00`; also with a space
 * for the T, lower-case t and z, and offsets written `+0000` and `+00`. Digits of the fraction
 * beyond six are cut. Also in SQL: if you change this or date_parse_iso, change
 * pagetide.is_instant, pagetide.instant and tests/tables/rules/instants.txt.
 */
bool date_parse_rfc3339(struct str text, int64_t *ret_us) MUST_CHECK;

/* The same without an offset (taken as UTC) or a bare date: for `from`/`to` and ISO times. */
bool date_parse_iso(struct str text, int64_t *ret_us) MUST_CHECK;

/* `2024-01-02` and nothing else. */
bool date_parse_day(struct str text, int64_t *ret_days) MUST_CHECK;

/* RFC 9110, section 5.6.7: the three forms of HTTP-date. `now_us` resolves two-digit years. */
bool date_parse_http(struct str text, int64_t now_us, int64_t *ret_us) MUST_CHECK;

/* `2024-01-02T03:04:05Z`, with `.678901` only if the instant has a fraction. */
void date_format_rfc3339(struct buf *buf, int64_t us);

#endif

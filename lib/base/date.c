#include "base/date.h"

#include "base/ascii.h"

enum { DAY_SECONDS = 86400 };

/* --- calendar --- */

/*
 * Source of the two conversions: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
 * Years begin in March there, so that the leap day is the last; an era is 400 years.
 */
int64_t date_days_from_civil(int year, int month, int day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, struct date_civil *ret)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097; /* day of era */
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t month = (5 * doy + 2) / 153; /* 0 is March */
    ret->day = (int)(doy - (153 * month + 2) / 5 + 1);
    ret->month = (int)(month < 10 ? month + 3 : month - 9);
    ret->year = (int)(yoe + era * 400 + (ret->month <= 2));
}

void date_civil_from_us(int64_t us, struct date_civil *ret_civil)
{
    const int64_t day_us = (int64_t)DAY_SECONDS * 1000000;
    int64_t days = us / day_us, rest = us % day_us;
    if (rest < 0) {
        rest += day_us;
        days--;
    }
    civil_from_days(days, ret_civil);
    int second = (int)(rest / 1000000);
    ret_civil->hour = second / 3600;
    ret_civil->minute = second / 60 % 60;
    ret_civil->second = second % 60;
    ret_civil->microsecond = (int)(rest % 1000000);
}

int64_t date_us_from_civil(const struct date_civil *civil)
{
    int64_t days = date_days_from_civil(civil->year, civil->month, civil->day);
    int64_t seconds =
        days * DAY_SECONDS + civil->hour * 3600 + civil->minute * 60 + civil->second;
    return seconds * 1000000 + civil->microsecond;
}

int date_weekday(int64_t days)
{
    int weekday = (int)((days + 4) % 7); /* 1970-01-01 was a Thursday */
    return weekday < 0 ? weekday + 7 : weekday;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && is_leap);
}

static bool is_day(const struct date_civil *c)
{
    return c->year >= 1 && c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= days_in_month(c->year, c->month);
}

static bool is_time(const struct date_civil *c)
{
    return c->hour <= 23 && c->minute <= 59 && c->second <= 60;
}

/* A second 60 is taken as the last microsecond of the second before. */
static void fold_leap_second(struct date_civil *civil)
{
    if (civil->second == 60) {
        civil->second = 59;
        civil->microsecond = 999999;
    }
}

/* --- reading --- */

struct reader {
    struct str left;
    bool is_bad; /* something was not as expected; stays */
};

static inline bool take_byte(struct reader *reader, const char *set, char *ret)
{
    if (!reader->left.len)
        return false;
    while (*set && *set != reader->left.ptr[0])
        set++;
    if (!*set)
        return false;
    *ret = *set;
    reader->left = str_slice(reader->left, 1, reader->left.len);
    return true;
}

static inline bool take_digit(struct reader *reader, int *ret)
{
    if (!reader->left.len || !ascii_is_digit(reader->left.ptr[0]))
        return false;
    *ret = reader->left.ptr[0] - '0';
    reader->left = str_slice(reader->left, 1, reader->left.len);
    return true;
}

static inline void expect(struct reader *reader, struct str text)
{
    if (!str_starts(reader->left, text))
        reader->is_bad = true;
    reader->left = str_slice(reader->left, text.len, reader->left.len);
}

/* Exactly `count` digits. */
static inline int take_number(struct reader *reader, int count)
{
    int number = 0, digit;
    for (int i = 0; i < count; i++) {
        if (!take_digit(reader, &digit)) {
            reader->is_bad = true;
            return 0;
        }
        number = number * 10 + digit;
    }
    return number;
}

static bool is_done(const struct reader *reader)
{
    return !reader->is_bad && reader->left.len == 0;
}

static void take_date(struct reader *reader, struct date_civil *civil)
{
    civil->year = take_number(reader, 4);
    expect(reader, STR("-"));
    civil->month = take_number(reader, 2);
    expect(reader, STR("-"));
    civil->day = take_number(reader, 2);
    reader->is_bad |= !is_day(civil);
}

static void take_clock(struct reader *reader, struct date_civil *civil)
{
    civil->hour = take_number(reader, 2);
    expect(reader, STR(":"));
    civil->minute = take_number(reader, 2);
    expect(reader, STR(":"));
    civil->second = take_number(reader, 2);
    reader->is_bad |= !is_time(civil);
}

/* Microseconds of a fraction, if there is one; digits beyond six are cut. */
static int take_fraction(struct reader *reader)
{
    char point;
    int us = 0, scale = 100000, digit;
    if (!take_byte(reader, ".", &point))
        return 0;
    size_t before = reader->left.len;
    for (; take_digit(reader, &digit); scale /= 10)
        us += digit * scale;
    reader->is_bad |= reader->left.len == before;
    return us;
}

/* Seconds east of UTC: Z, +02:00, +0200, +02. */
static int take_offset(struct reader *reader)
{
    char sign, colon;
    if (take_byte(reader, "Zz", &sign))
        return 0;
    if (!take_byte(reader, "+-", &sign)) {
        reader->is_bad = true;
        return 0;
    }
    int hours = take_number(reader, 2), minutes = 0;
    if (take_byte(reader, ":", &colon) || reader->left.len)
        minutes = take_number(reader, 2);
    reader->is_bad |= hours > 23 || minutes > 59;
    int seconds = hours * 3600 + minutes * 60;
    return sign == '-' ? -seconds : seconds;
}

static void take_date_time(struct reader *reader, struct date_civil *civil)
{
    char separator;
    take_date(reader, civil);
    reader->is_bad |= !take_byte(reader, "Tt ", &separator);
    take_clock(reader, civil);
    civil->microsecond = take_fraction(reader);
    fold_leap_second(civil);
}

/* An offset can lead out of the years 1 to 9999. */
static bool is_in_range(int64_t us)
{
    static const int64_t first_s = INT64_C(-62135596800), end_s = INT64_C(253402300800);
    return us >= first_s * 1000000 && us < end_s * 1000000;
}

bool date_parse_rfc3339(struct str text, int64_t *ret_us)
{
    struct reader reader = {.left = text};
    struct date_civil civil = {0};
    take_date_time(&reader, &civil);
    int64_t offset_seconds = take_offset(&reader);
    if (!is_done(&reader))
        return false;
    int64_t us = date_us_from_civil(&civil) - offset_seconds * 1000000;
    if (!is_in_range(us))
        return false;
    *ret_us = us;
    return true;
}

bool date_parse_iso(struct str text, int64_t *ret_us)
{
    enum { DAY_BYTES = 10 };
    int64_t days;
    if (text.len == DAY_BYTES && date_parse_day(text, &days)) {
        *ret_us = days * DAY_SECONDS * 1000000;
        return true;
    }
    if (date_parse_rfc3339(text, ret_us))
        return true;
    struct reader reader = {.left = text};
    struct date_civil civil = {0};
    take_date_time(&reader, &civil);
    if (!is_done(&reader))
        return false;
    *ret_us = date_us_from_civil(&civil);
    return true;
}

bool date_parse_day(struct str text, int64_t *ret_days)
{
    struct reader reader = {.left = text};
    struct date_civil civil = {0};
    take_date(&reader, &civil);
    if (!is_done(&reader))
        return false;
    *ret_days = date_days_from_civil(civil.year, civil.month, civil.day);
    return true;
}

/* --- HTTP-date --- */

static const struct str days_short[] = {STR("Sun"), STR("Mon"), STR("Tue"), STR("Wed"),
                                        STR("Thu"), STR("Fri"), STR("Sat")};
static const struct str days_long[] = {STR("Sunday"),    STR("Monday"),   STR("Tuesday"),
                                       STR("Wednesday"), STR("Thursday"), STR("Friday"),
                                       STR("Saturday")};
static const struct str months[] = {STR("Jan"), STR("Feb"), STR("Mar"), STR("Apr"),
                                    STR("May"), STR("Jun"), STR("Jul"), STR("Aug"),
                                    STR("Sep"), STR("Oct"), STR("Nov"), STR("Dec")};

/* Index of the name that comes next. */
static int take_name(struct reader *reader, const struct str *names, int count)
{
    for (int i = 0; i < count; i++) {
        if (str_starts(reader->left, names[i])) {
            expect(reader, names[i]);
            return i;
        }
    }
    reader->is_bad = true;
    return 0;
}

static int take_month(struct reader *reader)
{
    return take_name(reader, months, COUNT_OF(months)) + 1;
}

/* `Sun, 06 Nov 1994 08:49:37 GMT` */
static bool read_imf_date(struct str text, struct date_civil *civil)
{
    struct reader reader = {.left = text};
    take_name(&reader, days_short, COUNT_OF(days_short));
    expect(&reader, STR(", "));
    civil->day = take_number(&reader, 2);
    expect(&reader, STR(" "));
    civil->month = take_month(&reader);
    expect(&reader, STR(" "));
    civil->year = take_number(&reader, 4);
    expect(&reader, STR(" "));
    take_clock(&reader, civil);
    expect(&reader, STR(" GMT"));
    return is_done(&reader) && is_day(civil);
}

/*
 * A year of two digits that seems to be more than 50 years ahead is the latest year gone by
 * with these digits; the same at the other end, for the years around a new century.
 */
static int full_year(int two_digits, int64_t now_us)
{
    struct date_civil now;
    date_civil_from_us(now_us, &now);
    int year = now.year - now.year % 100 + two_digits;
    if (year > now.year + 50)
        return year - 100;
    return year < now.year - 50 ? year + 100 : year;
}

/* `Sunday, 06-Nov-94 08:49:37 GMT` */
static bool read_rfc850_date(struct str text, int64_t now_us, struct date_civil *civil)
{
    struct reader reader = {.left = text};
    take_name(&reader, days_long, COUNT_OF(days_long));
    expect(&reader, STR(", "));
    civil->day = take_number(&reader, 2);
    expect(&reader, STR("-"));
    civil->month = take_month(&reader);
    expect(&reader, STR("-"));
    civil->year = full_year(take_number(&reader, 2), now_us);
    expect(&reader, STR(" "));
    take_clock(&reader, civil);
    expect(&reader, STR(" GMT"));
    return is_done(&reader) && is_day(civil);
}

/* `Sun Nov  6 08:49:37 1994` */
static bool read_asctime_date(struct str text, struct date_civil *civil)
{
    struct reader reader = {.left = text};
    char space;
    take_name(&reader, days_short, COUNT_OF(days_short));
    expect(&reader, STR(" "));
    civil->month = take_month(&reader);
    expect(&reader, STR(" "));
    civil->day =
        take_byte(&reader, " ", &space) ? take_number(&reader, 1) : take_number(&reader, 2);
    expect(&reader, STR(" "));
    take_clock(&reader, civil);
    expect(&reader, STR(" "));
    civil->year = take_number(&reader, 4);
    return is_done(&reader) && is_day(civil);
}

bool date_parse_http(struct str text, int64_t now_us, int64_t *ret_us)
{
    struct date_civil civil = {0};
    if (!read_imf_date(text, &civil) && !read_rfc850_date(text, now_us, &civil) &&
        !read_asctime_date(text, &civil))
        return false;
    fold_leap_second(&civil);
    *ret_us = date_us_from_civil(&civil);
    return true;
}

/* --- writing --- */

void date_format_rfc3339(struct buf *buf, int64_t us)
{
    struct date_civil c;
    date_civil_from_us(us, &c);
    buf_printf(buf, "%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute,
               c.second);
    if (c.microsecond)
        buf_printf(buf, ".%06d", c.microsecond);
    buf_puts(buf, "Z");
}

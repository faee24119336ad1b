#include "base/date_text.h"

#include "base/ascii.h"
#include "base/date.h"

static const int64_t second_us = 1000000;

struct reader {
    struct str left;
    struct date_civil civil;
    int day_of_year;        /* 0: not given */
    int half;               /* 0: not given, 1 AM, 2 PM */
    int64_t offset_seconds; /* east of UTC */
    int64_t epoch_seconds;
    bool has_epoch;
};

static void skip_space(struct reader *reader)
{
    while (reader->left.len && ascii_is_space(reader->left.ptr[0]))
        reader->left = str_slice(reader->left, 1, reader->left.len);
}

static bool take_byte(struct reader *reader, char byte)
{
    if (!reader->left.len || reader->left.ptr[0] != byte)
        return false;
    reader->left = str_slice(reader->left, 1, reader->left.len);
    return true;
}

/* From `min` to `max` digits. */
static bool take_digits(struct reader *reader, size_t min, size_t max, int *ret)
{
    size_t count = 0;
    int number = 0;
    for (; count < MIN(max, reader->left.len) && ascii_is_digit(reader->left.ptr[count]);
         count++)
        number = number * 10 + (reader->left.ptr[count] - '0');
    if (count < min)
        return false;
    reader->left = str_slice(reader->left, count, reader->left.len);
    *ret = number;
    return true;
}

static struct str take_letters(struct reader *reader)
{
    size_t len = 0;
    while (len < reader->left.len && ascii_is_letter(reader->left.ptr[len]))
        len++;
    struct str letters = str_slice(reader->left, 0, len);
    reader->left = str_slice(reader->left, len, reader->left.len);
    return letters;
}

/* --- names --- */

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                   "Thursday", "Friday", "Saturday"};

/* Position of a name, whole or its first three letters; -1 if it is none. */
static int find_name(const char *const *names, int count, struct str name)
{
    for (int i = 0; i < count; i++) {
        struct str whole = str_from(names[i]);
        if (str_eq_nocase(name, whole) || str_eq_nocase(name, str_slice(whole, 0, 3)))
            return i;
    }
    return -1;
}

static bool take_month(struct reader *reader)
{
    reader->civil.month = find_name(months, COUNT_OF(months), take_letters(reader)) + 1;
    return reader->civil.month > 0;
}

static bool take_weekday(struct reader *reader)
{
    return find_name(days, COUNT_OF(days), take_letters(reader)) >= 0;
}

static bool take_half(struct reader *reader)
{
    struct str name = take_letters(reader);
    reader->half = str_eq_nocase(name, STR("AM")) ? 1 : 2;
    return reader->half == 1 || str_eq_nocase(name, STR("PM"));
}

static bool take_zone_name(struct reader *reader)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = {{"Z", 0},    {"UTC", 0},  {"GMT", 0},  {"UT", 0},   {"EST", -5}, {"EDT", -4},
                 {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};
    struct str name = take_letters(reader);
    for (size_t i = 0; i < COUNT_OF(zones); i++)
        if (str_eq_nocase(name, str_from(zones[i].name))) {
            reader->offset_seconds = zones[i].hours * INT64_C(3600);
            return true;
        }
    return false;
}

static bool take_zone(struct reader *reader)
{
    int hours, minutes = 0;
    bool is_west = take_byte(reader, '-');
    if (!is_west && !take_byte(reader, '+'))
        return take_zone_name(reader);
    if (!take_digits(reader, 2, 2, &hours))
        return false;
    bool has_colon = take_byte(reader, ':');
    bool has_minutes = has_colon || (reader->left.len && ascii_is_digit(reader->left.ptr[0]));
    if (has_minutes && !take_digits(reader, 2, 2, &minutes))
        return false;
    reader->offset_seconds = (is_west ? -1 : 1) * (hours * INT64_C(3600) + minutes * 60);
    return hours < 24 && minutes < 60;
}

/* --- numbers --- */

static bool take_short_year(struct reader *reader)
{
    int year;
    if (!take_digits(reader, 2, 2, &year))
        return false;
    reader->civil.year = year + (year < 69 ? 2000 : 1900);
    return true;
}

/* Digits beyond six are cut. */
static bool take_fraction(struct reader *reader)
{
    int scale = 100000;
    size_t count = 0;
    reader->civil.microsecond = 0;
    for (; count < reader->left.len && ascii_is_digit(reader->left.ptr[count]);
         count++, scale /= 10)
        reader->civil.microsecond += (reader->left.ptr[count] - '0') * scale;
    reader->left = str_slice(reader->left, count, reader->left.len);
    return count > 0;
}

static bool take_epoch(struct reader *reader)
{
    size_t len = reader->left.len && reader->left.ptr[0] == '-';
    while (len < reader->left.len && ascii_is_digit(reader->left.ptr[len]))
        len++;
    if (!str_to_int64(str_slice(reader->left, 0, len), &reader->epoch_seconds))
        return false;
    reader->left = str_slice(reader->left, len, reader->left.len);
    reader->has_epoch = true;
    return true;
}

static bool take_padded(struct reader *reader, int *ret)
{
    skip_space(reader);
    return take_digits(reader, 1, 2, ret);
}

/* --- patterns --- */

static bool take_pattern(struct reader *reader, struct str pattern);

/* The pattern that a percent sign and letter is short for; empty: for none. */
static struct str expand(char directive)
{
    switch (directive) {
    case 'F':
        return STR("%Y-%m-%d");
    case 'T':
        return STR("%H:%M:%S");
    case 'R':
        return STR("%H:%M");
    case 'D':
        return STR("%m/%d/%y");
    default:
        return STR_NONE;
    }
}

static bool take_number(struct reader *reader, char directive)
{
    struct date_civil *civil = &reader->civil;
    switch (directive) {
    case 'Y':
        return take_digits(reader, 4, 4, &civil->year);
    case 'm':
        return take_padded(reader, &civil->month);
    case 'd':
    case 'e':
        return take_padded(reader, &civil->day);
    case 'j':
        return take_digits(reader, 1, 3, &reader->day_of_year) && reader->day_of_year > 0;
    case 'H':
    case 'I':
        return take_padded(reader, &civil->hour);
    case 'M':
        return take_digits(reader, 1, 2, &civil->minute);
    case 'S':
        return take_digits(reader, 1, 2, &civil->second);
    default:
        return false;
    }
}

static bool take_directive(struct reader *reader, char directive)
{
    switch (directive) {
    case 'y':
        return take_short_year(reader);
    case 'b':
    case 'B':
    case 'h':
        return take_month(reader);
    case 'a':
    case 'A':
        return take_weekday(reader);
    case 'f':
        return take_fraction(reader);
    case 'p':
        return take_half(reader);
    case 'z':
    case 'Z':
        return take_zone(reader);
    case 's':
        return take_epoch(reader);
    case 'n':
    case 't':
        skip_space(reader);
        return true;
    case '%':
        return take_byte(reader, '%');
    default:
        return expand(directive).len ? take_pattern(reader, expand(directive))
                                     : take_number(reader, directive);
    }
}

static bool take_pattern(struct reader *reader, struct str pattern)
{
    for (size_t i = 0; i < pattern.len; i++) {
        char c = pattern.ptr[i];
        if (ascii_is_space(c))
            skip_space(reader);
        else if (c != '%' || i + 1 == pattern.len) {
            if (!take_byte(reader, c))
                return false;
        } else if (!take_directive(reader, pattern.ptr[++i]))
            return false;
    }
    return true;
}

bool date_pattern_is_known(struct str pattern)
{
    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.ptr[i] != '%')
            continue;
        if (++i == pattern.len || !pattern.ptr[i] ||
            !strchr("YymbBhdejHIMSfpzZsaAFTDRnt%", pattern.ptr[i]))
            return false;
    }
    return true;
}

/* --- instants --- */

static bool is_date(const struct date_civil *civil)
{
    if (civil->year < 1 || civil->year > 9999 || civil->month < 1 || civil->month > 12 ||
        civil->day < 1)
        return false;
    struct date_civil back;
    date_civil_from_us(date_us_from_civil(&(struct date_civil){civil->year, civil->month,
                                                               civil->day, 0, 0, 0, 0}),
                       &back);
    return back.month == civil->month && back.day == civil->day;
}

static bool is_in_range(int64_t us)
{
    struct date_civil civil;
    date_civil_from_us(us, &civil);
    return civil.year >= 1 && civil.year <= 9999;
}

/* 12 AM is midnight, 12 PM is noon. */
static bool fold_half(struct reader *reader)
{
    struct date_civil *civil = &reader->civil;
    if (!reader->half)
        return true;
    if (civil->hour < 1 || civil->hour > 12)
        return false;
    civil->hour = civil->hour % 12 + (reader->half == 2 ? 12 : 0);
    return true;
}

static bool fold_day_of_year(struct reader *reader)
{
    struct date_civil *civil = &reader->civil;
    if (!reader->day_of_year)
        return true;
    int year = civil->year;
    if (year < 1)
        return false;
    civil->month = civil->day = 1;
    int64_t us = date_us_from_civil(civil);
    us += (reader->day_of_year - 1) * INT64_C(86400) * second_us;
    date_civil_from_us(us, civil);
    return civil->year == year;
}

static bool finish(struct reader *reader, int64_t *ret_us)
{
    struct date_civil *civil = &reader->civil;
    const int64_t epoch_seconds_max = INT64_C(300000000000);
    if (reader->has_epoch) {
        if (reader->epoch_seconds > epoch_seconds_max ||
            reader->epoch_seconds < -epoch_seconds_max)
            return false;
        *ret_us = reader->epoch_seconds * second_us + civil->microsecond;
        return is_in_range(*ret_us);
    }
    if (!fold_half(reader) || civil->hour > 23 || civil->minute > 59 || civil->second > 60)
        return false;
    if (civil->second == 60) {
        civil->second = 59;
        civil->microsecond = 999999;
    }
    if (!fold_day_of_year(reader) || !is_date(civil))
        return false;
    int64_t us = date_us_from_civil(civil) - reader->offset_seconds * second_us;
    if (!is_in_range(us))
        return false;
    *ret_us = us;
    return true;
}

bool date_parse_pattern(struct str text, struct str pattern, int64_t *ret_us)
{
    struct reader reader = {.left = text, .civil = {1970, 1, 1, 0, 0, 0, 0}};
    int64_t us;
    if (!take_pattern(&reader, pattern) || reader.left.len || !finish(&reader, &us))
        return false;
    *ret_us = us;
    return true;
}

static struct str without_comment(struct str text)
{
    text = str_trim(text);
    ptrdiff_t open = str_find_byte(text, '(');
    return open >= 0 && str_ends(text, STR(")")) ? str_slice(text, 0, (size_t)open) : text;
}

bool date_parse_rfc2822(struct str text, int64_t *ret_us)
{
    static const char *const patterns[] = {"%d %b %Y %T %z", "%d %b %Y %R %z", "%d %b %y %T %z",
                                           "%d %b %y %R %z"};
    struct reader reader = {.left = str_trim(without_comment(text))};
    if (reader.left.len && ascii_is_letter(reader.left.ptr[0]) &&
        (!take_weekday(&reader) || !take_byte(&reader, ',')))
        return false;
    for (size_t i = 0; i < COUNT_OF(patterns); i++)
        if (date_parse_pattern(reader.left, str_from(patterns[i]), ret_us))
            return true;
    return false;
}

bool date_parse_dotnet(struct str text, int64_t *ret_us)
{
    struct reader reader = {.left = text};
    struct str begin = STR("/Date("), end = STR(")/");
    if (!str_starts(text, begin) || !str_ends(text, end) || text.len < begin.len + end.len)
        return false;
    reader.left = str_slice(text, begin.len, text.len - end.len);
    size_t len = reader.left.len && reader.left.ptr[0] == '-';
    while (len < reader.left.len && ascii_is_digit(reader.left.ptr[len]))
        len++;
    struct str number = str_slice(reader.left, 0, len);
    reader.left = str_slice(reader.left, len, reader.left.len);
    bool has_zone = reader.left.len > 0;
    if (has_zone &&
        (ascii_is_letter(reader.left.ptr[0]) || !take_zone(&reader) || reader.left.len))
        return false;
    return date_parse_epoch(number, 3, ret_us);
}

/* --- epoch --- */

/* The digits of a number without its point, and how many of them come before it. */
struct digits {
    char text[64];
    int count, whole;
    bool is_negative;
};

static bool read_digits(struct str number, struct digits *ret)
{
    struct reader reader = {.left = number};
    bool has_point = false;
    ret->is_negative = take_byte(&reader, '-');
    for (; reader.left.len; reader.left = str_slice(reader.left, 1, reader.left.len)) {
        char c = reader.left.ptr[0];
        if (c == '.' && !has_point)
            has_point = true;
        else if (!ascii_is_digit(c))
            break;
        else if (ret->count == (int)sizeof ret->text)
            return false;
        else {
            ret->text[ret->count++] = c;
            ret->whole += !has_point;
        }
    }
    if (!ret->whole)
        return false;
    if (!reader.left.len)
        return true;
    int exponent;
    if (!take_byte(&reader, 'e') && !take_byte(&reader, 'E'))
        return false;
    bool is_small = take_byte(&reader, '-');
    if (!is_small)
        (void)take_byte(&reader, '+');
    if (!take_digits(&reader, 1, 3, &exponent) || reader.left.len)
        return false;
    ret->whole += is_small ? -exponent : exponent;
    return true;
}

bool date_parse_epoch(struct str number, int digits, int64_t *ret_us)
{
    struct digits read = {.count = 0};
    if (!read_digits(number, &read))
        return false;
    int64_t us = 0;
    const int64_t us_max = INT64_C(300000000000000000);
    for (int i = 0; i < read.whole + 6 - digits; i++) {
        us = us * 10 + (i < read.count ? read.text[i] - '0' : 0);
        if (us > us_max)
            return false;
    }
    us = read.is_negative ? -us : us;
    if (!is_in_range(us))
        return false;
    *ret_us = us;
    return true;
}

static void put_pattern(struct buf *buf, const struct date_civil *at, int64_t us,
                        struct str pattern);

static void put_time_letter(struct buf *buf, const struct date_civil *at, int64_t us,
                            char letter)
{
    static const int64_t us_per_s = 1000000;
    switch (letter) {
    case 'H':
        buf_printf(buf, "%02d", at->hour);
        return;
    case 'I':
        buf_printf(buf, "%02d", at->hour % 12 ? at->hour % 12 : 12);
        return;
    case 'M':
        buf_printf(buf, "%02d", at->minute);
        return;
    case 'S':
        buf_printf(buf, "%02d", at->second);
        return;
    case 'f':
        buf_printf(buf, "%06d", at->microsecond);
        return;
    case 'p':
        buf_put(buf, at->hour < 12 ? STR("AM") : STR("PM"));
        return;
    case 'z':
        buf_puts(buf, "+0000");
        return;
    case 'Z':
        buf_puts(buf, "UTC");
        return;
    case 's':
        buf_printf(buf, "%lld", (long long)((us - at->microsecond) / us_per_s));
        return;
    default:
        return;
    }
}

/* False: the letter is not one of a date. */
static bool put_date_letter(struct buf *buf, const struct date_civil *at, char letter)
{
    enum { SHORT_NAME = 3 };
    int64_t day = date_days_from_civil(at->year, at->month, at->day);
    struct str month = str_from(months[at->month - 1]),
               weekday = str_from(days[date_weekday(day)]);
    switch (letter) {
    case 'Y':
        buf_printf(buf, "%04d", at->year);
        return true;
    case 'y':
        buf_printf(buf, "%02d", at->year % 100);
        return true;
    case 'm':
        buf_printf(buf, "%02d", at->month);
        return true;
    case 'B':
        buf_put(buf, month);
        return true;
    case 'b':
    case 'h':
        buf_put(buf, str_slice(month, 0, SHORT_NAME));
        return true;
    case 'd':
        buf_printf(buf, "%02d", at->day);
        return true;
    case 'e':
        buf_printf(buf, "%2d", at->day);
        return true;
    case 'j':
        buf_printf(buf, "%03d", (int)(day - date_days_from_civil(at->year, 1, 1)) + 1);
        return true;
    case 'A':
        buf_put(buf, weekday);
        return true;
    case 'a':
        buf_put(buf, str_slice(weekday, 0, SHORT_NAME));
        return true;
    default:
        return false;
    }
}

static void put_letter(struct buf *buf, const struct date_civil *at, int64_t us, char letter)
{
    static const struct {
        char letter;
        const char *pattern;
    } longer[] = {{'F', "%Y-%m-%d"}, {'T', "%H:%M:%S"}, {'D', "%m/%d/%y"},
                  {'R', "%H:%M"},    {'n', "\n"},       {'t', "\t"}};
    for (size_t i = 0; i < COUNT_OF(longer); i++)
        if (letter == longer[i].letter) {
            put_pattern(buf, at, us, str_from(longer[i].pattern));
            return;
        }
    if (letter == '%')
        buf_put_byte(buf, '%');
    else if (!put_date_letter(buf, at, letter))
        put_time_letter(buf, at, us, letter);
}

static void put_pattern(struct buf *buf, const struct date_civil *at, int64_t us,
                        struct str pattern)
{
    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.ptr[i] == '%' && i + 1 < pattern.len)
            put_letter(buf, at, us, pattern.ptr[++i]);
        else
            buf_put_byte(buf, pattern.ptr[i]);
    }
}

void date_format_pattern(struct buf *buf, int64_t us, struct str pattern)
{
    struct date_civil at;
    date_civil_from_us(us, &at);
    put_pattern(buf, &at, us, pattern);
}

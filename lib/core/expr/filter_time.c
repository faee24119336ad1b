#include "core/expr/filter.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "core/expr/number.h"

/*
 * Instants: RFC 3339 or ISO text (without an offset: UTC), a date, or a number since 1970, in
 * seconds below 1e11 and in milliseconds from there on.
 */
enum { FORMAT_BYTES_MAX = 256, FORMATTED_BYTES_MAX = 4096 };

static const double MILLISECONDS_FROM = 1e11;
static const double INSTANT_MAX =
    9.2e15; /* seconds · 1e6 stays in 64 bits far beyond year 9999 */

static bool read_number(struct eval *ev, struct value value, int64_t *ret_us)
{
    struct number number;
    if (!number_read(ev, value, &number))
        return false;
    bool is_ms = fabs(number.real) >= MILLISECONDS_FROM;
    int64_t scale = is_ms ? 1000 : 1000000;
    if (fabs(number.real) * (double)scale > INSTANT_MAX * 100)
        return eval_fail(ev, "not a time: %s", eval_show(ev, value));
    *ret_us = number.is_real ? llround(number.real * (double)scale) : number.integer * scale;
    return true;
}

static bool read_instant(struct eval *ev, struct value value, int64_t *ret_us)
{
    int64_t us = 0;
    if (value.kind == VALUE_NUMBER && !read_number(ev, value, &us))
        return false;
    bool is_text = value.kind == VALUE_STRING && date_parse_iso(str_trim(value.text), &us);
    if (value.kind != VALUE_NUMBER && !is_text)
        return eval_fail(ev, "not a time: %s", eval_show(ev, value));
    struct date_civil civil;
    date_civil_from_us(us, &civil);
    if (civil.year < 1 || civil.year > 9999)
        return eval_fail(ev, "a time outside the years 1 to 9999: %s", eval_show(ev, value));
    *ret_us = us;
    return true;
}

static int64_t floor_div(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

static bool filter_epoch(struct eval *ev, const struct call *call, struct value *ret)
{
    int64_t us;
    if (!read_instant(ev, call->subject, &us))
        return false;
    *ret = value_int(ev->arena, floor_div(us, 1000000));
    return true;
}

static bool filter_epoch_ms(struct eval *ev, const struct call *call, struct value *ret)
{
    int64_t us;
    if (!read_instant(ev, call->subject, &us))
        return false;
    *ret = value_int(ev->arena, floor_div(us, 1000));
    return true;
}

/* --- date --- */

static int two_digits(const char *text)
{
    bool are_digits = text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9';
    return are_digits ? (text[0] - '0') * 10 + (text[1] - '0') : -1;
}

bool filter_zone_offset(struct str zone, int *ret_seconds, struct err *err)
{
    *ret_seconds = 0;
    if (str_is(zone, "UTC") || str_is(zone, "Z") || str_is(zone, "GMT"))
        return true;
    bool has_sign = zone.len && (zone.ptr[0] == '+' || zone.ptr[0] == '-');
    bool has_colon = zone.len == 6 && zone.ptr[3] == ':';
    if (!has_sign || (zone.len != 5 && !has_colon))
        return err_set(err, ERR_INPUT, "expr", 0,
                       "the time zone '%.*s' is not known in expressions: only UTC and "
                       "offsets like +02:00; window.start and window.end have the offset of "
                       "the stream's `timezone`",
                       STR_ARG(zone));
    int hours = two_digits(zone.ptr + 1), minutes = two_digits(zone.ptr + 3 + has_colon);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return err_set(err, ERR_INPUT, "expr", 0, "'%.*s' is not an offset", STR_ARG(zone));
    *ret_seconds = (hours * 3600 + minutes * 60) * (zone.ptr[0] == '-' ? -1 : 1);
    return true;
}

static bool read_zone(struct eval *ev, struct str zone, int *ret_seconds)
{
    struct err err = ERR_INIT;
    return filter_zone_offset(zone, ret_seconds, &err) || eval_fail(ev, "%s", err.text);
}

static struct tm broken_down(int64_t us, int offset_seconds)
{
    struct date_civil c;
    int64_t local_us = us + (int64_t)offset_seconds * 1000000;
    date_civil_from_us(local_us, &c);
    int64_t days = date_days_from_civil(c.year, c.month, c.day);
    return (struct tm){.tm_year = c.year - 1900,
                       .tm_mon = c.month - 1,
                       .tm_mday = c.day,
                       .tm_hour = c.hour,
                       .tm_min = c.minute,
                       .tm_sec = c.second,
                       .tm_wday = date_weekday(days),
                       .tm_yday = (int)(days - date_days_from_civil(c.year, 1, 1)),
                       .tm_gmtoff = offset_seconds,
                       .tm_zone = "UTC"};
}

/* %f is microseconds, as in Python; %s would ask the machine's own time zone. */
static bool expand(struct eval *ev, struct str format, int64_t us, struct buf *ret)
{
    for (size_t i = 0; i < format.len; i++) {
        char next = i + 1 < format.len ? format.ptr[i + 1] : '\0';
        if (format.ptr[i] != '%') {
            buf_put_byte(ret, format.ptr[i]);
            continue;
        }
        if (next == 's')
            return eval_fail(ev, "%%s is not available; there is a filter: | epoch");
        if (next == 'f')
            buf_printf(ret, "%06d", (int)(us - floor_div(us, 1000000) * 1000000));
        else
            buf_put(ret, str_slice(format, i, i + 2));
        i++;
    }
    return true;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static struct str format_time(struct eval *ev, const char *format, const struct tm *tm)
{
    char *text = arena_alloc(ev->arena, FORMATTED_BYTES_MAX);
    return (struct str){text, strftime(text, FORMATTED_BYTES_MAX, format, tm)};
}
#pragma GCC diagnostic pop

static bool filter_date(struct eval *ev, const struct call *call, struct value *ret)
{
    AUTO_BUF(buf, FORMATTED_BYTES_MAX);
    int64_t us;
    int offset_seconds;
    struct str format, zone;
    if (!read_instant(ev, call->subject, &us) || !call_text(ev, call, 0, STR_NONE, &format) ||
        !call_text(ev, call, 1, STR("UTC"), &zone) || !read_zone(ev, zone, &offset_seconds))
        return false;
    if (!call->given[0] && !offset_seconds) {
        date_format_rfc3339(&buf, us);
        return eval_take_text(ev, &buf, ret);
    }
    if (!call->given[0])
        format = STR("%Y-%m-%dT%H:%M:%S%z");
    if (format.len > FORMAT_BYTES_MAX)
        return eval_fail(ev, "a format of more than %d bytes", FORMAT_BYTES_MAX);
    if (!expand(ev, format, us, &buf))
        return false;
    struct tm tm = broken_down(us, offset_seconds);
    *ret = value_string(buf.len ? format_time(ev, buf.ptr, &tm) : STR(""));
    return true;
}

const struct callable filter_time_table[] = {
    {"date", filter_date, {"format", "tz"}, 2, 0},
    {"epoch", filter_epoch, {0}, 0, 0},
    {"epoch_ms", filter_epoch_ms, {0}, 0, 0},
    {0},
};

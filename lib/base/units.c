#include "base/units.h"

#include <inttypes.h>

struct unit {
    const char *name;
    int64_t factor;
};

/* The longest fraction for which digits times the largest factor stays within 64 bits. */
enum { FRACTION_DIGITS = 6 };

static const struct unit durations[] = {
    {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600000}, {"d", 86400000},
};

static const struct unit sizes[] = {
    {"", 1},
    {"KiB", INT64_C(1) << 10},
    {"MiB", INT64_C(1) << 20},
    {"GiB", INT64_C(1) << 30},
    {"TiB", INT64_C(1) << 40},
};

static const struct unit *find_unit(const struct unit *units, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(name, units[i].name))
            return &units[i];
    return NULL;
}

/* `fraction` counts in steps of 1/scale; rounded up to whole steps of the result. */
static bool scale_up(int64_t whole, int64_t fraction, int64_t scale, int64_t factor,
                     int64_t *ret)
{
    int64_t number;
    int64_t rest = (fraction * factor + scale - 1) / scale;
    if (__builtin_mul_overflow(whole, factor, &number) ||
        __builtin_add_overflow(number, rest, &number))
        return false;
    *ret = number;
    return true;
}

static bool parse_quantity(struct str text, const struct unit *units, size_t count,
                           int64_t *ret)
{
    size_t digits = str_count_digits(text);
    int64_t whole, fraction = 0, scale = 1;
    if (!str_to_int64(str_slice(text, 0, digits), &whole))
        return false;
    text = str_slice(text, digits, text.len);
    if (text.len && text.ptr[0] == '.') {
        digits = str_count_digits(str_slice(text, 1, text.len));
        if (digits > FRACTION_DIGITS ||
            !str_to_int64(str_slice(text, 1, 1 + digits), &fraction))
            return false;
        for (size_t i = 0; i < digits; i++)
            scale *= 10;
        text = str_slice(text, 1 + digits, text.len);
    }
    const struct unit *unit = find_unit(units, count, text);
    return unit && scale_up(whole, fraction, scale, unit->factor, ret);
}

bool units_parse_duration(struct str text, int64_t *ret_ms)
{
    int64_t ms;
    if (!parse_quantity(text, durations, COUNT_OF(durations), &ms) || ms > UNITS_LONGEST_MS)
        return false;
    *ret_ms = ms;
    return true;
}

bool units_parse_size(struct str text, int64_t *ret_bytes)
{
    return parse_quantity(text, sizes, COUNT_OF(sizes), ret_bytes);
}

void units_write_duration(struct buf *buf, int64_t ms)
{
    size_t i = COUNT_OF(durations) - 1;
    while (ms % durations[i].factor)
        i--;
    buf_printf(buf, "%" PRId64 "%s", ms / durations[i].factor, durations[i].name);
}

void units_format_duration(struct buf *buf, int64_t ms)
{
    int64_t seconds = ms / 1000;
    if (ms < 1000)
        buf_printf(buf, "%" PRId64 " ms", ms);
    else if (seconds < 60)
        buf_printf(buf, "%" PRId64 ".%" PRId64 " s", seconds, ms % 1000 / 100);
    else if (seconds < 3600)
        buf_printf(buf, "%" PRId64 " min %02" PRId64 " s", seconds / 60, seconds % 60);
    else if (seconds < 86400)
        buf_printf(buf, "%" PRId64 " h %02" PRId64 " min", seconds / 3600, seconds / 60 % 60);
    else
        buf_printf(buf, "%" PRId64 " d %02" PRId64 " h", seconds / 86400, seconds / 3600 % 24);
}

void units_format_size(struct buf *buf, int64_t bytes)
{
    static const char *const names[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    if (bytes < 1000) {
        buf_printf(buf, "%" PRId64 " B", bytes);
        return;
    }
    double number = (double)bytes / 1000;
    size_t i = 0;
    for (; number >= 999.95 && i + 1 < COUNT_OF(names); i++)
        number /= 1000;
    buf_printf(buf, "%.1f %s", number, names[i]);
}

void units_format_count(struct buf *buf, int64_t count)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRId64, count);
    int start = digits[0] == '-' ? 1 : 0;
    for (int i = 0; i < len; i++) {
        if (i > start && (len - i) % 3 == 0)
            buf_put_byte(buf, ',');
        buf_put_byte(buf, digits[i]);
    }
}

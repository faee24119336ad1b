#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "worker/values/encode.h"
#include "worker/values/form_internal.h"

enum { CLOCK_BYTES = 8, FRACTION_DIGITS_MAX = 6, HOUR_SECONDS = 3600 };
static const int64_t second_us = 1000000;

/* --- reading --- */

static bool take_byte(struct str *rest, char byte)
{
    if (!rest->len || rest->ptr[0] != byte)
        return false;
    *rest = str_slice(*rest, 1, rest->len);
    return true;
}

static bool take_pair(struct str *rest, int below, int *ret)
{
    if (rest->len < 2 || !ascii_is_digit(rest->ptr[0]) || !ascii_is_digit(rest->ptr[1]))
        return false;
    *ret = (rest->ptr[0] - '0') * 10 + (rest->ptr[1] - '0');
    *rest = str_slice(*rest, 2, rest->len);
    return *ret < below;
}

/* `.5`, `.000001`, or nothing. */
static bool take_fraction(struct str *rest, int64_t *ret_us)
{
    *ret_us = 0;
    if (!take_byte(rest, '.'))
        return true;
    size_t digits = str_count_digits(*rest);
    for (size_t i = 0; i < FRACTION_DIGITS_MAX; i++)
        *ret_us = *ret_us * 10 + (i < digits ? rest->ptr[i] - '0' : 0);
    *rest = str_slice(*rest, digits, rest->len);
    return digits && digits <= FRACTION_DIGITS_MAX;
}

static bool take_clock(struct str *rest, int64_t *ret_us)
{
    int hour, minute, second;
    int64_t fraction_us;
    if (!take_pair(rest, 24, &hour) || !take_byte(rest, ':') || !take_pair(rest, 60, &minute) ||
        !take_byte(rest, ':') || !take_pair(rest, 60, &second) ||
        !take_fraction(rest, &fraction_us))
        return false;
    *ret_us = (hour * HOUR_SECONDS + minute * 60 + second) * second_us + fraction_us;
    return true;
}

/* `Z`, `+02`, `-0330`, `+05:30`: seconds to the west, as timetz counts them. */
static bool take_offset(struct str *rest, int32_t *ret_west)
{
    int hour, minute = 0;
    *ret_west = 0;
    if (take_byte(rest, 'Z'))
        return true;
    bool is_west = take_byte(rest, '-');
    if ((!is_west && !take_byte(rest, '+')) || !take_pair(rest, 15, &hour))
        return false;
    if (rest->len && (take_byte(rest, ':'), !take_pair(rest, 60, &minute)))
        return false;
    *ret_west = (hour * HOUR_SECONDS + minute * 60) * (is_west ? 1 : -1);
    return true;
}

static int64_t read64(const char *at)
{
    uint64_t wire;
    memcpy(&wire, at, sizeof wire);
    return (int64_t)be64toh(wire);
}

static int32_t read32(const char *at)
{
    uint32_t wire;
    memcpy(&wire, at, sizeof wire);
    return (int32_t)be32toh(wire);
}

/* A field of a number in eight bytes and `count` in four. */
static void put_numbers(struct buf *rows, int64_t us, const int32_t *others, size_t count)
{
    size_t begin = encode_begin(rows);
    buf_put_be32(rows, (uint32_t)((uint64_t)us >> 32));
    buf_put_be32(rows, (uint32_t)us);
    for (size_t i = 0; i < count; i++)
        buf_put_be32(rows, (uint32_t)others[i]);
    encode_end(rows, begin);
}

static void spell_clock(struct buf *rows, int64_t us)
{
    int seconds = (int)(us / second_us);
    buf_printf(rows, "%02d:%02d:%02d.%06d", seconds / HOUR_SECONDS, seconds / 60 % 60,
               seconds % 60, (int)(us % second_us));
}

/* --- time --- */

bool form_clock_put(struct buf *rows, struct str text)
{
    int64_t us;
    if (!take_clock(&text, &us) || text.len)
        return false;
    encode_int8(rows, us);
    return true;
}

void form_clock_spell(struct buf *rows, struct str bytes)
{
    size_t begin = encode_begin(rows);
    spell_clock(rows, read64(bytes.ptr));
    encode_end(rows, begin);
}

/* --- time with time zone --- */

bool form_zoned_put(struct buf *rows, struct str text)
{
    int64_t us;
    int32_t west;
    if (!take_clock(&text, &us) || !take_offset(&text, &west) || text.len)
        return false;
    put_numbers(rows, us, &west, 1);
    return true;
}

void form_zoned_spell(struct buf *rows, struct str bytes)
{
    int32_t west = read32(bytes.ptr + CLOCK_BYTES);
    size_t begin = encode_begin(rows);
    spell_clock(rows, read64(bytes.ptr));
    buf_printf(rows, "%c%02d:%02d", west > 0 ? '-' : '+', abs(west) / HOUR_SECONDS,
               abs(west) / 60 % 60);
    encode_end(rows, begin);
}

/* --- interval --- */

struct span {
    int64_t us;
    int32_t days, months;
};

enum { SPAN_DIGITS_MAX = 6 };

/* `12D`: false where no such part comes; an `S` may have a fraction before it. */
static bool take_part(struct str *rest, char unit, int64_t *ret, int64_t *ret_fraction_us)
{
    struct str after = *rest;
    size_t digits = str_count_digits(after);
    if (digits == 0 || digits > SPAN_DIGITS_MAX)
        return false;
    int64_t number = 0, fraction_us = 0;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (after.ptr[i] - '0');
    after = str_slice(after, digits, after.len);
    if ((unit == 'S' && !take_fraction(&after, &fraction_us)) || !take_byte(&after, unit))
        return false;
    *ret = number;
    *ret_fraction_us = fraction_us;
    *rest = after;
    return true;
}

/* ISO 8601, section 5.5.2.2, in whole numbers but for the second. */
static bool read_iso(struct str rest, struct span *ret)
{
    int64_t number, fraction_us;
    bool has_part = false;
    *ret = (struct span){0};
    if (take_part(&rest, 'Y', &number, &fraction_us))
        ret->months += (int32_t)number * 12, has_part = true;
    if (take_part(&rest, 'M', &number, &fraction_us))
        ret->months += (int32_t)number, has_part = true;
    if (take_part(&rest, 'W', &number, &fraction_us))
        ret->days += (int32_t)number * 7, has_part = true;
    if (take_part(&rest, 'D', &number, &fraction_us))
        ret->days += (int32_t)number, has_part = true;
    if (!take_byte(&rest, 'T'))
        return has_part && !rest.len;
    has_part = false;
    if (take_part(&rest, 'H', &number, &fraction_us))
        ret->us += number * HOUR_SECONDS * second_us, has_part = true;
    if (take_part(&rest, 'M', &number, &fraction_us))
        ret->us += number * 60 * second_us, has_part = true;
    if (take_part(&rest, 'S', &number, &fraction_us))
        ret->us += number * second_us + fraction_us, has_part = true;
    return has_part && !rest.len;
}

bool form_span_put(struct buf *rows, struct str text)
{
    struct span span = {0};
    bool is_iso = take_byte(&text, 'P');
    if (is_iso ? !read_iso(text, &span) : (!take_clock(&text, &span.us) || text.len))
        return false;
    put_numbers(rows, span.us, (const int32_t[]){span.days, span.months}, 2);
    return true;
}

void form_span_spell(struct buf *rows, struct str bytes)
{
    int64_t us = read64(bytes.ptr);
    size_t begin = encode_begin(rows);
    buf_printf(rows, "P%dM%dDT%lld.%06dS", (int)read32(bytes.ptr + CLOCK_BYTES + 4),
               (int)read32(bytes.ptr + CLOCK_BYTES), (long long)(us / second_us),
               (int)(us % second_us));
    encode_end(rows, begin);
}

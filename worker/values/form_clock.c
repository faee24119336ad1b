#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/wire.h"
#include "worker/values/encode.h"
#include "worker/values/form_internal.h"
#include "worker/values/plain_time.h"

enum { CLOCK_BYTES = 8, FRACTION_DIGITS_MAX = 6, HOUR_SECONDS = 3600 };
static const int64_t second_us = 1000000;

/* --- reading --- */

/* As a time of the day where PostgreSQL's begin; an offset may lead to the day before. */
static bool read_on_first_day(struct str text, int64_t *ret_us)
{
    static const char day[] = "2000-01-01T";
    enum { DAY_BYTES = sizeof day - 1 };
    char time[64];
    if (text.len > sizeof time - DAY_BYTES)
        return false;
    memcpy(time, day, DAY_BYTES);
    memcpy(time + DAY_BYTES, text.ptr, text.len);
    if (!plain_time_read((struct str){time, DAY_BYTES + text.len}, ret_us))
        return false;
    *ret_us -= ENCODE_EPOCH_US;
    return true;
}

/* Where its offset begins, or its length. */
static size_t find_offset(struct str text)
{
    size_t at = 0;
    while (at < text.len && !strchr("Z+-", text.ptr[at]))
        at++;
    return at;
}

/* `HH:MM:SS`, with up to six digits behind it. */
static bool read_clock(struct str text, int64_t *ret_us)
{
    return text.len >= CLOCK_BYTES && ascii_is_digit(text.ptr[text.len - 1]) &&
           find_offset(text) == text.len && read_on_first_day(text, ret_us);
}

static bool take_byte(struct str *rest, char byte)
{
    if (!rest->len || rest->ptr[0] != byte)
        return false;
    *rest = str_slice(*rest, 1, rest->len);
    return true;
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
    if (!read_clock(text, &us))
        return false;
    encode_int8(rows, us);
    return true;
}

void form_clock_spell(struct buf *rows, struct str bytes)
{
    size_t begin = encode_begin(rows);
    spell_clock(rows, wire_int8(bytes.ptr));
    encode_end(rows, begin);
}

/* --- time with time zone --- */

/* timetz counts its offset in seconds to the west. */
bool form_zoned_put(struct buf *rows, struct str text)
{
    int64_t us, utc_us;
    size_t end = find_offset(text);
    if (end == text.len || !read_clock(str_slice(text, 0, end), &us) ||
        !read_on_first_day(text, &utc_us))
        return false;
    int32_t west = (int32_t)((utc_us - us) / second_us);
    put_numbers(rows, us, &west, 1);
    return true;
}

void form_zoned_spell(struct buf *rows, struct str bytes)
{
    int32_t west = wire_int4(bytes.ptr + CLOCK_BYTES);
    size_t begin = encode_begin(rows);
    spell_clock(rows, wire_int8(bytes.ptr));
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
    if (is_iso ? !read_iso(text, &span) : !read_clock(text, &span.us))
        return false;
    put_numbers(rows, span.us, (const int32_t[]){span.days, span.months}, 2);
    return true;
}

void form_span_spell(struct buf *rows, struct str bytes)
{
    int64_t us = wire_int8(bytes.ptr);
    size_t begin = encode_begin(rows);
    buf_printf(rows, "P%dM%dDT%lld.%06dS", (int)wire_int4(bytes.ptr + CLOCK_BYTES + 4),
               (int)wire_int4(bytes.ptr + CLOCK_BYTES), (long long)(us / second_us),
               (int)(us % second_us));
    encode_end(rows, begin);
}

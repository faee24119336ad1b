#include "worker/values/encode.h"

#include <endian.h>
#include <stdlib.h>

#include "base/date.h"
#include "core/decimal.h"
#include "core/scan.h"

/*
 * Every value is one field of a tuple: its length in four bytes, then the bytes that the type's
 * receive function wants, all big-endian. NULL is the length -1 and no bytes.
 *
 *     boolean       1 byte: 0 or 1
 *     int2, 4, 8    two's complement
 *     date          int4: days since 2000-01-01
 *     timestamptz   int8: microseconds since 2000-01-01 00:00 UTC
 *     uuid          the 16 bytes
 *     text          the bytes
 *     jsonb         the version, 1, then the text (written by row.c)
 *     numeric       four int2 (count of groups, weight, sign, scale), then the groups: digits
 *                   in base 10,000, the point between two groups
 *
 * numeric keeps every digit that was sent. The digits are cut into groups of four from the
 * point outwards, so a group may need zeros on its outer side; groups that are all zeros at
 * either end are left out, and `scale` says how many digits to show after the point. `weight`
 * is the power of 10,000 of the first group.
 *
 *     12345.6    1 | 2345 | 6000     3 groups, weight 1, scale 1
 *     0.00012    0001 | 2000         2 groups, weight -1, scale 5
 *     5e3        5000                1 group, weight 0, scale 0
 *     -0.0       no group            weight 0, sign +, scale 1
 */

enum { DIGITS_PER_GROUP = 4 };
enum { NUMERIC_POSITIVE = 0x0000, NUMERIC_NEGATIVE = 0x4000 };

static char *put16(char *at, uint16_t number)
{
    uint16_t wire = htobe16(number);
    return (char *)memcpy(at, &wire, sizeof wire) + sizeof wire;
}

static char *put32(char *at, uint32_t number)
{
    uint32_t wire = htobe32(number);
    return (char *)memcpy(at, &wire, sizeof wire) + sizeof wire;
}

/* Room for a field of `size` bytes, its length already written; NULL past the ceiling. */
static char *field_room(struct buf *buf, size_t size)
{
    char *room = buf_room(buf, 4 + size);
    if (!room)
        return NULL;
    buf->len += 4 + size;
    return put32(room, (uint32_t)size);
}

void encode_null(struct buf *buf)
{
    buf_put_be32(buf, UINT32_MAX);
}

void encode_boolean(struct buf *buf, bool flag)
{
    char *room = field_room(buf, 1);
    if (room)
        *room = (char)flag;
}

void encode_int2(struct buf *buf, int16_t number)
{
    char *room = field_room(buf, 2);
    if (room)
        put16(room, (uint16_t)number);
}

void encode_int4(struct buf *buf, int32_t number)
{
    char *room = field_room(buf, 4);
    if (room)
        put32(room, (uint32_t)number);
}

void encode_int8(struct buf *buf, int64_t number)
{
    uint64_t wire = htobe64((uint64_t)number);
    char *room = field_room(buf, 8);
    if (room)
        memcpy(room, &wire, sizeof wire);
}

bool encode_bigint(struct buf *buf, struct str number)
{
    int64_t integer;
    if (!str_to_int64(number, &integer))
        return false;
    encode_int8(buf, integer);
    return true;
}

/* A number within the limits of the scanner, as a column of type numeric can hold it. */
static bool read_number(struct str text, struct decimal *ret)
{
    return decimal_parse(text, ret) && decimal_count(ret) <= SCAN_DIGITS_MAX &&
           abs(ret->exponent) <= SCAN_EXPONENT_MAX;
}

bool encode_is_number(struct str text)
{
    struct decimal ignored;
    return read_number(text, &ignored);
}

static int floor_quarter(int number)
{
    return number >= 0 ? number / DIGITS_PER_GROUP
                       : -((-number + DIGITS_PER_GROUP - 1) / DIGITS_PER_GROUP);
}

static void put_groups(char *at, const struct decimal *decimal, size_t from, size_t to,
                       int leading_zeros)
{
    int group = 0, filled = leading_zeros;
    for (size_t i = from; i < to; i++) {
        group = group * 10 + decimal_digit(decimal, i);
        if (++filled == DIGITS_PER_GROUP) {
            at = put16(at, (uint16_t)group);
            group = filled = 0;
        }
    }
    for (int i = filled; filled && i < DIGITS_PER_GROUP; i++)
        group *= 10;
    if (filled)
        put16(at, (uint16_t)group);
}

/*
 * numeric_recv: count of base-10000 digits, weight of the first (10000^weight), sign, digits
 * shown after the point, the digits. 12345.6 is 1 | 2345 | 6000, weight 1.
 */
bool encode_numeric(struct buf *buf, struct str number)
{
    struct decimal decimal;
    if (!read_number(number, &decimal))
        return false;
    size_t from = decimal_leading_zeros(&decimal), to = decimal_count(&decimal);
    while (to > from && decimal_digit(&decimal, to - 1) == 0)
        to--;
    /* The first digit that is not 0 has the value 10^lead. */
    int lead = (int)decimal.whole.len + decimal.exponent - (int)from - 1;
    int weight = floor_quarter(lead);
    int leading_zeros = DIGITS_PER_GROUP - 1 - (lead - weight * DIGITS_PER_GROUP);
    size_t groups = 0;
    if (to > from)
        groups = (to - from + (size_t)leading_zeros + DIGITS_PER_GROUP - 1) / DIGITS_PER_GROUP;
    char *room = field_room(buf, 8 + 2 * groups);
    if (!room)
        return true;
    bool negative = decimal.is_negative && groups;
    room = put16(room, (uint16_t)groups);
    room = put16(room, (uint16_t)(groups ? weight : 0));
    room = put16(room, negative ? NUMERIC_NEGATIVE : NUMERIC_POSITIVE);
    room = put16(room, (uint16_t)MAX((int)decimal.fraction.len - decimal.exponent, 0));
    if (groups)
        put_groups(room, &decimal, from, to, leading_zeros);
    return true;
}

/* numeric_recv: no digits, and a sign that is none (numeric.c, NUMERIC_NAN …). */
void encode_numeric_special(struct buf *buf, enum encode_special special)
{
    static const uint16_t signs[] = {
        [ENCODE_NAN] = 0xc000, [ENCODE_INFINITY] = 0xd000, [ENCODE_MINUS_INFINITY] = 0xf000};
    char *room = field_room(buf, 8);
    if (!room)
        return;
    room = put16(put16(room, 0), 0);
    put16(put16(room, signs[special]), 0);
}

bool encode_timestamptz(struct buf *buf, struct str text)
{
    int64_t us;
    if (!date_parse_rfc3339(text, &us))
        return false;
    encode_int8(buf, us - ENCODE_EPOCH_US);
    return true;
}

bool encode_date(struct buf *buf, struct str text)
{
    int64_t days;
    if (!date_parse_day(text, &days))
        return false;
    encode_int4(buf, (int32_t)(days - ENCODE_EPOCH_DAYS));
    return true;
}

/* 01 in each byte. */
#define ONES UINT64_C(0x0101010101010101)

/* Eight hexadecimal digits at once, as four bytes. False: they are none. */
static bool take_hex(const char *digits, char ret_bytes[4])
{
    uint64_t text;
    memcpy(&text, digits, sizeof text);
    text = le64toh(text);
    uint64_t is_letter = (text >> 6) & ONES;
    uint64_t values = (text & (ONES * 0x0f)) + is_letter * 9;
    uint64_t kinds = text & (ONES * 0xf0) & ~(is_letter << 5); /* 30 or 40 */
    uint64_t wrong = kinds ^ (ONES * 0x30 + (is_letter << 4));
    wrong |= values & (ONES * 0xf0);                          /* letters behind f */
    wrong |= (((values + ONES * 6) >> 4) & ONES) ^ is_letter; /* 10 … 15 are letters */
    values = (values << 4 | values >> 8) & UINT64_C(0x00ff00ff00ff00ff);
    values = (values | values >> 8) & UINT64_C(0x0000ffff0000ffff);
    uint32_t bytes = htole32((uint32_t)(values | values >> 16));
    memcpy(ret_bytes, &bytes, sizeof bytes);
    return !wrong;
}

bool encode_parse_uuid(struct str text, char ret_uuid[ENCODE_UUID_BYTES])
{
    char middle[16], uuid[ENCODE_UUID_BYTES];
    if (text.len != 36 || text.ptr[8] != '-' || text.ptr[13] != '-' || text.ptr[18] != '-' ||
        text.ptr[23] != '-')
        return false;
    memcpy(middle, text.ptr + 9, 4);
    memcpy(middle + 4, text.ptr + 14, 4);
    memcpy(middle + 8, text.ptr + 19, 4);
    memcpy(middle + 12, text.ptr + 24, 4);
    if (!take_hex(text.ptr, uuid) || !take_hex(middle, uuid + 4) ||
        !take_hex(middle + 8, uuid + 8) || !take_hex(text.ptr + 28, uuid + 12))
        return false;
    memcpy(ret_uuid, uuid, sizeof uuid);
    return true;
}

void encode_uuid(struct buf *buf, const char uuid[ENCODE_UUID_BYTES])
{
    char *room = field_room(buf, ENCODE_UUID_BYTES);
    if (room)
        memcpy(room, uuid, ENCODE_UUID_BYTES);
}

void encode_text(struct buf *buf, struct str text)
{
    char *room = field_room(buf, text.len);
    if (room && text.len)
        memcpy(room, text.ptr, text.len);
}

void encode_unescaped(struct buf *buf, struct str inner)
{
    size_t begin = encode_begin(buf);
    char *room = buf_room(buf, inner.len);
    if (!room)
        return;
    buf->len += scan_decode(inner, room);
    encode_end(buf, begin);
}

void encode_jsonb(struct buf *buf, struct jsontext_sorter *sorter, struct str value)
{
    size_t begin = encode_begin(buf);
    buf_put_byte(buf, ENCODE_JSONB_VERSION);
    jsontext_put_sorted(sorter, buf, value);
    encode_end(buf, begin);
}

size_t encode_begin(struct buf *buf)
{
    size_t begin = buf->len;
    buf_put_be32(buf, 0);
    return begin;
}

void encode_end(struct buf *buf, size_t begin)
{
    if (!buf->has_overflowed)
        put32(buf->ptr + begin, (uint32_t)(buf->len - begin - 4));
}

/* --- values that wait until their row is sent --- */

enum { LENGTH_FIRST = -2 };

void encode_later(struct buf *rows, enum later how, struct str raw)
{
    buf_put_be32(rows, (uint32_t)(LENGTH_FIRST - (int32_t)how));
    buf_put(rows, (struct str){(const char *)&raw, sizeof raw});
}

void encode_waited(struct jsontext_sorter *sorter, struct buf *rows, int32_t length,
                   const char bytes[LATER_BYTES])
{
    struct str raw;
    memcpy(&raw, bytes, sizeof raw);
    switch ((enum later)(LENGTH_FIRST - length)) {
    case LATER_JSONB:
        encode_jsonb(rows, sorter, raw);
        return;
    case LATER_TEXT:
        encode_text(rows, raw);
        return;
    case LATER_UNESCAPED:
        encode_unescaped(rows, raw);
        return;
    }
}

#include "worker/values/form_internal.h"

#include <assert.h>
#include <errno.h>
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/date.h"
#include "base/wire.h"
#include "worker/values/encode.h"
#include "worker/values/plain_time.h"

enum { DAY_BYTES = 10 };
enum { NUMBER_BYTES_MAX = 63 };
static const int64_t day_us = INT64_C(86400000000);

enum column_form form_of_type(struct str sql_type)
{
    static const struct {
        const char *name;
        enum column_form form;
    } types[] = {
        {"smallint", FORM_SMALLINT},
        {"int2", FORM_SMALLINT},
        {"integer", FORM_INTEGER},
        {"int", FORM_INTEGER},
        {"int4", FORM_INTEGER},
        {"real", FORM_REAL},
        {"float4", FORM_REAL},
        {"double precision", FORM_DOUBLE},
        {"float8", FORM_DOUBLE},
        {"timestamp with time zone", FORM_INSTANT},
        {"timestamptz", FORM_INSTANT},
        {"timestamp without time zone", FORM_INSTANT},
        {"timestamp", FORM_INSTANT},
        {"date", FORM_DAY},
        {"time without time zone", FORM_CLOCK},
        {"time", FORM_CLOCK},
        {"time with time zone", FORM_ZONED},
        {"timetz", FORM_ZONED},
        {"interval", FORM_SPAN},
        {"bytea", FORM_BYTES},
        {"inet", FORM_ADDRESS},
        {"text[]", FORM_TEXTS},
        {"bigint[]", FORM_BIGINTS},
        {"int8[]", FORM_BIGINTS},
        {"numeric", FORM_NUMERIC},
        {"decimal", FORM_NUMERIC},
        {"character varying", FORM_TEXT},
        {"varchar", FORM_TEXT},
    };
    struct str name = sql_type;
    if (str_ends(sql_type, STR(")")) && str_find_byte(sql_type, '[') < 0)
        (void)str_split(sql_type, '(', &name);
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (str_eq_nocase(str_trim(name), str_from(types[i].name)) &&
            (name.len == sql_type.len || types[i].form >= FORM_NUMERIC))
            return types[i].form;
    return FORM_NONE;
}

/* --- times --- */

static int64_t day_of(int64_t us)
{
    return (us >= 0 ? us : us - (day_us - 1)) / day_us;
}

/* --- numbers --- */

/* A number of JSON, with a NUL at its end. */
static bool copy_number(struct str text, char ret_number[NUMBER_BYTES_MAX + 1])
{
    if (text.len > NUMBER_BYTES_MAX || !encode_is_number(text))
        return false;
    memcpy(ret_number, text.ptr, text.len);
    ret_number[text.len] = 0;
    return true;
}

/* Without an exponent: a number that does not fit goes aside as it was sent. */
static bool is_plain_number(struct str text)
{
    return text.len <= NUMBER_BYTES_MAX && str_find_byte(text, 'e') < 0 &&
           str_find_byte(text, 'E') < 0;
}

/*
 * A number of 15 digits at most, without an exponent: its digits as an integer and the power of
 * ten are doubles, so one division rounds once, as it must. Source: W. D. Clinger, How to Read
 * Floating Point Numbers Accurately (PLDI 1990), section 4.
 */
static bool read_short(struct str number, double *ret)
{
    enum { DIGITS_MAX = 15 };
    static const double powers[DIGITS_MAX] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6, 1e7,
                                              1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14};
    bool is_negative = number.len && number.ptr[0] == '-';
    int64_t digits = 0;
    size_t places = 0;
    bool has_point = false;
    if (FLT_EVAL_METHOD != 0 || number.len > DIGITS_MAX)
        return false;
    for (size_t i = is_negative; i < number.len; i++) {
        char c = number.ptr[i];
        if (c == '.') {
            has_point = true;
            continue;
        }
        if (!ascii_is_digit(c))
            return false;
        digits = digits * 10 + (c - '0');
        places += has_point;
    }
    double value = (double)digits / powers[places];
    *ret = is_negative ? -value : value;
    return true;
}

/* What is too large, or so small that digits are lost, PostgreSQL judges. */
static bool read_double(struct str text, double *ret)
{
    char number[NUMBER_BYTES_MAX + 1];
    if (!copy_number(text, number))
        return false;
    if (read_short(text, ret))
        return true;
    errno = 0;
    *ret = strtod(number, NULL);
    return !errno;
}

static bool put_double(struct buf *rows, struct str text)
{
    double value;
    int64_t bits;
    if (!read_double(text, &value))
        return false;
    memcpy(&bits, &value, sizeof bits);
    encode_int8(rows, bits);
    return true;
}

static bool put_real(struct buf *rows, struct str text)
{
    char number[NUMBER_BYTES_MAX + 1];
    int32_t bits;
    if (!copy_number(text, number))
        return false;
    errno = 0;
    float value = strtof(number, NULL);
    if (errno)
        return false;
    memcpy(&bits, &value, sizeof bits);
    encode_int4(rows, bits);
    return true;
}

static bool put_integer(struct buf *rows, struct str text, bool is_small)
{
    int64_t integer;
    if (!str_to_int64(text, &integer) ||
        integer != (is_small ? (int16_t)integer : (int32_t)integer))
        return false;
    if (is_small)
        encode_int2(rows, (int16_t)integer);
    else
        encode_int4(rows, (int32_t)integer);
    return true;
}

/* --- both ways --- */

bool form_put(enum column_form form, struct buf *rows, struct str text)
{
    int64_t us;
    switch (form) {
    case FORM_SMALLINT:
    case FORM_INTEGER:
        return put_integer(rows, text, form == FORM_SMALLINT);
    case FORM_REAL:
        return put_real(rows, text);
    case FORM_DOUBLE:
        return put_double(rows, text);
    case FORM_INSTANT:
        if (!plain_time_read(text, &us))
            return false;
        encode_int8(rows, us - ENCODE_EPOCH_US);
        return true;
    case FORM_DAY:
        if (!plain_time_read(text, &us))
            return false;
        encode_int4(rows, (int32_t)(day_of(us) - ENCODE_EPOCH_DAYS));
        return true;
    case FORM_CLOCK:
        return form_clock_put(rows, text);
    case FORM_ZONED:
        return form_zoned_put(rows, text);
    case FORM_SPAN:
        return form_span_put(rows, text);
    case FORM_BYTES:
        return form_bytes_put(rows, text);
    case FORM_ADDRESS:
        return form_address_put(rows, text);
    case FORM_TEXTS:
    case FORM_BIGINTS:
        return false;
    case FORM_NUMERIC:
        return is_plain_number(text) && encode_numeric(rows, text);
    case FORM_NONE:
    case FORM_TEXT:
        break;
    }
    encode_text(rows, text);
    return true;
}

void form_put_odd(struct buf *rows, struct str text)
{
    size_t begin = encode_begin(rows);
    buf_put(rows, FORM_ODD_MARK);
    buf_put(rows, text);
    encode_end(rows, begin);
}

bool form_is_odd(struct str bytes, struct str *ret_text)
{
    if (!str_starts(bytes, FORM_ODD_MARK))
        return false;
    *ret_text = str_slice(bytes, FORM_ODD_MARK.len, bytes.len);
    return true;
}

static void spell_time(struct buf *rows, int64_t us, bool is_day)
{
    AUTO_BUF(text, 64);
    date_format_rfc3339(&text, us);
    encode_text(rows, str_slice(buf_str(&text), 0, is_day ? (size_t)DAY_BYTES : text.len));
}

/* The fewest digits that are read as the same number. */
static void spell_double(struct buf *rows, int64_t bits)
{
    char text[32];
    double value;
    memcpy(&value, &bits, sizeof value);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    encode_text(rows, str_from(text));
}

static void spell_real(struct buf *rows, int32_t bits)
{
    char text[32];
    float value;
    memcpy(&value, &bits, sizeof value);
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    encode_text(rows, str_from(text));
}

/* --- numeric, back from what encode_numeric has made of it --- */

enum { NUMERIC_COUNT, NUMERIC_WEIGHT, NUMERIC_SIGN, NUMERIC_SCALE, NUMERIC_GROUPS };

static int numeric_part(struct str bytes, int at)
{
    return wire_int2(bytes.ptr + 2 * at);
}

/* Groups that are all zeros are not there at either end. */
static int numeric_group(struct str bytes, int at)
{
    bool is_there = at >= 0 && at < numeric_part(bytes, NUMERIC_COUNT);
    return is_there ? numeric_part(bytes, NUMERIC_GROUPS + at) : 0;
}

static void spell_numeric(struct buf *rows, struct str bytes)
{
    enum { GROUP_DIGITS = 4 };
    int weight = numeric_part(bytes, NUMERIC_WEIGHT), at = 0;
    char digits[16];
    size_t begin = encode_begin(rows);
    if (numeric_part(bytes, NUMERIC_SIGN))
        buf_put_byte(rows, '-');
    if (weight < 0)
        buf_put_byte(rows, '0');
    for (; at <= weight; at++)
        buf_printf(rows, at ? "%04d" : "%d", numeric_group(bytes, at));
    at = weight + 1;
    int left = numeric_part(bytes, NUMERIC_SCALE);
    if (left)
        buf_put_byte(rows, '.');
    for (; left > 0; left -= GROUP_DIGITS) {
        snprintf(digits, sizeof digits, "%04d", numeric_group(bytes, at++));
        buf_put(rows, str_slice(str_from(digits), 0, (size_t)MIN(left, (int)GROUP_DIGITS)));
    }
    encode_end(rows, begin);
}

bool form_changes(enum column_form form)
{
    return form != FORM_NONE && form != FORM_TEXT;
}

void form_spell(enum column_form form, struct str bytes, struct buf *rows)
{
    char digits[24];
    struct str odd;
    if (form_is_odd(bytes, &odd)) {
        encode_text(rows, odd);
        return;
    }
    switch (form) {
    case FORM_SMALLINT:
    case FORM_INTEGER:
        snprintf(digits, sizeof digits, "%lld", (long long)wire_integer(bytes));
        encode_text(rows, str_from(digits));
        return;
    case FORM_REAL:
        spell_real(rows, (int32_t)wire_integer(bytes));
        return;
    case FORM_DOUBLE:
        spell_double(rows, wire_integer(bytes));
        return;
    case FORM_INSTANT:
        spell_time(rows, wire_integer(bytes) + ENCODE_EPOCH_US, false);
        return;
    case FORM_DAY:
        spell_time(rows, (wire_integer(bytes) + ENCODE_EPOCH_DAYS) * day_us, true);
        return;
    case FORM_CLOCK:
        form_clock_spell(rows, bytes);
        return;
    case FORM_ZONED:
        form_zoned_spell(rows, bytes);
        return;
    case FORM_SPAN:
        form_span_spell(rows, bytes);
        return;
    case FORM_BYTES:
        form_bytes_spell(rows, bytes);
        return;
    case FORM_ADDRESS:
        form_address_spell(rows, bytes);
        return;
    case FORM_TEXTS:
    case FORM_BIGINTS:
        form_list_spell(rows, bytes);
        return;
    case FORM_NUMERIC:
        spell_numeric(rows, bytes);
        return;
    case FORM_NONE:
    case FORM_TEXT:
        encode_text(rows, bytes);
    }
}

#include "worker/rows/convert.h"

#include <assert.h>

#include "base/date.h"
#include "base/hex.h"
#include "base/json_out.h"
#include "config/bookmark.h"
#include "port/digest.h"
#include "worker/records/jsontext.h"
#include "worker/records/records.h"

static struct record_field string_field(struct arena *arena, struct str text)
{
    AUTO_BUF(buf, SIZE_MAX / 2);
    json_out_quote(&buf, text);
    struct record_field field = jsontext_field(STR_NONE, arena_str(arena, buf_str(&buf)));
    if (str_find_byte(text, '\0') >= 0)
        field.flaw = FLAW_NUL;
    return field;
}

static struct record_field instant_field(struct arena *arena, const struct column *column,
                                         int64_t us)
{
    enum { DAY_BYTES = 10 };
    AUTO_BUF(buf, 64);
    date_format_rfc3339(&buf, us);
    struct str text = buf_str(&buf);
    bool is_day = str_eq_nocase(column->sql_type, STR("date"));
    return string_field(arena, is_day ? str_slice(text, 0, DAY_BYTES) : text);
}

/* Standard or URL-safe alphabet, with or without padding and line breaks. */
static bool decode_base64(struct arena *arena, struct str text, struct str *ret_bytes)
{
    char *plain = arena_alloc(arena, text.len + 4);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\n' || c == '\r')
            continue;
        plain[len++] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    while (len % 4)
        plain[len++] = '=';
    return digest_base64_decode(arena, (struct str){plain, len}, ret_bytes);
}

static struct record_field bytea_field(struct arena *arena, struct str bytes)
{
    size_t size = 2 + 2 * bytes.len;
    char *text = arena_alloc(arena, size);
    memcpy(text, "\\x", 2);
    hex_write(bytes, text + 2);
    return string_field(arena, (struct str){text, size});
}

static bool convert_base64(struct arena *arena, const struct column *column, struct str text,
                           struct record_field *ret)
{
    struct str bytes;
    if (!decode_base64(arena, text, &bytes))
        return false;
    if (str_is(column->sql_type, "bytea")) {
        *ret = bytea_field(arena, bytes);
        return true;
    }
    if (!str_is_utf8(bytes))
        return false;
    *ret = string_field(arena, bytes);
    return true;
}

/* --- numbers with a comma --- */

/* What stands between thousands: a point, an apostrophe, a space, and those that do not
 * break. */
static size_t separator_length(struct str text)
{
    static const char *const separators[] = {".", "'", " ", "\u00a0", "\u202f", "\u2019"};
    for (size_t i = 0; i < COUNT_OF(separators); i++)
        if (str_starts(text, str_from(separators[i])))
            return strlen(separators[i]);
    return 0;
}

/* Digits, or groups of three after one to three. False: they could mean something else. */
static bool take_whole(struct buf *buf, struct str *rest)
{
    enum { GROUP = 3 };
    size_t len = str_count_digits(*rest);
    bool is_grouped = len && len <= GROUP;
    for (;;) {
        buf_put(buf, str_slice(*rest, 0, len));
        *rest = str_slice(*rest, len, rest->len);
        size_t separator = separator_length(*rest);
        if (!separator)
            return len > 0;
        *rest = str_slice(*rest, separator, rest->len);
        len = str_count_digits(*rest);
        if (!is_grouped || len != GROUP)
            return false;
    }
}

static bool convert_decimal_comma(struct arena *arena, struct str text,
                                  struct record_field *ret)
{
    AUTO_BUF(buf, SIZE_MAX / 2);
    struct str rest = str_trim(text);
    if (rest.len && (rest.ptr[0] == '-' || rest.ptr[0] == '+')) {
        if (rest.ptr[0] == '-')
            buf_put_byte(&buf, '-');
        rest = str_trim(str_slice(rest, 1, rest.len));
    }
    if (!take_whole(&buf, &rest))
        return false;
    if (rest.len && rest.ptr[0] == ',') {
        struct str fraction = str_slice(rest, 1, rest.len);
        if (!fraction.len || str_count_digits(fraction) != fraction.len)
            return false;
        buf_put_byte(&buf, '.');
        buf_put(&buf, fraction);
        rest = STR_NONE;
    }
    *ret = string_field(arena, buf_str(&buf));
    return rest.len == 0;
}

/* --- yes and no --- */

static bool convert_yes_no(struct arena *arena, struct str text, struct record_field *ret)
{
    static const char *const words[2][17] = {
        {"no", "n", "false", "f", "off", "0", "-", "nein", "non", "nee", "nej", "não", "nao",
         "nie", "ne", "нет", NULL},
        {"yes", "y", "true", "t", "on", "1", "x", "ja", "j", "oui", "si", "sí", "sim", "tak",
         "ano", "да", NULL},
    };
    text = str_trim(text);
    for (size_t flag = 0; flag < 2; flag++)
        for (size_t i = 0; words[flag][i]; i++)
            if (str_eq_nocase(text, str_from(words[flag][i]))) {
                *ret = string_field(arena, flag ? STR("true") : STR("false"));
                return true;
            }
    return false;
}

/* --- all of them --- */

static bool convert_one(struct arena *arena, const struct column *column,
                        const struct column_from *from, const struct record_field *field,
                        struct record_field *ret)
{
    int64_t us;
    bool is_string = field->kind == RECORD_STRING;
    struct str text = is_string ? record_decode(arena, field) : field->raw;
    if (from->kind == FROM_YES_NO)
        return field->kind <= RECORD_STRING && convert_yes_no(arena, text, ret);
    if (!is_string && field->kind != RECORD_NUMBER)
        return false;
    if (from->kind == FROM_BASE64)
        return is_string && convert_base64(arena, column, text, ret);
    if (from->kind == FROM_DECIMAL_COMMA && !is_string) {
        *ret = *field;
        return true;
    }
    if (from->kind == FROM_DECIMAL_COMMA)
        return convert_decimal_comma(arena, text, ret);
    if (!bookmark_form_read(from, text, &us))
        return false;
    *ret = instant_field(arena, column, us);
    return true;
}

bool convert_value(struct arena *arena, const struct column *column,
                   const struct record_field *field, struct record_field *ret)
{
    const struct declared_column *declared = column->declared;
    assert(declared && declared->from_count && !record_is_null(field));
    for (size_t i = 0; i < declared->from_count; i++)
        if (convert_one(arena, column, &declared->from[i], field, ret))
            return true;
    return false;
}

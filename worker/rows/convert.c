#include "worker/rows/convert.h"

#include <assert.h>

#include "base/date.h"
#include "base/date_text.h"
#include "base/hex.h"
#include "base/json_out.h"
#include "port/digest.h"
#include "worker/records/jsontext.h"
#include "worker/records/records.h"

static bool read_instant(const struct declared_column *declared, struct str text,
                         int64_t *ret_us)
{
    switch (declared->from_kind) {
    case FROM_EPOCH_S:
        return date_parse_epoch(text, 0, ret_us);
    case FROM_EPOCH_MS:
        return date_parse_epoch(text, 3, ret_us);
    case FROM_EPOCH_US:
        return date_parse_epoch(text, 6, ret_us);
    case FROM_RFC2822:
        return date_parse_rfc2822(text, ret_us);
    case FROM_DOTNET:
        return date_parse_dotnet(text, ret_us);
    case FROM_PATTERN:
        return date_parse_pattern(text, declared->from, ret_us);
    case FROM_JSON:
    case FROM_BASE64:
        break;
    }
    return false;
}

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
    bool is_day = column->type == COLUMN_DATE;
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

bool convert_value(struct arena *arena, const struct column *column,
                   const struct record_field *field, struct record_field *ret)
{
    int64_t us;
    assert(column->declared && column->declared->from_kind != FROM_JSON);
    if (field->kind != RECORD_STRING && field->kind != RECORD_NUMBER)
        return false;
    bool is_string = field->kind == RECORD_STRING;
    struct str text = is_string ? record_decode(arena, field) : field->raw;
    if (column->declared->from_kind == FROM_BASE64)
        return is_string && convert_base64(arena, column, text, ret);
    if (!read_instant(column->declared, text, &us))
        return false;
    *ret = instant_field(arena, column, us);
    return true;
}

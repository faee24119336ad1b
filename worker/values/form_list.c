
#include "base/macros.h"
#include "base/wire.h"
#include "core/scan.h"
#include "port/pg_array.h"
#include "worker/records/record.h"
#include "worker/values/encode.h"
#include "worker/values/form_internal.h"
#include "worker/values/input.h"

enum { TYPE_BIGINT = 20, TYPE_TEXT = 25 }; /* pg_type.dat */

/* A list in it would be a further dimension. */
static bool put_element(enum column_form form, struct arena *arena, struct buf *rows,
                        struct str raw)
{
    struct record_field field = record_field_of(arena, raw);
    if (field.kind == RECORD_NULL) {
        encode_null(rows);
        return true;
    }
    if (form == FORM_BIGINTS)
        return field.kind == RECORD_NUMBER && encode_bigint(rows, raw);
    if (field.kind == RECORD_LIST)
        return false;
    encode_text(rows, field.kind == RECORD_STRING ? record_decode(arena, &field) : raw);
    return true;
}

bool form_put_list(enum column_form form, struct arena *arena, struct buf *rows, struct str raw)
{
    struct scan scan;
    uint32_t count = 0;
    if (form != FORM_TEXTS && form != FORM_BIGINTS)
        return false;
    size_t begin = encode_begin(rows);
    size_t head = rows->len;
    pg_array_put_head(rows, form == FORM_TEXTS ? TYPE_TEXT : TYPE_BIGINT, 0);
    scan_init(&scan, arena, raw);
    for (bool more = scan_first(&scan, ']'); more; more = scan_more(&scan, ']'), count++) {
        const char *at = scan.at;
        if (!scan_value(&scan, 0) ||
            !put_element(form, arena, rows, (struct str){at, (size_t)(scan.at - at)})) {
            buf_truncate(rows, begin);
            return false;
        }
    }
    pg_array_set_count(rows, head, count);
    encode_end(rows, begin);
    return true;
}

/* As input_array writes it. */
void form_list_spell(struct buf *rows, struct str bytes)
{
    bool is_text = pg_array_type(bytes) == TYPE_TEXT;
    struct str rest = str_slice(bytes, PG_ARRAY_HEAD_BYTES, bytes.len), field;
    size_t begin = encode_begin(rows);
    buf_put_byte(rows, '{');
    for (bool is_first = true; rest.len; is_first = false) {
        int32_t len = wire_int4(rest.ptr);
        field = str_slice(rest, sizeof len, sizeof len + (size_t)MAX(len, 0));
        rest = str_slice(rest, sizeof len + field.len, rest.len);
        if (!is_first)
            buf_put_byte(rows, ',');
        if (len < 0)
            buf_puts(rows, "NULL");
        else if (is_text)
            input_put_quoted(rows, field);
        else
            buf_printf(rows, "%lld", (long long)wire_int8(field.ptr));
    }
    buf_put_byte(rows, '}');
    encode_end(rows, begin);
}

#include "worker/rows/column_infer.h"

#include "base/date.h"
#include "worker/values/encode.h"

/* One bit for each type that a value alone would ask for. */
enum kind {
    KIND_BOOLEAN = 1 << COLUMN_BOOLEAN,
    KIND_INTEGER = 1 << COLUMN_BIGINT,
    KIND_FRACTION = 1 << COLUMN_NUMERIC,
    KIND_TIME = 1 << COLUMN_TIMESTAMPTZ,
    KIND_DATE = 1 << COLUMN_DATE,
    KIND_UUID = 1 << COLUMN_UUID,
    KIND_TEXT = 1 << COLUMN_TEXT,
    KIND_TREE = 1 << COLUMN_JSONB,
};

static unsigned kind_of_string(struct str raw)
{
    struct str text = str_slice(raw, 1, raw.len - 1);
    int64_t ignored;
    char uuid[ENCODE_UUID_BYTES];
    if (text.len == 0 || text.len > 64)
        return KIND_TEXT;
    if (encode_parse_uuid(text, uuid))
        return KIND_UUID;
    if (date_parse_day(text, &ignored))
        return KIND_DATE;
    return date_parse_rfc3339(text, &ignored) ? KIND_TIME : KIND_TEXT;
}

unsigned column_infer_kind(const struct record_field *field)
{
    int64_t ignored;
    switch (field->kind) {
    case RECORD_NULL:
        return 0;
    case RECORD_TRUE:
    case RECORD_FALSE:
        return KIND_BOOLEAN;
    case RECORD_NUMBER:
        return str_to_int64(field->raw, &ignored) ? KIND_INTEGER : KIND_FRACTION;
    case RECORD_STRING:
        return kind_of_string(field->raw);
    case RECORD_OBJECT:
    case RECORD_LIST:
        break;
    }
    return KIND_TREE;
}

unsigned column_infer_kind_of_type(enum column_type type)
{
    return type == COLUMN_OTHER ? 0 : 1U << type;
}

bool column_infer_type(unsigned kinds, enum column_type *ret_type)
{
    if (!kinds)
        return false;
    if (kinds & KIND_TREE)
        *ret_type = COLUMN_JSONB;
    else if (kinds == (KIND_INTEGER | KIND_FRACTION))
        *ret_type = COLUMN_NUMERIC;
    else if ((kinds & (kinds - 1)) == 0)
        *ret_type = (enum column_type)__builtin_ctz(kinds);
    else
        *ret_type = COLUMN_TEXT;
    return true;
}

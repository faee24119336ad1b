#include "worker/rows/row.h"

#include <assert.h>

#include "base/json_out.h"
#include "port/hash.h"
#include "worker/rows/convert.h"
#include "worker/rows/encode.h"
#include "worker/rows/gather.h"

/* `_pt_hash`, `_pt_aside`, `_pt_mark`, `_pt_ord` */
enum { OWN_COLUMNS = 4 };

static size_t find_record_column(const struct row_writer *writer)
{
    const struct columns *columns = writer->columns;
    if (writer->table->mode != COLUMNS_NONE)
        return columns->count;
    for (size_t i = 0; i < columns->count; i++)
        if (!columns->items[i].is_key && str_is(columns->items[i].name, "record"))
            return i;
    return columns->count;
}

void row_start(struct row_writer *writer)
{
    const struct columns *columns = writer->columns;
    writer->new_fields = (struct new_fields){.arena = writer->arena};
    writer->sorter = (struct jsontext_sorter){.arena = writer->arena};
    writer->values = ARENA_ARRAY(writer->arena, const struct record_field *, columns->count);
    writer->deep_values = ARENA_ARRAY(writer->arena, struct record_field, columns->deep_count);
    writer->record_column = find_record_column(writer);
    row_extras_changed(writer);
}

void row_extras_changed(struct row_writer *writer)
{
    writer->extras_hash = 0;
    for (size_t i = 0; i < writer->extra_count; i++) {
        struct row_extra *extra = &writer->extras[i];
        extra->field.name = extra->name;
        writer->extras_hash = hash_fold(writer->extras_hash, hash_bytes(extra->name, 0));
        writer->extras_hash = hash_fold(writer->extras_hash, hash_bytes(extra->field.raw, 0));
    }
}

static bool is_null(const struct record_field *field)
{
    return !field || field->kind == RECORD_NULL;
}

static struct str inner_text(const struct record_field *field)
{
    return str_slice(field->raw, 1, field->raw.len - 1);
}

static void put_text(struct buf *buf, const struct record_field *field)
{
    if (field->kind != RECORD_STRING)
        encode_text(buf, field->raw);
    else if (field->has_escapes)
        encode_unescaped(buf, inner_text(field));
    else
        encode_text(buf, inner_text(field));
}

static void put_jsonb(struct row_writer *writer, const struct record_field *field)
{
    enum { JSONB_VERSION = 1 };
    struct buf *rows = &writer->batch->rows;
    size_t begin = encode_begin(rows);
    buf_put_byte(rows, JSONB_VERSION);
    jsontext_put_sorted(&writer->sorter, rows, field->raw);
    encode_end(rows, begin);
}

/* The text to read a number or flag from; empty where the value holds none. */
static struct str plain_text(const struct column *column, const struct record_field *field)
{
    if (field->kind < RECORD_STRING)
        return field->raw;
    return field->kind == RECORD_STRING && column->declared ? inner_text(field) : STR_NONE;
}

static bool put_boolean(struct buf *buf, struct str text)
{
    bool flag = str_is(text, "true");
    if (!flag && !str_is(text, "false"))
        return false;
    encode_boolean(buf, flag);
    return true;
}

static bool passes_check(const struct column *column, const struct record_field *field)
{
    int64_t integer;
    struct str text = plain_text(column, field);
    switch (column->check) {
    case CHECK_SMALLINT:
        return str_to_int64(text, &integer) && integer == (int16_t)integer;
    case CHECK_INTEGER:
        return str_to_int64(text, &integer) && integer == (int32_t)integer;
    case CHECK_NUMBER:
        return encode_is_number(text);
    case CHECK_NOTHING:
        break;
    }
    return true;
}

static bool put_value(struct row_writer *writer, const struct column *column,
                      const struct record_field *field)
{
    struct buf *rows = &writer->batch->rows;
    bool is_string = field->kind == RECORD_STRING;
    switch (column->type) {
    case COLUMN_BOOLEAN:
        return put_boolean(rows, plain_text(column, field));
    case COLUMN_BIGINT:
        return encode_bigint(rows, plain_text(column, field));
    case COLUMN_NUMERIC:
        return encode_numeric(rows, plain_text(column, field));
    case COLUMN_TIMESTAMPTZ:
        return is_string && encode_timestamptz(rows, inner_text(field));
    case COLUMN_DATE:
        return is_string && encode_date(rows, inner_text(field));
    case COLUMN_UUID:
        return is_string && encode_uuid(rows, inner_text(field));
    case COLUMN_JSONB:
        put_jsonb(writer, field);
        return true;
    case COLUMN_OTHER:
        if (!passes_check(column, field))
            return false;
        break;
    case COLUMN_TEXT:
        break;
    }
    put_text(rows, field);
    return true;
}

/* The value as its column takes it; `from` may write it anew. */
static bool put_fitting(struct row_writer *writer, const struct column *column,
                        const struct record_field *field)
{
    struct record_field converted;
    if (column->declared && column->declared->from_kind != FROM_JSON) {
        if (!convert_value(writer->arena, column, field, &converted))
            return false;
        field = &converted;
    }
    return field->flaw == FLAW_NONE && put_value(writer, column, field);
}

/* A number beyond 64 bits, or with a fraction, in a column that may still change. */
static bool wants_wider(const struct row_writer *writer, const struct column *column,
                        const struct record_field *field)
{
    return writer->columns->may_widen && !writer->is_extended &&
           column->type == COLUMN_BIGINT && !column->declared && field->kind == RECORD_NUMBER &&
           field->flaw == FLAW_NONE;
}

static enum row_result put_misfit(struct row_writer *writer, const struct column *column,
                                  const struct record_field *field, const char **ret_reason)
{
    enum mismatch_mode mode = writer->table->on_mismatch;
    if (wants_wider(writer, column, field)) {
        new_fields_add_wider(&writer->new_fields, field);
        return ROW_UNKNOWN;
    }
    if (column->is_key || mode != MISMATCH_ASIDE) {
        const char *flaw = gather_flaw_text(field->flaw);
        struct str type = column->type == COLUMN_OTHER
                              ? column->sql_type
                              : str_from(column_type_sql(column->type));
        *ret_reason =
            arena_printf(writer->arena, "%s \"%.*s\": %s%.*s",
                         column->is_key ? "key" : "column", STR_ARG(column->name),
                         flaw ? flaw : "the value is no ", STR_ARG(flaw ? STR_NONE : type))
                .ptr;
        return !column->is_key && mode == MISMATCH_FAIL ? ROW_FAILED : ROW_REJECTED;
    }
    encode_null(&writer->batch->rows);
    gather_aside(writer, column->name, field->raw, true);
    writer->asides++;
    return ROW_ASIDE;
}

static enum row_result put_columns(struct row_writer *writer, const char **ret_reason)
{
    const struct columns *columns = writer->columns;
    bool is_unknown = writer->unknown_count > 0;
    for (size_t i = 0; i < columns->count; i++) {
        const struct record_field *field = writer->values[i];
        if (is_null(field)) {
            encode_null(&writer->batch->rows);
            continue;
        }
        if (field->flaw == FLAW_NONE && put_fitting(writer, &columns->items[i], field))
            continue;
        enum row_result result = put_misfit(writer, &columns->items[i], field, ret_reason);
        if (result == ROW_REJECTED || result == ROW_FAILED)
            return result;
        is_unknown |= result == ROW_UNKNOWN;
    }
    if (is_unknown)
        return ROW_UNKNOWN;
    return writer->pending_count ? ROW_ASIDE : ROW_PUT;
}

static void put_asides(struct row_writer *writer)
{
    struct buf *rows = &writer->batch->rows;
    if (writer->pending_count == 0) {
        encode_null(rows);
        return;
    }
    size_t begin = encode_begin(rows);
    struct json_out out = {.buf = rows};
    json_out_open(&out, NULL, '{');
    for (size_t i = 0; i < writer->pending_count; i++) {
        json_out_name(&out, writer->pending[i].name);
        json_out_str(&out, NULL, writer->pending[i].text);
    }
    json_out_close(&out, '}');
    encode_end(rows, begin);
}

/* Of a record whose fields are no longer its own, what is left: an excluded field must not make
 * it look changed. */
static uint64_t hash_record(const struct record *record, uint64_t seed)
{
    if (!record->is_reshaped)
        return hash_bytes(record->raw, seed);
    uint64_t hash = seed;
    for (size_t i = 0; i < record->count; i++) {
        hash = hash_fold(hash, hash_bytes(record->fields[i].name, 0));
        hash = hash_fold(hash, hash_bytes(record->fields[i].raw, 0));
    }
    return hash;
}

static void count_misfit(struct row_writer *writer, struct str name)
{
    size_t at = 0;
    while (at < writer->misfit_count && !str_eq(writer->misfits[at].name, name))
        at++;
    if (at == writer->misfit_count) {
        ARENA_GROW(writer->arena, writer->misfits, writer->misfit_count,
                   writer->misfit_capacity);
        writer->misfits[writer->misfit_count++] = (struct row_misfits){name, 0};
    }
    writer->misfits[at].count++;
}

static void put_own_columns(struct row_writer *writer, const struct record *record)
{
    struct batch *batch = writer->batch;
    uint64_t hash = hash_record(record, writer->columns->seed);
    if (writer->extra_count)
        hash = hash_fold(hash, writer->extras_hash);
    encode_int8(&batch->rows, (int64_t)hash);
    put_asides(writer);
    encode_int4(&batch->rows, (int32_t)batch->mark_count);
    encode_int8(&batch->rows, (int64_t)batch->row_count - 1);
}

static enum row_result put_row(struct row_writer *writer, const struct record *record,
                               const char **ret_reason)
{
    struct batch *batch = writer->batch;
    size_t count = writer->columns->count;
    assert(batch->row_count == 0 || batch->column_count == count);
    batch->column_count = count;
    batch_row_begin(batch, record->position);
    buf_put_be16(&batch->rows, (uint16_t)(count + OWN_COLUMNS));
    enum row_result result = put_columns(writer, ret_reason);
    if (result != ROW_PUT && result != ROW_ASIDE) {
        batch_row_drop(batch);
        return result;
    }
    put_own_columns(writer, record);
    for (size_t i = 0; i < writer->pending_count; i++)
        if (writer->pending[i].is_misfit)
            count_misfit(writer, writer->pending[i].name);
    return result;
}

static enum row_result put_object(struct row_writer *writer, const struct record *record,
                                  const char **ret_reason)
{
    int64_t asides = writer->asides;
    enum row_result result = gather_record(writer, record, ret_reason);
    if (result == ROW_PUT)
        result = put_row(writer, record, ret_reason);
    if (result == ROW_UNKNOWN)
        for (size_t i = 0; i < writer->unknown_count; i++)
            new_fields_add(&writer->new_fields, writer->unknown[i]);
    if (result != ROW_ASIDE)
        writer->asides = asides;
    if (writer->on_record)
        writer->on_record(writer->on_record_ctx, writer, record, result, *ret_reason);
    return result;
}

enum row_result row_put(struct row_writer *writer, const struct record *record,
                        const char **ret_reason)
{
    if (gather_is_fatal(record->flaw) || (record->kind == RECORD_OBJECT && record->flaw)) {
        *ret_reason = gather_flaw_text(record->flaw);
        return ROW_REJECTED;
    }
    if (record->kind == RECORD_OBJECT)
        return put_object(writer, record, ret_reason);
    struct record_field value = jsontext_field(STR("value"), record->raw);
    value.flaw = record->flaw;
    struct record scalar = *record;
    scalar.fields = &value;
    scalar.count = 1;
    return put_object(writer, &scalar, ret_reason);
}

#include "worker/rows/row.h"

#include <assert.h>

#include "base/json_out.h"
#include "port/hash.h"
#include "worker/records/record_id.h"
#include "worker/rows/convert.h"
#include "worker/values/encode.h"
#include "worker/values/input.h"

/* `_pt_hash`, `_pt_aside`, `_pt_mark`, `_pt_ord` */
enum { OWN_COLUMNS = 4 };

void row_start(struct row_writer *writer)
{
    struct arena *arena = writer->binder.arena;
    writer->new_fields =
        (struct new_fields){.arena = arena, .has_texts_alone = writer->has_texts_alone};
    writer->misfits = (struct misfits){.arena = arena};
    writer->sorter = (struct jsontext_sorter){.arena = arena};
    writer->bound = (struct bound){0};
    writer->met = ARENA_ARRAY(arena, bool, writer->binder.columns->count);
    bind_start(&writer->binder);
    row_extras_changed(writer);
}

void row_extras_changed(struct row_writer *writer)
{
    writer->extras_hash = 0;
    for (size_t i = 0; i < writer->binder.extra_count; i++) {
        const struct record_field *extra = &writer->binder.extras[i];
        writer->extras_hash = hash_fold(writer->extras_hash, hash_bytes(extra->name, 0));
        writer->extras_hash = hash_fold(writer->extras_hash, hash_bytes(extra->raw, 0));
    }
}

static struct str inner_text(const struct record_field *field)
{
    return str_slice(field->raw, 1, field->raw.len - 1);
}

/* How a value is written if it may wait until its row is sent: it must be a slice of the
 * record, which stays with the batch. */
static bool may_wait(const struct row_writer *writer, const struct column *column,
                     const struct record_field *field, enum later *ret_how)
{
    uintptr_t record = (uintptr_t)writer->record.ptr, at = (uintptr_t)field->raw.ptr;
    if (!writer->batch->may_wait || column->is_key || field->raw.len < LATER_WORTH_BYTES ||
        at < record || at - record > writer->record.len)
        return false;
    if (column->type == COLUMN_JSONB)
        *ret_how = LATER_JSONB;
    else
        *ret_how = field->has_escapes ? LATER_UNESCAPED : LATER_TEXT;
    return column->type == COLUMN_JSONB ||
           (column->type == COLUMN_TEXT && field->kind == RECORD_STRING);
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

static bool put_boolean(struct buf *buf, struct str text)
{
    bool flag = str_is(text, "true");
    if (!flag && !str_is(text, "false"))
        return false;
    encode_boolean(buf, flag);
    return true;
}

/* As it was inferred: only what is written as the type is written in JSON. */
static bool put_inferred(struct buf *rows, enum column_type type,
                         const struct record_field *field)
{
    char uuid[ENCODE_UUID_BYTES];
    if (type < COLUMN_TIMESTAMPTZ && field->kind >= RECORD_STRING)
        return false;
    if (type >= COLUMN_TIMESTAMPTZ && field->kind != RECORD_STRING)
        return false;
    struct str text = field->kind == RECORD_STRING ? inner_text(field) : field->raw;
    switch (type) {
    case COLUMN_BOOLEAN:
        return put_boolean(rows, text);
    case COLUMN_BIGINT:
        return encode_bigint(rows, text);
    case COLUMN_NUMERIC:
        return encode_numeric(rows, text);
    case COLUMN_TIMESTAMPTZ:
        return encode_timestamptz(rows, text);
    case COLUMN_DATE:
        return encode_date(rows, text);
    default:
        if (!encode_parse_uuid(text, uuid))
            return false;
        encode_uuid(rows, uuid);
        return true;
    }
}

/* Of a scalar the text that PostgreSQL's input would read; else empty. */
static struct str input_text(struct arena *arena, const struct record_field *field)
{
    if (field->kind > RECORD_STRING)
        return STR_NONE;
    return field->kind == RECORD_STRING ? record_decode(arena, field) : field->raw;
}

/* The same, and of a list or object its JSON. */
static struct str shown_text(struct arena *arena, const struct record_field *field)
{
    return field->kind > RECORD_STRING ? field->raw : input_text(arena, field);
}

/* As PostgreSQL's own input of the type reads it. */
static bool put_declared(struct row_writer *writer, enum column_type type,
                         const struct record_field *field)
{
    struct buf *rows = &writer->batch->rows;
    struct arena *arena = writer->binder.arena;
    struct str text = input_text(arena, field);
    char uuid[ENCODE_UUID_BYTES];
    int64_t integer;
    bool flag;
    switch (type) {
    case COLUMN_BOOLEAN:
        flag = field->kind == RECORD_TRUE;
        if (!flag && field->kind != RECORD_FALSE && !input_boolean(text, &flag))
            return false;
        encode_boolean(rows, flag);
        return true;
    case COLUMN_BIGINT:
        if (!input_integer(arena, text, &integer))
            return false;
        encode_int8(rows, integer);
        return true;
    case COLUMN_NUMERIC:
        return input_numeric(arena, text, rows);
    case COLUMN_UUID:
        if (field->kind != RECORD_STRING || !input_uuid(text, uuid))
            return false;
        encode_uuid(rows, uuid);
        return true;
    default:
        return put_inferred(rows, type, field);
    }
}

/* In the form that the column's table takes, or as it is. */
static void put_formed(struct row_writer *writer, const struct column *column, struct str text)
{
    struct batch *batch = writer->batch;
    if (form_put(column->form, &batch->rows, text))
        return;
    form_put_odd(&batch->rows, text);
    batch->has_odd = true;
}

/* What the column's own form reads is right, whatever is looked for in others. */
static bool put_plain(struct buf *rows, const struct column *column, struct str text)
{
    return form_changes(column->form) && form_put(column->form, rows, text);
}

static void put_integer(struct row_writer *writer, const struct column *column, int64_t integer)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)integer);
    put_formed(writer, column, str_from(digits));
}

/* What is put may still be refused by the cast. */
static bool put_other(struct row_writer *writer, const struct column *column,
                      const struct record_field *field)
{
    struct buf *rows = &writer->batch->rows;
    struct arena *arena = writer->binder.arena;
    bool is_small = column->check == CHECK_SMALLINT;
    struct str text = input_text(arena, field);
    int64_t integer;
    if (put_plain(rows, column, text))
        return true;
    switch (column->check) {
    case CHECK_SMALLINT:
    case CHECK_INTEGER:
        if (!input_integer(arena, text, &integer) ||
            integer != (is_small ? (int16_t)integer : (int32_t)integer))
            return false;
        put_integer(writer, column, integer);
        return true;
    case CHECK_NUMBER:
        if (!input_may_be_number(text))
            return false;
        break;
    case CHECK_TIME:
    case CHECK_CLOCK:
        if (field->kind != RECORD_STRING ||
            !input_may_be_time(text, column->check == CHECK_CLOCK))
            return false;
        break;
    case CHECK_ARRAY:
    case CHECK_JSON_ARRAY:
        if (field->kind == RECORD_LIST && form_put_list(column->form, arena, rows, field->raw))
            return true;
        text = field->kind == RECORD_LIST
                   ? input_array(arena, field->raw, column->check == CHECK_JSON_ARRAY)
                   : shown_text(arena, field);
        break;
    case CHECK_NOTHING:
        if (!form_changes(column->form)) {
            put_text(rows, field);
            return true;
        }
        text = shown_text(arena, field);
        break;
    }
    put_formed(writer, column, text);
    return true;
}

/* False: the value does not fit the column; nothing was put. `from` may write it anew. */
static bool put_value(struct row_writer *writer, const struct column *column,
                      const struct record_field *field)
{
    struct buf *rows = &writer->batch->rows;
    struct record_field converted;
    if (!field->flaw && column->declared && column->declared->from_count) {
        if (!convert_value(writer->binder.arena, column, field, &converted))
            return false;
        field = &converted;
    }
    if (field->flaw)
        return false;
    enum later how;
    if (may_wait(writer, column, field, &how)) {
        batch_put_later(writer->batch, how,
                        how == LATER_JSONB ? field->raw : inner_text(field));
        return true;
    }
    switch (column->type) {
    case COLUMN_JSONB:
        encode_jsonb(rows, &writer->sorter, field->raw);
        return true;
    case COLUMN_TEXT:
        put_text(rows, field);
        return true;
    case COLUMN_OTHER:
        return put_other(writer, column, field);
    default:
        return column->declared ? put_declared(writer, column->type, field)
                                : put_inferred(rows, column->type, field);
    }
}

/* An empty text where the definition does not keep it. */
static bool is_null_here(const struct column *column, const struct record_field *field)
{
    enum { QUOTES = 2 };
    return record_is_null(field) || (column->is_empty_null && !column->is_key &&
                                     field->kind == RECORD_STRING && field->raw.len == QUOTES);
}

static bool is_empty_text(const struct record_field *field)
{
    return field->kind == RECORD_STRING && field->raw.len == 2;
}

/* Another type of the column would take the value, and the column may still change. An empty
 * text is what many APIs send for "nothing": it makes no text of numbers and times. */
static bool wants_wider(const struct binder *binder, const struct column *column,
                        const struct record_field *field)
{
    return column->may_widen && !column->declared && !binder->is_extended &&
           field->flaw == FLAW_NONE && !is_empty_text(field);
}

static const char *misfit_reason(struct arena *arena, const struct column *column,
                                 const struct record_field *field)
{
    const char *flaw = record_flaw_text(field->flaw);
    const char *what = column->is_key ? "key" : "column";
    struct str type = column->type == COLUMN_OTHER ? column->sql_type
                                                   : str_from(column_type_sql(column->type));
    struct str reason =
        flaw ? arena_printf(arena, "%s \"%.*s\": %s", what, STR_ARG(column->name), flaw)
             : arena_printf(arena, "%s \"%.*s\": the value is no %.*s", what,
                            STR_ARG(column->name), STR_ARG(type));
    return reason.ptr;
}

/* A key of another type names another record: nothing of it may be left out in silence. */
static bool is_other_key(const struct column *column, const struct record_field *field)
{
    return column->is_key && field->flaw == FLAW_NONE && !is_empty_text(field);
}

static enum row_result put_misfit(struct row_writer *writer, const struct column *column,
                                  const struct record_field *field, const char **ret_reason)
{
    struct binder *binder = &writer->binder;
    enum mismatch_mode mode = binder->table->on_mismatch;
    if (wants_wider(binder, column, field)) {
        struct record_field named = *field;
        named.name = column->field;
        new_fields_add_wider(&writer->new_fields, &named, column->type);
        return ROW_UNKNOWN;
    }
    if (is_other_key(column, field) && mode == MISMATCH_ASIDE) {
        *ret_reason =
            arena_printf(binder->arena,
                         "%s: its type has changed; `pagetide columns STREAM --type "
                         "%.*s=text` changes the column's, on_mismatch: reject leaves "
                         "such records out",
                         misfit_reason(binder->arena, column, field), STR_ARG(column->name))
                .ptr;
        return ROW_FAILED;
    }
    if (column->is_key || mode != MISMATCH_ASIDE) {
        *ret_reason = misfit_reason(binder->arena, column, field);
        return !column->is_key && mode == MISMATCH_FAIL ? ROW_FAILED : ROW_REJECTED;
    }
    encode_null(&writer->batch->rows);
    bind_put_misfit(binder, &writer->bound, column, field);
    return ROW_ASIDE;
}

static void put_asides(struct buf *rows, const struct bound *bound)
{
    if (bound->aside_count == 0) {
        encode_null(rows);
        return;
    }
    size_t begin = encode_begin(rows);
    struct json_out out = {.buf = rows};
    buf_put_byte(rows, ENCODE_JSONB_VERSION);
    json_out_open(&out, NULL, '{');
    for (size_t i = 0; i < bound->aside_count; i++) {
        json_out_name(&out, bound->asides[i].name);
        json_out_str(&out, NULL, bound->asides[i].field->raw);
    }
    json_out_close(&out, '}');
    encode_end(rows, begin);
}

/* The columns that every table has, and what is counted of a row that stays. */
static void put_own_columns(struct row_writer *writer, const struct record *record)
{
    struct batch *batch = writer->batch;
    const struct bound *bound = &writer->bound;
    uint64_t hash = hash_fold(record_hash(record), writer->binder.columns->seed);
    if (writer->binder.extra_count)
        hash = hash_fold(hash, writer->extras_hash);
    if (writer->is_deleted)
        encode_null(&batch->rows);
    else
        encode_int8(&batch->rows, (int64_t)hash);
    batch->has_deleted |= writer->is_deleted;
    put_asides(&batch->rows, bound);
    encode_int8(&batch->rows, (int64_t)batch->mark_count);
    encode_int8(&batch->rows, (int64_t)batch->row_count - 1);
    for (size_t i = 0; i < bound->aside_count; i++)
        if (bound->asides[i].is_misfit)
            misfits_add(&writer->misfits, &bound->asides[i], record->position);
}

/* The values of `bound` as a tuple in the batch; nothing where the result is not ROW_PUT or
 * ROW_ASIDE. A field that wants a column does not stop it: others may want a wider one. */
static enum row_result put_tuple(struct row_writer *writer, const struct record *record,
                                 const char **ret_reason)
{
    struct batch *batch = writer->batch;
    const struct columns *columns = writer->binder.columns;
    const struct bound *bound = &writer->bound;
    enum row_result result = bound->unknown_count ? ROW_UNKNOWN
                             : bound->aside_count ? ROW_ASIDE
                                                  : ROW_PUT;
    assert(batch->row_count == 0 || batch->column_count == columns->count);
    batch->column_count = columns->count;
    writer->record = record->sent;
    batch_row_begin(batch, record->position, record->sent);
    buf_put_be16(&batch->rows, (uint16_t)(columns->count + OWN_COLUMNS));
    for (size_t i = 0; i < columns->count && result < ROW_REJECTED; i++) {
        const struct record_field *field = bound->values[i];
        writer->met[i] |= field != NULL;
        if (is_null_here(&columns->items[i], field)) {
            encode_null(&batch->rows);
        } else if (!put_value(writer, &columns->items[i], field)) {
            enum row_result misfit = put_misfit(writer, &columns->items[i], field, ret_reason);
            result = MAX(result, misfit);
        }
    }
    if (result > ROW_ASIDE)
        batch_row_drop(batch);
    else
        put_own_columns(writer, record);
    return result;
}

enum row_result row_put(struct row_writer *writer, const struct record *record,
                        const char **ret_reason)
{
    static const enum row_result results[] = {
        [BIND_DONE] = ROW_PUT, [BIND_REJECTED] = ROW_REJECTED, [BIND_FAILED] = ROW_FAILED};
    bool is_object = record->kind == RECORD_OBJECT;
    struct record scalar;
    struct record_field value;
    if (record_flaw_is_fatal(record->flaw) || (is_object && record->flaw)) {
        *ret_reason = record_flaw_text(record->flaw);
        return ROW_REJECTED;
    }
    if (record->kind == RECORD_NULL) {
        *ret_reason = "the record is null";
        return ROW_REJECTED;
    }
    if (!is_object) {
        value = jsontext_field(STR("value"), record->raw);
        value.flaw = record->flaw;
        scalar = *record;
        scalar.fields = &value;
        scalar.count = 1;
        record = &scalar;
    }
    enum row_result result = results[bind_record(&writer->binder, record, &writer->bound)];
    if (result == ROW_PUT)
        result = put_tuple(writer, record, ret_reason);
    else
        *ret_reason = writer->bound.reason;
    for (size_t i = 0; i < writer->bound.unknown_count && result == ROW_UNKNOWN; i++)
        new_fields_add(&writer->new_fields, writer->bound.unknown[i]);
    if (writer->on_record)
        writer->on_record(writer->on_record_ctx, writer, record, result, *ret_reason);
    return result;
}

/* Where the columns of the parent's fields are; false: not all of them are there. */
static bool bind_parent(struct row_writer *writer, const struct record_field *fields,
                        size_t count, const struct record_field **values)
{
    const struct columns *columns = writer->binder.columns;
    size_t found = 0;
    for (size_t i = 0; i < columns->count; i++)
        for (size_t j = 0; j < count; j++)
            if (str_eq(columns->items[i].field, fields[j].name) &&
                !record_is_null(&fields[j])) {
                values[i] = &fields[j];
                found++;
            }
    return found == count;
}

void row_put_parent(struct row_writer *writer, const struct record_field *fields, size_t count,
                    size_t position)
{
    const struct columns *columns = writer->binder.columns;
    struct batch *batch = writer->batch;
    const struct record nothing = {.position = position};
    bool is_whole = true;
    const struct record_field **values =
        ARENA_ARRAY(writer->binder.arena, const struct record_field *, MAX(columns->count, 1));
    if (!columns->has_table || !bind_parent(writer, fields, count, values))
        return;
    batch->column_count = columns->count;
    writer->record = STR_NONE;
    batch_row_begin(batch, position, STR_NONE);
    buf_put_be16(&batch->rows, (uint16_t)(columns->count + OWN_COLUMNS));
    for (size_t i = 0; i < columns->count && is_whole; i++)
        if (!values[i])
            encode_null(&batch->rows);
        else
            is_whole = put_value(writer, &columns->items[i], values[i]);
    if (!is_whole) {
        batch_row_drop(batch);
        return;
    }
    writer->bound.aside_count = 0;
    writer->is_deleted = true;
    put_own_columns(writer, &nothing);
    writer->is_deleted = false;
}

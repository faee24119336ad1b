#include "worker/rows/gather.h"

#include "base/json_out.h"

const char *gather_flaw_text(enum record_flaw flaw)
{
    switch (flaw) {
    case FLAW_NONE:
        break;
    case FLAW_BAD_UTF8:
        return "bytes that are not UTF-8";
    case FLAW_LONE_SURROGATE:
        return "half of a surrogate pair";
    case FLAW_NUL:
        return "the character \\u0000";
    case FLAW_TOO_DEEP:
        return "nested deeper than 512";
    case FLAW_BIG_NUMBER:
        return "a number over 1,000 digits or an exponent over 400";
    case FLAW_TOO_WIDE:
        return "more than 4,096 fields";
    }
    return NULL;
}

bool gather_is_fatal(enum record_flaw flaw)
{
    return flaw == FLAW_BAD_UTF8 || flaw == FLAW_TOO_DEEP || flaw == FLAW_TOO_WIDE;
}

void gather_aside(struct row_writer *writer, struct str name, struct str text, bool is_misfit)
{
    ARENA_GROW(writer->arena, writer->pending, writer->pending_count, writer->pending_capacity);
    writer->pending[writer->pending_count++] = (struct row_aside){name, text, is_misfit};
}

enum newcomer {
    NEWCOMER_ADD,
    NEWCOMER_ASIDE,
    NEWCOMER_IGNORE,
    NEWCOMER_FAIL,
    NEWCOMER_NO_ROOM
};

/* What becomes of a field that the map does not know. */
static enum newcomer judge_newcomer(const struct row_writer *writer, struct str name)
{
    static const enum newcomer by_mode[] = {
        [NEW_FIELD_ADD] = NEWCOMER_ADD,
        [NEW_FIELD_IGNORE] = NEWCOMER_IGNORE,
        [NEW_FIELD_ASIDE] = NEWCOMER_ASIDE,
        [NEW_FIELD_FAIL] = NEWCOMER_FAIL,
    };
    const struct table *table = writer->table;
    enum newcomer verdict = NEWCOMER_ADD;
    if (columns_is_key(table, name))
        return writer->is_extended ? NEWCOMER_NO_ROOM : NEWCOMER_ADD;
    if (table->mode == COLUMNS_NONE || table->others == OTHERS_IGNORE)
        return NEWCOMER_IGNORE;
    if (table->others == OTHERS_ASIDE)
        return NEWCOMER_ASIDE;
    if (writer->columns->has_table)
        verdict = by_mode[table->on_new_field];
    bool is_full = (int64_t)writer->columns->count >= table->max_columns;
    if (verdict == NEWCOMER_ADD && (writer->is_extended || is_full))
        return NEWCOMER_NO_ROOM;
    return verdict;
}

static enum row_result take_newcomer(struct row_writer *writer,
                                     const struct record_field *field, const char **ret_reason)
{
    if (field->kind == RECORD_NULL)
        return ROW_PUT;
    if (field->name.len && memchr(field->name.ptr, '\0', field->name.len)) {
        *ret_reason = "a field's name holds \\u0000";
        return ROW_REJECTED;
    }
    switch (judge_newcomer(writer, field->name)) {
    case NEWCOMER_ADD:
        ARENA_GROW(writer->arena, writer->unknown, writer->unknown_count,
                   writer->unknown_capacity);
        writer->unknown[writer->unknown_count++] = field;
        return ROW_PUT;
    case NEWCOMER_NO_ROOM:
        writer->asides++;
        gather_aside(writer, field->name, field->raw, true);
        return ROW_PUT;
    case NEWCOMER_ASIDE:
        gather_aside(writer, field->name, field->raw, false);
        return ROW_PUT;
    case NEWCOMER_FAIL:
        *ret_reason = arena_printf(writer->arena, "new field \"%.*s\" (on_new_field: fail)",
                                   STR_ARG(field->name))
                          .ptr;
        return ROW_FAILED;
    case NEWCOMER_IGNORE:
        break;
    }
    return ROW_PUT;
}

/* The use of a name; records of a page mostly have the same fields in the same order. */
static uint16_t find_use(struct row_writer *writer, size_t at, struct str name)
{
    while (writer->guess_count <= at) {
        ARENA_GROW(writer->arena, writer->guesses, writer->guess_count, writer->guess_capacity);
        writer->guesses[writer->guess_count++] = COLUMN_NONE;
    }
    uint16_t guess = writer->guesses[at];
    if (guess != COLUMN_NONE && str_eq(writer->columns->uses[guess].field, name))
        return guess;
    return writer->guesses[at] = columns_find(writer->columns, name);
}

static enum row_result take_field(struct row_writer *writer, size_t at,
                                  const struct record_field *field, const char **ret_reason)
{
    if (gather_is_fatal(field->flaw)) {
        *ret_reason = arena_printf(writer->arena, "field \"%.*s\": %s", STR_ARG(field->name),
                                   gather_flaw_text(field->flaw))
                          .ptr;
        return ROW_REJECTED;
    }
    uint16_t use = find_use(writer, at, field->name);
    if (use == COLUMN_NONE)
        return take_newcomer(writer, field, ret_reason);
    for (; use != COLUMN_NONE; use = writer->columns->uses[use].also) {
        uint16_t column = writer->columns->uses[use].column;
        if (column != COLUMN_NONE)
            writer->values[column] = field;
    }
    return ROW_PUT;
}

static enum row_result take_fields(struct row_writer *writer, const struct record *record,
                                   const char **ret_reason)
{
    enum row_result result = ROW_PUT;
    for (size_t i = 0; i < record->count && result == ROW_PUT; i++)
        result = take_field(writer, writer->extra_count + i, &record->fields[i], ret_reason);
    for (size_t i = 0; i < writer->extra_count && result == ROW_PUT; i++)
        result = take_field(writer, i, &writer->extras[i].field, ret_reason);
    return result;
}

static const struct record_field *find_field(const struct record *record, struct str name)
{
    for (size_t i = 0; i < record->count; i++)
        if (str_eq(record->fields[i].name, name))
            return &record->fields[i];
    return NULL;
}

static bool find_sent(struct row_writer *writer, const struct record *record,
                      const struct path *path, struct record_field *ret_field)
{
    if (!jsontext_find(writer->arena, record->raw, path, 0, ret_field))
        return false;
    *ret_field = record_field_of(writer->arena, ret_field->raw);
    return true;
}

/*
 * A value below a flawed field counts as flawed too: the flaw may stand in it. What flatten or
 * exclude took away is still there for a path.
 */
static bool find_deep(struct row_writer *writer, const struct record *record,
                      const struct path *path, struct record_field *ret_field)
{
    if (path->count == 0 || path->steps[0].kind != PATH_KEY)
        return jsontext_find(writer->arena, record->raw, path, 0, ret_field);
    const struct record_field *top = find_field(record, path->steps[0].key);
    if (!top && record->is_reshaped)
        return find_sent(writer, record, path, ret_field);
    if (!top || !jsontext_find(writer->arena, top->raw, path, 1, ret_field))
        return false;
    ret_field->flaw = top->flaw;
    return true;
}

static void take_deep(struct row_writer *writer, const struct record *record)
{
    for (size_t i = 0; i < writer->columns->deep_count; i++) {
        uint16_t column = writer->columns->deep[i];
        const struct path *path = &writer->columns->items[column].declared->path;
        if (find_deep(writer, record, path, &writer->deep_values[i]))
            writer->values[column] = &writer->deep_values[i];
    }
}

/* The record's text with the members of `with` behind its own: of equal keys jsonb takes the
 * last. */
static struct str record_text(struct row_writer *writer, const struct record *record)
{
    if (record->kind != RECORD_OBJECT || (writer->extra_count == 0 && !record->is_reshaped))
        return record->raw;
    AUTO_BUF(text, SIZE_MAX / 2);
    struct json_out out = {.buf = &text};
    if (record->is_reshaped) {
        json_out_open(&out, NULL, '{');
        for (size_t i = 0; i < record->count; i++) {
            json_out_name(&out, record->fields[i].name);
            json_out_raw(&out, NULL, record->fields[i].raw);
        }
    } else {
        buf_put(&text, str_slice(record->raw, 0, record->raw.len - 1));
        out.needs_comma = record->count > 0;
    }
    for (size_t i = 0; i < writer->extra_count; i++) {
        json_out_name(&out, writer->extras[i].name);
        json_out_raw(&out, NULL, writer->extras[i].field.raw);
    }
    json_out_close(&out, '}');
    return arena_str(writer->arena, buf_str(&text));
}

static void take_record(struct row_writer *writer, const struct record *record)
{
    writer->record_value = jsontext_field(STR_NONE, record_text(writer, record));
    writer->record_value.flaw = record->flaw;
    for (size_t i = 0; i < record->count && !writer->record_value.flaw; i++)
        writer->record_value.flaw = record->fields[i].flaw;
    for (size_t i = 0; i < writer->extra_count && !writer->record_value.flaw; i++)
        writer->record_value.flaw = writer->extras[i].field.flaw;
    writer->values[writer->record_column] = &writer->record_value;
}

static bool is_mapped_key(const struct columns *columns, struct str key)
{
    for (size_t i = 0; i < columns->count; i++) {
        const struct column *column = &columns->items[i];
        if (column->is_key && (str_eq(column->field, key) || str_eq(column->name, key)))
            return true;
    }
    return false;
}

static bool is_null(const struct record_field *field)
{
    return !field || field->kind == RECORD_NULL;
}

static const struct record_field *find_extra(const struct row_writer *writer, struct str name)
{
    for (size_t i = 0; i < writer->extra_count; i++)
        if (str_eq(writer->extras[i].name, name))
            return &writer->extras[i].field;
    return NULL;
}

/* Before the table stands the map knows no key columns: the key is looked up by name. */
static bool has_unmapped_key(struct row_writer *writer, const struct record *record,
                             const char **ret_reason)
{
    const struct table *table = writer->table;
    for (size_t i = 0; i < table->key_count; i++) {
        struct str key = table->key[i];
        bool is_declared = false;
        for (size_t j = 0; j < table->declared_count; j++)
            is_declared |= str_eq(table->declared[j].name, key);
        if (is_declared || is_mapped_key(writer->columns, key))
            continue;
        if (is_null(find_field(record, key)) && is_null(find_extra(writer, key))) {
            *ret_reason =
                arena_printf(writer->arena, "key \"%.*s\" is null or absent", STR_ARG(key)).ptr;
            return false;
        }
    }
    return true;
}

static bool has_key(struct row_writer *writer, const struct record *record,
                    const char **ret_reason)
{
    const struct columns *columns = writer->columns;
    for (size_t i = 0; i < columns->count; i++)
        if (columns->items[i].is_key && is_null(writer->values[i])) {
            *ret_reason = arena_printf(writer->arena, "key \"%.*s\" is null or absent",
                                       STR_ARG(columns->items[i].name))
                              .ptr;
            return false;
        }
    return columns->has_table || has_unmapped_key(writer, record, ret_reason);
}

enum row_result gather_record(struct row_writer *writer, const struct record *record,
                              const char **ret_reason)
{
    memset(writer->values, 0, writer->columns->count * sizeof *writer->values);
    writer->pending_count = writer->unknown_count = 0;
    enum row_result result = take_fields(writer, record, ret_reason);
    if (result != ROW_PUT)
        return result;
    take_deep(writer, record);
    if (writer->record_column < writer->columns->count)
        take_record(writer, record);
    return has_key(writer, record, ret_reason) ? ROW_PUT : ROW_REJECTED;
}

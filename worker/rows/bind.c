#include "worker/rows/bind.h"

#include "base/json_out.h"
#include "worker/records/jsontext.h"
#include "worker/records/reshape.h"

/* PostgreSQL indexes stream and field together (pagetide.field), in at most 2,704 bytes. */
enum { FIELD_BYTES_MAX = 1000 };

/* `columns: none`: where the record itself goes. */
static size_t find_record_column(const struct binder *binder)
{
    const struct columns *columns = binder->columns;
    if (binder->table->mode != COLUMNS_NONE)
        return columns->count;
    for (size_t i = 0; i < columns->count; i++)
        if (!columns->items[i].is_key && str_is(columns->items[i].name, "record"))
            return i;
    return columns->count;
}

static void find_moved(struct binder *binder)
{
    const struct columns *columns = binder->columns;
    binder->moved_values = ARENA_ARRAY(binder->arena, struct record_field, columns->count);
    binder->moved = ARENA_ARRAY(binder->arena, uint16_t, columns->count);
    binder->moved_count = 0;
    for (size_t i = 0; i < columns->count; i++) {
        const struct declared_column *declared = columns->items[i].declared;
        if (declared && declared->path.count == 1 && declared->path.steps[0].kind == PATH_KEY &&
            !str_eq(declared->path.steps[0].key, declared->name))
            binder->moved[binder->moved_count++] = (uint16_t)i;
    }
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

/* A declared one comes with the table. */
static void find_unmapped_keys(struct binder *binder)
{
    const struct table *table = binder->table;
    binder->unmapped_keys = ARENA_ARRAY(binder->arena, struct str, table->key_count);
    binder->unmapped_key_count = 0;
    for (size_t i = 0; i < table->key_count; i++)
        if (!table_find_declared(table, table->key[i]) &&
            !is_mapped_key(binder->columns, table->key[i]))
            binder->unmapped_keys[binder->unmapped_key_count++] = table->key[i];
}

void bind_start(struct binder *binder)
{
    const struct columns *columns = binder->columns;
    binder->deep_values = ARENA_ARRAY(binder->arena, struct record_field, columns->deep_count);
    find_moved(binder);
    find_unmapped_keys(binder);
    binder->record_column = find_record_column(binder);
    binder->guess_count = 0;
}

static void put_aside(struct binder *binder, struct bound *bound, struct bind_aside aside)
{
    ARENA_GROW(binder->arena, bound->asides, bound->aside_count, bound->aside_capacity);
    bound->asides[bound->aside_count++] = aside;
}

void bind_put_misfit(struct binder *binder, struct bound *bound, const struct column *column,
                     const struct record_field *field)
{
    put_aside(binder, bound, (struct bind_aside){column->name, field, column, true});
}

enum newcomer {
    NEWCOMER_ADD,
    NEWCOMER_ASIDE,
    NEWCOMER_IGNORE,
    NEWCOMER_FAIL,
    NEWCOMER_NO_ROOM,
};

/* What becomes of a field that the map does not know. */
static enum newcomer judge_newcomer(const struct binder *binder, struct str name)
{
    static const enum newcomer by_mode[] = {
        [NEW_FIELD_ADD] = NEWCOMER_ADD,
        [NEW_FIELD_IGNORE] = NEWCOMER_IGNORE,
        [NEW_FIELD_ASIDE] = NEWCOMER_ASIDE,
        [NEW_FIELD_FAIL] = NEWCOMER_FAIL,
    };
    const struct table *table = binder->table;
    enum newcomer verdict = NEWCOMER_ADD;
    if (columns_is_key(table, name))
        return binder->is_extended ? NEWCOMER_NO_ROOM : NEWCOMER_ADD;
    if (table->mode == COLUMNS_NONE || table->others == OTHERS_IGNORE)
        return NEWCOMER_IGNORE;
    if (table->others == OTHERS_ASIDE)
        return NEWCOMER_ASIDE;
    if (binder->columns->has_table)
        verdict = by_mode[table->on_new_field];
    bool has_no_room =
        (int64_t)binder->columns->count >= table->max_columns || name.len > FIELD_BYTES_MAX;
    if (verdict == NEWCOMER_ADD && (binder->is_extended || has_no_room))
        return NEWCOMER_NO_ROOM;
    return verdict;
}

/* Records of a page mostly have the same fields in the same order. */
static struct bind_guess *find_guess(struct binder *binder, size_t at)
{
    while (binder->guess_count <= at) {
        ARENA_GROW(binder->arena, binder->guesses, binder->guess_count, binder->guess_capacity);
        binder->guesses[binder->guess_count++] = (struct bind_guess){.use = COLUMN_NONE};
    }
    return &binder->guesses[at];
}

static bool is_ignored(const struct bind_guess *guess, struct str name)
{
    return guess->name_bytes && guess->name_bytes == name.len &&
           memcmp(guess->name, name.ptr, name.len) == 0;
}

/* A copy: the record that has the name may be gone when the next one comes. */
static void note_ignored(struct bind_guess *guess, struct str name)
{
    guess->name_bytes = name.len <= sizeof guess->name ? (uint8_t)name.len : 0;
    memcpy(guess->name, name.ptr, guess->name_bytes);
}

static uint16_t find_use(const struct binder *binder, struct bind_guess *guess, struct str name)
{
    const struct columns *columns = binder->columns;
    if (guess->use == COLUMN_NONE || !str_eq(columns->uses[guess->use].field, name))
        guess->use = columns_find(columns, name);
    return guess->use;
}

static enum bind_result take_newcomer(struct binder *binder, struct bind_guess *guess,
                                      const struct record_field *field, struct bound *bound)
{
    if (record_is_null(field))
        return BIND_DONE;
    if (field->name.len && memchr(field->name.ptr, '\0', field->name.len)) {
        bound->reason = "a field's name holds \\u0000";
        return BIND_REJECTED;
    }
    switch (judge_newcomer(binder, field->name)) {
    case NEWCOMER_ADD:
        ARENA_GROW(binder->arena, bound->unknown, bound->unknown_count,
                   bound->unknown_capacity);
        bound->unknown[bound->unknown_count++] = field;
        return BIND_DONE;
    case NEWCOMER_NO_ROOM:
        put_aside(binder, bound, (struct bind_aside){field->name, field, NULL, true});
        return BIND_DONE;
    case NEWCOMER_ASIDE:
        put_aside(binder, bound, (struct bind_aside){field->name, field, NULL, false});
        return BIND_DONE;
    case NEWCOMER_FAIL:
        bound->reason = arena_printf(binder->arena, "new field \"%.*s\" (on_new_field: fail)",
                                     STR_ARG(field->name))
                            .ptr;
        return BIND_FAILED;
    case NEWCOMER_IGNORE:
        note_ignored(guess, field->name);
        break;
    }
    return BIND_DONE;
}

static enum bind_result take_field(struct binder *binder, size_t at,
                                   const struct record_field *field, struct bound *bound)
{
    const struct columns *columns = binder->columns;
    if (record_flaw_is_fatal(field->flaw)) {
        bound->reason = arena_printf(binder->arena, "field \"%.*s\": %s", STR_ARG(field->name),
                                     record_flaw_text(field->flaw))
                            .ptr;
        return BIND_REJECTED;
    }
    struct bind_guess *guess = find_guess(binder, at);
    if (is_ignored(guess, field->name))
        return BIND_DONE;
    uint16_t use = find_use(binder, guess, field->name);
    if (use == COLUMN_NONE)
        return take_newcomer(binder, guess, field, bound);
    if (columns->uses[use].beside != COLUMN_NONE && !record_is_null(field)) {
        ARENA_GROW(binder->arena, bound->besides, bound->beside_count, bound->beside_capacity);
        bound->besides[bound->beside_count++] =
            (struct bind_beside){field, columns->uses[use].beside};
    }
    for (; use != COLUMN_NONE; use = columns->uses[use].also)
        if (columns->uses[use].column != COLUMN_NONE)
            bound->values[columns->uses[use].column] = field;
    return BIND_DONE;
}

/*
 * A field that only has a column's name: `cover` beside {cover: {path: cover.encoded}}. The
 * name in `_pt_aside` is the column's own where that is null, so that nothing is there twice.
 */
static void put_beside(struct binder *binder, struct bound *bound,
                       const struct bind_beside *beside)
{
    const struct record_field *field = beside->field;
    const struct column *column = &binder->columns->items[beside->column];
    const struct path *path = &column->declared->path;
    bool leads_in = path->count && path->steps[0].kind == PATH_KEY &&
                    str_eq(path->steps[0].key, field->name);
    bool is_tree = field->kind == RECORD_OBJECT || field->kind == RECORD_LIST;
    bool is_misfit = leads_in && !is_tree;
    bool is_read = leads_in && is_tree && bound->values[beside->column];
    if (is_read || (binder->table->others == OTHERS_IGNORE && !is_misfit))
        return;
    struct str name = is_misfit
                          ? column->name
                          : arena_printf(binder->arena, "record.%.*s", STR_ARG(field->name));
    put_aside(binder, bound,
              (struct bind_aside){name, field, is_misfit ? column : NULL, is_misfit});
}

/* The record's text with the members of `with` after its own: of equal keys jsonb takes the
 * last. */
static struct str record_text(struct binder *binder, const struct record *record)
{
    if (record->kind != RECORD_OBJECT || (binder->extra_count == 0 && !record->is_reshaped))
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
    for (size_t i = 0; i < binder->extra_count; i++) {
        json_out_name(&out, binder->extras[i].name);
        json_out_raw(&out, NULL, binder->extras[i].raw);
    }
    json_out_close(&out, '}');
    return arena_str(binder->arena, buf_str(&text));
}

static void take_record(struct binder *binder, const struct record *record)
{
    struct record_field *value = &binder->record_value;
    *value = jsontext_field(STR_NONE, record_text(binder, record));
    value->flaw = record->flaw;
    for (size_t i = 0; i < record->count && !value->flaw; i++)
        value->flaw = record->fields[i].flaw;
    for (size_t i = 0; i < binder->extra_count && !value->flaw; i++)
        value->flaw = binder->extras[i].flaw;
}

/* Has the record, or `with`, a value of this name that is not null? */
static bool has_value(const struct binder *binder, const struct record *record, struct str name)
{
    if (!record_is_null(record_find(record, name)))
        return true;
    for (size_t i = 0; i < binder->extra_count; i++)
        if (str_eq(binder->extras[i].name, name))
            return !record_is_null(&binder->extras[i]);
    return false;
}

/* A key that is new to the table, or to the definition, has no column yet. */
static struct str find_missing_key(const struct binder *binder, const struct record *record,
                                   const struct bound *bound)
{
    const struct columns *columns = binder->columns;
    for (size_t i = 0; i < columns->count; i++)
        if (columns->items[i].is_key && record_is_null(bound->values[i]))
            return columns->items[i].name;
    for (size_t i = 0; i < binder->unmapped_key_count; i++)
        if (!has_value(binder, record, binder->unmapped_keys[i]))
            return binder->unmapped_keys[i];
    return STR_NONE;
}

/* What paths lead to, which are more than a name, or whose field is excluded. */
static void take_paths(struct binder *binder, const struct record *record, struct bound *bound)
{
    const struct columns *columns = binder->columns;
    for (size_t i = 0; i < columns->deep_count; i++) {
        const struct column *column = &columns->items[columns->deep[i]];
        struct record_field *value = &binder->deep_values[i];
        if (reshape_find(binder->arena, record, &column->declared->path, value))
            bound->values[columns->deep[i]] = value;
    }
    for (size_t i = 0; i < binder->moved_count && record->is_reshaped; i++) {
        uint16_t at = binder->moved[i];
        const struct path *path = &columns->items[at].declared->path;
        struct record_field *value = &binder->moved_values[i];
        if (!bound->values[at] && reshape_find(binder->arena, record, path, value))
            bound->values[at] = value;
    }
}

enum bind_result bind_record(struct binder *binder, const struct record *record,
                             struct bound *bound)
{
    const struct columns *columns = binder->columns;
    enum bind_result result = BIND_DONE;
    if (!bound->values)
        bound->values = ARENA_ARRAY(binder->arena, const struct record_field *, columns->count);
    memset(bound->values, 0, columns->count * sizeof *bound->values);
    bound->aside_count = bound->unknown_count = bound->beside_count = 0;
    for (size_t i = 0; i < record->count && result == BIND_DONE; i++)
        result = take_field(binder, binder->extra_count + i, &record->fields[i], bound);
    for (size_t i = 0; i < binder->extra_count && result == BIND_DONE; i++)
        result = take_field(binder, i, &binder->extras[i], bound);
    if (result != BIND_DONE)
        return result;
    take_paths(binder, record, bound);
    for (size_t i = 0; i < bound->beside_count; i++)
        put_beside(binder, bound, &bound->besides[i]);
    if (binder->record_column < columns->count) {
        take_record(binder, record);
        bound->values[binder->record_column] = &binder->record_value;
    }
    struct str missing = find_missing_key(binder, record, bound);
    if (!missing.ptr)
        return BIND_DONE;
    bound->reason =
        arena_printf(binder->arena, "key \"%.*s\" is null or absent", STR_ARG(missing)).ptr;
    return BIND_REJECTED;
}

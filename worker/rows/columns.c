#include "worker/rows/columns.h"

#include "base/date.h"
#include "port/hash.h"
#include "worker/rows/encode.h"

enum { COLUMN_NAME_MAX = 63 };

/* Indexed by enum column_type: PostgreSQL's long name, and the short one people write. */
static const struct {
    const char *name, *alias;
} type_names[] = {
    [COLUMN_BOOLEAN] = {"boolean", "bool"},
    [COLUMN_BIGINT] = {"bigint", "int8"},
    [COLUMN_NUMERIC] = {"numeric", "decimal"},
    [COLUMN_TIMESTAMPTZ] = {"timestamp with time zone", "timestamptz"},
    [COLUMN_DATE] = {"date", "date"},
    [COLUMN_UUID] = {"uuid", "uuid"},
    [COLUMN_TEXT] = {"text", "text"},
    [COLUMN_JSONB] = {"jsonb", "jsonb"},
    [COLUMN_OTHER] = {"text", "text"},
};
_Static_assert(COUNT_OF(type_names) == COLUMN_OTHER + 1, "one name for each type");

enum column_type column_type_from_sql(struct str sql_type)
{
    for (size_t i = 0; i < COLUMN_OTHER; i++)
        if (str_eq_nocase(sql_type, str_from(type_names[i].name)) ||
            str_eq_nocase(sql_type, str_from(type_names[i].alias)))
            return (enum column_type)i;
    return COLUMN_OTHER;
}

const char *column_type_sql(enum column_type type)
{
    return type_names[type].name;
}

static const struct str *name_at(const void *items, size_t stride, size_t at)
{
    return (const struct str *)(const void *)((const char *)items + at * stride);
}

/* The slot that holds the name, or the free one where it belongs. */
static uint32_t *index_slot(const struct name_index *index, const void *items, size_t stride,
                            struct str name)
{
    size_t mask = index->slot_count - 1;
    for (size_t i = hash_bytes(name, 0) & mask;; i = (i + 1) & mask) {
        uint32_t *slot = &index->slots[i];
        if (!*slot || str_eq(*name_at(items, stride, *slot - 1), name))
            return slot;
    }
}

static void index_build(struct name_index *index, struct arena *arena, const void *items,
                        size_t stride, size_t count, size_t room)
{
    index->slot_count = 16;
    while (index->slot_count < room * 2)
        index->slot_count *= 2;
    index->slots = ARENA_ARRAY(arena, uint32_t, index->slot_count);
    for (size_t i = 0; i < count; i++) {
        uint32_t *slot = index_slot(index, items, stride, *name_at(items, stride, i));
        if (!*slot)
            *slot = (uint32_t)i + 1;
    }
}

uint16_t columns_find(const struct columns *columns, struct str field)
{
    if (!columns->index.slot_count)
        return COLUMN_NONE;
    uint32_t slot = *index_slot(&columns->index, columns->uses, sizeof *columns->uses, field);
    return slot ? (uint16_t)(slot - 1) : (uint16_t)COLUMN_NONE;
}

static void use_add(struct columns *columns, struct str field, size_t column)
{
    columns->uses[columns->use_count++] =
        (struct column_use){.field = field, .column = (uint16_t)column, .also = COLUMN_NONE};
}

/* Other than one key: `a.b`, `[0]`, or `.` for the whole record. */
static bool is_deep(const struct column *column)
{
    const struct declared_column *declared = column->declared;
    if (!declared || declared->path.count == 0)
        return declared && str_is(declared->path.source, ".");
    return declared->path.count > 1 || declared->path.steps[0].kind != PATH_KEY;
}

static enum column_check check_for(const struct column *column)
{
    struct str type = column->sql_type;
    if (column->type != COLUMN_OTHER)
        return CHECK_NOTHING;
    if (str_is(type, "smallint"))
        return CHECK_SMALLINT;
    if (str_is(type, "integer"))
        return CHECK_INTEGER;
    bool is_number = str_is(type, "real") || str_is(type, "double precision") ||
                     (str_starts(type, STR("numeric(")) && !str_ends(type, STR("[]")));
    return is_number ? CHECK_NUMBER : CHECK_NOTHING;
}

static struct str use_field(const struct column *column)
{
    if (!column->declared)
        return column->field;
    return column->declared->path.count ? column->declared->path.steps[0].key
                                        : column->declared->name;
}

/* Links the uses that share a field, behind the one that the index finds. */
static void uses_link(struct columns *columns)
{
    for (size_t i = 0; i < columns->use_count; i++) {
        uint16_t first = columns_find(columns, columns->uses[i].field);
        if (first == i)
            continue;
        columns->uses[i].also = columns->uses[first].also;
        columns->uses[first].also = (uint16_t)i;
    }
}

static uint64_t columns_hash(const struct columns *columns)
{
    uint64_t hash = columns->count;
    for (size_t i = 0; i < columns->count; i++) {
        const struct column *column = &columns->items[i];
        hash = hash_fold(hash, hash_bytes(use_field(column), 0));
        hash = hash_fold(hash, hash_bytes(column->name, 0));
        hash = hash_fold(hash, hash_bytes(column->sql_type, 0));
        if (!column->declared)
            continue;
        hash = hash_fold(hash, hash_bytes(column->declared->path.source, 0));
        hash = hash_fold(hash, hash_bytes(column->declared->from, 0));
    }
    return hash;
}

void columns_index(struct columns *columns, struct arena *arena)
{
    columns->uses = ARENA_ARRAY(arena, struct column_use, columns->count * 2);
    columns->deep = ARENA_ARRAY(arena, uint16_t, columns->count);
    columns->use_count = columns->deep_count = 0;
    for (size_t i = 0; i < columns->count; i++) {
        columns->items[i].check = check_for(&columns->items[i]);
        if (is_deep(&columns->items[i]))
            columns->deep[columns->deep_count++] = (uint16_t)i;
        else
            use_add(columns, use_field(&columns->items[i]), i);
    }
    index_build(&columns->index, arena, columns->uses, sizeof *columns->uses,
                columns->use_count, columns->count * 2);
    size_t with_column = columns->use_count;
    for (size_t i = 0; i < columns->count; i++) {
        const struct declared_column *declared = columns->items[i].declared;
        if (declared && columns_find(columns, declared->name) == COLUMN_NONE)
            use_add(columns, declared->name, COLUMN_NONE);
    }
    if (columns->use_count > with_column)
        index_build(&columns->index, arena, columns->uses, sizeof *columns->uses,
                    columns->use_count, columns->count * 2);
    uses_link(columns);
    columns->seed = columns_hash(columns);
}

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

static unsigned kind_of(const struct record_field *field)
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

static struct shape_field *shape_append(struct shape *shape, struct str name)
{
    if (shape->count == shape->capacity)
        shape->index.slot_count = 0;
    ARENA_GROW(shape->arena, shape->items, shape->count, shape->capacity);
    struct shape_field *item = &shape->items[shape->count++];
    *item = (struct shape_field){.field = arena_str(shape->arena, name)};
    if (!shape->index.slot_count)
        index_build(&shape->index, shape->arena, shape->items, sizeof *shape->items,
                    shape->count, shape->capacity);
    else
        *index_slot(&shape->index, shape->items, sizeof *shape->items, name) =
            (uint32_t)shape->count;
    shape->expected = shape->count;
    return item;
}

/* NULL where the shape is full. */
static struct shape_field *shape_field(struct shape *shape, struct str name)
{
    size_t expected = shape->expected < shape->count ? shape->expected : 0;
    if (expected < shape->count && str_eq(shape->items[expected].field, name)) {
        shape->expected = expected + 1;
        return &shape->items[expected];
    }
    uint32_t slot =
        shape->count ? *index_slot(&shape->index, shape->items, sizeof *shape->items, name) : 0;
    if (!slot)
        return shape->count < SHAPE_FIELDS_MAX ? shape_append(shape, name) : NULL;
    shape->expected = slot;
    return &shape->items[slot - 1];
}

void shape_add(struct shape *shape, const struct record_field *field)
{
    struct shape_field *item = shape_field(shape, field->name);
    if (item)
        item->kinds |= kind_of(field);
}

void shape_add_wider(struct shape *shape, const struct record_field *field)
{
    struct shape_field *item = shape_field(shape, field->name);
    if (!item)
        return;
    item->kinds |= KIND_INTEGER | KIND_FRACTION;
    item->widen = true;
}

bool shape_type(const struct shape_field *field, enum column_type *ret_type)
{
    unsigned kinds = field->kinds;
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

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A word begins at a capital after a small letter or digit, and at the last of several
 * capitals before a small letter: userID, HTMLPage, v2Name. */
static bool is_word_start(struct str field, size_t at)
{
    if (at == 0 || !is_upper(field.ptr[at]))
        return false;
    char before = field.ptr[at - 1];
    bool small_follows = at + 1 < field.len && is_lower(field.ptr[at + 1]);
    return is_lower(before) || is_digit(before) || (is_upper(before) && small_follows);
}

static struct str snake_case(struct arena *arena, struct str field)
{
    char *name = arena_alloc(arena, field.len * 2 + 2);
    size_t len = 0;
    for (size_t i = 0; i < field.len; i++) {
        char c = field.ptr[i];
        bool is_plain = is_lower(c) || is_upper(c) || is_digit(c);
        if ((!is_plain || is_word_start(field, i)) && (len ? name[len - 1] != '_' : c == '_'))
            name[len++] = '_';
        if (is_plain)
            name[len++] = is_upper(c) ? (char)(c + 32) : c;
    }
    if (len && name[len - 1] == '_')
        len--;
    return (struct str){name, len};
}

static bool is_system_column(struct str name)
{
    static const char *const names[] = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_is(name, names[i]))
            return true;
    return false;
}

struct str column_name_for(struct arena *arena, struct str field)
{
    uint32_t hash = (uint32_t)hash_bytes(field, 0);
    struct str name = snake_case(arena, field);
    if (name.len == 0)
        return field.len ? arena_printf(arena, "field_%08x", hash) : STR("field");
    if (is_digit(name.ptr[0]))
        name = arena_printf(arena, "_%.*s", STR_ARG(name));
    if (str_starts(name, STR("_pt_")))
        name = str_slice(name, 1, name.len);
    if (is_system_column(name))
        name = arena_printf(arena, "%.*s_", STR_ARG(name));
    if (name.len > COLUMN_NAME_MAX)
        name = arena_printf(arena, "%.*s_%08x", COLUMN_NAME_MAX - 9, name.ptr, hash);
    return name;
}

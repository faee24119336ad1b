#include "worker/rows/columns.h"

#include "port/hash.h"

/*
 * What a record's fields are looked up in. A use is one field name and one column that it
 * feeds; uses of the same name are linked by `also` after the one that the index finds. Three
 * things make that more than a table of names:
 *
 *   - A declared column may read another field than its name says (`path: at`), and several may
 *     read the same one.
 *   - One whose path goes below the top level, or is the whole record, reads no field of its
 *     own: it is in `deep` and looked up in the text (rows/bind.c).
 *   - A field that has the name of such a column must not make a new column beside it. It gets
 *     a use with COLUMN_NONE: known, and kept aside (rows/bind.c).
 *
 * Example: columns total (path amounts.total), day (path at), at, and id, which is inferred:
 *
 *     uses    0 "at" → day, also 1    1 "at" → at    2 "id" → id    3 "total" beside total
 *     deep    total
 *
 * A record {"id":7,"at":"…","total":1,"amounts":{"total":2}} fills id with 7, day and at from
 * "at", total with 2; its own "total" goes aside, and "amounts" is a new field.
 */

bool columns_is_key(const struct table *table, struct str field)
{
    for (size_t i = 0; i < table->key_count; i++)
        if (str_eq(table->key[i], field))
            return true;
    return false;
}

/* A few are compared sooner than a name is hashed. */
static uint16_t find_of_few(const struct columns *columns, struct str field)
{
    for (size_t i = 0; i < columns->use_count; i++)
        if (str_eq(columns->uses[i].field, field))
            return (uint16_t)i;
    return COLUMN_NONE;
}

uint16_t columns_find(const struct columns *columns, struct str field)
{
    enum { FEW_USES = 4 };
    if (!columns->index.slot_count)
        return COLUMN_NONE;
    if (columns->use_count <= FEW_USES)
        return find_of_few(columns, field);
    uint32_t slot =
        *name_index_slot(&columns->index, columns->uses, sizeof *columns->uses, field);
    return slot ? (uint16_t)(slot - 1) : (uint16_t)COLUMN_NONE;
}

static void use_add(struct columns *columns, struct str field, size_t column)
{
    columns->uses[columns->use_count++] = (struct column_use){
        .field = field, .column = (uint16_t)column, .beside = COLUMN_NONE, .also = COLUMN_NONE};
}

static void use_add_beside(struct columns *columns, struct str field, size_t column)
{
    use_add(columns, field, COLUMN_NONE);
    columns->uses[columns->use_count - 1].beside = (uint16_t)column;
}

/* Other than one key: `a.b`, `[0]`, or `.` for the whole record. */
static bool is_deep(const struct column *column)
{
    const struct declared_column *declared = column->declared;
    if (!declared || declared->path.count == 0)
        return declared && str_is(declared->path.source, ".");
    return declared->path.count > 1 || declared->path.steps[0].kind != PATH_KEY;
}

/* The type's name without modifiers and dimensions: "numeric(12,2)[]" is "numeric". */
static struct str base_name(struct str type)
{
    struct str base;
    (void)str_split(type, '[', &base);
    (void)str_split(base, '(', &base);
    return str_trim(base);
}

static bool is_one_of(struct str name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq_nocase(name, str_from(names[i])))
            return true;
    return false;
}
#define IS_ONE_OF(name, ...)                                                                   \
    is_one_of(name, (const char *const[]){__VA_ARGS__},                                        \
              sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* A definition may also say them in short: `preview` has no database that writes them out. */
static enum column_check check_for(const struct column *column)
{
    struct str name = base_name(column->sql_type);
    if (column->type != COLUMN_OTHER)
        return CHECK_NOTHING;
    if (str_ends(column->sql_type, STR("]")) || str_ends(name, STR(" array")))
        return str_starts(name, STR("json")) ? CHECK_JSON_ARRAY : CHECK_ARRAY;
    if (IS_ONE_OF(name, "smallint", "int2"))
        return CHECK_SMALLINT;
    if (IS_ONE_OF(name, "integer", "int", "int4"))
        return CHECK_INTEGER;
    if (IS_ONE_OF(name, "real", "float4", "double precision", "float8", "numeric", "decimal"))
        return CHECK_NUMBER;
    if (IS_ONE_OF(name, "timestamp", "timestamptz", "date", "timestamp with time zone",
                  "timestamp without time zone"))
        return CHECK_TIME;
    if (IS_ONE_OF(name, "time", "timetz", "time with time zone", "time without time zone"))
        return CHECK_CLOCK;
    return CHECK_NOTHING;
}

/* What is no odd value, and no other one after PostgreSQL has read it. */
static bool is_key_form(const struct column *column, enum column_form form)
{
    bool has_length = str_ends(column->sql_type, STR(")"));
    return form == FORM_SMALLINT || form == FORM_INTEGER || (form == FORM_TEXT && !has_length);
}

/* Other keys stay text: their hashes must not depend on the way that a batch takes. */
static enum column_form form_for(const struct column *column)
{
    enum column_form form =
        column->type == COLUMN_OTHER ? form_of_type(column->sql_type) : FORM_NONE;
    return column->is_key && !is_key_form(column, form) ? FORM_NONE : form;
}

/* Of the types whose own input takes an empty text, none loses it. */
static bool is_empty_null(const struct column *column)
{
    bool is_array = str_ends(column->sql_type, STR("]"));
    return column->declared && !column->declared->keeps_empty &&
           (is_array || !IS_ONE_OF(base_name(column->sql_type), "text", "character varying",
                                   "varchar", "character", "char", "bpchar", "\"char\"", "name",
                                   "citext", "bytea", "json", "jsonb"));
}

static struct str use_field(const struct column *column)
{
    if (!column->declared)
        return column->field;
    return column->declared->path.count ? column->declared->path.steps[0].key
                                        : column->declared->name;
}

/* Links the uses that share a field after the one that the index finds. */
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
        hash = hash_fold(hash, column->declared->keeps_empty);
        for (size_t j = 0; j < column->declared->from_count; j++)
            hash = hash_fold(hash, hash_bytes(column->declared->from[j].text, 0));
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
        columns->items[i].form = form_for(&columns->items[i]);
        columns->items[i].is_empty_null = is_empty_null(&columns->items[i]);
        if (is_deep(&columns->items[i]))
            columns->deep[columns->deep_count++] = (uint16_t)i;
        else
            use_add(columns, use_field(&columns->items[i]), i);
    }
    name_index_build(&columns->index, arena, columns->uses, sizeof *columns->uses,
                     columns->use_count, columns->count * 2);
    size_t with_column = columns->use_count;
    for (size_t i = 0; i < columns->count; i++) {
        const struct declared_column *declared = columns->items[i].declared;
        if (declared && columns_find(columns, declared->name) == COLUMN_NONE)
            use_add_beside(columns, declared->name, i);
    }
    if (columns->use_count > with_column)
        name_index_build(&columns->index, arena, columns->uses, sizeof *columns->uses,
                         columns->use_count, columns->count * 2);
    uses_link(columns);
    columns->seed = columns_hash(columns);
}

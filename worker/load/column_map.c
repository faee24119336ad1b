#include "worker/load/column_map.h"

#include "base/json_out.h"
#include "base/mem.h"
#include "config/table_plan.h"
#include "port/pg_sql.h"
#include "worker/rows/column_name.h"

enum {
    RESULT_FIELD,
    RESULT_NAME,
    RESULT_TYPE,
    RESULT_HAS_TABLE,
    RESULT_MAY_WIDEN,
    RESULT_IS_BLANK,
    RESULT_IS_DRESSED,
};

struct column_map *column_map_blank(void)
{
    static unsigned last_number;
    struct column_map *map = mem_alloc(sizeof *map);
    map->arena = arena_new();
    map->number = ++last_number;
    map->references = 1;
    return map;
}

/* Of a declared time PostgreSQL reads every form that it knows, so it is staged as text. */
static enum column_type type_of(const struct declared_column *declared, struct str sql_type)
{
    enum column_type type = column_type_from_sql(sql_type);
    bool is_time = type == COLUMN_TIMESTAMPTZ || type == COLUMN_DATE;
    return declared && is_time ? COLUMN_OTHER : type;
}

struct column column_map_column(const struct stream *stream, struct str field, struct str name,
                                struct str sql_type)
{
    const struct declared_column *declared = table_find_declared(&stream->table, field);
    return (struct column){
        .field = field,
        .name = name,
        .type = type_of(declared, sql_type),
        .sql_type = sql_type,
        .declared = declared,
        .is_key = columns_is_key(&stream->table, field),
    };
}

struct column_map *column_map_new(const struct pg_result *result, const struct stream *stream)
{
    struct column_map *map = column_map_blank();
    struct columns *columns = &map->columns;
    columns->has_table = pg_get_bool(result, 0, RESULT_HAS_TABLE);
    columns->is_blank = pg_get_bool(result, 0, RESULT_IS_BLANK);
    map->is_dressed = pg_get_bool(result, 0, RESULT_IS_DRESSED);
    columns->items = ARENA_ARRAY(map->arena, struct column, pg_rows(result));
    for (size_t row = 0; row < pg_rows(result); row++) {
        if (pg_is_null(result, row, RESULT_FIELD))
            continue;
        struct str field = arena_str(map->arena, pg_get_str(result, row, RESULT_FIELD));
        struct str name = arena_str(map->arena, pg_get_str(result, row, RESULT_NAME));
        struct str type = arena_str(map->arena, pg_get_str(result, row, RESULT_TYPE));
        struct column *column = &columns->items[columns->count++];
        *column = column_map_column(stream, field, name, type);
        column->may_widen = pg_get_bool(result, row, RESULT_MAY_WIDEN);
    }
    columns_index(columns, map->arena);
    return map;
}

struct column_map *column_map_join(struct column_map *const *maps, size_t count)
{
    struct column_map *map = maps[0];
    map->part_count = count - 1;
    map->parts = ARENA_ARRAY(map->arena, struct column_map *, count);
    for (size_t i = 1; i < count; i++)
        map->parts[i - 1] = maps[i];
    return map;
}

const struct column_map *column_map_at(const struct column_map *map, size_t i)
{
    return i ? map->parts[i - 1] : map;
}

const struct columns **column_map_parts(const struct column_map *map, struct arena *arena)
{
    if (!map->part_count)
        return NULL;
    const struct columns **parts = ARENA_ARRAY(arena, const struct columns *, map->part_count);
    for (size_t i = 0; i < map->part_count; i++)
        parts[i] = &map->parts[i]->columns;
    return parts;
}

struct column_map *column_map_ref(struct column_map *map)
{
    map->references++;
    return map;
}

void column_map_unref(struct column_map *map)
{
    if (!map || --map->references > 0)
        return;
    for (size_t i = 0; i < map->part_count; i++)
        column_map_unref(map->parts[i]);
    arena_free(map->arena);
    mem_free(map);
}

bool column_map_is_same(const struct column_map *a, const struct column_map *b)
{
    if (a->columns.count != b->columns.count || a->columns.has_table != b->columns.has_table ||
        a->columns.is_blank != b->columns.is_blank)
        return false;
    for (size_t i = 0; i < a->columns.count; i++) {
        const struct column *one = &a->columns.items[i], *other = &b->columns.items[i];
        if (!str_eq(one->field, other->field) || !str_eq(one->name, other->name) ||
            !str_eq(one->sql_type, other->sql_type))
            return false;
    }
    for (size_t i = 0; i < MIN(a->part_count, b->part_count); i++)
        if (!column_map_is_same(a->parts[i], b->parts[i]))
            return false;
    return a->part_count == b->part_count;
}

static bool has_column(const struct column_map *map, struct str name)
{
    for (size_t i = 0; i < map->columns.count; i++)
        if (str_eq(map->columns.items[i].name, name))
            return true;
    return false;
}

bool column_map_covers(const struct column_map *whole, const struct column_map *part)
{
    for (size_t i = 0; i < MIN(whole->part_count, part->part_count); i++)
        if (!column_map_covers(whole->parts[i], part->parts[i]))
            return false;
    if (!whole->columns.has_table)
        return !part->columns.has_table;
    for (size_t i = 0; i < part->columns.count; i++)
        if (!has_column(whole, part->columns.items[i].name))
            return false;
    return true;
}

/* Of the types that it does not know by name PostgreSQL has to judge. */
static bool is_as_declared(const struct column *column, const struct declared_column *declared)
{
    enum column_type type = column_type_from_sql(declared->type);
    return column->declared == declared &&
           (type == COLUMN_OTHER ? str_eq_nocase(column->sql_type, declared->type)
                                 : type == column_type_from_sql(column->sql_type));
}

bool column_map_has_declared(const struct column_map *map, const struct table *table)
{
    for (size_t i = 0; i < table->declared_count; i++) {
        bool found = false;
        for (size_t j = 0; j < map->columns.count && !found; j++)
            found = is_as_declared(&map->columns.items[j], &table->declared[i]);
        if (!found)
            return false;
    }
    return true;
}

static void put_fields(struct json_out *out, const struct new_fields *fields)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const size_t *order = fields ? new_fields_order(fields, arena) : NULL;
    json_out_open(out, "fields", '[');
    for (size_t i = 0; fields && i < fields->count; i++) {
        const struct new_field *field = &fields->items[order[i]];
        enum column_type type;
        if (!new_fields_type(field, &type))
            continue;
        json_out_open(out, NULL, '{');
        json_out_str(out, "field", field->field);
        json_out_str(out, "column", column_name_for(arena, field->field));
        json_out_str(out, "type", str_from(column_type_sql(type)));
        json_out_bool(out, "widen", field->is_wider);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
}

static void put_list(struct json_out *out, const char *name, const struct str *texts,
                     size_t count)
{
    json_out_open(out, name, '[');
    for (size_t i = 0; i < count; i++)
        json_out_str(out, NULL, texts[i]);
    json_out_close(out, ']');
}

void column_map_put_plan(struct buf *buf, const struct stream *stream, int64_t run,
                         const struct new_fields *fields)
{
    const struct table *table = &stream->table;
    struct json_out out = {.buf = buf};
    json_out_open(&out, NULL, '{');
    table_plan_put(&out, stream);
    json_out_int(&out, "run", run);
    json_out_bool(&out, "adopt", table->may_adopt);
    json_out_bool(&out, "upsert",
                  table->write == WRITE_UPSERT ||
                      (table->write == WRITE_REPLACE && table->key_count));
    if (table->write == WRITE_HISTORY)
        json_out_bool(&out, "history", true);
    if (table->deletes == DELETES_SOFT)
        json_out_bool(&out, "soft", true);
    json_out_int(&out, "max_columns", table->max_columns);
    if (!fields)
        json_out_bool(&out, "blank", true);
    put_list(&out, "key", table->key, table->key_count);
    if (table->parent_key_count)
        put_list(&out, "parent_key", table->parent_key, table->parent_key_count);
    table_plan_put_declared(&out, table);
    put_fields(&out, fields);
    json_out_close(&out, '}');
}

void column_map_put_stage_name(struct buf *buf, unsigned loader)
{
    buf_printf(buf, "_pt_stage_%u", loader);
}

static void put_stage_columns(struct buf *buf, const struct columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        pg_sql_put_identifier(buf, columns->items[i].name);
        buf_printf(buf, " %s,", column_type_sql(columns->items[i].type));
    }
    buf_puts(buf, "_pt_hash int8,_pt_aside jsonb,_pt_mark int8,_pt_ord int8");
}

void column_map_put_stage_sql(struct buf *buf, const struct column_map *map, unsigned loader,
                              bool is_there)
{
    if (is_there) {
        buf_printf(buf, "truncate pg_temp._pt_stage_%u", loader);
        return;
    }
    buf_printf(buf,
               "drop table if exists pg_temp._pt_stage_%u;"
               "create temp table _pt_stage_%u (",
               loader, loader);
    put_stage_columns(buf, &map->columns);
    buf_put_byte(buf, ')');
}

/* PT02x of schema/functions/columns.sql. */
bool column_map_is_refused(const struct err *err)
{
    return str_starts(str_from(err->sqlstate), STR("PT02"));
}

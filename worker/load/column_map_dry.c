#include "worker/load/column_map_dry.h"

#include "port/pg_sql.h"

#include "worker/rows/column_name.h"

struct column_map *column_map_dry_new(const struct stream *stream)
{
    AUTO_ARENA struct arena *arena = arena_new();
    size_t count = stream ? stream_table_count(stream) : 1;
    struct column_map **maps = ARENA_ARRAY(arena, struct column_map *, count);
    for (size_t i = 0; i < count; i++)
        maps[i] = column_map_blank();
    return column_map_join(maps, count);
}

struct dry {
    struct column_map *map;
    const struct stream *stream;
};

static struct column *find_field(const struct columns *columns, struct str field)
{
    for (size_t i = 0; i < columns->count; i++)
        if (str_eq(columns->items[i].field, field))
            return &columns->items[i];
    return NULL;
}

static bool is_taken(const struct columns *columns, struct str name)
{
    for (size_t i = 0; i < columns->count; i++)
        if (str_eq(columns->items[i].name, name))
            return true;
    return false;
}

/* The longest beginning of at most `most` bytes that ends between two characters of UTF-8. */
static struct str cut_bytes(struct str name, size_t most)
{
    if (name.len <= most)
        return name;
    while (most && (name.ptr[most] & 0xc0) == 0x80)
        most--;
    return str_slice(name, 0, most);
}

/* `wanted`, or `wanted_2` …, of 63 bytes at most: as pagetide.free_name has it. */
static struct str free_name(const struct dry *dry, struct str wanted)
{
    enum { NAME_BYTES_MAX = 63 };
    struct arena *arena = dry->map->arena;
    struct str name = cut_bytes(wanted, NAME_BYTES_MAX);
    for (int n = 2; is_taken(&dry->map->columns, name); n++) {
        struct str suffix = arena_printf(arena, "_%d", n);
        struct str start = cut_bytes(wanted, NAME_BYTES_MAX - suffix.len);
        name = arena_printf(arena, "%.*s%.*s", STR_ARG(start), STR_ARG(suffix));
    }
    return name;
}

static void add_column(struct dry *dry, struct str field, struct str wanted, struct str type)
{
    struct columns *columns = &dry->map->columns;
    struct arena *arena = dry->map->arena;
    if (find_field(columns, field))
        return;
    struct column *column = &columns->items[columns->count++];
    *column =
        column_map_column(dry->stream, arena_str(arena, field),
                          arena_str(arena, free_name(dry, wanted)), arena_str(arena, type));
    column->may_widen = !column->declared && column->type < COLUMN_TEXT;
}

/* `type` takes the values of the column's type too. */
static void widen(struct columns *columns, struct str field, enum column_type type)
{
    struct column *column = find_field(columns, field);
    if (!column || column->declared)
        return;
    column->type = type;
    column->sql_type = str_from(column_type_sql(type));
}

static void add_fields(struct dry *dry, const struct new_fields *fields)
{
    struct columns *columns = &dry->map->columns;
    const struct table *table = &dry->stream->table;
    const size_t *order = new_fields_order(fields, dry->map->arena);
    for (size_t i = 0; i < fields->count; i++) {
        const struct new_field *field = &fields->items[order[i]];
        enum column_type type;
        bool has_room = (int64_t)columns->count < table->max_columns;
        if (!new_fields_type(field, &type))
            continue;
        if (field->is_wider)
            widen(columns, field->field, type);
        else if (has_room || columns_is_key(table, field->field))
            add_column(dry, field->field, column_name_for(dry->map->arena, field->field),
                       str_from(column_type_sql(type)));
    }
}

struct column_map *column_map_dry_extend(const struct column_map *old,
                                         const struct stream *stream,
                                         const struct new_fields *fields)
{
    struct dry dry = {column_map_blank(), stream};
    struct columns *columns = &dry.map->columns;
    const struct table *table = &stream->table;
    columns->has_table = true;
    columns->items =
        ARENA_ARRAY(dry.map->arena, struct column,
                    old->columns.count + table->declared_count + 1 + fields->count);
    for (size_t i = 0; i < old->columns.count; i++)
        add_column(&dry, old->columns.items[i].field, old->columns.items[i].name,
                   old->columns.items[i].sql_type);
    for (size_t i = 0; i < table->declared_count; i++)
        add_column(&dry, table->declared[i].name, table->declared[i].name,
                   table->declared[i].type);
    if (table->mode == COLUMNS_NONE)
        add_column(&dry, STR("record"), STR("record"), STR("jsonb"));
    add_fields(&dry, fields);
    columns_index(columns, dry.map->arena);
    return dry.map;
}

static struct column_map *extend_one(const struct column_map *old, const struct stream *stream,
                                     const struct new_fields *fields)
{
    static const struct new_fields nothing;
    if (!fields && !old->columns.has_table)
        return column_map_blank();
    return column_map_dry_extend(old, stream, fields ? fields : &nothing);
}

struct column_map *column_map_dry_extend_all(const struct column_map *old,
                                             const struct stream *stream,
                                             const struct new_fields *const *fields)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct column_map **maps = ARENA_ARRAY(arena, struct column_map *, 1 + stream->part_count);
    maps[0] = extend_one(old, stream, fields[0]);
    for (size_t i = 0; i < stream->part_count; i++)
        maps[i + 1] = extend_one(old->parts[i], &stream->parts[i], fields[i + 1]);
    return column_map_join(maps, 1 + stream->part_count);
}

static void put_key_index(struct buf *buf, const struct table *table,
                          const struct columns *columns)
{
    buf_puts(buf, "create unique index on ");
    pg_sql_put_name(buf, table->schema, table->name);
    for (size_t i = 0; i < table->key_count; i++) {
        const struct column *column = find_field(columns, table->key[i]);
        buf_put(buf, i ? STR(", ") : STR(" ("));
        pg_sql_put_identifier(buf, column ? column->name : table->key[i]);
    }
    buf_put(buf, table->write == WRITE_HISTORY ? STR(") where _pt_current;\n") : STR(");\n"));
}

static void put_index(struct buf *buf, const struct table *table, const struct columns *columns,
                      const struct table_index *index)
{
    buf_printf(buf, "create %sindex on ", index->is_unique ? "unique " : "");
    pg_sql_put_name(buf, table->schema, table->name);
    if (!str_is(index->method, "btree"))
        buf_printf(buf, " using %.*s", STR_ARG(index->method));
    for (size_t i = 0; i < index->column_count; i++) {
        const struct column *column = find_field(columns, index->columns[i]);
        buf_put(buf, i ? STR(", ") : STR(" ("));
        pg_sql_put_identifier(buf, column ? column->name : index->columns[i]);
    }
    buf_puts(buf, ")");
    if (index->where.len)
        buf_printf(buf, " where (%.*s)", STR_ARG(index->where));
    buf_puts(buf, ";\n");
}

/* Those of periods come with the rows. */
static void put_partitions(struct buf *buf, const struct table *table,
                           const struct columns *columns)
{
    struct str range = table->partition.range;
    const struct column *column = find_field(columns, range);
    if (!range.len) {
        buf_puts(buf, ";\n");
        return;
    }
    buf_puts(buf, " partition by range (");
    pg_sql_put_identifier(buf, column ? column->name : range);
    buf_puts(buf, ");\ncreate table ");
    AUTO_BUF(rest, KIB(1));
    buf_printf(&rest, "%.*s_default", STR_ARG(table->name));
    pg_sql_put_name(buf, table->schema, buf_str(&rest));
    buf_puts(buf, " partition of ");
    pg_sql_put_name(buf, table->schema, table->name);
    buf_puts(buf, " default;\n");
}

void column_map_dry_put_ddl(struct buf *buf, const struct stream *stream,
                            const struct columns *columns)
{
    const struct table *table = &stream->table;
    buf_puts(buf, "create schema if not exists ");
    pg_sql_put_identifier(buf, table->schema);
    buf_puts(buf, ";\ncreate table ");
    pg_sql_put_name(buf, table->schema, table->name);
    buf_puts(buf, " (\n");
    for (size_t i = 0; i < columns->count; i++) {
        buf_puts(buf, "    ");
        pg_sql_put_identifier(buf, columns->items[i].name);
        buf_printf(buf, " %.*s,\n", STR_ARG(columns->items[i].sql_type));
    }
    buf_puts(buf, "    _pt_run bigint,\n    _pt_at timestamptz,\n    _pt_hash bigint,\n"
                  "    _pt_aside jsonb");
    if (table->deletes == DELETES_SOFT)
        buf_puts(buf, ",\n    _pt_deleted_at timestamptz");
    if (table->write == WRITE_HISTORY)
        buf_puts(buf, ",\n    _pt_from timestamptz,\n    _pt_to timestamptz,\n"
                      "    _pt_current boolean");
    buf_puts(buf, "\n)");
    put_partitions(buf, table, columns);
    if (table->write != WRITE_APPEND && table->key_count)
        put_key_index(buf, table, columns);
    for (size_t i = 0; i < table->index_count; i++)
        put_index(buf, table, columns, &table->indexes[i]);
}

#include "worker/load/direct.h"

#include "base/json_out.h"
#include "port/pg_sql.h"
#include "worker/load/row_keys.h"

enum { TARGET_BYTES_MAX = 4 << 20 };

bool direct_hashes_keys(const struct stream *stream, const struct column_map *map)
{
    return !stream->table.fills && row_keys_can(&map->columns, stream->table.key_count);
}

static bool is_free_of_keys(const struct stream *stream, const struct column_map *map)
{
    const struct table *table = &stream->table;
    return table->key_count == 0 ||
           (table->write == WRITE_APPEND && direct_hashes_keys(stream, map));
}

bool direct_is_possible(const struct stream *stream, const struct column_map *map)
{
    const struct columns *columns = &map->columns;
    for (size_t i = 0; i < columns->count; i++)
        if (columns->items[i].type == COLUMN_OTHER)
            return false;
    return is_free_of_keys(stream, map);
}

static void put_table_name(struct buf *sql, const struct table *table)
{
    pg_sql_put_identifier(sql, table->schema);
    buf_put_byte(sql, '.');
    pg_sql_put_identifier(sql, table->name);
}

/* What start_direct wants to know (schema/functions/direct.sql). */
static void put_target(struct buf *buf, const struct table *table,
                       const struct columns *columns)
{
    struct json_out out = {.buf = buf};
    json_out_open(&out, NULL, '{');
    json_out_str(&out, "schema", table->schema);
    json_out_str(&out, "name", table->name);
    json_out_open(&out, "types", '[');
    for (size_t i = 0; i < columns->count; i++) {
        json_out_open(&out, NULL, '{');
        json_out_str(&out, "name", columns->items[i].name);
        json_out_str(&out, "type", columns->items[i].sql_type);
        json_out_close(&out, '}');
    }
    json_out_close(&out, ']');
    json_out_close(&out, '}');
}

void direct_put_start_sql(struct buf *sql, const struct stream *stream,
                          const struct column_map *map)
{
    AUTO_BUF(target, TARGET_BYTES_MAX);
    put_target(&target, &stream->table, &map->columns);
    buf_puts(sql, "begin; lock table ");
    put_table_name(sql, &stream->table);
    buf_puts(sql, " in row exclusive mode; select pagetide.start_direct(");
    pg_sql_put_string(sql, buf_str(&target));
    buf_puts(sql, ")");
}

void direct_put_copy_sql(struct buf *sql, const struct stream *stream,
                         const struct column_map *map)
{
    buf_puts(sql, "copy ");
    put_table_name(sql, &stream->table);
    buf_puts(sql, " (");
    for (size_t i = 0; i < map->columns.count; i++) {
        pg_sql_put_identifier(sql, map->columns.items[i].name);
        buf_put_byte(sql, ',');
    }
    buf_puts(sql, "_pt_hash,_pt_aside,_pt_run,_pt_at) from stdin (format binary)");
}

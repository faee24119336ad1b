#include "worker/load/probe.h"

#include <assert.h>
#include <endian.h>

#include "base/mem.h"
#include "port/pg_array.h"
#include "port/pg_sql.h"

enum {
    TIMEOUT_MS = 60000,
    SQL_BYTES_MAX = 1 << 20,
    ARRAY_BYTES_MAX = 1 << 30,
    DENSE_ROWS_MIN = 64, /* fewer are looked up */
    DENSE_GAPS_MAX = 4,  /* as many numbers in the range as this, for each row */
};

/* Of each type that a key may have, the number that an array names its elements by. */
static const uint32_t oids[] = {
    [COLUMN_BOOLEAN] = 16,       [COLUMN_BIGINT] = 20, [COLUMN_NUMERIC] = 1700,
    [COLUMN_TIMESTAMPTZ] = 1184, [COLUMN_DATE] = 1082, [COLUMN_UUID] = 2950,
    [COLUMN_TEXT] = 25,
};

/* --- the question --- */

/* A record that says it is gone has no hash: it is "the same" as a row that is not there, and
 * as one that is marked as deleted. */
static const char *hash_sql(const struct stream *stream)
{
    if (!stream->merge.deleted)
        return "t._pt_hash";
    return stream->table.deletes == DELETES_SOFT
               ? "case when t._pt_deleted_at is null then coalesce(t._pt_hash, 0) end"
               : "coalesce(t._pt_hash, 0)";
}

/*
 *     select p.at - 1, t.is_there is null
 *     from unnest($1::bigint[], …, $n::bigint[]) with ordinality as p (k1, …, hash, at)
 *     left join lateral (select true as is_there, t._pt_hash as hash from "s"."t" as t
 *         where t."id" = p.k1 and … offset 0) t on true
 *     where t.hash is distinct from p.hash order by 1
 *
 * `offset 0` keeps the planner from making a join of it that reads the whole table: each key is
 * looked up in the index.
 */
static void put_sparse_sql(struct buf *sql, const struct stream *stream,
                           const struct columns *columns)
{
    const struct table *table = &stream->table;
    AUTO_BUF(names, SQL_BYTES_MAX);
    AUTO_BUF(where, SQL_BYTES_MAX);
    int at = 0;
    buf_puts(sql, "select p.at - 1, t.is_there is null from unnest(");
    for (size_t i = 0; i < columns->count; i++) {
        if (!columns->items[i].is_key)
            continue;
        at++;
        buf_printf(sql, "$%d::%s[], ", at, column_type_sql(columns->items[i].type));
        buf_printf(&names, "k%d, ", at);
        buf_printf(&where, "%st.", at > 1 ? " and " : "");
        pg_sql_put_identifier(&where, columns->items[i].name);
        buf_printf(&where, " = p.k%d", at);
    }
    buf_printf(sql, "$%d::bigint[]) with ordinality as p (%shash, at) left join lateral ",
               at + 1, names.ptr);
    buf_printf(sql, "(select true as is_there, %s as hash from ", hash_sql(stream));
    pg_sql_put_name(sql, table->schema, table->name);
    buf_printf(sql, " as t where %s offset 0) t on true ", where.ptr);
    buf_puts(sql, "where t.hash is distinct from p.hash order by 1");
}

/*
 * Numbers that lie close together, as those do that an API counts up: the part of the index
 * between the least and the highest has few others, and reading it costs less than looking
 * each up. The unique index bounds it, whatever the planner knows of the table.
 *
 *     select p.at - 1, t.key is null
 *     from unnest($1::bigint[], $2::bigint[]) with ordinality as p (key, hash, at)
 *     left join (select t."id" as key, t._pt_hash as hash from "s"."t" as t
 *         where t."id" between $3::bigint and $4::bigint) t on t.key = p.key
 *     where t.hash is distinct from p.hash order by 1
 */
static void put_dense_sql(struct buf *sql, const struct stream *stream, struct str key)
{
    const struct table *table = &stream->table;
    buf_puts(sql, "select p.at - 1, t.key is null from unnest($1::bigint[], $2::bigint[]) "
                  "with ordinality as p (key, hash, at) left join (select t.");
    pg_sql_put_identifier(sql, key);
    buf_printf(sql, " as key, %s as hash from ", hash_sql(stream));
    pg_sql_put_name(sql, table->schema, table->name);
    buf_puts(sql, " as t where t.");
    pg_sql_put_identifier(sql, key);
    buf_puts(sql, " between $3::bigint and $4::bigint) t on t.key = p.key "
                  "where t.hash is distinct from p.hash order by 1");
}

/* The range of a key that is one bigint. */
struct range {
    int64_t least, highest;
    bool is_dense;
};

static struct range read_range(const struct columns *columns, const struct batch *batch)
{
    struct range range = {INT64_MAX, INT64_MIN, false};
    size_t at = 0;
    for (size_t i = 0; i < columns->count; i++)
        at = columns->items[i].is_key ? i : at;
    for (size_t row = 0; row < batch->row_count; row++) {
        struct str rest = batch_row_fields(batch, row), bytes;
        uint64_t wire;
        for (size_t i = 0; i <= at; i++)
            (void)batch_take_field(&rest, &bytes);
        assert(bytes.len == sizeof wire);
        memcpy(&wire, bytes.ptr, sizeof wire);
        int64_t key = (int64_t)be64toh(wire);
        range.least = MIN(range.least, key);
        range.highest = MAX(range.highest, key);
    }
    range.is_dense =
        batch->row_count >= DENSE_ROWS_MIN && (uint64_t)range.highest - (uint64_t)range.least <
                                                  (uint64_t)DENSE_GAPS_MAX * batch->row_count;
    return range;
}

static const struct column *only_bigint_key(const struct stream *stream,
                                            const struct columns *columns)
{
    for (size_t i = 0; i < columns->count && stream->table.key_count == 1; i++)
        if (columns->items[i].is_key && columns->items[i].type == COLUMN_BIGINT)
            return &columns->items[i];
    return NULL;
}

struct arrays {
    struct buf items[PG_PARAMS_MAX];
    size_t count;
};

static struct buf *add_array(struct arrays *arrays, enum column_type type, size_t rows)
{
    struct buf *array = &arrays->items[arrays->count++];
    buf_init(array, ARRAY_BYTES_MAX);
    pg_array_put_head(array, oids[type], rows);
    return array;
}

/* The fields of a row that are wanted, as they are: an array's elements have the same form. */
static void put_row(struct arrays *arrays, const struct columns *columns, struct str rest)
{
    struct str ignored;
    size_t at = 0;
    for (size_t i = 0; i < columns->count; i++) {
        struct str field = batch_take_field(&rest, &ignored);
        if (columns->items[i].is_key)
            buf_put(&arrays->items[at++], field);
    }
    buf_put(&arrays->items[at], batch_take_field(&rest, &ignored)); /* `_pt_hash` */
}

static void put_arrays(struct arrays *arrays, const struct columns *columns,
                       const struct batch *batch)
{
    for (size_t i = 0; i < columns->count; i++)
        if (columns->items[i].is_key)
            add_array(arrays, columns->items[i].type, batch->row_count);
    add_array(arrays, COLUMN_BIGINT, batch->row_count);
    for (size_t row = 0; row < batch->row_count; row++)
        put_row(arrays, columns, batch_row_fields(batch, row));
}

void probe_send(struct pg *pg, const struct stream *stream, const struct column_map *map,
                const struct batch *batch, pg_done_fn fn, void *ctx)
{
    AUTO_BUF(sql, 4 * SQL_BYTES_MAX);
    struct arrays arrays = {.count = 0};
    struct pg_value params[PG_PARAMS_MAX];
    const struct column *number = only_bigint_key(stream, &map->columns);
    struct range range = {.is_dense = false};
    assert(stream->table.key_count <= PROBE_KEY_COLUMNS_MAX);
    put_arrays(&arrays, &map->columns, batch);
    size_t count = arrays.count;
    for (size_t i = 0; i < count; i++)
        params[i] = pg_binary(buf_str(&arrays.items[i]));
    if (number)
        range = read_range(&map->columns, batch);
    if (range.is_dense) {
        put_dense_sql(&sql, stream, number->name);
        params[count++] = pg_int(range.least);
        params[count++] = pg_int(range.highest);
    } else {
        put_sparse_sql(&sql, stream, &map->columns);
    }
    pg_query(pg, sql.ptr, params, count, TIMEOUT_MS, fn, ctx);
    for (size_t i = 0; i < arrays.count; i++)
        buf_done(&arrays.items[i]);
}

/* --- the answer --- */

void probe_read(struct probe *probe, const struct pg_result *result)
{
    enum { ROW, IS_NEW };
    probe->count = probe->fresh = 0;
    for (size_t i = 0; i < pg_rows(result); i++) {
        MEM_GROW(probe->rows, probe->count, probe->capacity);
        probe->rows[probe->count++] = (size_t)pg_get_int(result, i, ROW);
        probe->fresh += pg_get_bool(result, i, IS_NEW);
    }
}

void probe_done(struct probe *probe)
{
    mem_free(probe->rows);
    *probe = (struct probe){0};
}

#include "worker/load/probe.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/wire.h"
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
static const uint32_t form_oids[] = {
    [FORM_SMALLINT] = 21,
    [FORM_INTEGER] = 23,
    [FORM_TEXT] = 1043,
};
static const uint32_t oids[] = {
    [COLUMN_BOOLEAN] = 16,       [COLUMN_BIGINT] = 20, [COLUMN_NUMERIC] = 1700,
    [COLUMN_TIMESTAMPTZ] = 1184, [COLUMN_DATE] = 1082, [COLUMN_UUID] = 2950,
    [COLUMN_TEXT] = 25,
};

/* --- the question --- */

/*
 * A record that says it is gone has no hash: it is "the same" as a row that is not there, and,
 * where `deletes: soft` holds, as one that is marked as deleted. Else such a row is the same as
 * no record: it comes back, or goes.
 */
static struct str hash_sql(const struct probe_question *question)
{
    const struct stream *stream = question->stream;
    bool is_soft = stream->table.deletes == DELETES_SOFT;
    if (question->hash.len)
        return question->hash;
    if (!stream->merge.deleted)
        return question->has_marks
                   ? STR("case when t._pt_deleted_at is null then t._pt_hash end")
                   : STR("t._pt_hash");
    if (!question->has_marks)
        return STR("coalesce(t._pt_hash, 0)");
    return is_soft ? STR("case when t._pt_deleted_at is null then coalesce(t._pt_hash, 0) end")
                   : STR("case when t._pt_deleted_at is null then coalesce(t._pt_hash, 0) else "
                         "0 end");
}

static const char *type_name(const struct column *column)
{
    static const char *const names[] = {
        [FORM_SMALLINT] = "smallint", [FORM_INTEGER] = "integer", [FORM_TEXT] = "varchar"};
    return column->type == COLUMN_OTHER ? names[column->form] : column_type_sql(column->type);
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
static void put_sparse_sql(struct buf *sql, const struct probe_question *question)
{
    const struct table *table = &question->stream->table;
    const struct columns *columns = &question->map->columns;
    AUTO_BUF(names, SQL_BYTES_MAX);
    AUTO_BUF(where, SQL_BYTES_MAX);
    int at = 0;
    buf_puts(sql, "select p.at - 1, t.is_there is null from unnest(");
    for (size_t i = 0; i < columns->count; i++) {
        if (!columns->items[i].is_key)
            continue;
        at++;
        buf_printf(sql, "$%d::%s[], ", at, type_name(&columns->items[i]));
        buf_printf(&names, "k%d, ", at);
        buf_printf(&where, "%st.", at > 1 ? " and " : "");
        pg_sql_put_identifier(&where, columns->items[i].name);
        buf_printf(&where, " = p.k%d", at);
    }
    buf_printf(sql, "$%d::bigint[]) with ordinality as p (%shash, at) left join lateral ",
               at + 1, names.ptr);
    buf_puts(sql, "(select true as is_there, ");
    buf_put(sql, hash_sql(question));
    buf_puts(sql, " as hash from ");
    pg_sql_put_name(sql, table->schema, table->name);
    buf_printf(sql, " as t where %s offset 0) t on true ", where.ptr);
    buf_puts(sql, "where t.hash is distinct from p.hash order by 1");
}

/*
 * Numbers that lie close together, as those do that an API counts up: the part of the index
 * between the least and the highest has few others, and reading it costs less than looking
 * each up. The unique index bounds it, whatever the planner knows of the table.
 *
 *     select array_agg(t.key), array_agg(t.hash)
 *     from (select t."id"::bigint as key, t._pt_hash as hash from "s"."t" as t
 *         where t."id" between $1::bigint and $2::bigint order by 1) t
 */
static void put_dense_sql(struct buf *sql, const struct probe_question *question,
                          struct str key)
{
    const struct table *table = &question->stream->table;
    buf_puts(sql, "select array_agg(t.key), array_agg(t.hash) from (select t.");
    pg_sql_put_identifier(sql, key);
    buf_puts(sql, "::bigint as key, ");
    buf_put(sql, hash_sql(question));
    buf_puts(sql, " as hash from ");
    pg_sql_put_name(sql, table->schema, table->name);
    buf_puts(sql, " as t where t.");
    pg_sql_put_identifier(sql, key);
    buf_puts(sql, " between $1::bigint and $2::bigint order by 1) t");
}

/* --- a key that is one integer --- */

static bool is_integer(const struct column *column)
{
    return column->type == COLUMN_BIGINT || column->form == FORM_INTEGER ||
           column->form == FORM_SMALLINT;
}

/* Its column, or the count of columns. */
static size_t find_number(const struct stream *stream, const struct columns *columns)
{
    for (size_t i = 0; i < columns->count && stream->table.key_count == 1; i++)
        if (columns->items[i].is_key && is_integer(&columns->items[i]))
            return i;
    return columns->count;
}

static struct probe_key read_key(struct str rest, const struct columns *columns, size_t at)
{
    struct probe_key key = {0};
    struct str bytes;
    for (size_t i = 0; i < columns->count; i++) {
        (void)batch_take_field(&rest, &bytes);
        if (i == at)
            key.number = wire_integer(bytes);
    }
    (void)batch_take_field(&rest, &bytes); /* `_pt_hash` */
    key.has_hash = bytes.ptr;
    if (key.has_hash)
        key.hash = wire_integer(bytes);
    return key;
}

static int compare_keys(const void *a, const void *b)
{
    const struct probe_key *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

/* In ascending order, as most APIs send them. */
static void read_keys(struct probe *probe, const struct batch *batch,
                      const struct columns *columns, size_t at)
{
    bool is_ascending = true;
    probe->key_count = batch->row_count;
    probe->keys = mem_realloc(probe->keys, batch->row_count * sizeof *probe->keys);
    for (size_t row = 0; row < batch->row_count; row++) {
        struct probe_key *key = &probe->keys[row];
        *key = read_key(batch_row_fields(batch, row), columns, at);
        key->row = (uint32_t)row;
        is_ascending = is_ascending && (row == 0 || key[-1].number < key->number);
    }
    if (!is_ascending)
        qsort(probe->keys, probe->key_count, sizeof *probe->keys, compare_keys);
}

static bool is_dense(const struct probe *probe)
{
    if (probe->key_count < DENSE_ROWS_MIN)
        return false;
    uint64_t least = (uint64_t)probe->keys[0].number;
    uint64_t highest = (uint64_t)probe->keys[probe->key_count - 1].number;
    return highest - least < (uint64_t)DENSE_GAPS_MAX * probe->key_count;
}

/* --- keys of any kind --- */

struct arrays {
    struct buf items[PG_PARAMS_MAX];
    size_t count;
};

static uint32_t oid_of(const struct column *column)
{
    return column->type == COLUMN_OTHER ? form_oids[column->form] : oids[column->type];
}

static struct buf *add_array(struct arrays *arrays, uint32_t oid, size_t rows)
{
    struct buf *array = &arrays->items[arrays->count++];
    buf_init(array, ARRAY_BYTES_MAX);
    pg_array_put_head(array, oid, rows);
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
            add_array(arrays, oid_of(&columns->items[i]), batch->row_count);
    add_array(arrays, oids[COLUMN_BIGINT], batch->row_count);
    for (size_t row = 0; row < batch->row_count; row++)
        put_row(arrays, columns, batch_row_fields(batch, row));
}

static void send_sparse(struct pg *pg, const struct probe_question *question, pg_done_fn fn,
                        void *ctx)
{
    AUTO_BUF(sql, 4 * SQL_BYTES_MAX);
    struct arrays arrays = {.count = 0};
    struct pg_value params[PG_PARAMS_MAX];
    const struct columns *columns = &question->map->columns;
    assert(question->stream->table.key_count <= PROBE_KEY_COLUMNS_MAX);
    put_arrays(&arrays, columns, question->batch);
    for (size_t i = 0; i < arrays.count; i++)
        params[i] = pg_binary(buf_str(&arrays.items[i]));
    put_sparse_sql(&sql, question);
    pg_query(pg, sql.ptr, params, arrays.count, TIMEOUT_MS, fn, ctx);
    for (size_t i = 0; i < arrays.count; i++)
        buf_done(&arrays.items[i]);
}

static void send_dense(struct pg *pg, const struct probe *probe,
                       const struct probe_question *question, struct str key, pg_done_fn fn,
                       void *ctx)
{
    AUTO_BUF(sql, 4 * SQL_BYTES_MAX);
    const struct pg_value params[] = {pg_int(probe->keys[0].number),
                                      pg_int(probe->keys[probe->key_count - 1].number)};
    put_dense_sql(&sql, question, key);
    const struct pg_statement statement = {sql.ptr, params, COUNT_OF(params)};
    pg_query_binary(pg, &statement, TIMEOUT_MS, fn, ctx);
}

void probe_send(struct probe *probe, struct pg *pg, const struct probe_question *question,
                pg_done_fn fn, void *ctx)
{
    const struct columns *columns = &question->map->columns;
    size_t number = find_number(question->stream, columns);
    probe->key_count = 0;
    if (number < columns->count)
        read_keys(probe, question->batch, columns, number);
    probe->is_dense = is_dense(probe);
    if (probe->is_dense)
        send_dense(pg, probe, question, columns->items[number].name, fn, ctx);
    else
        send_sparse(pg, question, fn, ctx);
}

/* --- the answer --- */

static void add_row(struct probe *probe, size_t row, bool is_new)
{
    MEM_GROW(probe->rows, probe->count, probe->capacity);
    probe->rows[probe->count++] = row;
    probe->fresh += is_new;
}

static void read_sparse(struct probe *probe, const struct pg_result *result)
{
    enum { ROW, IS_NEW };
    for (size_t i = 0; i < pg_rows(result); i++)
        add_row(probe, (size_t)pg_get_int(result, i, ROW), pg_get_bool(result, i, IS_NEW));
}

/* What the table has: one row after the other, by ascending keys. */
struct there {
    struct pg_array_rest keys, hashes;
    bool has_ended, has_hash;
    int64_t key, hash;
};

static void next_there(struct there *there)
{
    there->has_ended = !there->keys.count;
    if (there->has_ended)
        return;
    (void)!pg_array_take(&there->keys, &there->key); /* a key is not null between two numbers */
    there->has_hash = pg_array_take(&there->hashes, &there->hash);
}

/* A row that is not there is as one without a hash. */
static void compare_row(struct probe *probe, struct there *there, const struct probe_key *key)
{
    while (!there->has_ended && there->key < key->number)
        next_there(there);
    bool is_there = !there->has_ended && there->key == key->number;
    bool has_hash = is_there && there->has_hash;
    bool is_same = has_hash == key->has_hash && (!has_hash || there->hash == key->hash);
    if (!is_same)
        add_row(probe, key->row, !is_there);
}

static int compare_numbers(const void *a, const void *b)
{
    const size_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void read_dense(struct probe *probe, const struct pg_result *result)
{
    enum { KEYS, HASHES };
    struct there there = {.keys = pg_array_open(pg_get_str(result, 0, KEYS)),
                          .hashes = pg_array_open(pg_get_str(result, 0, HASHES))};
    bool is_ascending = true;
    next_there(&there);
    for (size_t i = 0; i < probe->key_count; i++) {
        compare_row(probe, &there, &probe->keys[i]);
        is_ascending = is_ascending && (i == 0 || probe->keys[i - 1].row < probe->keys[i].row);
    }
    if (!is_ascending && probe->count)
        qsort(probe->rows, probe->count, sizeof *probe->rows, compare_numbers);
}

void probe_read(struct probe *probe, const struct pg_result *result)
{
    probe->count = probe->fresh = 0;
    (probe->is_dense ? read_dense : read_sparse)(probe, result);
}

static int64_t read_hash(struct str rest, size_t columns)
{
    struct str bytes;
    for (size_t i = 0; i <= columns; i++)
        (void)batch_take_field(&rest, &bytes);
    return wire_integer(bytes);
}

size_t probe_put_same(const struct probe *probe, const struct probe_question *question,
                      struct buf *buf)
{
    const struct batch *batch = question->batch;
    size_t count = batch->row_count - probe->count, at = 0;
    pg_array_put_head(buf, oids[COLUMN_BIGINT], count);
    for (size_t row = 0; row < batch->row_count; row++) {
        bool is_sent = at < probe->count && probe->rows[at] == row;
        at += is_sent;
        if (!is_sent)
            pg_array_put_bigint(
                buf, read_hash(batch_row_fields(batch, row), question->map->columns.count));
    }
    return count;
}

void probe_done(struct probe *probe)
{
    mem_free(probe->rows);
    mem_free(probe->keys);
    *probe = (struct probe){0};
}

#include "config/check_table.h"

#include "config/node.h"
#include "config/with.h"

enum { INDEX_COLUMNS_MAX = 32 }; /* INDEX_MAX_KEYS of PostgreSQL */

/* --- the table --- */

/* A share or a count; in SQL: pagetide.is_over_share. */
static void check_max_asides(struct reader *reader, const struct yaml_node *map,
                             const struct table *table)
{
    int64_t number;
    struct str text = table->max_asides;
    bool is_share = str_ends(text, STR("%"));
    struct str digits = str_slice(text, 0, text.len - is_share);
    if (!text.len ||
        (str_to_int64(digits, &number) && number >= 0 && (!is_share || number <= 100)))
        return;
    problem_add(reader->problems, node_at(map, "max_asides"),
                "must be a share (10%%) or a count, not \"%.*s\"", STR_ARG(text));
}

bool check_table_is_share(struct str text, int64_t least)
{
    int64_t percent;
    return str_ends(text, STR("%")) &&
           str_to_int64(str_slice(text, 0, text.len - 1), &percent) && percent >= least &&
           percent <= 100;
}

static void check_deletes(struct reader *reader, const struct yaml_node *map,
                          const struct table *table)
{
    bool is_whole = table->write == WRITE_REPLACE || table->write == WRITE_HISTORY;
    if (table->deletes && !is_whole && !yaml_find(map, "deleted"))
        problem_add(reader->problems, node_at(map, "deletes"),
                    "needs write: replace or history, or \"deleted\"");
    else if (table->deletes &&
             (table->deletes >= DELETES_CLOSE) != (table->write == WRITE_HISTORY))
        problem_add(reader->problems, node_at(map, "deletes"),
                    "with write: history close or keep, else hard or soft");
    else if (table->deletes == DELETES_SOFT && table->key_count == 0)
        problem_add(reader->problems, node_at(map, "deletes"),
                    "soft needs \"key\", by which a row is known again");
    if (!table->shrink_guard.len)
        return;
    if (!is_whole)
        problem_add(reader->problems, node_at(map, "shrink_guard"),
                    "needs write: replace or history");
    else if (!check_table_is_share(table->shrink_guard, 0))
        problem_add(reader->problems, node_at(map, "shrink_guard"),
                    "must be a share from 0%% to 100%%, like 50%%");
}

static void check_index(struct reader *reader, const struct yaml_node *node,
                        const struct table_index *index)
{
    if (!index->column_count || index->column_count > INDEX_COLUMNS_MAX)
        problem_add(reader->problems, node, "\"columns\" has from 1 to %d names",
                    INDEX_COLUMNS_MAX);
    if (index->is_unique && !str_is(index->method, "btree"))
        problem_add(reader->problems, node, "\"unique\" needs the method btree");
    for (size_t i = 0; i < index->column_count; i++)
        for (size_t j = 0; j < i; j++)
            if (str_eq(index->columns[i], index->columns[j]))
                problem_add(reader->problems, node, "\"%.*s\" stands in it twice",
                            STR_ARG(index->columns[i]));
}

static void check_indexes(struct reader *reader, const struct yaml_node *map,
                          const struct table *table)
{
    const struct yaml_node *node = yaml_find(map, "indexes");
    for (size_t i = 0; node && i < MIN(table->index_count, node_count(node)); i++)
        check_index(reader, node_item(node, i), &table->indexes[i]);
}

/* --- partitions --- */

static bool has_name(const struct str *names, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

/* A date has no hours; of other types PostgreSQL's ranges would be no periods. */
static bool is_time_type(struct str type, bool with_hours)
{
    static const char *const names[] = {"timestamptz", "timestamp with time zone", "timestamp",
                                        "timestamp without time zone", "date"};
    for (size_t i = 0; i < COUNT_OF(names) - with_hours; i++)
        if (str_eq_nocase(type, str_from(names[i])))
            return true;
    return false;
}

static void check_range(struct reader *reader, const struct yaml_node *node,
                        const struct table *table)
{
    const struct table_partition *partition = &table->partition;
    const struct declared_column *column = table_find_declared(table, partition->range);
    struct str range = partition->range;
    if (str_is(range, PARTITION_STORED_AT))
        return;
    if (!column)
        problem_add(
            reader->problems, node_at(node, "range"),
            "\"%.*s\" must be one of \"columns\", with its type, because the table is "
            "made with it: columns: {%.*s: timestamptz}; or _pt_at, the time at which a "
            "row was stored",
            STR_ARG(range), STR_ARG(range));
    else if (column->type.len && !is_time_type(column->type, false))
        problem_add(reader->problems, node_at(node, "range"),
                    "the column must be of type date, timestamp or timestamptz, not %.*s",
                    STR_ARG(column->type));
    else if (column->type.len && partition->every == EVERY_HOUR &&
             !is_time_type(column->type, true))
        problem_add(reader->problems, node_at(node, "every"),
                    "hour needs a column of type timestamp or timestamptz");
}

/* Within a partition alone PostgreSQL can say that no other row is like this one. */
static void check_unique(struct reader *reader, const struct yaml_node *map,
                         const struct table *table)
{
    struct str range = table->partition.range;
    bool is_keyed = table->write != WRITE_APPEND && table->key_count;
    const struct yaml_node *indexes = yaml_find(map, "indexes");
    if (is_keyed && str_is(range, PARTITION_STORED_AT))
        problem_add(
            reader->problems, node_at(map, "partition_by"),
            "_pt_at goes with write: append, or replace without a key: of a row that is "
            "written again it changes");
    else if (is_keyed && !has_name(table->key, table->key_count, range))
        problem_add(
            reader->problems, node_at(map, "key"),
            "must contain \"%.*s\", the column of partition_by: PostgreSQL knows no key "
            "without it that is unique in all partitions",
            STR_ARG(range));
    for (size_t i = 0; indexes && i < MIN(table->index_count, node_count(indexes)); i++) {
        const struct table_index *index = &table->indexes[i];
        if (index->is_unique && !has_name(index->columns, index->column_count, range))
            problem_add(reader->problems, node_item(indexes, i),
                        "a unique index must contain \"%.*s\", the column of partition_by",
                        STR_ARG(range));
    }
}

static void check_partition(struct reader *reader, const struct yaml_node *map,
                            const struct table *table)
{
    const struct yaml_node *node = yaml_find(map, "partition_by");
    if (!node || node->kind != YAML_MAP || !table->partition.range.len)
        return;
    check_range(reader, node, table);
    check_unique(reader, map, table);
}

/* --- keys, and what goes with them --- */

static void check_keys(struct reader *reader, const struct yaml_node *map,
                       const struct table *table)
{
    if (table->write == WRITE_UPSERT && table->key_count == 0)
        problem_add(reader->problems, node_at(map, "write"), "upsert needs \"key\"");
    if (table->write == WRITE_HISTORY && table->key_count == 0)
        problem_add(reader->problems, node_at(map, "write"),
                    "history needs \"key\", by which versions belong together");
    check_deletes(reader, map, table);
    if (table->fills && table->write != WRITE_UPSERT)
        problem_add(
            reader->problems, node_at(map, "merge"),
            "fill needs write: upsert: only there does a record meet the row of its key");
    check_max_asides(reader, map, table);
    check_indexes(reader, map, table);
    check_partition(reader, map, table);
    if (table->write != WRITE_APPEND && table->key_count > INDEX_COLUMNS_MAX)
        problem_add(reader->problems, node_at(map, "key"),
                    "has %zu names, and an index of PostgreSQL at most %d", table->key_count,
                    INDEX_COLUMNS_MAX);
    for (size_t i = 0; i < table->key_count; i++) {
        if (table->key[i].len == 0)
            problem_add(reader->problems, node_at(map, "key"), "a field's name is missing");
        for (size_t j = 0; j < i; j++)
            if (str_eq(table->key[i], table->key[j]))
                problem_add(reader->problems, node_at(map, "key"),
                            "\"%.*s\" stands in it twice", STR_ARG(table->key[i]));
    }
}

/* --- its records --- */

static void check_excluded(struct reader *reader, const struct yaml_node *map,
                           const struct stream *stream)
{
    for (size_t i = 0; i < stream->table.key_count; i++)
        for (size_t j = 0; j < stream->merge.exclude_count; j++)
            if (str_eq(stream->table.key[i], stream->merge.exclude[j]))
                problem_add(reader->problems, node_at(map, "exclude"),
                            "\"%.*s\" belongs to the key", STR_ARG(stream->table.key[i]));
}

static void check_expression(struct reader *reader, const struct yaml_node *map,
                             const char *key, const struct template *template)
{
    if (template && template->kind != TEMPLATE_EXPR && template->kind != TEMPLATE_MIXED)
        problem_add(reader->problems, node_at(map, key),
                    "must be an expression: \"{{ ... }}\"");
}

static void check_deleted(struct reader *reader, const struct yaml_node *map,
                          const struct stream *stream)
{
    const struct table *table = &stream->table;
    if (!stream->merge.deleted)
        return;
    check_expression(reader, map, "deleted", stream->merge.deleted);
    if (table->write == WRITE_APPEND || table->key_count == 0)
        problem_add(
            reader->problems, node_at(map, "deleted"),
            "needs write: upsert, replace or history, and \"key\", which says whose row goes");
    else if (table->fills)
        problem_add(reader->problems, node_at(map, "deleted"),
                    "does not go with merge: fill, whose records are pieces");
}

static void check_merge(struct reader *reader, const struct yaml_node *map,
                        struct stream *stream)
{
    struct merge *merge = &stream->merge;
    check_expression(reader, map, "where", merge->where);
    check_deleted(reader, map, stream);
    with_check(reader, map, merge);
    check_excluded(reader, map, stream);
}

void check_table(struct reader *reader, const struct yaml_node *map, struct stream *stream)
{
    check_keys(reader, map, &stream->table);
    check_merge(reader, map, stream);
}

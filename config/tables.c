#include "config/tables.h"

#include "config/check_table.h"
#include "config/format.h"
#include "config/identifier.h"
#include "config/node.h"

enum { TABLES_MAX = 63 }; /* XML_OTHERS_MAX */

/* --- parents --- */

/* The anchor of a field of `with` among the wildcards of merge_path; -1: it has none there. */
static int parent_anchor(const struct merge *merge, struct str name)
{
    for (size_t i = 0; i < merge->with_count; i++)
        if (str_eq(merge->with[i].name, name))
            return merge->with[i].is_path ? merge->with[i].anchor : -1;
    return -1;
}

static bool is_parent_key(const struct table *table, struct str name)
{
    for (size_t i = 0; i < table->parent_key_count; i++)
        if (str_eq(table->parent_key[i], name))
            return true;
    return false;
}

/* The elements at the last of their wildcards are the parents: what is read in an element
 * itself is read in the record then. */
static struct merge *find_parents(struct arena *arena, const struct stream *part, int last)
{
    const struct merge *merge = &part->merge;
    struct merge *parents = ARENA_NEW(arena, struct merge);
    parents->path = merge->path;
    parents->path.count = (size_t)last + 1;
    parents->path.has_wildcard = true;
    parents->may_be_missing = merge->may_be_missing;
    parents->with = ARENA_ARRAY(arena, struct with_field, merge->with_count);
    for (size_t i = 0; i < merge->with_count; i++) {
        struct with_field field = merge->with[i];
        if (!is_parent_key(&part->table, field.name))
            continue;
        if (field.anchor == last && !field.wants_key)
            field.anchor = WITH_RECORD;
        parents->with[parents->with_count++] = field;
    }
    return parents;
}

static void check_parents(struct reader *reader, const struct yaml_node *map,
                          struct stream *part)
{
    const struct table *table = &part->table;
    int last = -1;
    for (size_t i = 0; i < table->parent_key_count; i++) {
        int anchor = parent_anchor(&part->merge, table->parent_key[i]);
        if (anchor < 0)
            problem_add(
                reader->problems, node_at(map, "parent_key"),
                "\"%.*s\" is to be a field of \"with\" that is read in an element around "
                "the records, as orders[*].id is beside merge_path orders[*].items[*]",
                STR_ARG(table->parent_key[i]));
        last = MAX(last, anchor);
    }
    if (table->fills && table->parent_key_count)
        problem_add(reader->problems, node_at(map, "parent_key"),
                    "does not go with merge: fill, whose records are pieces");
    if (last >= 0)
        part->parents = find_parents(reader->arena, part, last);
}

/* --- one of them --- */

/* The stream, but for what was read of the part. */
static void make_part(struct reader *reader, const struct stream *stream, struct stream *part)
{
    struct stream whole = *stream;
    whole.merge = part->merge;
    whole.table = part->table;
    whole.table.schema = stream->table.schema;
    whole.table.name = part->name;
    whole.table.max_rejects = stream->table.max_rejects;
    whole.name =
        arena_printf(reader->arena, "%.*s/%.*s", STR_ARG(stream->name), STR_ARG(part->name));
    whole.bookmark = (struct bookmark){0};
    whole.parts = NULL;
    whole.part_count = 0;
    *part = whole;
}

static void check_part(struct reader *reader, const struct yaml_node *map, struct stream *part)
{
    struct str name = part->table.name;
    if (!identifier_is_name(name))
        problem_add_key(reader->problems, map,
                        "\"%.*s\" cannot be one of \"tables\": [a-z][a-z0-9_]{0,47}",
                        STR_ARG(name));
    if (part->table.write >= WRITE_REPLACE)
        problem_add(reader->problems, node_at(map, "write"),
                    "%s is for a stream's own table: what has vanished is known of a list that "
                    "is read whole; `parent_key` replaces the rows of each parent",
                    part->table.write == WRITE_REPLACE ? "replace" : "history");
    if (!part->merge.path.source.len)
        return; /* which is said; nothing about its wildcards can be */
    if (map->kind == YAML_MAP)
        check_table(reader, map, part);
    check_parents(reader, map, part);
}

static void check_names(struct reader *reader, const struct yaml_node *node,
                        const struct stream *stream)
{
    for (size_t i = 0; i < stream->part_count; i++) {
        struct str name = stream->parts[i].table.name;
        bool is_own = !stream->table.is_none && str_eq(name, stream->table.name);
        for (size_t j = 0; j < i && !is_own; j++)
            is_own = str_eq(name, stream->parts[j].table.name);
        if (is_own)
            problem_add(reader->problems, node,
                        "\"%.*s\" is filled already: each table has a name of its own",
                        STR_ARG(name));
    }
}

/* --- all of them --- */

static void check_own_table(struct reader *reader, const struct yaml_node *map,
                            const struct stream *stream)
{
    const struct table *table = &stream->table;
    const struct {
        const char *key;
        bool is_there;
    } stored[] = {{"key", table->key_count},
                  {"write", table->write != WRITE_APPEND},
                  {"columns", table->declared_count},
                  {"indexes", table->index_count},
                  {"partition_by", table->partition.range.len},
                  {"deleted", stream->merge.deleted}};
    if (!table->is_none)
        return;
    if (!stream->part_count)
        problem_add(reader->problems, node_at(map, "table"),
                    "none stores nothing without \"tables\"");
    for (size_t i = 0; i < COUNT_OF(stored); i++)
        if (stored[i].is_there)
            problem_add_key(reader->problems, node_at(map, stored[i].key),
                            "has no meaning with table: none, which stores no record");
}

void tables_check(struct reader *reader, const struct yaml_node *map, struct stream *stream)
{
    const struct yaml_node *node = yaml_find(map, "tables");
    check_own_table(reader, map, stream);
    if (!node || !stream->part_count)
        return;
    if (!format_has_response(stream->form.format))
        problem_add_key(reader->problems, node,
                        "a body of ndjson or csv is one list of records: there is nothing else "
                        "in it");
    if (stream->merge.strategy == MERGE_REPLACE)
        problem_add_key(reader->problems, node,
                        "does not go with merge_strategy: replace, which keeps the last page "
                        "alone");
    if (stream->part_count > TABLES_MAX)
        problem_add(reader->problems, node, "has at most %d tables", TABLES_MAX);
    for (size_t i = 0; i < stream->part_count; i++) {
        struct str ignored;
        const struct yaml_node *value;
        make_part(reader, stream, &stream->parts[i]);
        if (node_pair(node, i, &ignored, &value))
            check_part(reader, value, &stream->parts[i]);
    }
    check_names(reader, node, stream);
}

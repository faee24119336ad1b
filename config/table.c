#include "config/table.h"

#include "config/field.h"
#include "config/node.h"

enum { DISTANCE_MAX = 3, LISTED_KEYS_MAX = 12 };

static const struct field *find_field(const struct key_table *table, struct str name)
{
    for (const struct field *field = table->fields; field->name; field++)
        if (str_is(name, field->name))
            return field;
    return NULL;
}

static bool is_for(const struct field *field, unsigned level)
{
    return level == 0 || (field->flags & level);
}

static const struct field *nearest_field(const struct key_table *table, struct str name,
                                         unsigned level)
{
    const struct field *nearest = NULL;
    int best = MIN(DISTANCE_MAX, (int)name.len / 2) + 1;
    for (const struct field *field = table->fields; field->name; field++) {
        if (!is_for(field, level))
            continue;
        int distance = problem_distance(name, str_from(field->name), best);
        if (distance < best) {
            best = distance;
            nearest = field;
        }
    }
    return nearest;
}

static void put_keys(struct buf *buf, const struct key_table *table, unsigned level)
{
    size_t count = 0;
    for (const struct field *field = table->fields; field->name; field++)
        if (is_for(field, level) && !(field->flags & FIELD_LATER)) {
            buf_printf(buf, "%s%s", buf->len ? ", " : "", field->name);
            count++;
        }
    if (count > LISTED_KEYS_MAX)
        buf_reset(buf);
}

static void say_unknown(struct reader *reader, const struct key_table *table,
                        const struct yaml_node *node, unsigned level)
{
    const struct field *nearest = nearest_field(table, node->key, level);
    if (nearest) {
        problem_add_key(reader->problems, node, "unknown key; did you mean \"%s\"?",
                        nearest->name);
        return;
    }
    AUTO_BUF(keys, 1024);
    put_keys(&keys, table, level);
    problem_add_key(reader->problems, node, "unknown key%s%.*s",
                    keys.len ? "; the keys here are " : "", STR_ARG(buf_str(&keys)));
}

static void check_key(struct reader *reader, const struct key_table *table,
                      const struct yaml_node *node, unsigned level)
{
    const struct field *field = find_field(table, node->key);
    if (!field || (field->flags & FIELD_IN_SPEC && !is_for(field, level)))
        say_unknown(reader, table, node, level);
    else if (!is_for(field, level))
        problem_add_key(reader->problems, node, "%s",
                        level & FIELD_IN_SOURCE
                            ? "belongs to a stream, or under \"defaults\""
                            : "belongs to the source, at the top of the file");
    else if (field->flags & FIELD_LATER)
        problem_add_key(reader->problems, node, "not available yet");
}

void table_check_keys(struct reader *reader, const struct key_table *table,
                      const struct yaml_node *map, unsigned level)
{
    for (size_t i = 0; i < map->count; i++)
        check_key(reader, table, map->items[i], level);
}

/* A default is written as YAML, so that it is read by the same code as what a user writes. */
static const struct yaml_node *fallback_node(struct arena *arena, const struct field *field,
                                             const struct yaml_node *map)
{
    struct yaml_node *node = node_from_text(arena, field->fallback);
    if (!node)
        return NULL;
    node->parent = map;
    node->key = str_from(field->name);
    node->line = map->line;
    node->column = map->column;
    return node;
}

const struct yaml_node *table_get(struct arena *arena, const struct field *field,
                                  const struct yaml_node *map)
{
    const struct yaml_node *node = yaml_find(map, field->name);
    if (node && node->kind != YAML_NULL)
        return node;
    return field->fallback ? fallback_node(arena, field, map) : NULL;
}

static void read_fields(struct reader *reader, const struct key_table *table,
                        const struct yaml_node *map, void *target)
{
    for (const struct field *field = table->fields; field->name; field++) {
        if (field->flags & FIELD_LATER)
            continue;
        const struct yaml_node *node = table_get(reader->arena, field, map);
        if (node)
            table_read_field(reader, field, node, target);
        else if (field->flags & FIELD_REQUIRED)
            problem_add(reader->problems, map, "the key \"%s\" is missing", field->name);
    }
}

void table_read(struct reader *reader, const struct key_table *table,
                const struct yaml_node *map, void *target)
{
    if (map->kind != YAML_MAP) {
        problem_add(reader->problems, map, "must be a map, not %s", yaml_kind_name(map->kind));
        return;
    }
    table_check_keys(reader, table, map, 0);
    read_fields(reader, table, map, target);
}

static const struct yaml_node *type_node(const struct yaml_node *node)
{
    return node->kind == YAML_MAP ? yaml_find(node, "type") : node;
}

const struct variant *table_variant(const struct field *field, const struct yaml_node *node)
{
    const struct yaml_node *type = type_node(node);
    for (const struct variant *variant = field->variants; variant->name; variant++)
        if (type && yaml_is_scalar(type) && str_is(type->text, variant->name))
            return variant;
    return NULL;
}

/* A key that was meant to be `type`; NULL if there is none. */
static const struct yaml_node *misspelt_type(const struct yaml_node *node)
{
    for (size_t i = 0; node->kind == YAML_MAP && i < node->count; i++)
        if (problem_distance(node->items[i]->key, STR("type"), 1) == 1)
            return node->items[i];
    return NULL;
}

static void say_variants(struct reader *reader, const struct field *field,
                         const struct yaml_node *node)
{
    AUTO_BUF(names, 1024);
    for (const struct variant *variant = field->variants; variant->name; variant++)
        buf_printf(&names, "%s%s", names.len ? ", " : "", variant->name);
    const struct yaml_node *type = type_node(node), *misspelt = misspelt_type(node);
    if (type)
        problem_add(reader->problems, type, "must be one of %.*s, not \"%.*s\"",
                    STR_ARG(buf_str(&names)), STR_ARG(node_shown(type)));
    else if (misspelt)
        problem_add_key(reader->problems, misspelt, "unknown key; did you mean \"type\"?");
    else
        problem_add(reader->problems, node, "the key \"type\" is missing; one of %.*s",
                    STR_ARG(buf_str(&names)));
}

/* `type: none` needs no map around it: a lone text is the type. */
static const struct yaml_node *union_map(struct arena *arena, const struct yaml_node *node)
{
    if (node->kind == YAML_MAP)
        return node;
    struct yaml_node *map = ARENA_NEW(arena, struct yaml_node);
    *map = *node;
    map->kind = YAML_MAP;
    map->items = NULL;
    map->count = 0;
    return map;
}

static void read_union(struct reader *reader, const struct field *field,
                       const struct yaml_node *node, void *target)
{
    const struct variant *variant = table_variant(field, node);
    if (!variant) {
        say_variants(reader, field, node);
        return;
    }
    if (variant->later) {
        problem_add(reader->problems, type_node(node), "\"%s\" is not available yet",
                    variant->name);
        return;
    }
    *(int *)field_at(field, target) = variant->value;
    table_read(reader, variant->table, union_map(reader->arena, node), target);
}

static void read_structs(struct reader *reader, const struct field *field,
                         const struct yaml_node *node, void *target)
{
    size_t count = node_count(node);
    char *list = arena_alloc(reader->arena, field->table->size * MAX(count, 1));
    for (size_t i = 0; i < count; i++)
        table_read(reader, field->table, node_item(node, i), list + i * field->table->size);
    *(void **)field_at(field, target) = list;
    *field_count(field, target) = count;
}

void table_read_field(struct reader *reader, const struct field *field,
                      const struct yaml_node *node, void *target)
{
    switch (field->type) {
    case FIELD_MOVED:
        return;
    case FIELD_STRUCT:
        table_read(reader, field->table, node, field_at(field, target));
        return;
    case FIELD_STRUCTS:
        read_structs(reader, field, node, target);
        return;
    case FIELD_UNION:
        read_union(reader, field, node, target);
        return;
    case FIELD_CUSTOM:
        field->read(reader, field, node, target);
        return;
    default:
        field_reader(field->type)(reader, field, node, target);
    }
}

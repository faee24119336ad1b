#include "config/keys.h"

#include <assert.h>

#include "base/ascii.h"
#include "config/key_read.h"
#include "config/node.h"

/*
 * How one list of keys is used. All of it works on nodes of the YAML tree, so every problem
 * knows its line:
 *
 *     keys_check      each member of the map: is there such a key, is it for this level (source
 *                     or stream), is it built? Messages name the nearest key, or all of them
 *     keys_read       keys_check, and then each key of the list:
 *                       given and not null    its node
 *                       else a default        parsed from its text, as if it were in the map
 *                       else required         a problem
 *                     and the node goes to the reader of the key's type
 *
 * Types with keys of their own call keys_read again: STRUCT with the struct inside, STRUCTS
 * and NAMED_STRUCTS once for each item, UNION with the variant that `type` names and the same
 * target (so the keys of `pagination: {type: page}` fill members of struct stream). Depth is
 * bounded by the lists, not by the file: no list holds itself.
 *
 * The same list prints: spec.c writes the stored form, reference.c the reference, json_schema.c
 * the schema, settings.c the options of the command line.
 */
enum { DISTANCE_MAX = 3, LISTED_KEYS_MAX = 32 };

const struct key *keys_find(const struct keys *keys, struct str name)
{
    for (const struct key *key = keys->list; key->name; key++)
        if (str_is(name, key->name))
            return key;
    return NULL;
}

static bool is_for(const struct key *key, unsigned level)
{
    return level == 0 || (key->flags & level);
}

static const struct key *nearest_key(const struct keys *keys, struct str name, unsigned level)
{
    const struct key *nearest = NULL;
    int best = MIN(DISTANCE_MAX, (int)name.len / 2) + 1;
    for (const struct key *key = keys->list; key->name; key++) {
        if (!is_for(key, level))
            continue;
        int distance = problem_distance(name, str_from(key->name), best);
        if (distance < best) {
            best = distance;
            nearest = key;
        }
    }
    return nearest;
}

static void put_names(struct buf *buf, const struct keys *keys, unsigned level)
{
    size_t count = 0;
    for (const struct key *key = keys->list; key->name; key++)
        if (is_for(key, level)) {
            buf_printf(buf, "%s%s", buf->len ? ", " : "", key->name);
            count++;
        }
    if (count > LISTED_KEYS_MAX)
        buf_reset(buf);
}

static void say_unknown(struct reader *reader, const struct keys *keys,
                        const struct yaml_node *node, unsigned level)
{
    const struct key *nearest = nearest_key(keys, node->key, level);
    AUTO_BUF(instead, KIB(1));
    if (reader->put_instead && reader->put_instead(&instead, keys, node, level)) {
        problem_add_key(reader->problems, node, "unknown key; %.*s",
                        STR_ARG(buf_str(&instead)));
        return;
    }
    if (nearest) {
        problem_add_key(reader->problems, node, "unknown key; did you mean \"%s\"?",
                        nearest->name);
        return;
    }
    AUTO_BUF(names, 1024);
    put_names(&names, keys, level);
    problem_add_key(reader->problems, node, "unknown key%s%.*s",
                    names.len ? "; the keys here are " : "", STR_ARG(buf_str(&names)));
}

/* `url` of a source may be meant as another key of ours. */
static void say_misplaced(struct reader *reader, const struct keys *keys,
                          const struct yaml_node *node, unsigned level)
{
    AUTO_BUF(instead, KIB(1));
    bool is_source = level & KEY_IN_SOURCE;
    if (is_source && reader->put_instead)
        reader->put_instead(&instead, keys, node, level);
    problem_add_key(reader->problems, node, "%s%s%.*s",
                    is_source ? "belongs to a stream, or under \"defaults\""
                              : "belongs to the source, at the top of the file",
                    instead.len ? "; " : "", STR_ARG(buf_str(&instead)));
}

static void check_key(struct reader *reader, const struct keys *keys,
                      const struct yaml_node *node, unsigned level)
{
    const struct key *key = keys_find(keys, node->key);
    if (!key || (key->flags & KEY_IN_SPEC && !is_for(key, level)))
        say_unknown(reader, keys, node, level);
    else if (!is_for(key, level))
        say_misplaced(reader, keys, node, level);
}

void keys_check(struct reader *reader, const struct keys *keys, const struct yaml_node *map,
                unsigned level)
{
    for (size_t i = 0; i < map->count; i++)
        check_key(reader, keys, map->items[i], level);
}

/* Most defaults are one word or number, and every stream has all of them. */
static struct yaml_node *plain_node(struct arena *arena, const char *text)
{
    for (const char *at = text; *at; at++)
        if (!ascii_is_letter(*at) && !ascii_is_digit(*at) && *at != '_' && *at != '.')
            return NULL;
    struct yaml_node *node = ARENA_NEW(arena, struct yaml_node);
    node->text = str_from(text);
    node->kind = yaml_plain_kind(node->text);
    return node;
}

/* A default is written as YAML, so that it is read by the same code as what a user writes. */
static const struct yaml_node *fallback_node(struct arena *arena, const struct key *key,
                                             const struct yaml_node *map)
{
    struct yaml_node *node = plain_node(arena, key->fallback);
    if (!node)
        node = node_from_text(arena, key->fallback);
    if (!node)
        return NULL;
    node->parent = map;
    node->key = str_from(key->name);
    node->line = map->line;
    node->column = map->column;
    return node;
}

const struct yaml_node *keys_get(struct arena *arena, const struct key *key,
                                 const struct yaml_node *map)
{
    const struct yaml_node *node = yaml_find(map, key->name);
    if (node && node->kind != YAML_NULL)
        return node;
    return key->fallback ? fallback_node(arena, key, map) : NULL;
}

static void read_keys(struct reader *reader, const struct keys *keys,
                      const struct yaml_node *map, void *target)
{
    for (const struct key *key = keys->list; key->name; key++) {
        const struct yaml_node *node = keys_get(reader->arena, key, map);
        if (node)
            keys_read_one(reader, key, node, target);
        else if (key->flags & KEY_REQUIRED)
            problem_add(reader->problems, map, "the key \"%s\" is missing", key->name);
    }
}

void keys_read(struct reader *reader, const struct keys *keys, const struct yaml_node *map,
               void *target)
{
    if (map->kind != YAML_MAP) {
        problem_add_misfit(reader->problems, map, "must be a map, not %s",
                           yaml_kind_name(map->kind));
        return;
    }
    keys_check(reader, keys, map, 0);
    read_keys(reader, keys, map, target);
}

static const struct yaml_node *type_node(const struct yaml_node *node)
{
    return node->kind == YAML_MAP ? yaml_find(node, "type") : node;
}

const struct variant *keys_variant(const struct key *key, const struct yaml_node *node)
{
    const struct yaml_node *type = type_node(node);
    for (const struct variant *variant = key->variants; variant->name; variant++)
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

static void say_variants(struct reader *reader, const struct key *key,
                         const struct yaml_node *node)
{
    AUTO_BUF(names, 1024);
    const struct yaml_node *type = type_node(node), *misspelt = misspelt_type(node);
    const char *same = "";
    for (const struct variant *variant = key->variants; variant->name; variant++) {
        buf_printf(&names, "%s%s", names.len ? ", " : "", variant->name);
        if (type && yaml_is_scalar(type) && str_eq_nocase(type->text, str_from(variant->name)))
            same = "; in lower case";
    }
    bool may_be_secret = type == node && key->flags & KEY_IS_SECRET;
    if (type && may_be_secret)
        problem_add_misfit(reader->problems, type, "must be a map with the type, one of %.*s",
                           STR_ARG(buf_str(&names)));
    else if (type)
        problem_add_misfit(reader->problems, type, "must be one of %.*s, not \"%.*s\"%s",
                           STR_ARG(buf_str(&names)), STR_ARG(node_shown(type)), same);
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

static void read_union(struct reader *reader, const struct key *key,
                       const struct yaml_node *node, void *target)
{
    const struct variant *variant = keys_variant(key, node);
    if (!variant) {
        say_variants(reader, key, node);
        return;
    }
    assert(variant->keys);
    *(int *)key_at(key, target) = variant->value;
    keys_read(reader, variant->keys, union_map(reader->arena, node), target);
}

static void read_structs(struct reader *reader, const struct key *key,
                         const struct yaml_node *node, void *target)
{
    size_t count = node_count(node);
    char *list = arena_alloc(reader->arena, key->keys->size * MAX(count, 1));
    for (size_t i = 0; i < count; i++)
        keys_read(reader, key->keys, node_item(node, i), list + i * key->keys->size);
    *(void **)key_at(key, target) = list;
    *key_count_at(key, target) = count;
}

static void read_named_structs(struct reader *reader, const struct key *key,
                               const struct yaml_node *node, void *target)
{
    if (yaml_is_scalar(node)) {
        problem_add_misfit(reader->problems, node, "must be a map, not %s",
                           yaml_kind_name(node->kind));
        return;
    }
    char *list = arena_alloc(reader->arena, key->keys->size * MAX(node->count, 1));
    for (size_t i = 0; i < node->count; i++) {
        char *item = list + i * key->keys->size;
        const struct yaml_node *value;
        if (!node_pair(node, i, (struct str *)(void *)item, &value)) {
            problem_add_misfit(reader->problems, node, "must be a map, not a list");
            return;
        }
        keys_read(reader, key->keys, value, item);
    }
    *(void **)key_at(key, target) = list;
    *key_count_at(key, target) = node->count;
}

void keys_read_one(struct reader *reader, const struct key *key, const struct yaml_node *node,
                   void *target)
{
    switch (key->type) {
    case KEY_MOVED:
        return;
    case KEY_STRUCT:
        keys_read(reader, key->keys, node, key_at(key, target));
        return;
    case KEY_STRUCTS:
        read_structs(reader, key, node, target);
        return;
    case KEY_NAMED_STRUCTS:
        read_named_structs(reader, key, node, target);
        return;
    case KEY_UNION:
        read_union(reader, key, node, target);
        return;
    case KEY_CUSTOM:
        key->read(reader, key, node, target);
        return;
    default:
        assert(key_reader(key->type));
        key_reader(key->type)(reader, key, node, target);
    }
}

#include "config/node.h"

#include <assert.h>

static struct value list_value(struct arena *arena, const struct yaml_node *node)
{
    struct value_list *list = ARENA_NEW(arena, struct value_list);
    list->items = ARENA_ARRAY(arena, struct value, MAX(node->count, 1));
    list->count = node->count;
    for (size_t i = 0; i < node->count; i++)
        list->items[i] = node_value(arena, node->items[i]);
    return (struct value){.kind = VALUE_LIST, .list = list};
}

static struct value map_value(struct arena *arena, const struct yaml_node *node)
{
    struct value_map *map = ARENA_NEW(arena, struct value_map);
    map->members = ARENA_ARRAY(arena, struct value_member, MAX(node->count, 1));
    map->count = node->count;
    for (size_t i = 0; i < node->count; i++)
        map->members[i] =
            (struct value_member){node->items[i]->key, node_value(arena, node->items[i])};
    return (struct value){.kind = VALUE_MAP, .map = map};
}

/* Recursion: a node's depth is bounded by the YAML reader. */
struct value node_value(struct arena *arena, const struct yaml_node *node)
{
    switch (node->kind) {
    case YAML_NULL:
        return NULL_VALUE;
    case YAML_BOOL:
        return value_bool(str_eq_nocase(node->text, STR("true")));
    case YAML_NUMBER:
        return value_number(node->text);
    case YAML_STRING:
        return value_string(node->text);
    case YAML_LIST:
        return list_value(arena, node);
    case YAML_MAP:
        return map_value(arena, node);
    }
    return NULL_VALUE;
}

bool node_text(struct problems *problems, const struct yaml_node *node, struct str *ret_text)
{
    if (node->kind != YAML_STRING && node->kind != YAML_NUMBER) {
        problem_add_misfit(problems, node, "must be a text, not %s",
                           yaml_kind_name(node->kind));
        return false;
    }
    *ret_text = node->text;
    return true;
}

struct str node_shown(const struct yaml_node *node)
{
    return yaml_is_scalar(node) ? node->text : str_from(yaml_kind_name(node->kind));
}

const struct yaml_node *node_at(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = yaml_find(map, key);
    return node ? node : map;
}

size_t node_count(const struct yaml_node *node)
{
    return node->kind == YAML_LIST ? node->count : 1;
}

const struct yaml_node *node_item(const struct yaml_node *node, size_t i)
{
    assert(i < node_count(node));
    return node->kind == YAML_LIST ? node->items[i] : node;
}

bool node_pair(const struct yaml_node *node, size_t i, struct str *ret_key,
               const struct yaml_node **ret_value)
{
    assert(!yaml_is_scalar(node) && i < node->count);
    const struct yaml_node *item = node->items[i];
    if (node->kind == YAML_MAP) {
        *ret_key = item->key;
        *ret_value = item;
        return true;
    }
    if (item->kind != YAML_LIST || item->count != 2 || !yaml_is_scalar(item->items[0]))
        return false;
    *ret_key = item->items[0]->text;
    *ret_value = item->items[1];
    return true;
}

static void on_broken(void *ctx, int line, int column, const char *what)
{
    (void)ctx, (void)line, (void)column, (void)what;
}

struct yaml_node *node_from_text(struct arena *arena, const char *text)
{
    struct yaml_node *node;
    struct err err = ERR_INIT;
    return yaml_parse(arena, str_from(text), on_broken, NULL, &node, &err) ? node : NULL;
}

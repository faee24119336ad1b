#include "config/place.h"

static const struct yaml_node *member(struct arena *arena, const struct yaml_node *map,
                                      struct str key)
{
    return map && map->kind == YAML_MAP ? yaml_find(map, arena_cstr(arena, key)) : NULL;
}

static const struct yaml_node *step(struct arena *arena, const struct yaml_node *node,
                                    struct str part)
{
    int64_t index;
    if (node->kind == YAML_MAP) {
        const struct yaml_node *found = member(arena, node, part);
        return found || !str_to_int64(part, &index) ? found : node;
    }
    if (node->kind != YAML_LIST || !str_to_int64(part, &index) || index < 0)
        return NULL;
    return (size_t)index < node->count ? node->items[index] : NULL;
}

/* As far down as the file goes: a text stands for all that is below it, as does a list of
 * pairs. NULL: its first part is not there. */
static const struct yaml_node *find_below(struct arena *arena, const struct yaml_node *map,
                                          struct str key)
{
    const struct yaml_node *node = map, *found = NULL;
    while (node && key.len) {
        struct str part;
        key = str_split(key, '.', &part);
        node = step(arena, node, part);
        if (node)
            found = node;
    }
    return found;
}

/* An item of a list has the list's own place, unless it stands on a line of its own. */
static struct str place_of(struct arena *arena, struct str file, const struct yaml_node *node)
{
    bool has_key = node->key_line > 0;
    return arena_printf(arena, "%.*s:%d:%d", STR_ARG(file),
                        has_key ? node->key_line : node->line,
                        has_key ? node->key_column : node->column);
}

struct str place_find(struct arena *arena, struct str file, const struct yaml_node *root,
                      const struct stream *stream, struct str key)
{
    struct str source, name = str_split(stream->name, '.', &source);
    const struct yaml_node *own = member(arena, member(arena, root, STR("streams")), name);
    const struct yaml_node *levels[] = {own, member(arena, own, STR("loop")),
                                        member(arena, own, STR("pagination")),
                                        member(arena, root, STR("defaults")), root};
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        const struct yaml_node *found = levels[i] ? find_below(arena, levels[i], key) : NULL;
        if (found)
            return place_of(arena, file, found);
    }
    return STR_NONE;
}

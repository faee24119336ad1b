#include "config/merge.h"

#include <assert.h>

#include "config/definition.h"
#include "config/like.h"

/*
 * Where the keys of one stream come from. Three layers; the last that has a key wins:
 *
 *     source      keys at the top of the file that streams may have too (headers, retry …)
 *     defaults    `defaults` of the source
 *     stream      the stream's own
 *
 * A key is taken whole, but for maps with KEY_BY_KEY: these are merged member by member, null
 * removes one, and with KEY_NOCASE the case of their keys does not matter:
 *
 *     headers: {Accept: text/csv, X-Team: a}                 # source
 *     defaults: {headers: {x-team: b}}                       # takes the place of X-Team
 *     streams: {orders: {headers: {Accept: null, X-A: 1}}}   # → {x-team: b, X-A: 1}
 *
 * Where the source is `like` an entry of the catalogue, the same three layers of the entry are
 * below these: whatever the user says goes before what the entry says. Of `auth` and
 * `pagination` the user may give some keys alone: a map without `type` changes the one below.
 *
 * The parsed tree does not change, for the next stream inherits from it too: a map that must
 * differ is copied. Its items are shared, and each knows its parent in the file; so a problem
 * with an inherited value names the line it was written on, and is said once for all streams.
 */

/* They grow by doubling, so they are full where the count is a power of two. */
void merge_put(struct arena *arena, struct yaml_node *map, struct yaml_node *item)
{
    if ((map->count & (map->count - 1)) == 0) {
        struct yaml_node **items =
            ARENA_ARRAY(arena, struct yaml_node *, map->count ? map->count * 2 : 1);
        if (map->count)
            memcpy(items, map->items, map->count * sizeof *items);
        map->items = items;
    }
    map->items[map->count++] = item;
}

static struct yaml_node *map_copy(struct arena *arena, const struct yaml_node *map)
{
    struct yaml_node *copy = ARENA_NEW(arena, struct yaml_node);
    *copy = *map;
    copy->items = NULL;
    copy->count = 0;
    for (size_t i = 0; i < map->count; i++)
        merge_put(arena, copy, map->items[i]);
    return copy;
}

static void put_over(struct arena *arena, const struct key *key, struct yaml_node *map,
                     struct yaml_node *item)
{
    for (size_t i = 0; i < map->count; i++) {
        struct str name = map->items[i]->key;
        if (key->flags & KEY_NOCASE ? str_eq_nocase(name, item->key)
                                    : str_eq(name, item->key)) {
            map->items[i] = item;
            return;
        }
    }
    merge_put(arena, map, item);
}

static void drop_nulls(struct yaml_node *map)
{
    size_t kept = 0;
    for (size_t i = 0; i < map->count; i++)
        if (map->items[i]->kind != YAML_NULL)
            map->items[kept++] = map->items[i];
    map->count = kept;
}

/* A layer that is not a map is returned alone: reading it adds the problem. */
static struct yaml_node *merge_maps(struct arena *arena, const struct key *key,
                                    struct yaml_node *const *layers, size_t count)
{
    struct yaml_node *merged = NULL;
    for (size_t i = 0; i < count; i++) {
        struct yaml_node *layer = layers[i];
        if (!layer || (layer->kind == YAML_NULL && merged))
            continue;
        if (layer->kind != YAML_MAP)
            return layer;
        if (!merged) {
            merged = map_copy(arena, layer);
            continue;
        }
        for (size_t j = 0; j < layer->count; j++)
            put_over(arena, key, merged, layer->items[j]);
    }
    if (merged)
        drop_nulls(merged);
    return merged;
}

static struct yaml_node *find_in(const struct yaml_node *map, const char *key)
{
    return map ? yaml_find(map, key) : NULL;
}

/* `loop: {pagination: …}` is another way to write `pagination`. */
static struct yaml_node *find_in_stream(const struct yaml_node *map, const char *key)
{
    struct yaml_node *node = find_in(map, key);
    const struct yaml_node *loop = find_in(map, "loop");
    bool looks_in_loop = !node && loop && loop->kind == YAML_MAP;
    return looks_in_loop && str_is(str_from(key), "pagination") ? yaml_find(loop, key) : node;
}

enum { LAYERS_MAX = 6 };

/* From the lowest; NULL where there is none. */
struct layers {
    const struct yaml_node *maps[LAYERS_MAX];
};

/* Layer 0 and 3 are sources, the others streams. */
static bool has_level(size_t layer, const struct key *key)
{
    return key->flags & (layer % 3 ? KEY_IN_STREAM : KEY_IN_SOURCE);
}

static struct layers list_layers(const struct reader *reader, const struct yaml_node *source,
                                 const struct yaml_node *stream)
{
    return (struct layers){{reader->like, find_in(reader->like, "defaults"),
                            like_stream(reader, source, stream), source,
                            find_in(source, "defaults"), stream}};
}

static bool lacks_type(const struct key *key, const struct yaml_node *node)
{
    return key->type == KEY_UNION && node->kind == YAML_MAP && !yaml_find(node, "type");
}

/* The last layer's; a map without `type` is laid over that below, if there is an entry. */
static struct yaml_node *take_whole(const struct reader *reader, const struct key *key,
                                    struct yaml_node *const *nodes)
{
    struct yaml_node *taken = NULL;
    for (size_t i = 0; i < LAYERS_MAX; i++) {
        if (!nodes[i])
            continue;
        struct yaml_node *const pair[] = {taken, nodes[i]};
        bool is_part = reader->like && taken && taken->kind == YAML_MAP;
        taken = is_part && lacks_type(key, nodes[i])
                    ? merge_maps(reader->arena, key, pair, COUNT_OF(pair))
                    : nodes[i];
    }
    return taken;
}

static struct yaml_node *merge_key(const struct reader *reader, const struct key *key,
                                   const struct layers *layers)
{
    struct yaml_node *nodes[LAYERS_MAX] = {NULL};
    for (size_t i = 0; i < LAYERS_MAX; i++)
        if (has_level(i, key))
            nodes[i] = i % 3 ? find_in_stream(layers->maps[i], key->name)
                             : find_in(layers->maps[i], key->name);
    if (key->flags & KEY_BY_KEY)
        return merge_maps(reader->arena, key, nodes, LAYERS_MAX);
    return take_whole(reader, key, nodes);
}

struct yaml_node *merge_stream(struct reader *reader, const struct yaml_node *source,
                               const struct yaml_node *stream)
{
    struct layers layers = list_layers(reader, source, stream);
    struct yaml_node *map = ARENA_NEW(reader->arena, struct yaml_node);
    *map = stream ? *stream : *source;
    map->items = NULL;
    map->count = 0;
    for (const struct key *key = definition_keys.list; key->name; key++) {
        if (key->type == KEY_MOVED)
            continue;
        struct yaml_node *node = merge_key(reader, key, &layers);
        if (node)
            merge_put(reader->arena, map, node);
    }
    return map;
}

static void lift_key(struct reader *reader, struct yaml_node *map, struct yaml_node *from,
                     const char *key)
{
    struct yaml_node *item = yaml_find(from, key);
    if (!item)
        return;
    if (yaml_find(map, key))
        problem_add_key(reader->problems, item,
                        "stands in \"pagination\" and beside it: one of them is enough");
    else
        merge_put(reader->arena, map, item);
    size_t kept = 0;
    for (size_t i = 0; i < from->count; i++)
        if (!str_is(from->items[i]->key, key))
            from->items[kept++] = from->items[i];
    from->count = kept;
}

void merge_check_loop(struct reader *reader, const struct yaml_node *map)
{
    const struct yaml_node *loop = find_in(map, "loop");
    if (!loop)
        return;
    if (loop->kind != YAML_MAP || loop->count != 1 || !yaml_find(loop, "pagination"))
        problem_add(reader->problems, loop, "holds one key, \"pagination\"");
    else if (yaml_find(map, "pagination"))
        problem_add_key(reader->problems, loop,
                        "stands beside \"pagination\": one of them is enough");
}

void merge_lift(struct reader *reader, struct yaml_node *map)
{
    for (size_t i = 0; i < map->count; i++) {
        if (!str_is(map->items[i]->key, "pagination") || map->items[i]->kind != YAML_MAP)
            continue;
        struct yaml_node *pagination = map_copy(reader->arena, map->items[i]);
        map->items[i] = pagination;
        lift_key(reader, map, pagination, "merge_path");
        lift_key(reader, map, pagination, "merge_strategy");
        return;
    }
}

static struct yaml_node *with_scope(struct arena *arena, const struct yaml_node *limit)
{
    struct yaml_node *copy = map_copy(arena, limit);
    if (!yaml_find(limit, "scope"))
        merge_add_text(arena, copy, "scope", STR("stream"));
    return copy;
}

static const struct yaml_node *find_own_limit(const struct reader *reader,
                                              const struct yaml_node *source,
                                              const struct yaml_node *stream)
{
    struct layers layers = list_layers(reader, source, stream);
    for (size_t i = LAYERS_MAX; i-- > 0;) {
        const struct yaml_node *limit = find_in(layers.maps[i], "rate_limit");
        if (limit)
            return i % 3 ? limit : NULL;
    }
    return NULL;
}

void merge_own_limits(struct reader *reader, const struct yaml_node *source,
                      const struct yaml_node *stream, struct yaml_node *map)
{
    struct arena *arena = reader->arena;
    const struct yaml_node *own = find_own_limit(reader, source, stream);
    if (!own || (own->kind != YAML_MAP && own->kind != YAML_LIST))
        return;
    struct yaml_node *copy =
        own->kind == YAML_MAP ? with_scope(arena, own) : map_copy(arena, own);
    for (size_t i = 0; own->kind == YAML_LIST && i < copy->count; i++)
        if (copy->items[i]->kind == YAML_MAP)
            copy->items[i] = with_scope(arena, copy->items[i]);
    for (size_t i = 0; i < map->count; i++)
        if (map->items[i] == own)
            map->items[i] = copy;
}

void merge_add_text(struct arena *arena, struct yaml_node *map, const char *key,
                    struct str text)
{
    assert(map->kind == YAML_MAP && !yaml_find(map, key));
    struct yaml_node *item = ARENA_NEW(arena, struct yaml_node);
    item->kind = YAML_STRING;
    item->text = text;
    item->key = str_from(key);
    item->parent = map;
    item->line = map->line;
    item->column = map->column;
    merge_put(arena, map, item);
}

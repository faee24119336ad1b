#include "config/import/airbyte.h"

enum { HOPS_MAX = 32, DEPTH_MAX = 64, OPENED_MAX = 100000 };

struct scope {
    const struct yaml_node *params;
    const struct scope *around;
    int depth;
};

const struct yaml_node *scope_find(const struct scope *scope, struct str key)
{
    for (; scope; scope = scope->around)
        for (size_t i = 0; scope->params && i < scope->params->count; i++)
            if (str_eq(scope->params->items[i]->key, key))
                return scope->params->items[i];
    return NULL;
}

/* --- references --- */

/* "#/definitions/x" and "*ref(definitions.x)": the keys, and the byte between them. */
static bool is_reference(struct str text, struct str *ret_keys, char *ret_between)
{
    if (str_starts(text, STR("#/"))) {
        *ret_keys = str_slice(text, 2, text.len);
        *ret_between = '/';
        return true;
    }
    if (!str_starts(text, STR("*ref(")) || !str_ends(text, STR(")")))
        return false;
    *ret_keys = str_slice(text, 5, text.len - 1);
    *ret_between = '.';
    return true;
}

static const struct yaml_node *find_keys(const struct yaml_node *node, struct str keys,
                                         char between)
{
    struct str key;
    int64_t index;
    while (node && keys.len) {
        const struct yaml_node *found = NULL;
        keys = str_split(keys, between, &key);
        for (size_t i = 0; node->kind == YAML_MAP && i < node->count; i++)
            if (str_eq(node->items[i]->key, key))
                found = node->items[i];
        if (node->kind == YAML_LIST && str_to_int64(key, &index) && index >= 0 &&
            (size_t)index < node->count)
            found = node->items[index];
        node = found;
    }
    return node;
}

/* The target of a text that is a reference, or of {$ref: …}; NULL for anything else. */
static const struct yaml_node *target_of(const struct manifest *manifest,
                                         const struct yaml_node *node)
{
    struct str keys;
    char between;
    const struct yaml_node *ref = node->kind == YAML_MAP ? import_find(node, "$ref") : node;
    if (!ref || ref->kind != YAML_STRING || !is_reference(ref->text, &keys, &between))
        return NULL;
    return find_keys(manifest->root, keys, between);
}

/* References to what is no map, and lone ones, are what they refer to. */
const struct yaml_node *manifest_follow(struct manifest *manifest, const struct yaml_node *node)
{
    for (int hops = 0; node && hops < HOPS_MAX; hops++) {
        const struct yaml_node *target = target_of(manifest, node);
        bool adds =
            node->kind == YAML_MAP && node->count > 1 && target && target->kind == YAML_MAP;
        if (!target || adds)
            return node;
        node = target;
    }
    return node;
}

/* --- components --- */

static void add_member(struct arena *arena, struct yaml_node *map, size_t *capacity,
                       struct yaml_node *item)
{
    for (size_t i = 0; i < map->count; i++)
        if (str_eq(map->items[i]->key, item->key))
            return;
    ARENA_GROW(arena, map->items, map->count, *capacity);
    map->items[map->count++] = item;
}

static const struct scope *add_scope(struct arena *arena, const struct yaml_node *params,
                                     const struct scope *around)
{
    struct scope *scope = ARENA_NEW(arena, struct scope);
    bool is_map = params && params->kind == YAML_MAP;
    *scope = (struct scope){is_map ? params : NULL, around, around ? around->depth + 1 : 0};
    return scope;
}

/* Own members first, then those of what it refers to; the parameters likewise. */
static void flatten(struct manifest *manifest, const struct yaml_node *node,
                    struct yaml_node *map, const struct scope **scope)
{
    struct arena *arena = manifest->import->arena;
    const struct yaml_node *chain[HOPS_MAX];
    size_t capacity = 0;
    int count = 0;
    for (; node && node->kind == YAML_MAP && count < HOPS_MAX; node = target_of(manifest, node))
        chain[count++] = node;
    for (int i = count - 1; i >= 0; i--) {
        const struct yaml_node *params = import_find(chain[i], "$parameters");
        *scope = add_scope(arena, params ? params : import_find(chain[i], "$options"), *scope);
    }
    for (int i = 0; i < count; i++)
        for (size_t m = 0; m < chain[i]->count; m++)
            if (!str_starts(chain[i]->items[m]->key, STR("$")))
                add_member(arena, map, &capacity, chain[i]->items[m]);
}

static bool is_too_much(struct manifest *manifest)
{
    if (++manifest->opened == OPENED_MAX + 1)
        import_gap(manifest->import, manifest->import->root,
                   "the manifest has over %d components: what came behind is left out",
                   OPENED_MAX);
    return manifest->opened > OPENED_MAX;
}

struct component component_open(struct manifest *manifest, const struct yaml_node *node,
                                const struct scope *around)
{
    node = manifest_follow(manifest, node);
    if (!node || node->kind != YAML_MAP || (around && around->depth > DEPTH_MAX) ||
        is_too_much(manifest))
        return (struct component){.scope = around};
    struct yaml_node *map = ARENA_NEW(manifest->import->arena, struct yaml_node);
    *map = *node;
    map->items = NULL;
    map->count = 0;
    struct component component = {.map = map, .scope = around};
    flatten(manifest, node, map, &component.scope);
    return component;
}

const struct yaml_node *component_get(struct manifest *manifest,
                                      const struct component *component, const char *key)
{
    const struct yaml_node *node = import_find(component->map, key);
    if (!node && component->map)
        node = scope_find(component->scope, str_from(key));
    node = node ? manifest_follow(manifest, node) : NULL;
    return node && node->kind != YAML_NULL ? node : NULL;
}

struct component component_at(struct manifest *manifest, const struct component *component,
                              const char *key)
{
    return component_open(manifest, component_get(manifest, component, key), component->scope);
}

struct str component_type(const struct component *component)
{
    return import_find_text(component->map, "type");
}

size_t component_count(const struct yaml_node *list)
{
    return !list ? 0 : list->kind == YAML_LIST ? list->count : 1;
}

struct component component_item(struct manifest *manifest, const struct yaml_node *list,
                                size_t i, const struct scope *scope)
{
    return component_open(manifest, list->kind == YAML_LIST ? list->items[i] : list, scope);
}

void component_note_rest(struct manifest *manifest, const struct component *component,
                         const struct field *fields, struct outline *to)
{
    const struct yaml_node *map = component->map;
    for (size_t i = 0; map && i < map->count; i++) {
        const struct yaml_node *node = map->items[i];
        const struct field *field = fields;
        bool is_ours = str_is(node->key, "type") || str_starts(node->key, STR("$"));
        while (field->word && !str_is(node->key, field->word))
            field++;
        if (is_ours || node->kind == YAML_NULL)
            continue;
        if (!field->word)
            import_gap(manifest->import, to, "%.*s: not known, and left out",
                       STR_ARG(node->key));
        else if (field->why)
            import_gap(manifest->import, to, "%s: %s", field->word, field->why);
    }
}

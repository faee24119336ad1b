#include "config/spec.h"

#include "config/definition.h"
#include "config/keys.h"
#include "config/node.h"

/*
 * The stored form: what the keys read, in their order, with the defaults filled in. Reading
 * it back and writing it again gives the same text, whatever jsonb did to the order of keys.
 */
enum { SPEC_MAX_BYTES = 4 << 20 };

static void put_keys(struct arena *arena, struct json_out *out, const struct keys *keys,
                     const struct yaml_node *map);

static void put_pairs(struct arena *arena, struct json_out *out, const struct yaml_node *node)
{
    json_out_open(out, NULL, '[');
    for (size_t i = 0; i < node->count; i++) {
        struct str key;
        const struct yaml_node *value;
        if (!node_pair(node, i, &key, &value) || value->kind == YAML_NULL)
            continue;
        json_out_open(out, NULL, '[');
        json_out_str(out, NULL, key);
        value_put(out, NULL, node_value(arena, value));
        json_out_close(out, ']');
    }
    json_out_close(out, ']');
}

static void put_struct(struct arena *arena, struct json_out *out, const struct keys *keys,
                       const struct yaml_node *node)
{
    json_out_open(out, NULL, '{');
    put_keys(arena, out, keys, node);
    json_out_close(out, '}');
}

static void put_structs(struct arena *arena, struct json_out *out, const struct keys *keys,
                        const struct yaml_node *node)
{
    json_out_open(out, NULL, '[');
    for (size_t i = 0; i < node_count(node); i++)
        put_struct(arena, out, keys, node_item(node, i));
    json_out_close(out, ']');
}

static void put_named_structs(struct arena *arena, struct json_out *out,
                              const struct keys *keys, const struct yaml_node *node)
{
    json_out_open(out, NULL, '[');
    for (size_t i = 0; i < node->count; i++) {
        struct str name;
        const struct yaml_node *value;
        if (!node_pair(node, i, &name, &value))
            continue;
        json_out_open(out, NULL, '[');
        json_out_str(out, NULL, name);
        put_struct(arena, out, keys, value);
        json_out_close(out, ']');
    }
    json_out_close(out, ']');
}

static void put_union(struct arena *arena, struct json_out *out, const struct key *key,
                      const struct yaml_node *node)
{
    const struct variant *variant = keys_variant(key, node);
    if (!variant || !variant->keys)
        return;
    json_out_open(out, NULL, '{');
    json_out_str(out, "type", str_from(variant->name));
    put_keys(arena, out, variant->keys, node);
    json_out_close(out, '}');
}

/* As the list of choices writes it: readers of the stored form compare letter by letter. */
static void put_choice(struct json_out *out, const struct key *key,
                       const struct yaml_node *node)
{
    for (const struct choice *choice = key->choices; choice->name; choice++)
        if (str_eq_nocase(node->text, str_from(choice->name)))
            json_out_str(out, NULL, str_from(choice->name));
}

static void put_key(struct arena *arena, struct json_out *out, const struct key *key,
                    const struct yaml_node *node)
{
    if (key->type == KEY_UNION)
        put_union(arena, out, key, node);
    else if (key->type == KEY_STRUCTS)
        put_structs(arena, out, key->keys, node);
    else if (key->type == KEY_NAMED_STRUCTS)
        put_named_structs(arena, out, key->keys, node);
    else if (key->type == KEY_STRUCT)
        put_struct(arena, out, key->keys, node);
    else if (key->type == KEY_WORD || key->type == KEY_CHOICE || key->type == KEY_SWITCH)
        put_choice(out, key, node);
    else if (key->flags & KEY_PAIRS && !yaml_is_scalar(node))
        put_pairs(arena, out, node);
    else
        value_put(out, NULL, node_value(arena, node));
}

static void put_keys(struct arena *arena, struct json_out *out, const struct keys *keys,
                     const struct yaml_node *map)
{
    for (const struct key *key = keys->list; key->name; key++) {
        if (key->type == KEY_MOVED)
            continue;
        const struct yaml_node *node = keys_get(arena, key, map);
        if (!node)
            continue;
        json_out_name(out, str_from(key->name));
        put_key(arena, out, key, node);
    }
}

struct str spec_write(struct arena *arena, const struct yaml_node *map)
{
    AUTO_BUF(buf, SPEC_MAX_BYTES);
    AUTO_ARENA struct arena *scratch = arena_new();
    struct json_out out = {.buf = &buf};
    put_struct(scratch, &out, &definition_keys, map);
    return buf.has_overflowed ? STR_NONE : arena_str(arena, buf_str(&buf));
}

#include "config/definition.h"
#include "config/node.h"

/*
 * The stored form: what the keys read, in their order, with the defaults filled in. Reading
 * it back and writing it again gives the same text, whatever jsonb did to the order of keys.
 */
enum { SPEC_MAX_BYTES = 4 << 20 };

static void put_keys(struct arena *arena, struct buf *buf, const struct keys *keys,
                     const struct yaml_node *map);

static void put_node(struct arena *arena, struct buf *buf, const struct yaml_node *node)
{
    value_format(buf, node_value(arena, node));
}

static void put_pairs(struct arena *arena, struct buf *buf, const struct yaml_node *node)
{
    size_t put = 0;
    buf_puts(buf, "[");
    for (size_t i = 0; i < node->count; i++) {
        struct str key;
        const struct yaml_node *value;
        if (!node_pair(node, i, &key, &value) || value->kind == YAML_NULL)
            continue;
        if (put++)
            buf_puts(buf, ",");
        buf_puts(buf, "[");
        value_format_string(buf, key);
        buf_puts(buf, ",");
        put_node(arena, buf, value);
        buf_puts(buf, "]");
    }
    buf_puts(buf, "]");
}

static void put_structs(struct arena *arena, struct buf *buf, const struct keys *keys,
                        const struct yaml_node *node)
{
    buf_puts(buf, "[");
    for (size_t i = 0; i < node_count(node); i++) {
        if (i)
            buf_puts(buf, ",");
        buf_puts(buf, "{");
        put_keys(arena, buf, keys, node_item(node, i));
        buf_puts(buf, "}");
    }
    buf_puts(buf, "]");
}

static void put_union(struct arena *arena, struct buf *buf, const struct key *key,
                      const struct yaml_node *node)
{
    const struct variant *variant = keys_variant(key, node);
    if (!variant || !variant->keys)
        return;
    buf_puts(buf, "{\"type\":");
    value_format_string(buf, str_from(variant->name));
    put_keys(arena, buf, variant->keys, node);
    buf_puts(buf, "}");
}

static void put_key(struct arena *arena, struct buf *buf, const struct key *key,
                    const struct yaml_node *node)
{
    if (key->type == KEY_UNION) {
        put_union(arena, buf, key, node);
    } else if (key->type == KEY_STRUCTS) {
        put_structs(arena, buf, key->keys, node);
    } else if (key->type == KEY_STRUCT) {
        buf_puts(buf, "{");
        put_keys(arena, buf, key->keys, node);
        buf_puts(buf, "}");
    } else if (key->flags & KEY_PAIRS && !yaml_is_scalar(node)) {
        put_pairs(arena, buf, node);
    } else {
        put_node(arena, buf, node);
    }
}

static void put_keys(struct arena *arena, struct buf *buf, const struct keys *keys,
                     const struct yaml_node *map)
{
    for (const struct key *key = keys->list; key->name; key++) {
        if (key->flags & KEY_LATER || key->type == KEY_MOVED)
            continue;
        const struct yaml_node *node = keys_get(arena, key, map);
        if (!node)
            continue;
        if (buf->len && buf->ptr[buf->len - 1] != '{')
            buf_puts(buf, ",");
        value_format_string(buf, str_from(key->name));
        buf_puts(buf, ":");
        put_key(arena, buf, key, node);
    }
}

struct str spec_write(struct arena *arena, const struct yaml_node *map)
{
    AUTO_BUF(buf, SPEC_MAX_BYTES);
    buf_puts(&buf, "{");
    put_keys(arena, &buf, &definition_keys, map);
    buf_puts(&buf, "}");
    return buf.overflow ? STR_NONE : arena_str(arena, buf_str(&buf));
}

#include "config/definition.h"
#include "config/node.h"

/*
 * The stored form: what the tables read, in their order, with the defaults filled in. Reading
 * it back and writing it again gives the same text, whatever jsonb did to the order of keys.
 */
enum { SPEC_MAX_BYTES = 4 << 20 };

static void put_table(struct arena *arena, struct buf *buf, const struct key_table *table,
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

static void put_structs(struct arena *arena, struct buf *buf, const struct key_table *table,
                        const struct yaml_node *node)
{
    buf_puts(buf, "[");
    for (size_t i = 0; i < node_count(node); i++) {
        if (i)
            buf_puts(buf, ",");
        buf_puts(buf, "{");
        put_table(arena, buf, table, node_item(node, i));
        buf_puts(buf, "}");
    }
    buf_puts(buf, "]");
}

static void put_union(struct arena *arena, struct buf *buf, const struct field *field,
                      const struct yaml_node *node)
{
    const struct variant *variant = table_variant(field, node);
    if (!variant || !variant->table)
        return;
    buf_puts(buf, "{\"type\":");
    value_format_string(buf, str_from(variant->name));
    put_table(arena, buf, variant->table, node);
    buf_puts(buf, "}");
}

static void put_field(struct arena *arena, struct buf *buf, const struct field *field,
                      const struct yaml_node *node)
{
    if (field->type == FIELD_UNION) {
        put_union(arena, buf, field, node);
    } else if (field->type == FIELD_STRUCTS) {
        put_structs(arena, buf, field->table, node);
    } else if (field->type == FIELD_STRUCT) {
        buf_puts(buf, "{");
        put_table(arena, buf, field->table, node);
        buf_puts(buf, "}");
    } else if (field->flags & FIELD_PAIRS && !yaml_is_scalar(node)) {
        put_pairs(arena, buf, node);
    } else {
        put_node(arena, buf, node);
    }
}

static void put_table(struct arena *arena, struct buf *buf, const struct key_table *table,
                      const struct yaml_node *map)
{
    for (const struct field *field = table->fields; field->name; field++) {
        if (field->flags & FIELD_LATER || field->type == FIELD_MOVED)
            continue;
        const struct yaml_node *node = table_get(arena, field, map);
        if (!node)
            continue;
        if (buf->len && buf->ptr[buf->len - 1] != '{')
            buf_puts(buf, ",");
        value_format_string(buf, str_from(field->name));
        buf_puts(buf, ":");
        put_field(arena, buf, field, node);
    }
}

struct str spec_write(struct arena *arena, const struct yaml_node *map)
{
    AUTO_BUF(buf, SPEC_MAX_BYTES);
    buf_puts(&buf, "{");
    put_table(arena, &buf, &definition_table, map);
    buf_puts(&buf, "}");
    return buf.overflow ? STR_NONE : arena_str(arena, buf_str(&buf));
}

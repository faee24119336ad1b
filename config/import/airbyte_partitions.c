#include "config/import/airbyte.h"
#include "config/import/parent.h"
#include "port/pg_sql.h"

/* What a stream is asked for once each: the rows of parents, and the values of lists. */
enum { PRODUCT_MAX = 1000, SQL_BYTES_MAX = 64 * 1024 };

static void put_partition_option(struct manifest *manifest, const struct component *router,
                                 struct str field, struct outline *stream)
{
    struct component option = component_at(manifest, router, "request_option");
    if (option.map)
        airbyte_inject(
            manifest, &option, stream,
            arena_printf(manifest->import->arena, "{{ partition.%.*s }}", STR_ARG(field)));
}

/* Each map of the list with each value: the first list makes the maps. */
static struct outline *multiply(struct manifest *manifest, const struct outline *old,
                                const char *field, const struct yaml_node *values,
                                struct outline *stream)
{
    struct outline *holder = outline_new(manifest->import->arena);
    struct outline *list = outline_list(holder, "list");
    size_t count = MAX(outline_count(old), 1);
    bool is_whole = true;
    for (size_t i = 0; i < count; i++)
        for (size_t v = 0; v < values->count && outline_count(list) < PRODUCT_MAX; v++) {
            struct outline *map = outline_add_map(list);
            if (outline_count(old))
                outline_merge(map, outline_item(old, i));
            is_whole &= import_literal(manifest_follow(manifest, values->items[v]), map, field);
        }
    if (!is_whole)
        import_note_literals(manifest->import, stream);
    if (count * values->count > PRODUCT_MAX)
        import_gap(
            manifest->import, stream,
            "partitions: %d of %zu are written down: {sql: …} takes the rows of a table, "
            "or make a stream of each part",
            PRODUCT_MAX, count * values->count);
    return holder;
}

/* Each row of the statement that is there with each value. */
static void multiply_rows(struct manifest *manifest, struct outline *partitions,
                          struct str field, const struct yaml_node *values,
                          struct outline *stream)
{
    AUTO_BUF(sql, SQL_BYTES_MAX);
    struct outline *scratch = outline_new(manifest->import->arena);
    const char *key = arena_cstr(manifest->import->arena, field);
    bool is_whole = true;
    size_t count = 0;
    buf_printf(&sql, "select p.*, v.* from (%.*s) p cross join (values ",
               STR_ARG(outline_text(outline_find(partitions, "sql"))));
    for (size_t i = 0; i < values->count; i++) {
        const struct yaml_node *value = manifest_follow(manifest, values->items[i]);
        if (!yaml_is_scalar(value) || !import_literal(value, scratch, key)) {
            is_whole = false;
            continue;
        }
        buf_put(&sql, count++ ? STR("), (") : STR("("));
        pg_sql_put_string(&sql, value->text);
    }
    buf_puts(&sql, ")) v(");
    pg_sql_put_word(&sql, field);
    buf_puts(&sql, ")");
    if (!is_whole)
        import_note_literals(manifest->import, stream);
    if (sql.has_overflowed || !count)
        import_gap(manifest->import, stream,
                   "partition_router: a parent and a list: write one SQL statement over its "
                   "table and the values of %s",
                   key);
    else
        outline_put(partitions, "sql", buf_str(&sql));
}

static void read_list(struct manifest *manifest, const struct component *router,
                      struct outline *stream)
{
    const struct yaml_node *values = component_get(manifest, router, "values");
    const struct yaml_node *field_node = component_get(manifest, router, "cursor_field");
    struct outline *old = outline_find(stream, "partitions");
    struct str field;
    if (!field_node || !airbyte_text(manifest, router->scope, field_node, &field))
        field = STR("value");
    field = import_word(manifest->import, field);
    if (!values || values->kind != YAML_LIST) {
        import_gap(manifest->import, stream,
                   "partition_router: fill in partitions, a list of "
                   "{%.*s: …}; the connector was set up with the values",
                   STR_ARG(field));
        return;
    }
    if (outline_find(old, "sql")) {
        multiply_rows(manifest, old, field, values, stream);
        put_partition_option(manifest, router, field, stream);
        return;
    }
    struct outline *made =
        multiply(manifest, old, arena_cstr(manifest->import->arena, field), values, stream);
    outline_remove(stream, "partitions");
    outline_rename(made, "list", "partitions");
    outline_move(stream, made, "partitions");
    put_partition_option(manifest, router, field, stream);
}

/* "a/b", or a list of keys */
static struct str parent_key(struct manifest *manifest, const struct component *config)
{
    struct str text = import_text(component_get(manifest, config, "parent_key"));
    char *path = arena_cstr(manifest->import->arena, text);
    for (char *c = path; *c; c++)
        *c = (char)(*c == '/' ? '.' : *c);
    return str_from(path);
}

static void remember_parent(struct manifest *manifest, const struct component *of)
{
    struct arena *arena = manifest->import->arena;
    struct component *parent = ARENA_NEW(arena, struct component);
    *parent = *of;
    ARENA_GROW(arena, manifest->parents, manifest->parent_count, manifest->parent_capacity);
    manifest->parents[manifest->parent_count++] = parent;
}

static void read_parent(struct manifest *manifest, const struct component *config,
                        struct outline *stream)
{
    struct component of = component_at(manifest, config, "stream");
    struct str name = import_text(component_get(manifest, &of, "name"));
    struct str key = parent_key(manifest, config);
    struct str field = import_text(component_get(manifest, config, "partition_field"));
    const struct yaml_node *extra = component_get(manifest, config, "extra_fields");
    struct parent parent;
    if (!name.len || !key.len) {
        import_gap(manifest->import, stream,
                   "partition_router: fill in partitions: {sql: …}, the "
                   "rows of the parent's table");
        return;
    }
    remember_parent(manifest, &of);
    parent_open(&parent, manifest->import, name, STR_NONE);
    field = parent_field(&parent, key, field.len ? field : key);
    for (size_t i = 0; extra && extra->kind == YAML_LIST && i < extra->count; i++) {
        struct str path;
        if (airbyte_path(manifest, config->scope, extra->items[i], &path))
            parent_copy(&parent, path, path);
        else
            import_gap(manifest->import, stream,
                       "extra_fields: one of them has no counterpart, and is left out");
    }
    parent_write(&parent, stream);
    put_partition_option(manifest, config, field, stream);
}

static void read_substream(struct manifest *manifest, const struct component *router,
                           struct outline *stream)
{
    const struct yaml_node *parents = component_get(manifest, router, "parent_stream_configs");
    if (component_count(parents) > 1 || outline_find(stream, "partitions"))
        import_gap(
            manifest->import, stream,
            "partition_router: several parents: write one SQL statement over their tables");
    if (!component_count(parents))
        return;
    struct component first = component_item(manifest, parents, 0, router->scope);
    read_parent(manifest, &first, stream);
}

static void read_router(struct manifest *manifest, const struct component *router,
                        struct outline *stream)
{
    struct str type = component_type(router);
    if (str_is(type, "ListPartitionRouter"))
        read_list(manifest, router, stream);
    else if (str_is(type, "SubstreamPartitionRouter"))
        read_substream(manifest, router, stream);
    else if (router->map)
        import_gap(manifest->import, stream,
                   "partition router %.*s: fill in partitions, a list or {sql: …}",
                   STR_ARG(type));
}

void airbyte_router(struct manifest *manifest, const struct component *retriever,
                    struct outline *stream)
{
    const struct yaml_node *routers = component_get(manifest, retriever, "partition_router");
    if (!routers)
        routers = component_get(manifest, retriever, "stream_slicer");
    for (int is_list = 0; is_list < 2; is_list++) /* parents first: their rows are multiplied */
        for (size_t i = 0; i < component_count(routers); i++) {
            struct component router = component_item(manifest, routers, i, retriever->scope);
            if (str_is(component_type(&router), "ListPartitionRouter") == (is_list == 1))
                read_router(manifest, &router, stream);
        }
}

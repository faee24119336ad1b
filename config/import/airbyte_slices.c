#include "base/date.h"
#include "config/import/airbyte.h"
#include "config/import/parent.h"

/* What a stream is cut into: time (incremental_sync) and partitions. */
enum { PRODUCT_MAX = 1000 };

/* --- time --- */

/* "%s" and the like, and how a value of the bookmark or a bound of a window is sent so. */
static const struct epoch {
    const char *format, *from, *filter;
    int64_t per_second;
} epochs[] = {
    {"%s", "epoch_s", "epoch", 1},
    {"%s_as_float", "epoch_s", "epoch", 1},
    {"%ms", "epoch_ms", "epoch_ms", 1000},
    {"%epoch_microseconds", "epoch_us", NULL, 1000000},
};

static const struct epoch *find_epoch(struct str format)
{
    for (size_t i = 0; i < COUNT_OF(epochs); i++)
        if (str_is(format, epochs[i].format))
            return &epochs[i];
    return NULL;
}

/* config['start_date'], with what the specification says of it; empty: nothing. */
static struct str start_setting(struct manifest *manifest, struct str text,
                                struct outline *stream)
{
    bool is_default;
    struct str path;
    if (!rewrite_as_path(manifest->import->arena, text, "config", &path))
        return STR_NONE;
    struct str known = import_text(airbyte_setting(manifest, path, &is_default));
    if (known.len)
        import_gap(manifest->import, stream,
                   "the start is %s of the connector's specification for %.*s: is it yours?",
                   is_default ? "the default" : "an example", STR_ARG(path));
    return known;
}

/* start_datetime: a text, or {type: MinMaxDatetime, datetime: …}. */
static struct str start_of(struct manifest *manifest, const struct component *cursor,
                           struct outline *stream)
{
    const struct yaml_node *node = component_get(manifest, cursor, "start_datetime");
    struct component min_max = component_open(manifest, node, cursor->scope);
    if (min_max.map)
        node = component_get(manifest, &min_max, "datetime");
    struct str text = import_text(node);
    if (str_find(text, STR("{{")) < 0)
        return text;
    text = start_setting(manifest, text, stream);
    if (text.len)
        return text;
    import_gap(manifest->import, stream,
               "the start is computed, or was set up in the connector: fill it in, 2020-01-01 "
               "stands for it");
    return STR("2020-01-01T00:00:00Z");
}

static struct str as_epoch(struct arena *arena, struct str text, const struct epoch *epoch)
{
    int64_t us;
    if (!date_parse_rfc3339(text, &us) && !date_parse_iso(text, &us))
        return text;
    return arena_printf(arena, "%lld", (long long)(us / 1000000 * epoch->per_second));
}

/* The instant `name` in the form that the API takes. */
static struct str in_format(struct arena *arena, const char *name, struct str format,
                            const struct epoch *epoch)
{
    if (epoch && epoch->filter)
        return arena_printf(arena, "%s | %s", name, epoch->filter);
    if (!format.len || epoch)
        return str_from(name);
    return arena_printf(arena, "%s | date('%.*s')", name, STR_ARG(format));
}

static void put_bound(struct manifest *manifest, const struct component *cursor,
                      const char *member, struct str expression, struct outline *stream)
{
    struct component option = component_at(manifest, cursor, member);
    if (option.map && expression.len)
        airbyte_inject(
            manifest, &option, stream,
            arena_printf(manifest->import->arena, "{{ %.*s }}", STR_ARG(expression)));
}

static void put_lookback(struct manifest *manifest, const struct component *cursor,
                         struct outline *bookmark)
{
    struct str text = import_text(component_get(manifest, cursor, "lookback_window")), size;
    int64_t seconds;
    if (!text.len)
        return;
    if (airbyte_seconds(text, &seconds) &&
        airbyte_window_size(manifest->import->arena, text, &size))
        outline_put(bookmark, "lookback", size);
    else if (!airbyte_seconds(text, &seconds))
        import_gap(manifest->import, bookmark, "lookback_window: fill in lookback, such as 7d");
}

/* Slices of one step each. */
static void put_window(struct manifest *manifest, const struct component *cursor,
                       struct str start, struct str field, struct outline *stream)
{
    struct str step = import_text(component_get(manifest, cursor, "step")), size;
    struct outline *window = outline_map(stream, "window");
    if (!airbyte_window_size(manifest->import->arena, step, &size)) {
        import_gap(manifest->import, window, "step: fill in size, such as 1 month");
        size = STR("1 month");
    }
    outline_put(window, "size", size);
    if (start.len)
        outline_put(window, "from", start);
    if (component_get(manifest, cursor, "lookback_window")) {
        outline_put(outline_map(stream, "bookmark"), "path", field);
        put_lookback(manifest, cursor, outline_map(stream, "bookmark"));
    }
}

static void put_bookmark(struct manifest *manifest, const struct component *cursor,
                         struct str start, struct str field, const struct epoch *epoch,
                         struct outline *stream)
{
    struct outline *bookmark = outline_map(stream, "bookmark");
    outline_put(bookmark, "path", field);
    if (epoch)
        start = as_epoch(manifest->import->arena, start, epoch);
    if (start.len && epoch)
        outline_put_raw(bookmark, "start", start);
    else if (start.len)
        outline_put(bookmark, "start", start);
    if (epoch)
        outline_put(bookmark, "from", str_from(epoch->from));
    put_lookback(manifest, cursor, bookmark);
}

static struct str name_of(struct manifest *manifest, const struct component *cursor,
                          const char *member, const char *fallback)
{
    struct str name = import_text(component_get(manifest, cursor, member));
    return name.len ? name : str_from(fallback);
}

static const struct field datetime_fields[] = {
    {"name", NULL, NULL, NULL},
    {"cursor_field", NULL, NULL, NULL},
    {"datetime_format", NULL, NULL, NULL},
    {"start_datetime", NULL, NULL, NULL},
    {"start_time_option", NULL, NULL, NULL},
    {"end_time_option", NULL, NULL, NULL},
    {"step", NULL, NULL, NULL},
    {"lookback_window", NULL, NULL, NULL},
    {"partition_field_start", NULL, NULL, NULL},
    {"partition_field_end", NULL, NULL, NULL},
    {"is_client_side_incremental", NULL, NULL, NULL},
    {"is_data_feed", NULL, NULL, NULL},
    {"cursor_granularity", NULL, NULL, NULL},
    {"is_compare_strictly", NULL, NULL, NULL},
    {"global_substream_cursor", NULL, NULL, NULL},
    {"api_retention_period", NULL, NULL, NULL},
    {"end_datetime", NULL, NULL, NULL},
    {"cursor_datetime_formats", NULL, NULL,
     "forms that the cursor's field has in records: columns: {FIELD: {format: …}} reads others "
     "than ISO 8601"},
    {"clamping", NULL, NULL,
     "windows begin where `from` says: begin it with a month or a week"},
    FIELD_END,
};

/* Until now is what is read anyway. */
static void note_end(struct manifest *manifest, const struct component *cursor,
                     struct outline *stream)
{
    const struct yaml_node *node = component_get(manifest, cursor, "end_datetime");
    struct component min_max = component_open(manifest, node, cursor->scope);
    if (min_max.map)
        node = component_get(manifest, &min_max, "datetime");
    struct str text = import_text(node);
    if (node && str_find(text, STR("now")) < 0 && str_find(text, STR("today")) < 0)
        import_gap(
            manifest->import, stream,
            "end_datetime: all is read up to now: `to` of window, or pagetide sync --to, "
            "ends before");
}

static void read_datetime(struct manifest *manifest, const struct component *cursor,
                          struct outline *stream)
{
    struct arena *arena = manifest->import->arena;
    struct str format = import_text(component_get(manifest, cursor, "datetime_format"));
    struct str field = STR_NONE, start = start_of(manifest, cursor, stream);
    const struct yaml_node *field_node = component_get(manifest, cursor, "cursor_field");
    const struct epoch *epoch = find_epoch(format);
    bool has_window = component_get(manifest, cursor, "step") != NULL;
    if (!field_node || !airbyte_text(manifest, cursor->scope, field_node, &field))
        import_gap(manifest->import, stream, "cursor_field: fill in the path of the bookmark");
    manifest->start_name = name_of(manifest, cursor, "partition_field_start", "start_time");
    manifest->end_name = name_of(manifest, cursor, "partition_field_end", "end_time");
    if (has_window) {
        put_window(manifest, cursor, start, field, stream);
        manifest->interval_start = in_format(arena, "window.start", format, epoch);
        manifest->interval_end = in_format(arena, "window.end", format, epoch);
    } else {
        put_bookmark(manifest, cursor, start, field, epoch, stream);
        manifest->interval_start =
            epoch ? STR("bookmark") : in_format(arena, "bookmark", format, epoch);
        manifest->interval_end = in_format(arena, "now()", format, epoch);
    }
    put_bound(manifest, cursor, "start_time_option", manifest->interval_start, stream);
    put_bound(manifest, cursor, "end_time_option", manifest->interval_end, stream);
    component_note_rest(manifest, cursor, datetime_fields, stream);
    note_end(manifest, cursor, stream);
    if (import_is_true(component_get(manifest, cursor, "is_client_side_incremental")))
        import_gap(manifest->import, stream,
                   "is_client_side_incremental: the API cannot be asked "
                   "for what is new; upsert by key writes what changed");
    if (import_is_true(component_get(manifest, cursor, "is_data_feed")))
        import_gap(manifest->import, stream,
                   "is_data_feed: Airbyte stops at the first old page; "
                   "here all pages are read");
}

static void read_count(struct manifest *manifest, const struct component *cursor,
                       struct outline *stream)
{
    struct outline *bookmark = outline_map(stream, "bookmark");
    struct str start = import_text(component_get(manifest, cursor, "start_value"));
    airbyte_put(manifest, cursor, "cursor_field", bookmark, "path");
    outline_put_raw(bookmark, "start", start.len ? start : STR("0"));
    outline_put(bookmark, "type", STR("number"));
    manifest->start_name = STR("start_value");
    manifest->interval_start = STR("bookmark");
    put_bound(manifest, cursor, "start_value_option", STR("bookmark"), stream);
}

void airbyte_cursor(struct manifest *manifest, const struct component *cursor,
                    struct outline *stream)
{
    struct str type = component_type(cursor);
    if (str_is(type, "DatetimeBasedCursor"))
        read_datetime(manifest, cursor, stream);
    else if (str_is(type, "IncrementingCountCursor"))
        read_count(manifest, cursor, stream);
    else if (cursor->map)
        import_gap(manifest->import, stream,
                   "incremental_sync %.*s: code of the connector; see bookmark and window",
                   STR_ARG(type));
}

/* --- partitions --- */

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
    for (size_t i = 0; i < component_count(routers); i++) {
        struct component router = component_item(manifest, routers, i, retriever->scope);
        read_router(manifest, &router, stream);
    }
}

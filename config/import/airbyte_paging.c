#include "config/import/airbyte.h"

/* --- records --- */

static const struct field extractor_fields[] = {
    {"field_path", NULL, NULL, NULL},
    {"decoder", NULL, NULL, NULL},
    {"class_name", NULL, NULL, NULL},
    {"record_expander", NULL, NULL,
     "end merge_path in the list in each record, such as data[*].lines"},
    FIELD_END,
};

static void put_records(struct manifest *manifest, const struct component *extractor,
                        struct outline *stream)
{
    struct str path = STR_NONE;
    if (str_starts(component_type(extractor), STR("Custom")))
        import_gap(manifest->import, stream,
                   "the extractor is code of the connector: fill in "
                   "merge_path, where the records are");
    else if (!airbyte_path(manifest, extractor->scope,
                           component_get(manifest, extractor, "field_path"), &path))
        import_gap(manifest->import, stream,
                   "field_path: fill in merge_path, where the records "
                   "are");
    manifest->merge_path = path;
    if (path.len)
        outline_put(stream, "merge_path", path);
    if (airbyte_takes_all(component_get(manifest, extractor, "field_path")))
        outline_put(stream, "shape", STR("members")); /* of a list or of an object */
    component_note_rest(manifest, extractor, extractor_fields, stream);
}

static const struct field filter_fields[] = {
    {"condition", NULL, NULL, NULL},
    FIELD_END,
};

/* It is evaluated before anything is added to the record, or taken away. */
static void put_filter(struct manifest *manifest, const struct component *filter,
                       struct outline *stream)
{
    manifest->has_record = true;
    airbyte_put(manifest, filter, "condition", stream, "where");
    manifest->has_record = false;
    component_note_rest(manifest, filter, filter_fields, stream);
}

void airbyte_selector(struct manifest *manifest, const struct component *selector,
                      struct outline *stream)
{
    struct component extractor = component_at(manifest, selector, "extractor");
    struct component filter = component_at(manifest, selector, "record_filter");
    put_records(manifest, &extractor, stream);
    if (!filter.map)
        return;
    if (str_starts(component_type(&filter), STR("Custom")))
        import_gap(manifest->import, stream,
                   "the record filter is code of the connector: see where");
    else
        put_filter(manifest, &filter, stream);
    if (import_is_true(component_get(manifest, selector, "transform_before_filtering")))
        import_gap(manifest->import, stream,
                   "transform_before_filtering: where reads the record as it was sent, before "
                   "`with`, `exclude` and the rest: name the fields that stand there");
}

/* --- pages --- */

static void put_option(struct manifest *manifest, const struct component *paginator,
                       const char *member, struct outline *pagination, const char *key)
{
    struct component option = component_at(manifest, paginator, member);
    struct str place;
    if (!option.map)
        return;
    if (airbyte_place(manifest, &option, &place))
        outline_put(pagination, key, place);
    else
        import_gap(manifest->import, pagination, "%s: fill in %s", member, key);
}

/* A size is a number here: of config['page_size'] it is what the specification says. */
static void put_size_value(struct manifest *manifest, const struct component *strategy,
                           struct outline *pagination)
{
    const struct yaml_node *node = component_get(manifest, strategy, "page_size");
    struct str text = import_text(node), path;
    int64_t size;
    bool is_default = false;
    if (!node)
        return;
    bool is_setting = rewrite_as_path(manifest->import->arena, text, "config", &path);
    if (is_setting)
        text = import_text(airbyte_setting(manifest, path, &is_default));
    if (str_to_int64(text, &size) && size > 0)
        outline_put_raw(pagination, "size", text);
    if (!outline_find(pagination, "size"))
        import_gap(manifest->import, pagination,
                   "page_size: fill in size, the records of a page: it was computed, or set up "
                   "in the connector");
    else if (is_setting)
        outline_note(pagination, "size is %s of the connector's specification",
                     is_default ? "the default" : "an example");
}

static const struct field strategy_fields[] = {
    {"start_from_page", NULL, NULL, NULL},
    {"page_size", NULL, NULL, NULL},
    {"inject_on_first_request", NULL, NULL, NULL},
    {"cursor_value", NULL, NULL, NULL},
    {"stop_condition", NULL, NULL, NULL},
    {"decoder", NULL, NULL, NULL},
    FIELD_END,
};

static void note_short(struct manifest *manifest, struct outline *pagination)
{
    if (outline_find(pagination, "size"))
        outline_note(
            pagination,
            "Airbyte ends at a page with fewer records than size; here one more is "
            "asked for, which proves the end. stop_on_short: true where that one fails");
    (void)manifest;
}

static void read_page(struct manifest *manifest, const struct component *paginator,
                      const struct component *strategy, struct outline *pagination)
{
    outline_put(pagination, "type", STR("page"));
    put_option(manifest, paginator, "page_token_option", pagination, "param");
    if (!airbyte_put(manifest, strategy, "start_from_page", pagination, "start"))
        outline_put_raw(pagination, "start", STR("0"));
    put_option(manifest, paginator, "page_size_option", pagination, "size_param");
    put_size_value(manifest, strategy, pagination);
    if (!import_is_true(component_get(manifest, strategy, "inject_on_first_request")))
        outline_put_bool(pagination, "send_first", false);
    note_short(manifest, pagination);
}

static void read_offset(struct manifest *manifest, const struct component *paginator,
                        const struct component *strategy, struct outline *pagination)
{
    outline_put(pagination, "type", STR("offset"));
    put_option(manifest, paginator, "page_token_option", pagination, "param");
    if (component_at(manifest, paginator, "page_size_option").map)
        put_option(manifest, paginator, "page_size_option", pagination, "limit_param");
    else
        outline_put(pagination, "limit_param", STR("none"));
    put_size_value(manifest, strategy, pagination);
    note_short(manifest, pagination);
}

/* "{{ not response.has_more }}" → has_more; else the opposite as an expression. */
static void put_stop(struct manifest *manifest, const struct component *strategy,
                     struct outline *pagination)
{
    const struct yaml_node *node = component_get(manifest, strategy, "stop_condition");
    struct arena *arena = manifest->import->arena;
    struct str text, inside, path;
    if (!node)
        return;
    if (!airbyte_text(manifest, strategy->scope, node, &text) ||
        !rewrite_is_one(text, &inside)) {
        import_gap(manifest->import, pagination,
                   "stop_condition: fill in has_more_path, its expression has no counterpart");
        return;
    }
    bool is_not = str_starts(inside, STR("not "));
    struct str positive = is_not ? str_trim(str_slice(inside, 4, inside.len)) : inside;
    struct str lone = arena_printf(arena, "{{ %.*s }}", STR_ARG(positive));
    if (is_not && rewrite_as_path(arena, lone, "response", &path))
        outline_put(pagination, "has_more_path", path);
    else
        outline_put(pagination, "has_more_path",
                    arena_printf(arena, "{{ not (%.*s) }}", STR_ARG(inside)));
}

/* Does it name the URL of the next page in the header Link? headers['link']['next']['url'] */
static bool is_link(struct arena *arena, struct str text)
{
    static const char *const names[] = {"link.next", "Link.next", "LINK.next"};
    struct str path;
    if (!rewrite_as_path(arena, text, "headers", &path))
        return false;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_starts(path, str_from(names[i])))
            return true;
    return false;
}

/* The header Link ends with the last page, whatever else the connector looks at. */
static void read_link(struct manifest *manifest, struct str stop, struct outline *pagination)
{
    outline_put(pagination, "type", STR("link_header"));
    if (str_find(stop, STR("results")) >= 0) /* a next link is always there */
        outline_put_bool(pagination, "stop_on_empty", true);
    else if (stop.len && str_find(stop, STR("link")) < 0 && str_find(stop, STR("Link")) < 0)
        import_gap(manifest->import, pagination,
                   "stop_condition: here the last page is the one without a next link: where "
                   "one is always there, stop_on_empty: true");
}

static bool cursor_value(struct manifest *manifest, const struct component *strategy,
                         struct outline *pagination, const char *key)
{
    const struct yaml_node *node = component_get(manifest, strategy, "cursor_value");
    struct str text, path;
    if (!node || !airbyte_text(manifest, strategy->scope, node, &text)) {
        import_gap(manifest->import, pagination, "cursor_value: fill in %s", key);
        return false;
    }
    bool is_path = rewrite_as_path(manifest->import->arena, text, "response", &path);
    outline_put(pagination, key, is_path ? path : text);
    return true;
}

static void read_cursor(struct manifest *manifest, const struct component *paginator,
                        const struct component *strategy, struct outline *pagination)
{
    struct component option = component_at(manifest, paginator, "page_token_option");
    struct str value = import_text(component_get(manifest, strategy, "cursor_value"));
    bool is_path = str_is(component_type(&option), "RequestPath");
    struct str stop = import_text(component_get(manifest, strategy, "stop_condition"));
    if (is_link(manifest->import->arena, value)) {
        read_link(manifest, stop, pagination);
        return;
    }
    outline_put(pagination, "type", is_path ? STR("next_url") : STR("cursor"));
    cursor_value(manifest, strategy, pagination, is_path ? "next_path" : "cursor_path");
    if (!is_path && option.map)
        put_option(manifest, paginator, "page_token_option", pagination, "param");
    else if (!is_path) {
        outline_put(pagination, "param", STR("none"));
        outline_note(pagination, "where the cursor goes is in the request: pager.cursor");
    }
    if (!is_path && component_get(manifest, strategy, "page_size") &&
        component_at(manifest, paginator, "page_size_option").map) {
        put_size_value(manifest, strategy, pagination);
        put_option(manifest, paginator, "page_size_option", pagination, "size_param");
    }
    put_stop(manifest, strategy, pagination);
}

static const struct {
    const char *type, *pager;
    void (*read)(struct manifest *manifest, const struct component *paginator,
                 const struct component *strategy, struct outline *pagination);
} strategies[] = {
    {"PageIncrement", "pager.page", read_page},
    {"OffsetIncrement", "pager.offset", read_offset},
    {"CursorPagination", "pager.cursor", read_cursor},
};

/* The size goes with next_url and link_header too: as a parameter, in the first request. */
static void put_size(struct manifest *manifest, const struct component *paginator,
                     const struct component *strategy, struct outline *stream,
                     const struct outline *pagination)
{
    struct component option = component_at(manifest, paginator, "page_size_option");
    const struct yaml_node *size = component_get(manifest, strategy, "page_size");
    struct str type = outline_text(outline_find(pagination, "type")), text, place;
    if (!option.map || !size || !(str_is(type, "next_url") || str_is(type, "link_header")))
        return;
    if (airbyte_text(manifest, strategy->scope, size, &text) &&
        airbyte_place(manifest, &option, &place)) {
        airbyte_inject(manifest, &option, stream, text);
        if (size->kind == YAML_NUMBER && outline_find(stream, "params") &&
            outline_find(outline_map(stream, "params"),
                         arena_cstr(manifest->import->arena, place)))
            outline_copy(outline_map(stream, "params"),
                         arena_cstr(manifest->import->arena, place), size);
    }
}

void airbyte_paginator(struct manifest *manifest, const struct component *paginator,
                       struct outline *stream)
{
    struct component strategy = component_at(manifest, paginator, "pagination_strategy");
    struct str type = component_type(&strategy);
    if (!paginator->map || str_is(component_type(paginator), "NoPagination")) {
        outline_put(outline_map(stream, "pagination"), "type", STR("none"));
        return;
    }
    for (size_t i = 0; i < COUNT_OF(strategies); i++)
        if (str_is(type, strategies[i].type)) {
            struct outline *pagination = outline_map(stream, "pagination");
            manifest->pager = strategies[i].pager;
            strategies[i].read(manifest, paginator, &strategy, pagination);
            component_note_rest(manifest, &strategy, strategy_fields, pagination);
            put_size(manifest, paginator, &strategy, stream, pagination);
            return;
        }
    import_gap(
        manifest->import, stream,
        "pagination strategy %.*s: code of the connector; without pagination it is found "
        "out, see docs/complete.md",
        STR_ARG(type));
}

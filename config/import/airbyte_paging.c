#include "config/import/airbyte.h"

/* --- records --- */

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
    if (component_get(manifest, extractor, "record_expander"))
        import_gap(manifest->import, stream,
                   "record_expander: end merge_path in the list in each "
                   "record, such as data[*].lines");
    manifest->merge_path = path;
    if (path.len)
        outline_put(stream, "merge_path", path);
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
        airbyte_put(manifest, &filter, "condition", stream, "where");
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
    airbyte_put(manifest, strategy, "page_size", pagination, "size");
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
    airbyte_put(manifest, strategy, "page_size", pagination, "size");
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

/* Does it name the URL of the next page in the header Link? */
static bool is_link(struct str text)
{
    return str_find(text, STR("headers")) >= 0 &&
           (str_find(text, STR("link")) >= 0 || str_find(text, STR("Link")) >= 0) &&
           str_find(text, STR("next")) >= 0;
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
    if (is_link(value)) {
        outline_put(pagination, "type", STR("link_header"));
        if (str_find(stop, STR("results")) >= 0) /* a next link is always there */
            outline_put_bool(pagination, "stop_on_empty", true);
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
    if (!is_path && component_get(manifest, strategy, "page_size")) {
        airbyte_put(manifest, strategy, "page_size", pagination, "size");
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
            put_size(manifest, paginator, &strategy, stream, pagination);
            return;
        }
    import_gap(
        manifest->import, stream,
        "pagination strategy %.*s: code of the connector; without pagination it is found "
        "out, see docs/complete.md",
        STR_ARG(type));
}

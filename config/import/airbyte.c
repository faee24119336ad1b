#include "config/import/airbyte.h"
#include "config/import/formats.h"

/* Airbyte's declarative (low-code) manifests: the file, its streams, and what is stored. */
enum { JSON_BYTES_MAX = 256 * 1024 };

/* --- what is stored --- */

/* "id", [id] or [[a], [b]] */
static void put_key(struct manifest *manifest, const struct component *stream,
                    struct outline *to)
{
    const struct yaml_node *list = component_get(manifest, stream, "primary_key");
    for (size_t i = 0; i < component_count(list); i++) {
        const struct yaml_node *item = list->kind == YAML_LIST ? list->items[i] : list;
        struct str path;
        if (!airbyte_path(manifest, stream->scope, item, &path))
            import_gap(manifest->import, to, "primary_key: fill in key");
        else if (str_find_byte(path, '.') >= 0)
            import_gap(
                manifest->import, to,
                "primary_key: key names fields of the record itself: add %.*s by `with`, or "
                "`flatten` its object",
                STR_ARG(path));
        else if (path.len)
            outline_add(outline_list(to, "key"), path);
    }
}

static struct str written(struct import *import, struct outline *node)
{
    AUTO_BUF(out, JSON_BYTES_MAX);
    outline_write(node, &out);
    return arena_str(import->arena, buf_str(&out));
}

/* Does a request ask for what is new? Without that all is read, and appended, again. */
static bool asks_for_new(struct import *import, struct outline *stream)
{
    return outline_find(stream, "window") ||
           str_find(written(import, stream), STR("{{ bookmark")) >= 0;
}

static void put_write(struct import *import, struct outline *to)
{
    bool has_key = outline_count(outline_find(to, "key"));
    bool is_new = outline_find(to, "bookmark") || outline_find(to, "window");
    if (!has_key && is_new && !asks_for_new(import, to)) {
        outline_remove(to, "bookmark");
        is_new = false;
    }
    outline_put(to, "write", has_key ? STR("upsert") : is_new ? STR("append") : STR("replace"));
    if (!has_key)
        outline_note(to, "without a primary key %s",
                     is_new ? "each run appends what is new"
                            : "the table holds what the last run brought");
}

/* --- one stream --- */

/*
 * auth is of a source, and goes to its base: another way to sign in, or another base with
 * another one, is another source. False then.
 */
static bool put_auth(struct manifest *manifest, const struct component *requester,
                     struct outline *stream)
{
    struct component auth = component_at(manifest, requester, "authenticator");
    struct outline *root = manifest->import->root, *old = outline_find(root, "auth");
    struct str base = outline_text(outline_find(root, "base_url"));
    bool is_same_base = str_eq(base, outline_text(outline_find(stream, "base_url")));
    struct outline *made = outline_new(manifest->import->arena);
    if (auth.map)
        airbyte_auth(manifest, &auth, outline_map(made, "auth"));
    else
        outline_put(outline_map(made, "auth"), "type", STR("none"));
    struct outline *new = outline_map(made, "auth");
    bool is_none = str_is(outline_text(outline_find(new, "type")), "none");
    bool was_none = str_is(outline_text(outline_find(old, "type")), "none");
    if (!old || (is_same_base && was_none))
        outline_move(root, made, "auth");
    else if (!(is_same_base && is_none))
        return str_eq(written(manifest->import, new), written(manifest->import, old));
    return true;
}

/* The first base is the source's; a stream with another has a whole URL. */
static void settle_base(struct manifest *manifest, struct outline *stream)
{
    struct outline *root = manifest->import->root;
    struct str base = outline_text(outline_find(stream, "base_url"));
    struct str path = outline_text(outline_find(stream, "path"));
    struct str known = outline_text(outline_find(root, "base_url"));
    outline_remove(stream, "base_url");
    if (base.len && !known.len)
        outline_put(root, "base_url", base);
    bool is_other = known.len && base.len && !str_eq(known, base);
    if (!outline_find(stream, "path") || (!is_other && path.len))
        return;
    outline_remove(stream, "path");
    outline_put(
        stream, "url",
        arena_printf(manifest->import->arena, "%.*s%.*s", STR_ARG(base), STR_ARG(path)));
}

static bool read_simple(struct manifest *manifest, const struct component *retriever,
                        struct outline *stream)
{
    struct component requester = component_at(manifest, retriever, "requester");
    struct component handler = component_at(manifest, &requester, "error_handler");
    struct component paginator = component_at(manifest, retriever, "paginator");
    airbyte_paginator(manifest, &paginator, stream);
    airbyte_request(manifest, &requester, stream);
    airbyte_errors(manifest, &handler, stream);
    bool is_ours = put_auth(manifest, &requester, stream);
    settle_base(manifest, stream);
    return is_ours;
}

static const struct field stream_fields[] = {
    {"name", NULL, NULL, NULL},
    {"retriever", NULL, NULL, NULL},
    {"incremental_sync", NULL, NULL, NULL},
    {"primary_key", NULL, NULL, NULL},
    {"transformations", NULL, NULL, NULL},
    {"schema_loader", NULL, NULL, NULL},
    {"state_migrations", NULL, NULL, NULL},
    {"full_refresh_stream", NULL, NULL, NULL},
    {"incremental_stream", NULL, NULL, NULL},
    {"stream_cursor_field", NULL, NULL, NULL},
    {"description", NULL, NULL, NULL},
    {"file_uploader", NULL, NULL, "files are not taken: a field with their URL is"},
    FIELD_END,
};

static const struct field retriever_fields[] = {
    {"requester", NULL, NULL, NULL},
    {"paginator", NULL, NULL, NULL},
    {"record_selector", NULL, NULL, NULL},
    {"partition_router", NULL, NULL, NULL},
    {"stream_slicer", NULL, NULL, NULL},
    {"decoder", NULL, NULL, NULL},
    {"primary_key", NULL, NULL, NULL},
    {"name", NULL, NULL, NULL},
    {"cursor", NULL, NULL, NULL},
    {"ignore_stream_slicer_parameters_on_paginated_requests", NULL, NULL, NULL},
    {"additional_query_properties", NULL, NULL, NULL},
    {"fetch_properties_from_endpoint", NULL, NULL,
     "fields that another endpoint names: write them down"},
    {"pagination_reset", NULL, NULL, "pages that begin anew: see responses, then: reset"},
    FIELD_END,
};

static const struct field selector_fields[] = {
    {"extractor", NULL, NULL, NULL},
    {"record_filter", NULL, NULL, NULL},
    {"schema_normalization", NULL, NULL, NULL},
    {"transform_before_filtering", NULL, NULL, NULL},
    FIELD_END,
};

static const struct field paginator_fields[] = {
    {"pagination_strategy", NULL, NULL, NULL},
    {"page_size_option", NULL, NULL, NULL},
    {"page_token_option", NULL, NULL, NULL},
    {"url_base", NULL, NULL, NULL},
    {"decoder", NULL, NULL, NULL},
    FIELD_END,
};

/* False: the stream is of another source. */
static bool read_retriever(struct manifest *manifest, const struct component *retriever,
                           struct outline *stream)
{
    struct component selector = component_at(manifest, retriever, "record_selector");
    struct component decoder = component_at(manifest, retriever, "decoder");
    struct component creation = component_at(manifest, retriever, "creation_requester");
    struct component download = component_at(manifest, retriever, "download_decoder");
    struct component paginator = component_at(manifest, retriever, "paginator");
    airbyte_router(manifest, retriever, stream);
    airbyte_selector(manifest, &selector, stream);
    component_note_rest(manifest, &selector, selector_fields, stream);
    airbyte_format(manifest, creation.map ? &download : &decoder, stream);
    if (creation.map) {
        airbyte_async(manifest, retriever, stream);
        return put_auth(manifest, &creation, stream);
    }
    if (str_starts(component_type(retriever), STR("Custom"))) {
        import_gap(manifest->import, stream,
                   "the retriever is code of the connector: fill in path and the rest");
        outline_put(stream, "path", STR("/"));
        return true;
    }
    component_note_rest(manifest, retriever, retriever_fields, stream);
    component_note_rest(manifest, &paginator, paginator_fields, stream);
    return read_simple(manifest, retriever, stream);
}

static void read_stream(struct manifest *manifest, const struct component *stream)
{
    struct str name = import_text(component_get(manifest, stream, "name"));
    struct component retriever = component_at(manifest, stream, "retriever");
    struct component cursor = component_at(manifest, stream, "incremental_sync");
    struct component full = component_at(manifest, stream, "incremental_stream");
    if (full.map) {
        read_stream(manifest, &full);
        return;
    }
    struct outline *to = import_stream(manifest->import, name);
    manifest->merge_path = manifest->interval_start = manifest->interval_end = STR_NONE;
    manifest->start_name = manifest->end_name = STR_NONE;
    manifest->pager = NULL;
    manifest->has_key = component_count(component_get(manifest, stream, "primary_key")) > 0;
    airbyte_cursor(manifest, &cursor, to);
    if (!read_retriever(manifest, &retriever, to)) {
        outline_drop(manifest->import->streams, to);
        import_gap(
            manifest->import, manifest->import->root,
            "stream %.*s is left out: it signs in in another way than those before it, and "
            "auth is of a source. Import it from a manifest of its own",
            STR_ARG(name));
        return;
    }
    component_note_rest(manifest, stream, stream_fields, to);
    airbyte_transformations(manifest, stream, to);
    put_key(manifest, stream, to);
    put_write(manifest->import, to);
}

/* --- the file --- */

static void put_budget(struct manifest *manifest, const struct component *root)
{
    struct component budget = component_at(manifest, root, "api_budget");
    const struct yaml_node *list = component_get(manifest, &budget, "policies");
    for (size_t i = 0; i < component_count(list); i++) {
        struct component policy = component_item(manifest, list, i, budget.scope);
        const struct yaml_node *rates = component_get(manifest, &policy, "rates");
        const struct yaml_node *matchers = component_get(manifest, &policy, "matchers");
        struct component rate =
            rates ? component_item(manifest, rates, 0, policy.scope) : policy;
        struct str limit =
            import_text(component_get(manifest, &rate, rates ? "limit" : "call_limit"));
        struct str per =
            import_text(component_get(manifest, &rate, rates ? "interval" : "period"));
        int64_t seconds, count;
        if (component_count(matchers) || !airbyte_seconds(per, &seconds) || !seconds ||
            !str_to_int64(limit, &count)) {
            import_gap(
                manifest->import, manifest->import->root,
                "api_budget: a policy for some requests: see rate_limit of those streams");
            continue;
        }
        struct outline *made =
            outline_add_map(outline_list(manifest->import->root, "rate_limit"));
        outline_put_raw(made, "requests", limit);
        outline_put(made, "per",
                    arena_printf(manifest->import->arena, "%llds", (long long)seconds));
    }
}

static const struct field root_fields[] = {
    {"version", NULL, NULL, NULL},
    {"type", NULL, NULL, NULL},
    {"description", NULL, NULL, NULL},
    {"check", NULL, NULL, NULL},
    {"spec", NULL, NULL, NULL},
    {"definitions", NULL, NULL, NULL},
    {"schemas", NULL, NULL, NULL},
    {"metadata", NULL, NULL, NULL},
    {"streams", NULL, NULL, NULL},
    {"concurrency_level", NULL, NULL, NULL},
    {"max_concurrent_async_job_count", NULL, NULL, NULL},
    {"api_budget", NULL, NULL, NULL},
    {"dynamic_streams", NULL, NULL,
     "streams that the connector makes of an answer: write one for each"},
    FIELD_END,
};

/* The base of the first stream, for the name of the source. */
static struct str first_base(struct manifest *manifest, const struct yaml_node *streams)
{
    if (!component_count(streams))
        return STR_NONE;
    struct component stream = component_item(manifest, streams, 0, NULL);
    struct component retriever = component_at(manifest, &stream, "retriever");
    struct component requester = component_at(manifest, &retriever, "requester");
    const struct yaml_node *base = component_get(manifest, &requester, "url_base");
    return import_text(base ? base : component_get(manifest, &requester, "url"));
}

/* Parents that are no streams themselves; theirs come behind them. */
static void read_parents(struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->parent_count; i++) {
        const struct component *parent = manifest->parents[i];
        struct str name = import_text(component_get(manifest, parent, "name"));
        const char *word =
            arena_cstr(manifest->import->arena, import_word(manifest->import, name));
        if (outline_find(manifest->import->streams, word))
            continue;
        read_stream(manifest, parent);
        struct outline *made = outline_find(manifest->import->streams, word);
        if (made)
            outline_note(made, "was only read for the streams below it: here its rows are "
                               "stored, because those read its table");
    }
}

static void read_airbyte(struct import *import, const struct yaml_node *root)
{
    struct manifest manifest = {.import = import, .root = root};
    const struct yaml_node *streams = import_find(root, "streams");
    struct component top = component_open(&manifest, root, NULL);
    manifest.spec = import_find(root, "spec");
    manifest.vars = outline_map(import->root, "vars");
    import_name_source(import, import_find_text(import_find(root, "metadata"), "name"),
                       first_base(&manifest, streams));
    import_fields(import, root_fields, root, import->root, NULL);
    put_budget(&manifest, &top);
    for (size_t i = 0; streams && streams->kind == YAML_LIST && i < streams->count; i++) {
        struct component stream = component_item(&manifest, streams, i, NULL);
        if (str_is(component_type(&stream), "ConditionalStreams"))
            import_gap(import, import->root,
                       "streams on a condition: write those that you have");
        else
            read_stream(&manifest, &stream);
    }
    read_parents(&manifest);
    if (str_is(outline_text(outline_find(outline_find(import->root, "auth"), "type")), "none"))
        outline_remove(import->root, "auth");
    if (outline_is_bare(manifest.vars))
        outline_remove(import->root, "vars");
}

static bool is_airbyte(const struct yaml_node *root)
{
    const struct yaml_node *streams = import_find(root, "streams");
    return str_is(import_find_text(root, "type"), "DeclarativeSource") ||
           (import_find(root, "definitions") && streams && streams->kind == YAML_LIST);
}

const struct import_format import_airbyte = {
    .name = "airbyte",
    .what = "a declarative manifest of Airbyte: type: DeclarativeSource",
    .is = is_airbyte,
    .read = read_airbyte,
};

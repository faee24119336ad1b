#include "config/import/dlt.h"

#include "base/date.h"
#include "config/import/formats.h"
#include "config/import/parent.h"

/*
 * dlt's rest_api source: a RESTAPIConfig as JSON or YAML. Its placeholders become expressions:
 * {resources.X.field}, {incremental.start_value}, and the name of a parameter that is resolved.
 */
enum { TEXT_BYTES_MAX = 64 * 1024 };

struct dlt {
    const struct yaml_node *resources, *defaults;
    struct outline *common; /* `defaults` here */
    /* of the resource that is read */
    const struct yaml_node *resource, *params;
    struct parent parent;
    bool has_parent;
};

/* --- the parent --- */

static const struct yaml_node *find_resource(const struct dlt *dlt, struct str name)
{
    for (size_t i = 0; dlt->resources && i < dlt->resources->count; i++) {
        const struct yaml_node *resource = dlt->resources->items[i];
        if (str_eq(import_text(resource), name) ||
            str_eq(import_find_text(resource, "name"), name))
            return resource;
    }
    return NULL;
}

/* The member of `partition`; empty where another resource is the parent already. */
static struct str resolve(struct import *import, struct dlt *dlt, struct outline *to,
                          struct str resource, struct str field)
{
    if (!dlt->has_parent) {
        const struct yaml_node *found = find_resource(dlt, resource);
        if (!found)
            import_gap(import, to,
                       "resource %.*s is not in the file: check the SQL of partitions",
                       STR_ARG(resource));
        parent_open(&dlt->parent, import, resource, import_find_text(found, "table_name"));
        dlt->has_parent = true;
    }
    if (!str_eq(dlt->parent.stream, import_word(import, resource))) {
        import_gap(
            import, to,
            "a second parent, %.*s: write one SQL statement over both tables in partitions",
            STR_ARG(resource));
        return STR_NONE;
    }
    return parent_field(&dlt->parent, field, STR_NONE);
}

/* --- placeholders --- */

static const struct yaml_node *bound_param(const struct dlt *dlt, struct str name,
                                           const char *type)
{
    const struct yaml_node *param =
        import_find(dlt->params, arena_cstr(dlt->parent.import->arena, name));
    return str_is(import_find_text(param, "type"), type) ? param : NULL;
}

/* "resources.issues.number" → "partition.issues_number" */
static struct str placeholder(struct import *import, struct dlt *dlt, struct outline *to,
                              struct str name)
{
    struct str root, resource, rest = str_split(name, '.', &root);
    const struct yaml_node *param;
    if (str_is(root, "resources")) {
        struct str field = str_split(rest, '.', &resource);
        struct str member = resolve(import, dlt, to, resource, field);
        return member.len ? arena_printf(import->arena, "partition.%.*s", STR_ARG(member))
                          : STR_NONE;
    }
    if (str_is(root, "incremental"))
        return str_is(rest, "end_value") ? STR("window.end") : STR("bookmark");
    param = bound_param(dlt, name, "resolve");
    if (!param)
        return STR_NONE;
    struct str member = resolve(import, dlt, to, import_find_text(param, "resource"),
                                import_find_text(param, "field"));
    return member.len ? arena_printf(import->arena, "partition.%.*s", STR_ARG(member))
                      : STR_NONE;
}

static struct str fill(struct import *import, struct dlt *dlt, struct outline *to,
                       struct str text)
{
    AUTO_BUF(out, TEXT_BYTES_MAX);
    for (ptrdiff_t at; (at = str_find_byte(text, '{')) >= 0 &&
                       str_find_byte(str_slice(text, (size_t)at, text.len), '}') > 0;) {
        struct str inside,
            rest = str_split(str_slice(text, (size_t)at + 1, text.len), '}', &inside);
        struct str name = placeholder(import, dlt, to, str_trim(inside));
        buf_put(&out, str_slice(text, 0, (size_t)at));
        if (name.len)
            buf_printf(&out, "{{ %.*s }}", STR_ARG(name));
        else
            buf_printf(&out, "{%.*s}", STR_ARG(inside));
        text = rest;
    }
    buf_put(&out, text);
    if (out.has_overflowed)
        import_gap(import, to, "a text of over %d KiB is left out", TEXT_BYTES_MAX >> 10);
    return out.has_overflowed ? STR_NONE : arena_str(import->arena, buf_str(&out));
}

/* --- what is new since the last run --- */

static void take_start(struct import *import, const struct yaml_node *node, struct outline *to,
                       void *ctx)
{
    (void)import;
    (void)ctx;
    outline_copy(outline_map(to, "bookmark"), "start", node);
}

static void take_cursor_field(struct import *import, const struct yaml_node *node,
                              struct outline *to, void *ctx)
{
    static char key[] = "path";
    (void)ctx;
    dlt_take_path(import, node, outline_map(to, "bookmark"), key);
}

static void take_start_param(struct import *import, const struct yaml_node *node,
                             struct outline *to, void *ctx)
{
    (void)ctx;
    import_pair_text(import, to, "params", import_text(node), STR("{{ bookmark }}"));
}

/* Seconds of a time, days of a date, and of a number so many. */
static void take_lag(struct import *import, const struct yaml_node *node, struct outline *to,
                     void *ctx)
{
    struct outline *bookmark = outline_map(to, "bookmark");
    int64_t day;
    (void)ctx;
    if (date_parse_day(import_find_text(node->parent, "initial_value"), &day))
        outline_put(bookmark, "lookback",
                    arena_printf(import->arena, "%.*sd", STR_ARG(import_text(node))));
    else
        outline_copy(bookmark, "lookback", node);
}

static const struct field incremental_fields[] = {
    {"type", NULL, NULL, NULL},
    {"cursor_path", take_cursor_field, NULL, NULL},
    {"initial_value", take_start, NULL, NULL},
    {"start_param", take_start_param, NULL, NULL},
    {"lag", take_lag, NULL, NULL},
    {"end_param", NULL, NULL,
     "the end of a time: window: {size: 1 month, from: …} and \"{{ window.end }}\" in params"},
    {"end_value", NULL, NULL,
     "read a time once with pagetide sync --from --to, or pagetide backfill"},
    {"convert", NULL, NULL,
     "the form that the API wants: \"{{ bookmark | date('%Y-%m-%d') }}\", or | epoch"},
    {"last_value_func", NULL, NULL, "the highest value is kept here, no other"},
    {"row_order", NULL, NULL, NULL},
    {"primary_key", NULL, NULL, NULL},
    {"on_cursor_value_missing", NULL, NULL, NULL},
    {"range_start", NULL, NULL, NULL},
    {"range_end", NULL, NULL, NULL},
    FIELD_END,
};

static void take_incremental(struct import *import, const struct yaml_node *node,
                             struct outline *to, void *ctx)
{
    import_fields(import, incremental_fields, node, to, ctx);
}

/* --- the endpoint --- */

static void take_method(struct import *import, const struct yaml_node *node, struct outline *to,
                        void *ctx)
{
    AUTO_BUF(out, 64);
    (void)import;
    (void)ctx;
    for (size_t i = 0; i < node->text.len && i < 32; i++) {
        char c = node->text.ptr[i];
        buf_put_byte(&out, (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c));
    }
    outline_put(to, "method", buf_str(&out));
}

static void take_endpoint_path(struct import *import, const struct yaml_node *node,
                               struct outline *to, void *ctx)
{
    import_path(import, to, fill(import, ctx, to, import_text(node)));
}

/* A parameter that is bound to a parent in the path is no parameter of the query. */
static bool is_in_path(struct import *import, const struct dlt *dlt, struct str name)
{
    const struct yaml_node *endpoint = import_find(dlt->resource, "endpoint");
    struct str path = endpoint ? import_text(endpoint) : STR_NONE;
    if (!path.len)
        path = import_find_text(endpoint, "path");
    return str_find(path, arena_printf(import->arena, "{%.*s}", STR_ARG(name))) >= 0;
}

static void take_param(struct import *import, struct dlt *dlt, const struct yaml_node *node,
                       struct outline *to)
{
    struct str type = node->kind == YAML_MAP ? import_find_text(node, "type") : STR_NONE;
    if (str_is(type, "incremental")) {
        take_incremental(import, node, to, dlt);
        import_pair_text(import, to, "params", node->key, STR("{{ bookmark }}"));
    } else if (str_is(type, "resolve")) {
        struct str member = resolve(import, dlt, to, import_find_text(node, "resource"),
                                    import_find_text(node, "field"));
        if (member.len && !is_in_path(import, dlt, node->key))
            import_pair_text(
                import, to, "params", node->key,
                arena_printf(import->arena, "{{ partition.%.*s }}", STR_ARG(member)));
    } else if (node->kind == YAML_STRING && str_find_byte(node->text, '{') >= 0)
        import_pair_text(import, to, "params", node->key, fill(import, dlt, to, node->text));
    else
        import_pair(import, to, "params", node->key, node);
}

static void take_params(struct import *import, const struct yaml_node *node, struct outline *to,
                        void *ctx)
{
    struct dlt *dlt = ctx;
    if (node->kind != YAML_MAP)
        import_odd(import, node, to);
    for (size_t i = 0; node->kind == YAML_MAP && i < node->count; i++)
        take_param(import, dlt, node->items[i], to);
}

/* The tool fills "{resources.a.id}" in there, too; other braces are JSON or GraphQL. */
static struct yaml_node *filled(struct import *import, struct dlt *dlt,
                                const struct yaml_node *node, struct outline *to)
{
    struct yaml_node *copy = ARENA_NEW(import->arena, struct yaml_node);
    *copy = *node;
    bool has_name = str_find(node->text, STR("{resources.")) >= 0 ||
                    str_find(node->text, STR("{incremental.")) >= 0;
    if (node->kind == YAML_STRING && has_name)
        copy->text = fill(import, dlt, to, node->text);
    if (yaml_is_scalar(node))
        return copy;
    copy->items = ARENA_ARRAY(import->arena, struct yaml_node *, MAX(node->count, 1));
    for (size_t i = 0; i < node->count; i++)
        copy->items[i] = filled(import, dlt, node->items[i], to);
    return copy;
}

static void take_headers(struct import *import, const struct yaml_node *node,
                         struct outline *to, void *ctx)
{
    import_pairs(import, filled(import, ctx, node, to), to, "headers");
}

static void take_json(struct import *import, const struct yaml_node *node, struct outline *to,
                      void *ctx)
{
    import_value(import, filled(import, ctx, node, to), to, "body");
}

static void take_data(struct import *import, const struct yaml_node *node, struct outline *to,
                      void *ctx)
{
    take_json(import, node, to, ctx);
    if (outline_find(to, "body") && !outline_find(to, "body_type"))
        outline_put(to, "body_type", node->kind == YAML_MAP ? STR("form") : STR("text"));
}

static void take_selector(struct import *import, const struct yaml_node *node,
                          struct outline *to, void *ctx)
{
    static char key[] = "merge_path";
    (void)ctx;
    dlt_take_path(import, node, to, key);
}

static void take_action(struct import *import, const struct yaml_node *node, struct outline *to)
{
    const struct yaml_node *status = import_find(node, "status_code");
    struct str action = import_find_text(node, "action");
    if (!status || import_find(node, "content") || !str_is(action, "ignore")) {
        import_gap(
            import, to,
            "a response action other than {status_code: …, action: ignore}: write a rule "
            "of responses, see docs/answers.md");
        return;
    }
    struct outline *rule = outline_add_map(outline_list(to, "responses"));
    outline_copy(rule, "status", status);
    outline_put(rule, "then", STR("end"));
}

static void take_actions(struct import *import, const struct yaml_node *node,
                         struct outline *to, void *ctx)
{
    (void)ctx;
    if (node->kind != YAML_LIST)
        import_odd(import, node, to);
    for (size_t i = 0; node->kind == YAML_LIST && i < node->count; i++)
        take_action(import, node->items[i], to);
}

static const struct field endpoint_fields[] = {
    {"path", take_endpoint_path, NULL, NULL},
    {"method", take_method, NULL, NULL},
    {"params", take_params, NULL, NULL},
    {"headers", take_headers, NULL, NULL},
    {"json", take_json, NULL, NULL},
    {"data", take_data, NULL, NULL},
    {"paginator", dlt_take_paginator, NULL, NULL},
    {"data_selector", take_selector, NULL, NULL},
    {"response_actions", take_actions, NULL, NULL},
    {"incremental", take_incremental, NULL, NULL},
    {"auth", NULL, NULL, "auth is of a source here: put this stream into a file of its own"},
    FIELD_END,
};

static void take_endpoint(struct import *import, const struct yaml_node *node,
                          struct outline *to, void *ctx)
{
    struct dlt *dlt = ctx;
    dlt->params = import_find(node, "params");
    if (node->kind == YAML_STRING)
        import_path(import, to, fill(import, dlt, to, node->text));
    else
        import_fields(import, endpoint_fields, node, to, ctx);
}

/* --- the table --- */

static void take_key(struct import *import, const struct yaml_node *node, struct outline *to,
                     void *ctx)
{
    (void)ctx;
    import_texts(import, node, to, "key");
}

static void take_write(struct import *import, const struct yaml_node *node, struct outline *to,
                       void *ctx)
{
    (void)ctx;
    struct str word =
        node->kind == YAML_MAP ? import_find_text(node, "disposition") : node->text;
    bool is_history = str_is(import_find_text(node, "strategy"), "scd2");
    if (str_is(word, "merge"))
        outline_put(to, "write", is_history ? STR("history") : STR("upsert"));
    else if (str_is(word, "replace") || str_is(word, "append"))
        outline_put(to, "write", word);
    else
        import_gap(import, to,
                   "write_disposition %.*s: write is append, upsert, replace or "
                   "history here",
                   STR_ARG(word));
}

static const char *const data_types[][2] = {
    {"text", "text"},       {"double", "double precision"},
    {"bool", "boolean"},    {"timestamp", "timestamptz"},
    {"bigint", "bigint"},   {"binary", "bytea"},
    {"json", "jsonb"},      {"complex", "jsonb"},
    {"decimal", "numeric"}, {"wei", "numeric"},
    {"date", "date"},       {"time", "time"},
};

static void take_column(struct import *import, const struct yaml_node *node, struct outline *to)
{
    struct str type = import_find_text(node, "data_type");
    struct str name = node->key.len ? node->key : import_find_text(node, "name");
    size_t i = 0;
    while (i < COUNT_OF(data_types) && !str_is(type, data_types[i][0]))
        i++;
    if (i < COUNT_OF(data_types))
        outline_put(outline_map(to, "columns"), arena_cstr(import->arena, name),
                    str_from(data_types[i][1]));
    else if (type.len)
        import_gap(import, to, "columns: %.*s: the data_type %.*s is not known", STR_ARG(name),
                   STR_ARG(type));
}

static void take_columns(struct import *import, const struct yaml_node *node,
                         struct outline *to, void *ctx)
{
    (void)ctx;
    for (size_t i = 0; !yaml_is_scalar(node) && i < node->count; i++)
        take_column(import, node->items[i], to);
}

static void take_selected(struct import *import, const struct yaml_node *node,
                          struct outline *to, void *ctx)
{
    (void)import;
    (void)ctx;
    if (!import_is_true(node))
        outline_note(to, "was not selected, and only read for the streams below it: here its "
                         "rows are stored, because those read its table");
}

static void take_table(struct import *import, const struct yaml_node *node, struct outline *to,
                       void *ctx)
{
    (void)ctx;
    if (node->kind == YAML_STRING)
        outline_put(to, "table", node->text);
    else
        import_odd(import, node, to);
}

static const struct field resource_fields[] = {
    {"name", NULL, NULL, NULL},
    {"endpoint", take_endpoint, NULL, NULL},
    {"table_name", take_table, NULL, NULL},
    {"primary_key", take_key, NULL, NULL},
    {"write_disposition", take_write, NULL, NULL},
    {"columns", take_columns, NULL, NULL},
    {"selected", take_selected, NULL, NULL},
    {"include_from_parent", NULL, NULL, NULL}, /* with the endpoint */
    {"parallelized", NULL, NULL, NULL},
    {"parent", NULL, NULL, NULL},
    {"table_format", NULL, NULL, NULL},
    {"merge_key", NULL, NULL, "rows are found again by `key` alone"},
    {"max_table_nesting", NULL, NULL,
     "lists in records are kept as jsonb; `tables` makes tables of them, see docs/tables.md"},
    {"processing_steps", NULL, NULL,
     "code: `where` filters records, `with` adds fields, `exclude` leaves some out"},
    {"schema_contract", NULL, NULL, "see on_new_field and on_mismatch"},
    FIELD_END,
};

/* include_from_parent: [id] → with: {_issues_id: …}, as dlt calls the column. */
static void take_from_parent(struct import *import, struct dlt *dlt, struct outline *stream)
{
    const struct yaml_node *list = import_find(dlt->resource, "include_from_parent");
    for (size_t i = 0; list && list->kind == YAML_LIST && i < list->count; i++) {
        struct str field = import_text(list->items[i]);
        if (!dlt->has_parent || !field.len) {
            import_odd(import, list, stream);
            return;
        }
        struct str member = parent_copy(&dlt->parent, field, STR_NONE);
        outline_put(outline_map(stream, "with"),
                    arena_printf(import->arena, "_%.*s_%.*s", STR_ARG(dlt->parent.stream),
                                 STR_ARG(field))
                        .ptr,
                    arena_printf(import->arena, "{{ partition.%.*s }}", STR_ARG(member)));
    }
}

static bool has(const struct outline *stream, const struct dlt *dlt, const char *key)
{
    return outline_find(stream, key) || outline_find(dlt->common, key);
}

/* What is to be told of the stream as a whole. */
static void judge(struct import *import, const struct dlt *dlt, struct outline *stream)
{
    struct str write = outline_text(outline_find(stream, "write"));
    if (!write.len)
        write = outline_text(outline_find(dlt->common, "write"));
    if ((str_is(write, "upsert") || str_is(write, "history")) && !has(stream, dlt, "key")) {
        import_gap(import, stream,
                   "key: fill in the field that identifies a record; until then "
                   "the stream appends");
        outline_put(stream, "write", STR("append"));
    }
    if (!has(stream, dlt, "merge_path"))
        import_gap(import, stream,
                   "merge_path: dlt looked for the list of records itself; name it where the "
                   "answer is an object (pagetide discover finds it)");
    if (!write.len && !has(stream, dlt, "bookmark"))
        outline_note(stream, "each run appended in dlt; here a second run is refused, unless "
                             "write is upsert or replace, or again: true");
}

static void read_resource(struct import *import, struct dlt *dlt,
                          const struct yaml_node *resource)
{
    struct str name =
        resource->kind == YAML_MAP ? import_find_text(resource, "name") : import_text(resource);
    struct outline *stream = import_stream(import, name);
    dlt->resource = resource;
    dlt->params = NULL;
    dlt->has_parent = false;
    dlt->parent = (struct parent){.import = import};
    if (resource->kind == YAML_MAP)
        import_fields(import, resource_fields, resource, stream, dlt);
    if (!outline_find(stream, "path") && !outline_find(stream, "url"))
        import_path(import, stream, name);
    take_from_parent(import, dlt, stream);
    if (dlt->has_parent)
        parent_write(&dlt->parent, stream);
    judge(import, dlt, stream);
}

/* --- the file --- */

static void take_base_url(struct import *import, const struct yaml_node *node,
                          struct outline *to, void *ctx)
{
    (void)ctx;
    import_base_url(import, to, import_text(node));
}

static void take_client_paginator(struct import *import, const struct yaml_node *node,
                                  struct outline *to, void *ctx)
{
    struct dlt *dlt = ctx;
    (void)to;
    dlt_take_paginator(import, node, dlt->common, ctx);
}

static const struct field client_fields[] = {
    {"base_url", take_base_url, NULL, NULL},
    {"auth", dlt_take_auth, NULL, NULL},
    {"headers", take_headers, NULL, NULL},
    {"paginator", take_client_paginator, NULL, NULL},
    {"session", NULL, NULL, "code: see timeouts, retry, proxy and tls"},
    FIELD_END,
};

static void read_dlt(struct import *import, const struct yaml_node *root)
{
    const struct yaml_node *client = import_find(root, "client");
    struct dlt dlt = {.resources = import_find(root, "resources"),
                      .common = outline_map(import->root, "defaults"),
                      .parent = {.import = import}};
    import_name_source(import, import_find_text(root, "name"),
                       import_find_text(client, "base_url"));
    import_fields(import, client_fields, client, import->root, &dlt);
    import_fields(import, resource_fields, import_find(root, "resource_defaults"), dlt.common,
                  &dlt);
    if (outline_is_bare(dlt.common))
        outline_remove(import->root, "defaults");
    for (size_t i = 0; dlt.resources && i < dlt.resources->count; i++)
        read_resource(import, &dlt, dlt.resources->items[i]);
}

static bool is_dlt(const struct yaml_node *root)
{
    const struct yaml_node *resources = import_find(root, "resources");
    const struct yaml_node *client = import_find(root, "client");
    return client && client->kind == YAML_MAP && resources && resources->kind == YAML_LIST;
}

const struct import_format import_dlt = {
    .name = "dlt",
    .what = "a RESTAPIConfig of dlt: client and resources",
    .is = is_dlt,
    .read = read_dlt,
};

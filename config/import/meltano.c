#include "config/import/formats.h"

/*
 * tap-rest-api-msdk: its settings, alone or in a meltano.yml. Most of them may stand above the
 * streams and in each: a stream's own replaces, params and headers are merged.
 */
static const char plugin_name[] = "tap-rest-api-msdk";

struct tap {
    const struct yaml_node *config, *stream;
};

/* The stream's, else the common one. */
static const struct yaml_node *setting(const struct tap *tap, const char *key)
{
    const struct yaml_node *own = import_find(tap->stream, key);
    return own ? own : import_find(tap->config, key);
}

static struct str setting_text(const struct tap *tap, const char *key)
{
    return import_text(setting(tap, key));
}

/* --- auth --- */

static void put_secret(struct import *import, const struct tap *tap, struct outline *auth,
                       const char *from, const char *key)
{
    struct str text = setting_text(tap, from);
    outline_put(auth, key, import_secret(import, str_from(from), text));
}

static void auth_api_key(struct import *import, const struct tap *tap, struct outline *auth)
{
    const struct yaml_node *keys = import_find(tap->config, "api_keys");
    bool is_map = keys && keys->kind == YAML_MAP && keys->count;
    struct str name = is_map ? keys->items[0]->key : STR("X-API-KEY");
    outline_put(auth, "name", name);
    outline_put(auth, "value",
                import_secret(import, name, is_map ? import_text(keys->items[0]) : STR_NONE));
    for (size_t i = 1; is_map && i < keys->count; i++)
        outline_put(outline_map(import->root, "headers"),
                    arena_cstr(import->arena, keys->items[i]->key),
                    import_secret(import, keys->items[i]->key, import_text(keys->items[i])));
}

static void auth_basic(struct import *import, const struct tap *tap, struct outline *auth)
{
    put_secret(import, tap, auth, "username", "user");
    put_secret(import, tap, auth, "password", "password");
}

static void auth_bearer(struct import *import, const struct tap *tap, struct outline *auth)
{
    put_secret(import, tap, auth, "bearer_token", "token");
}

static void auth_oauth(struct import *import, const struct tap *tap, struct outline *auth)
{
    struct str grant = setting_text(tap, "grant_type"), scope = setting_text(tap, "scope");
    outline_put(auth, "grant", grant.len ? grant : STR("client_credentials"));
    outline_put(auth, "token_url",
                import_url(import, auth, setting_text(tap, "access_token_url")));
    put_secret(import, tap, auth, "client_id", "client_id");
    put_secret(import, tap, auth, "client_secret", "client_secret");
    if (scope.len)
        outline_put(auth, "scope", scope);
    if (str_is(grant, "refresh_token"))
        put_secret(import, tap, auth, "refresh_token", "refresh_token");
    if (str_is(grant, "password"))
        auth_basic(import, tap, auth);
    import_pairs(import, setting(tap, "oauth_extras"), auth, "params");
    if (setting(tap, "oauth_expiration_secs"))
        outline_copy(auth, "ttl", setting(tap, "oauth_expiration_secs"));
}

static const struct auth_method {
    const char *word, *type;
    void (*read)(struct import *import, const struct tap *tap, struct outline *auth);
} auth_methods[] = {
    {"api_key", "api_key", auth_api_key},
    {"basic", "basic", auth_basic},
    {"bearer_token", "bearer", auth_bearer},
    {"oauth", "oauth2", auth_oauth},
};

static void read_auth(struct import *import, const struct tap *tap)
{
    struct str word = setting_text(tap, "auth_method");
    for (size_t i = 0; i < COUNT_OF(auth_methods); i++) {
        if (!str_is(word, auth_methods[i].word))
            continue;
        struct outline *auth = outline_map(import->root, "auth");
        outline_put(auth, "type", str_from(auth_methods[i].type));
        auth_methods[i].read(import, tap, auth);
        return;
    }
    if (word.len && !str_is(word, "no_auth"))
        import_gap(import, import->root,
                   "auth_method %.*s: see docs/credentials.md for its type", STR_ARG(word));
}

/* --- pagination --- */

static void put_size(const struct tap *tap, struct outline *pagination, const char *key)
{
    struct str param = setting_text(tap, "pagination_limit_per_page_param");
    const struct yaml_node *size = setting(tap, "pagination_page_size");
    if (param.len)
        outline_put(pagination, key, param);
    if (size)
        outline_copy(pagination, "size", size);
}

/* next_page_token_path, or what the tap looks for without one. */
static void put_path(struct import *import, const struct tap *tap, struct outline *pagination,
                     const char *key, const char *fallback)
{
    struct str text = setting_text(tap, "next_page_token_path"), path;
    if (!import_json_path(import, text.len ? text : str_from(fallback), &path)) {
        import_gap(import, pagination,
                   "next_page_token_path: fill in %s, it has no counterpart", key);
        path = str_from(fallback);
    }
    outline_put(pagination, key, path);
}

static struct str next_param(const struct tap *tap, const char *fallback)
{
    struct str param = setting_text(tap, "pagination_next_page_param");
    return param.len ? param : str_from(fallback);
}

/* Is the token a URL? The response style says how it is used. */
static void page_token(struct import *import, const struct tap *tap, struct outline *pagination)
{
    struct str style = setting_text(tap, "pagination_response_style");
    if (str_is(style, "hateoas_body")) {
        outline_put(pagination, "type", STR("next_url"));
        put_path(import, tap, pagination, "next_path", "next_page");
        return;
    }
    outline_put(pagination, "type", STR("cursor"));
    put_path(import, tap, pagination, "cursor_path", "next_page");
    outline_put(pagination, "param", next_param(tap, "page"));
    put_size(tap, pagination, "size_param");
}

static void page_hateoas(struct import *import, const struct tap *tap,
                         struct outline *pagination)
{
    outline_put(pagination, "type", STR("next_url"));
    put_path(import, tap, pagination, "next_path", "next");
}

static void page_offset(struct import *import, const struct tap *tap,
                        struct outline *pagination)
{
    struct str total = setting_text(tap, "pagination_total_limit_param"), at;
    struct str text = setting_text(tap, "next_page_token_path");
    outline_put(pagination, "type", STR("offset"));
    outline_put(pagination, "param", next_param(tap, "offset"));
    put_size(tap, pagination, "limit_param");
    if (!outline_find(pagination, "size"))
        outline_put_raw(pagination, "size", STR("25"));
    if (!import_json_path(import, text.len ? text : STR("pagination"), &at)) {
        import_gap(import, pagination,
                   "next_page_token_path: fill in total_path, it has no counterpart");
        at = STR("pagination");
    }
    if (!total.len)
        total = STR("total");
    outline_put(pagination, "total_path",
                at.len ? arena_printf(import->arena, "%.*s.%.*s", STR_ARG(at), STR_ARG(total))
                       : total);
}

static void page_number(struct import *import, const struct tap *tap,
                        struct outline *pagination)
{
    outline_put(pagination, "type", STR("page"));
    outline_put(pagination, "param", next_param(tap, "page"));
    put_size(tap, pagination, "size_param");
    put_path(import, tap, pagination, "has_more_path", "hasMore");
}

static void page_link(struct import *import, const struct tap *tap, struct outline *pagination)
{
    (void)import;
    (void)tap;
    outline_put(pagination, "type", STR("link_header"));
}

static void page_header(struct import *import, const struct tap *tap,
                        struct outline *pagination)
{
    (void)import;
    outline_put(pagination, "type", STR("cursor"));
    outline_put(pagination, "cursor_path", STR("header:X-Next-Page"));
    outline_put(pagination, "param", next_param(tap, "page"));
}

static void page_single(struct import *import, const struct tap *tap,
                        struct outline *pagination)
{
    (void)import;
    (void)tap;
    outline_put(pagination, "type", STR("none"));
}

static const struct style {
    const char *word;
    void (*read)(struct import *import, const struct tap *tap, struct outline *pagination);
} styles[] = {
    {"default", page_token},
    {"jsonpath_paginator", page_token},
    {"hateoas_paginator", page_hateoas},
    {"offset_paginator", page_offset},
    {"style1", page_offset},
    {"page_number_paginator", page_number},
    {"header_link_paginator", page_link},
    {"restapi_header_link_paginator", page_link},
    {"simple_header_paginator", page_header},
    {"single_page_paginator", page_single},
};

static void read_pagination(struct import *import, const struct tap *tap,
                            struct outline *stream)
{
    struct str word = setting_text(tap, "pagination_request_style");
    const struct yaml_node *limit = setting(tap, "pagination_results_limit");
    struct outline *pagination = outline_map(stream, "pagination");
    size_t i = 0;
    while (i < COUNT_OF(styles) && !str_is(word.len ? word : STR("default"), styles[i].word))
        i++;
    if (i == COUNT_OF(styles)) {
        import_gap(import, stream,
                   "pagination_request_style %.*s: not known; without pagination "
                   "it is found out, see docs/complete.md",
                   STR_ARG(word));
        outline_remove(stream, "pagination");
        return;
    }
    styles[i].read(import, tap, pagination);
    if (!outline_find(pagination, "size") && setting(tap, "pagination_page_size")) {
        struct str param = setting_text(tap, "pagination_limit_per_page_param");
        outline_copy(outline_map(stream, "params"),
                     param.len ? arena_cstr(import->arena, param) : "per_page",
                     setting(tap, "pagination_page_size"));
    }
    if (limit)
        outline_copy(pagination, "max_records", limit);
    if (limit)
        outline_note(stream,
                     "a run that max_records ends is truncated, and its exit code says so");
}

/* --- streams --- */

/* meta_lastUpdated → meta.lastUpdated: the tap flattens records. */
static struct str unflatten(struct import *import, struct str key)
{
    AUTO_BUF(out, 4096);
    for (size_t i = 0; i < key.len; i++)
        buf_put_byte(&out, key.ptr[i] == '_' ? '.' : key.ptr[i]);
    return arena_str(import->arena, buf_str(&out));
}

static void read_incremental(struct import *import, const struct tap *tap,
                             struct outline *stream)
{
    struct str key = setting_text(tap, "replication_key");
    struct str param = setting_text(tap, "search_parameter");
    struct str prefix = setting_text(tap, "search_prefix");
    struct str start = setting_text(tap, "start_date");
    if (!param.len)
        param = setting_text(tap, "source_search_field");
    if (!key.len)
        return;
    outline_put(outline_map(stream, "bookmark"), "path", key);
    if (start.len)
        outline_put(outline_map(stream, "bookmark"), "start", start);
    if (param.len)
        import_pair_text(import, stream, "params", param,
                         arena_printf(import->arena, "%.*s{{ bookmark }}", STR_ARG(prefix)));
    else
        import_gap(
            import, stream,
            "replication_key: no request asks by it; name the parameter, such as params: "
            "{since: \"{{ bookmark }}\"}, else each run reads all");
    if (str_find_byte(key, '_') >= 0) {
        struct str path = unflatten(import, key);
        outline_note(
            stream,
            "bookmark: the tap flattens records: where %.*s is no field, it is the path "
            "%.*s",
            STR_ARG(key), STR_ARG(path));
    }
    if (prefix.len && !start.len)
        import_gap(import, stream,
                   "bookmark: fill in a start, because the parameter is a text "
                   "with something before it");
}

static void read_records(struct import *import, const struct tap *tap, struct outline *stream)
{
    struct str text = setting_text(tap, "records_path"), path = STR_NONE;
    if (text.len && !import_json_path(import, text, &path))
        import_gap(import, stream,
                   "records_path: this path has no counterpart; write merge_path");
    if (path.len)
        outline_put(stream, "merge_path", path);
}

/* Read by name above, or without meaning here. */
static const char *const known[] = {
    "name",
    "path",
    "params",
    "headers",
    "records_path",
    "primary_keys",
    "replication_key",
    "start_date",
    "search_parameter",
    "search_prefix",
    "source_search_field",
    "api_url",
    "streams",
    "auth_method",
    "api_key",
    "api_keys",
    "client_id",
    "client_secret",
    "username",
    "password",
    "bearer_token",
    "refresh_token",
    "grant_type",
    "scope",
    "access_token_url",
    "redirect_uri",
    "oauth_extras",
    "oauth_expiration_secs",
    "next_page_token_path",
    "pagination_request_style",
    "pagination_response_style",
    "pagination_page_size",
    "pagination_results_limit",
    "pagination_next_page_param",
    "pagination_limit_per_page_param",
    "pagination_total_limit_param",
    "num_inference_records",
    "num_inference_keys",
    "flattening_enabled",
    "flattening_max_depth",
    "stream_map_config",
};

static const struct field others[] = {
    {"except_keys", NULL, NULL, NULL}, /* nothing is flattened that is not said */
    {"stream_maps", NULL, NULL,
     "what is done to records: `where` filters them, `with` adds fields, `exclude` leaves out"},
    {"schema", NULL, NULL, "columns are inferred; `columns: {id: bigint}` declares them"},
    {"use_request_body_not_params", NULL, NULL,
     "write the parameters as `body`, and places as body:name"},
    {"source_search_query", NULL, NULL, "write the parameter with \"{{ bookmark }}\" in it"},
    {"pagination_initial_offset", NULL, NULL, "is `start` of the pagination"},
    {"offset_records_jsonpath", NULL, NULL, NULL},
    {"backoff_type", NULL, NULL, NULL}, /* waits that an API asks for are kept to anyway */
    {"backoff_param", NULL, NULL, NULL},
    {"backoff_time_extension", NULL, NULL, NULL},
    {"store_raw_json_message", NULL, NULL, NULL},
};

static void note_rest(struct import *import, const struct yaml_node *map, struct outline *to)
{
    for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++) {
        struct str key = map->items[i]->key;
        size_t at = 0, other = 0;
        while (at < COUNT_OF(known) && !str_is(key, known[at]))
            at++;
        while (other < COUNT_OF(others) && !str_is(key, others[other].word))
            other++;
        if (at < COUNT_OF(known))
            continue;
        if (other == COUNT_OF(others))
            import_gap(import, to, "%.*s: not known, and left out", STR_ARG(key));
        else if (others[other].why)
            import_gap(import, to, "%s: %s", others[other].word, others[other].why);
    }
}

static void read_stream(struct import *import, struct tap *tap)
{
    struct outline *stream = import_stream(import, import_find_text(tap->stream, "name"));
    const struct yaml_node *keys = setting(tap, "primary_keys");
    import_path(import, stream, setting_text(tap, "path"));
    import_pairs(import, import_find(tap->stream, "params"), stream, "params");
    import_pairs(import, import_find(tap->stream, "headers"), stream, "headers");
    read_records(import, tap, stream);
    read_pagination(import, tap, stream);
    read_incremental(import, tap, stream);
    if (keys && outline_count(outline_list(stream, "key")) == 0)
        import_texts(import, keys, stream, "key");
    if (outline_count(outline_find(stream, "key")))
        outline_put(stream, "write", STR("upsert"));
    else
        outline_remove(stream, "key");
    note_rest(import, tap->stream, stream);
}

/* --- the file --- */

static bool is_ours(const struct yaml_node *plugin)
{
    return str_is(import_find_text(plugin, "name"), plugin_name) ||
           str_is(import_find_text(plugin, "inherit_from"), plugin_name) ||
           str_is(import_find_text(plugin, "variant"), plugin_name);
}

static const struct yaml_node *plugin_config(const struct yaml_node *root)
{
    const struct yaml_node *plugins = import_find(root, "plugins");
    const struct yaml_node *list = import_find(plugins, "extractors");
    for (size_t i = 0; list && list->kind == YAML_LIST && i < list->count; i++) {
        const struct yaml_node *plugin = list->items[i];
        if (is_ours(plugin))
            return import_find(plugin, "config");
    }
    return NULL;
}

/* One source is made, of the first; the others want a file of their own. */
static void note_others(struct import *import, const struct yaml_node *root)
{
    const struct yaml_node *list = import_find(import_find(root, "plugins"), "extractors");
    bool is_first = true;
    for (size_t i = 0; list && list->kind == YAML_LIST && i < list->count; i++) {
        const struct yaml_node *plugin = list->items[i];
        if (is_ours(plugin) && !is_first)
            import_gap(import, import->root,
                       "extractor %.*s: not taken over: import a file with it alone",
                       STR_ARG(import_find_text(plugin, "name")));
        is_first &= !is_ours(plugin);
    }
}

static void read_meltano(struct import *import, const struct yaml_node *root)
{
    const struct yaml_node *plugin = plugin_config(root);
    struct tap tap = {.config = plugin ? plugin : root};
    const struct yaml_node *streams = import_find(tap.config, "streams");
    struct str url = import_find_text(tap.config, "api_url");
    import_name_source(import, STR_NONE, url);
    import_base_url(import, import->root, url);
    import_pairs(import, import_find(tap.config, "params"), import->root, "params");
    import_pairs(import, import_find(tap.config, "headers"), import->root, "headers");
    read_auth(import, &tap);
    note_rest(import, tap.config, import->root);
    note_others(import, root);
    for (size_t i = 0; streams && streams->kind == YAML_LIST && i < streams->count; i++) {
        tap.stream = streams->items[i];
        read_stream(import, &tap);
    }
}

static bool is_meltano(const struct yaml_node *root)
{
    const struct yaml_node *config = plugin_config(root);
    return import_find(config ? config : root, "api_url") != NULL;
}

const struct import_format import_meltano = {
    .name = "meltano",
    .what = "settings of tap-rest-api-msdk: api_url and streams, alone or in meltano.yml",
    .is = is_meltano,
    .read = read_meltano,
};

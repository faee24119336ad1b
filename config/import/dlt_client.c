#include "config/import/dlt.h"

/* --- auth --- */

struct auth_field {
    const char *word, *key;
    bool is_secret;
};

static const struct auth_type {
    const char *word, *type;
    struct auth_field fields[8];
} auth_types[] = {
    {"bearer", "bearer", {{"token", "token", true}}},
    {"api_key",
     "api_key",
     {{"location", "in", false}, {"name", "name", false}, {"api_key", "value", true}}},
    {"http_basic", "basic", {{"username", "user", true}, {"password", "password", true}}},
    {"oauth2_client_credentials",
     "oauth2",
     {{"access_token_url", "token_url", false},
      {"client_id", "client_id", true},
      {"client_secret", "client_secret", true},
      {"default_token_expiration", "ttl", false}}},
};

static const struct auth_type *find_auth(struct str type)
{
    for (size_t i = 0; i < COUNT_OF(auth_types); i++)
        if (str_is(type, auth_types[i].word))
            return &auth_types[i];
    return NULL;
}

static void take_auth_fields(struct import *import, const struct auth_type *type,
                             const struct yaml_node *node, struct outline *auth)
{
    for (const struct auth_field *field = type->fields; field->word; field++) {
        const struct yaml_node *value = import_find(node, field->word);
        struct str text = import_text(value);
        if (field->is_secret)
            outline_put(auth, field->key, import_secret(import, str_from(field->word), text));
        else if (str_find(text, STR("://")) >= 0)
            outline_put(auth, field->key, import_url(import, auth, text));
        else if (value && yaml_is_scalar(value))
            outline_copy(auth, field->key, value);
    }
    const struct yaml_node *more = import_find(node, "access_token_request_data");
    if (more)
        import_pairs(import, more, auth, "params");
}

/* location: header | query | param | cookie */
static void place_key(struct import *import, struct outline *auth)
{
    struct str in = outline_text(outline_find(auth, "in"));
    struct str name = outline_text(outline_find(auth, "name"));
    if (!name.len)
        outline_put(auth, "name", STR("Authorization"));
    if (str_is(in, "param"))
        outline_put(auth, "in", STR("query"));
    if (!str_is(in, "cookie"))
        return;
    struct str value = outline_text(outline_find(auth, "value"));
    outline_put(outline_map(import->root, "headers"), "Cookie",
                arena_printf(import->arena, "%.*s=%.*s", STR_ARG(name), STR_ARG(value)));
    outline_remove(import->root, "auth");
}

void dlt_take_auth(struct import *import, const struct yaml_node *node, struct outline *to,
                   void *ctx)
{
    (void)ctx;
    struct str type = node->kind == YAML_MAP ? import_find_text(node, "type") : node->text;
    const struct auth_type *found = find_auth(type.len ? type : STR("bearer"));
    if (!found) {
        import_gap(import, to, "auth %.*s: not known; docs/credentials.md has the types",
                   STR_ARG(type));
        return;
    }
    struct outline *auth = outline_map(to, "auth");
    outline_put(auth, "type", str_from(found->type));
    take_auth_fields(import, found, node, auth);
    if (!strcmp(found->type, "api_key"))
        place_key(import, auth);
}

/* --- pagination --- */

void dlt_take_path(struct import *import, const struct yaml_node *node, struct outline *to,
                   void *ctx)
{
    struct str path;
    if (import_json_path(import, import_text(node), &path))
        outline_put(to, ctx, path);
    else
        import_gap(import, to, "%.*s: this path has no counterpart; write %s",
                   STR_ARG(node->key), (const char *)ctx);
}

#define PATH_TO(name, here)                                                                    \
    static void name(struct import *import, const struct yaml_node *node, struct outline *to,  \
                     void *ctx)                                                                \
    {                                                                                          \
        static char key[] = here;                                                              \
        (void)ctx;                                                                             \
        dlt_take_path(import, node, to, key);                                                  \
    }
PATH_TO(take_next_path, "next_path")
PATH_TO(take_cursor_path, "cursor_path")
PATH_TO(take_total, "total_path")
PATH_TO(take_total_pages, "total_pages_path")
PATH_TO(take_has_more, "has_more_path")

static void take_body_place(struct import *import, const struct yaml_node *node,
                            struct outline *to, void *ctx)
{
    (void)ctx;
    const char *key = str_starts(node->key, STR("limit")) ? "limit_param" : "param";
    outline_put(to, key, arena_printf(import->arena, "body:%.*s", STR_ARG(import_text(node))));
}

static void take_header_cursor(struct import *import, const struct yaml_node *node,
                               struct outline *to, void *ctx)
{
    (void)ctx;
    outline_put(to, "cursor_path",
                arena_printf(import->arena, "header:%.*s", STR_ARG(import_text(node))));
}

/* `page` is where it begins, whatever the first number is. */
static void take_base_page(struct import *import, const struct yaml_node *node,
                           struct outline *to, void *ctx)
{
    (void)import;
    (void)ctx;
    if (!outline_find(to, "start"))
        outline_copy(to, "start", node);
}

#define STOPPING                                                                               \
    {"has_more_path", take_has_more, NULL, NULL},                                              \
        {"stop_after_empty_page", NULL, "stop_on_empty", NULL},                                \
    {                                                                                          \
        "type", NULL, NULL, NULL                                                               \
    }

static const struct field page_fields[] = {
    {"base_page", take_base_page, NULL, NULL},
    {"page", NULL, "start", NULL},
    {"page_param", NULL, "param", NULL},
    {"page_body_path", take_body_place, NULL, NULL},
    {"total_path", take_total_pages, NULL, NULL},
    {"maximum_page", NULL, "maximum_page", NULL},
    STOPPING,
    FIELD_END,
};
static const struct field offset_fields[] = {
    {"offset", NULL, "start", NULL},
    {"offset_param", NULL, "param", NULL},
    {"offset_body_path", take_body_place, NULL, NULL},
    {"limit", NULL, "size", NULL},
    {"limit_param", NULL, "limit_param", NULL},
    {"limit_body_path", take_body_place, NULL, NULL},
    {"total_path", take_total, NULL, NULL},
    {"maximum_offset", NULL, "maximum_offset", NULL},
    STOPPING,
    FIELD_END,
};
static const struct field cursor_fields[] = {
    {"cursor_path", take_cursor_path, NULL, NULL},
    {"cursor_param", NULL, "param", NULL},
    {"cursor_body_path", take_body_place, NULL, NULL},
    STOPPING,
    FIELD_END,
};
static const struct field header_cursor_fields[] = {
    {"cursor_key", take_header_cursor, NULL, NULL},
    {"cursor_param", NULL, "param", NULL},
    {"type", NULL, NULL, NULL},
    FIELD_END,
};
static const struct field link_fields[] = {
    {"next_url_path", take_next_path, NULL, NULL}, {"type", NULL, NULL, NULL}, FIELD_END};
static const struct field header_fields[] = {
    {"links_next_key", NULL, "rel", NULL}, {"type", NULL, NULL, NULL}, FIELD_END};
static const struct field no_fields[] = {{"type", NULL, NULL, NULL}, FIELD_END};

/* What stands where the tool says nothing: its defaults, where ours are others. */
static const struct paginator {
    const char *word, *type;
    const struct field *fields;
    struct {
        const char *unless, *key, *value;
    } defaults[3];
} paginators[] = {
    {"page_number",
     "page",
     page_fields,
     {{"total_path", "total_pages_path", "total"}, {"base_page", "start", "0"}}},
    {"offset", "offset", offset_fields, {{"total_path", "total_path", "total"}}},
    {"cursor",
     "cursor",
     cursor_fields,
     {{"cursor_path", "cursor_path", "cursors.next"}, {"cursor_param", "param", "cursor"}}},
    {"header_cursor",
     "cursor",
     header_cursor_fields,
     {{"cursor_key", "cursor_path", "header:next"}, {"cursor_param", "param", "cursor"}}},
    {"json_link", "next_url", link_fields, {{"next_url_path", "next_path", "next"}}},
    {"json_response", "next_url", link_fields, {{"next_url_path", "next_path", "next"}}},
    {"header_link", "link_header", header_fields, {{NULL, NULL, NULL}}},
    {"single_page", "none", no_fields, {{NULL, NULL, NULL}}},
    {"auto", "auto", no_fields, {{NULL, NULL, NULL}}},
};

static const struct paginator *find_paginator(struct str word)
{
    for (size_t i = 0; i < COUNT_OF(paginators); i++)
        if (str_is(word, paginators[i].word))
            return &paginators[i];
    return NULL;
}

/* A default counts where the key is not there; null (total_path: null) takes it away. */
static void put_defaults(const struct paginator *paginator, const struct yaml_node *node,
                         struct outline *to)
{
    for (size_t i = 0; i < COUNT_OF(paginator->defaults); i++) {
        const char *unless = paginator->defaults[i].unless;
        const char *key = paginator->defaults[i].key;
        bool is_there = unless && node->kind == YAML_MAP && yaml_find(node, unless);
        if (!unless || is_there || outline_find(to, key))
            continue;
        struct str value = str_from(paginator->defaults[i].value);
        if (str_is(value, "0"))
            outline_put_raw(to, key, value);
        else
            outline_put(to, key, value);
    }
}

void dlt_take_paginator(struct import *import, const struct yaml_node *node, struct outline *to,
                        void *ctx)
{
    (void)ctx;
    struct str word = node->kind == YAML_MAP ? import_find_text(node, "type") : node->text;
    const struct paginator *found = find_paginator(word);
    if (!found) {
        import_gap(import, to,
                   "paginator %.*s: not known; without pagination it is found out, see "
                   "docs/complete.md",
                   STR_ARG(word));
        return;
    }
    struct outline *pagination = outline_map(to, "pagination");
    outline_put(pagination, "type", str_from(found->type));
    if (node->kind == YAML_MAP)
        import_fields(import, found->fields, node, pagination, NULL);
    put_defaults(found, node, pagination);
}

#include "config/json_schema.h"

#include "config/catalogue.h"
#include "config/columns.h"
#include "config/definition.h"
#include "config/format.h"
#include "config/keys.h"
#include "config/node.h"
#include "config/shorthand.h"

static void put_any(struct json_out *out, const struct key *key);

/* A default is YAML: read, so that it can be written as JSON. */
static void put_fallback(struct json_out *out, const struct key *key)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct yaml_node *node = key->fallback ? node_from_text(arena, key->fallback) : NULL;
    if (node)
        value_put(out, "default", node_value(arena, node));
}

static void put_enum(struct json_out *out, const struct choice *choices)
{
    json_out_open(out, NULL, '{');
    json_out_open(out, "enum", '[');
    for (const struct choice *choice = choices; choice->name; choice++)
        json_out_str(out, NULL, str_from(choice->name));
    json_out_close(out, ']');
    json_out_close(out, '}');
}

/* Two schemas, for a place inside anyOf: digits as text, or a number. */
static void put_range(struct json_out *out, const struct key *key)
{
    json_out_raw(out, NULL, STR("{\"type\":\"string\",\"pattern\":\"^[0-9]+$\"}"));
    json_out_open(out, NULL, '{');
    json_out_str(out, "type", STR("integer"));
    json_out_int(out, "minimum", key->min);
    if (key->max)
        json_out_int(out, "maximum", key->max);
    json_out_close(out, '}');
}

static void put_property(struct json_out *out, const struct key *key)
{
    json_out_open(out, key->name, '{');
    if (key->help)
        json_out_str(out, "description", str_from(key->help));
    json_out_open(out, "anyOf", '[');
    put_any(out, key);
    if (shorthand_schema(key->name) && key->type != KEY_CUSTOM)
        json_out_raw(out, NULL, str_from(shorthand_schema(key->name)));
    json_out_raw(out, NULL, STR("{\"type\":\"null\"}"));
    json_out_close(out, ']');
    put_fallback(out, key);
    json_out_close(out, '}');
}

/* At the top one of the catalogue's entries, elsewhere a stream of the one named there. */
static void put_like(struct json_out *out, const struct key *key, unsigned level)
{
    json_out_open(out, key->name, '{');
    json_out_str(out, "description", str_from(key->help));
    if (level == KEY_IN_SOURCE) {
        json_out_open(out, "enum", '[');
        for (size_t i = 0; catalogue_name(i).len; i++)
            json_out_str(out, NULL, catalogue_name(i));
        json_out_raw(out, NULL, STR("null"));
        json_out_close(out, ']');
    } else {
        json_out_raw(out, "type", STR("[\"string\",\"null\"]"));
    }
    json_out_close(out, '}');
}

static bool is_for(const struct key *key, unsigned level)
{
    return !(key->flags & KEY_IN_SPEC) && (level == 0 || key->flags & level);
}

static void put_required(struct json_out *out, const struct keys *keys, unsigned level,
                         const char *also)
{
    json_out_open(out, "required", '[');
    if (also)
        json_out_str(out, NULL, str_from(also));
    for (const struct key *key = keys->list; key->name; key++)
        if (is_for(key, level) && key->flags & KEY_REQUIRED)
            json_out_str(out, NULL, str_from(key->name));
    json_out_close(out, ']');
}

/* `type`: the variant's name, whose keys these are; NULL elsewhere. */
static void put_members(struct json_out *out, const struct keys *keys, unsigned level,
                        const char *type)
{
    json_out_str(out, "type", STR("object"));
    json_out_bool(out, "additionalProperties", false);
    json_out_open(out, "properties", '{');
    for (const struct key *key = keys->list; key->name; key++) {
        if (!is_for(key, level))
            continue;
        if (level && !strcmp(key->name, "like")) {
            put_like(out, key, level);
            continue;
        }
        if (!type || strcmp(key->name, "type") != 0) {
            put_property(out, key);
            continue;
        }
        json_out_open(out, "type", '{');
        json_out_str(out, "const", str_from(type));
        json_out_close(out, '}');
    }
    json_out_close(out, '}');
    put_required(out, keys, level, type ? "type" : level == KEY_IN_SOURCE ? "streams" : NULL);
}

static void put_struct(struct json_out *out, const char *key, const struct keys *keys,
                       const char *type)
{
    json_out_open(out, key, '{');
    put_members(out, keys, 0, type);
    json_out_close(out, '}');
}

/* Without `type` it changes what the catalogue's entry has: keys of any of the variants. */
static void put_partial(struct json_out *out, const struct key *key)
{
    json_out_open(out, NULL, '{');
    json_out_str(out, "type", STR("object"));
    json_out_raw(out, "not", STR("{\"required\":[\"type\"]}"));
    json_out_open(out, "propertyNames", '{');
    json_out_open(out, "enum", '[');
    for (const struct variant *variant = key->variants; variant->name; variant++)
        for (const struct key *member = variant->keys->list; member->name; member++)
            json_out_str(out, NULL, str_from(member->name));
    json_out_close(out, ']');
    json_out_close(out, '}');
    json_out_close(out, '}');
}

/* A lone text is a type without further keys. */
static void put_union(struct json_out *out, const struct key *key)
{
    json_out_open(out, NULL, '{');
    json_out_open(out, "anyOf", '[');
    json_out_open(out, NULL, '{');
    json_out_open(out, "enum", '[');
    for (const struct variant *variant = key->variants; variant->name; variant++)
        json_out_str(out, NULL, str_from(variant->name));
    json_out_close(out, ']');
    json_out_close(out, '}');
    for (const struct variant *variant = key->variants; variant->name; variant++)
        put_struct(out, NULL, variant->keys, variant->name);
    put_partial(out, key);
    json_out_close(out, ']');
    json_out_close(out, '}');
}

static void put_list_or_one(struct json_out *out, const struct key *key)
{
    json_out_open(out, NULL, '{');
    json_out_open(out, "anyOf", '[');
    put_struct(out, NULL, key->keys, NULL);
    json_out_open(out, NULL, '{');
    json_out_str(out, "type", STR("array"));
    json_out_open(out, "items", '{');
    json_out_open(out, "anyOf", '[');
    put_struct(out, NULL, key->keys, NULL);
    if (shorthand_schema(key->name))
        json_out_raw(out, NULL, str_from(shorthand_schema(key->name)));
    json_out_close(out, ']');
    json_out_close(out, '}');
    json_out_close(out, '}');
    json_out_close(out, ']');
    json_out_close(out, '}');
}

static void put_named_structs(struct json_out *out, const struct key *key)
{
    json_out_open(out, NULL, '{');
    json_out_str(out, "type", STR("object"));
    put_struct(out, "additionalProperties", key->keys, NULL);
    json_out_close(out, '}');
}

static void put_columns(struct json_out *out)
{
    json_out_open(out, NULL, '{');
    json_out_open(out, "anyOf", '[');
    json_out_raw(out, NULL, STR("{\"enum\":[\"infer\",\"none\"]}"));
    json_out_open(out, NULL, '{');
    json_out_str(out, "type", STR("object"));
    json_out_open(out, "additionalProperties", '{');
    json_out_open(out, "anyOf", '[');
    put_struct(out, NULL, &column_keys, NULL);
    json_out_raw(out, NULL, str_from(shorthand_schema("columns")));
    json_out_close(out, ']');
    json_out_close(out, '}');
    json_out_close(out, '}');
    json_out_close(out, ']');
    json_out_close(out, '}');
}

static void put_shape(struct json_out *out)
{
    json_out_open(out, NULL, '{');
    json_out_open(out, "anyOf", '[');
    json_out_raw(out, NULL, STR("{\"enum\":[\"members\",\"mixed\"]}"));
    put_struct(out, NULL, &shape_keys, NULL);
    json_out_close(out, ']');
    json_out_close(out, '}');
}

/* Keys that are written here but read elsewhere. */
static void put_moved(struct json_out *out, const struct key *key)
{
    const struct key *there = keys_find(&definition_keys, str_from(key->name));
    if (strcmp(key->name, "defaults") == 0) {
        json_out_raw(out, NULL, STR("{\"$ref\":\"#/$defs/stream\"}"));
    } else if (strcmp(key->name, "streams") == 0) {
        json_out_raw(out, NULL,
                     STR("{\"type\":\"object\",\"minProperties\":1,"
                         "\"additionalProperties\":false,"
                         "\"patternProperties\":{\"^[a-z][a-z0-9_]{0,47}$\":"
                         "{\"$ref\":\"#/$defs/stream\"}}}"));
    } else if (strcmp(key->name, "loop") == 0) {
        json_out_open(out, NULL, '{');
        json_out_str(out, "type", STR("object"));
        json_out_bool(out, "additionalProperties", false);
        json_out_raw(out, "required", STR("[\"pagination\"]"));
        json_out_open(out, "properties", '{');
        put_property(out, keys_find(&definition_keys, STR("pagination")));
        json_out_close(out, '}');
        json_out_close(out, '}');
    } else if (there && there->type != KEY_MOVED) {
        put_any(out, there);
    } else {
        json_out_bool(out, NULL, true);
    }
}

#define TEXT_SCHEMA "{\"type\":[\"string\",\"number\"]}"

/* Of the types that need nothing else of the key. */
static const char *const plain_schemas[] = {
    [KEY_TEXT] = TEXT_SCHEMA,
    [KEY_CSTR] = TEXT_SCHEMA,
    [KEY_DURATION] = TEXT_SCHEMA,
    [KEY_SIZE] = TEXT_SCHEMA,
    [KEY_PATH] = TEXT_SCHEMA,
    [KEY_LOCATOR] = TEXT_SCHEMA,
    [KEY_PLACE] = TEXT_SCHEMA,
    [KEY_TEXTS] =
        "{\"anyOf\":[" TEXT_SCHEMA ",{\"type\":\"array\",\"items\":" TEXT_SCHEMA "}]}",
    [KEY_BOOL] = "{\"enum\":[true,false,\"true\",\"false\"]}",
    [KEY_TEMPLATES] = "{\"type\":\"object\"}",
    [KEY_VALUE] = "true",
    [KEY_TEMPLATE] = "true",
    [KEY_TEMPLATE_REF] = "true",
};

static void put_any(struct json_out *out, const struct key *key)
{
    switch (key->type) {
    case KEY_COUNT:
    case KEY_INT:
        put_range(out, key);
        return;
    case KEY_WORD:
    case KEY_CHOICE:
    case KEY_SWITCH:
        put_enum(out, key->choices);
        return;
    case KEY_STRUCT:
        put_struct(out, NULL, key->keys, NULL);
        return;
    case KEY_STRUCTS:
        put_list_or_one(out, key);
        return;
    case KEY_NAMED_STRUCTS:
        put_named_structs(out, key);
        return;
    case KEY_UNION:
        put_union(out, key);
        return;
    case KEY_MOVED:
        put_moved(out, key);
        return;
    case KEY_CUSTOM:
        if (key->read == columns_read)
            put_columns(out);
        else if (key->read == format_read_shape)
            put_shape(out);
        else if (key->flags & KEY_PAIRS)
            json_out_raw(out, NULL, STR("{\"type\":\"object\"}"));
        else
            json_out_bool(out, NULL, true);
        return;
    default:
        json_out_raw(out, NULL, str_from(plain_schemas[key->type]));
    }
}

void json_schema_put(struct buf *buf)
{
    struct json_out out = {.buf = buf};
    json_out_open(&out, NULL, '{');
    json_out_str(&out, "$schema", STR("https://json-schema.org/draft/2020-12/schema"));
    json_out_str(&out, "title", STR("Pagetide source definition"));
    put_members(&out, &definition_keys, KEY_IN_SOURCE, NULL);
    json_out_open(&out, "$defs", '{');
    json_out_open(&out, "stream", '{');
    put_members(&out, &definition_keys, KEY_IN_STREAM, NULL);
    json_out_close(&out, '}');
    json_out_close(&out, '}');
    json_out_close(&out, '}');
}

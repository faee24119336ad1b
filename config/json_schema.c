#include "config/reference.h"

#include "config/definition.h"
#include "config/node.h"

/*
 * The keys as JSON Schema. It is as strict as the reader on names and choices, and laxer
 * where only the reader can judge: expressions, paths, what keys mean together.
 */
static void put_any(struct buf *buf, const struct key *key);

/* A default is YAML: read, so that it can be written as JSON. */
static void put_fallback(struct buf *buf, const struct key *key)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct yaml_node *node = key->fallback ? node_from_text(arena, key->fallback) : NULL;
    if (!node)
        return;
    buf_puts(buf, ",\"default\":");
    value_format(buf, node_value(arena, node));
}

static void put_enum(struct buf *buf, const struct choice *choices)
{
    const char *joint = "";
    buf_puts(buf, "{\"enum\":[");
    for (const struct choice *choice = choices; choice->name; choice++) {
        if (choice->later)
            continue;
        buf_printf(buf, "%s\"%s\"", joint, choice->name);
        joint = ",";
    }
    buf_puts(buf, "]}");
}

static void put_range(struct buf *buf, const struct key *key)
{
    buf_printf(buf,
               "{\"type\":\"string\",\"pattern\":\"^[0-9]+$\"},"
               "{\"type\":\"integer\",\"minimum\":%lld",
               (long long)key->min);
    if (key->max)
        buf_printf(buf, ",\"maximum\":%lld", (long long)key->max);
    buf_puts(buf, "}");
}

static const struct key *find_key(const struct keys *keys, const char *name)
{
    for (const struct key *key = keys->list; key->name; key++)
        if (strcmp(key->name, name) == 0)
            return key;
    return NULL;
}

static void put_property(struct buf *buf, const struct key *key)
{
    value_format_string(buf, str_from(key->name));
    buf_puts(buf, ":{");
    if (key->help) {
        buf_puts(buf, "\"description\":");
        value_format_string(buf, str_from(key->help));
        buf_puts(buf, ",");
    }
    buf_puts(buf, "\"anyOf\":[");
    put_any(buf, key);
    buf_puts(buf, ",{\"type\":\"null\"}]");
    put_fallback(buf, key);
    buf_puts(buf, "}");
}

static bool is_for(const struct key *key, unsigned level)
{
    return !(key->flags & (KEY_IN_SPEC | KEY_LATER)) && (level == 0 || key->flags & level);
}

static void put_required(struct buf *buf, const struct keys *keys, unsigned level,
                         const char *also)
{
    const char *joint = "";
    buf_puts(buf, ",\"required\":[");
    if (also) {
        buf_printf(buf, "\"%s\"", also);
        joint = ",";
    }
    for (const struct key *key = keys->list; key->name; key++) {
        if (!is_for(key, level) || !(key->flags & KEY_REQUIRED))
            continue;
        buf_printf(buf, "%s\"%s\"", joint, key->name);
        joint = ",";
    }
    buf_puts(buf, "]");
}

/* `type`: the variant's name, whose keys these are; NULL elsewhere. */
static void put_object(struct buf *buf, const struct keys *keys, unsigned level,
                       const char *type)
{
    const char *joint = "";
    buf_puts(buf, "\"type\":\"object\",\"additionalProperties\":false,\"properties\":{");
    for (const struct key *key = keys->list; key->name; key++) {
        bool is_type = type && strcmp(key->name, "type") == 0;
        if (!is_for(key, level))
            continue;
        buf_printf(buf, "%s", joint);
        if (is_type)
            buf_printf(buf, "\"type\":{\"const\":\"%s\"}", type);
        else
            put_property(buf, key);
        joint = ",";
    }
    buf_puts(buf, "}");
    put_required(buf, keys, level, type ? "type" : level == KEY_IN_SOURCE ? "streams" : NULL);
}

static void put_struct(struct buf *buf, const struct keys *keys)
{
    buf_puts(buf, "{");
    put_object(buf, keys, 0, NULL);
    buf_puts(buf, "}");
}

/* A lone text is a type without further keys. */
static void put_union(struct buf *buf, const struct key *key)
{
    const char *joint = "";
    buf_puts(buf, "{\"anyOf\":[{\"enum\":[");
    for (const struct variant *variant = key->variants; variant->name; variant++) {
        if (variant->later)
            continue;
        buf_printf(buf, "%s\"%s\"", joint, variant->name);
        joint = ",";
    }
    buf_puts(buf, "]}");
    for (const struct variant *variant = key->variants; variant->name; variant++) {
        if (variant->later)
            continue;
        buf_puts(buf, ",{");
        put_object(buf, variant->keys, 0, variant->name);
        buf_puts(buf, "}");
    }
    buf_puts(buf, "]}");
}

static void put_list_or_one(struct buf *buf, const struct key *key)
{
    buf_puts(buf, "{\"anyOf\":[");
    put_struct(buf, key->keys);
    buf_puts(buf, ",{\"type\":\"array\",\"items\":");
    put_struct(buf, key->keys);
    buf_puts(buf, "}]}");
}

static void put_columns(struct buf *buf)
{
    buf_puts(buf, "{\"anyOf\":[{\"enum\":[\"infer\",\"none\"]},"
                  "{\"type\":\"object\",\"additionalProperties\":");
    put_struct(buf, &column_keys);
    buf_puts(buf, "}]}");
}

/* Keys that stand here but are read elsewhere. */
static void put_moved(struct buf *buf, const struct key *key)
{
    const struct key *there = find_key(&definition_keys, key->name);
    if (strcmp(key->name, "defaults") == 0) {
        buf_puts(buf, "{\"$ref\":\"#/$defs/stream\"}");
    } else if (strcmp(key->name, "streams") == 0) {
        buf_puts(buf, "{\"type\":\"object\",\"minProperties\":1,\"additionalProperties\":false,"
                      "\"patternProperties\":{\"^[a-z][a-z0-9_]{0,47}$\":"
                      "{\"$ref\":\"#/$defs/stream\"}}}");
    } else if (strcmp(key->name, "loop") == 0) {
        buf_puts(buf, "{\"type\":\"object\",\"additionalProperties\":false,"
                      "\"required\":[\"pagination\"],\"properties\":{");
        put_property(buf, find_key(&definition_keys, "pagination"));
        buf_puts(buf, "}}");
    } else if (there && there->type != KEY_MOVED) {
        put_any(buf, there);
    } else {
        buf_puts(buf, "true");
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

static void put_custom(struct buf *buf, const struct key *key)
{
    if (key->read == columns_read)
        put_columns(buf);
    else if (key->flags & KEY_PAIRS)
        buf_puts(buf, "{\"type\":\"object\"}");
    else
        buf_puts(buf, "true");
}

static void put_any(struct buf *buf, const struct key *key)
{
    switch (key->type) {
    case KEY_COUNT:
    case KEY_INT:
        put_range(buf, key);
        return;
    case KEY_WORD:
    case KEY_CHOICE:
    case KEY_SWITCH:
        put_enum(buf, key->choices);
        return;
    case KEY_STRUCT:
        put_struct(buf, key->keys);
        return;
    case KEY_STRUCTS:
        put_list_or_one(buf, key);
        return;
    case KEY_UNION:
        put_union(buf, key);
        return;
    case KEY_MOVED:
        put_moved(buf, key);
        return;
    case KEY_CUSTOM:
        put_custom(buf, key);
        return;
    default:
        buf_printf(buf, "%s", plain_schemas[key->type]);
    }
}

void reference_put_schema(struct buf *buf)
{
    buf_puts(buf, "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
                  "\"title\":\"Pagetide source definition\",");
    put_object(buf, &definition_keys, KEY_IN_SOURCE, NULL);
    buf_puts(buf, ",\"$defs\":{\"stream\":{");
    put_object(buf, &definition_keys, KEY_IN_STREAM, NULL);
    buf_puts(buf, "}}}");
}

#include "config/reference.h"

#include "config/definition.h"
#include "config/node.h"

/*
 * The tables as JSON Schema. It is as strict as the reader on names and choices, and laxer
 * where only the reader can judge: expressions, paths, what keys mean together.
 */
static void put_any(struct buf *buf, const struct field *field);

/* A default is YAML: read, so that it can be written as JSON. */
static void put_fallback(struct buf *buf, const struct field *field)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct yaml_node *node =
        field->fallback ? node_from_text(arena, field->fallback) : NULL;
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

static void put_range(struct buf *buf, const struct field *field)
{
    buf_printf(buf,
               "{\"type\":\"string\",\"pattern\":\"^[0-9]+$\"},"
               "{\"type\":\"integer\",\"minimum\":%lld",
               (long long)field->min);
    if (field->max)
        buf_printf(buf, ",\"maximum\":%lld", (long long)field->max);
    buf_puts(buf, "}");
}

static const struct field *find_field(const struct key_table *table, const char *name)
{
    for (const struct field *field = table->fields; field->name; field++)
        if (strcmp(field->name, name) == 0)
            return field;
    return NULL;
}

static void put_property(struct buf *buf, const struct field *field)
{
    value_format_string(buf, str_from(field->name));
    buf_puts(buf, ":{");
    if (field->help) {
        buf_puts(buf, "\"description\":");
        value_format_string(buf, str_from(field->help));
        buf_puts(buf, ",");
    }
    buf_puts(buf, "\"anyOf\":[");
    put_any(buf, field);
    buf_puts(buf, ",{\"type\":\"null\"}]");
    put_fallback(buf, field);
    buf_puts(buf, "}");
}

static bool is_for(const struct field *field, unsigned level)
{
    return !(field->flags & (FIELD_IN_SPEC | FIELD_LATER)) &&
           (level == 0 || field->flags & level);
}

static void put_required(struct buf *buf, const struct key_table *table, unsigned level,
                         const char *also)
{
    const char *joint = "";
    buf_puts(buf, ",\"required\":[");
    if (also) {
        buf_printf(buf, "\"%s\"", also);
        joint = ",";
    }
    for (const struct field *field = table->fields; field->name; field++) {
        if (!is_for(field, level) || !(field->flags & FIELD_REQUIRED))
            continue;
        buf_printf(buf, "%s\"%s\"", joint, field->name);
        joint = ",";
    }
    buf_puts(buf, "]");
}

/* `type`: the variant's name, of a union's table; NULL elsewhere. */
static void put_object(struct buf *buf, const struct key_table *table, unsigned level,
                       const char *type)
{
    const char *joint = "";
    buf_puts(buf, "\"type\":\"object\",\"additionalProperties\":false,\"properties\":{");
    for (const struct field *field = table->fields; field->name; field++) {
        bool is_type = type && strcmp(field->name, "type") == 0;
        if (!is_for(field, level))
            continue;
        buf_printf(buf, "%s", joint);
        if (is_type)
            buf_printf(buf, "\"type\":{\"const\":\"%s\"}", type);
        else
            put_property(buf, field);
        joint = ",";
    }
    buf_puts(buf, "}");
    put_required(buf, table, level,
                 type                       ? "type"
                 : level == FIELD_IN_SOURCE ? "streams"
                                            : NULL);
}

static void put_struct(struct buf *buf, const struct key_table *table)
{
    buf_puts(buf, "{");
    put_object(buf, table, 0, NULL);
    buf_puts(buf, "}");
}

/* A lone text is a type without further keys. */
static void put_union(struct buf *buf, const struct field *field)
{
    const char *joint = "";
    buf_puts(buf, "{\"anyOf\":[{\"enum\":[");
    for (const struct variant *variant = field->variants; variant->name; variant++) {
        if (variant->later)
            continue;
        buf_printf(buf, "%s\"%s\"", joint, variant->name);
        joint = ",";
    }
    buf_puts(buf, "]}");
    for (const struct variant *variant = field->variants; variant->name; variant++) {
        if (variant->later)
            continue;
        buf_puts(buf, ",{");
        put_object(buf, variant->table, 0, variant->name);
        buf_puts(buf, "}");
    }
    buf_puts(buf, "]}");
}

static void put_list_or_one(struct buf *buf, const struct field *field)
{
    buf_puts(buf, "{\"anyOf\":[");
    put_struct(buf, field->table);
    buf_puts(buf, ",{\"type\":\"array\",\"items\":");
    put_struct(buf, field->table);
    buf_puts(buf, "}]}");
}

static void put_columns(struct buf *buf)
{
    buf_puts(buf, "{\"anyOf\":[{\"enum\":[\"infer\",\"none\"]},"
                  "{\"type\":\"object\",\"additionalProperties\":");
    put_struct(buf, &column_table);
    buf_puts(buf, "}]}");
}

/* Keys that stand here but are read elsewhere. */
static void put_moved(struct buf *buf, const struct field *field)
{
    const struct field *there = find_field(&definition_table, field->name);
    if (strcmp(field->name, "defaults") == 0) {
        buf_puts(buf, "{\"$ref\":\"#/$defs/stream\"}");
    } else if (strcmp(field->name, "streams") == 0) {
        buf_puts(buf, "{\"type\":\"object\",\"minProperties\":1,\"additionalProperties\":false,"
                      "\"patternProperties\":{\"^[a-z][a-z0-9_]{0,47}$\":"
                      "{\"$ref\":\"#/$defs/stream\"}}}");
    } else if (strcmp(field->name, "loop") == 0) {
        buf_puts(buf, "{\"type\":\"object\",\"additionalProperties\":false,"
                      "\"required\":[\"pagination\"],\"properties\":{");
        put_property(buf, find_field(&definition_table, "pagination"));
        buf_puts(buf, "}}");
    } else if (there && there->type != FIELD_MOVED) {
        put_any(buf, there);
    } else {
        buf_puts(buf, "true");
    }
}

#define TEXT_SCHEMA "{\"type\":[\"string\",\"number\"]}"

/* Of the types that need nothing of the row. */
static const char *const plain_schemas[] = {
    [FIELD_TEXT] = TEXT_SCHEMA,
    [FIELD_CSTR] = TEXT_SCHEMA,
    [FIELD_DURATION] = TEXT_SCHEMA,
    [FIELD_SIZE] = TEXT_SCHEMA,
    [FIELD_PATH] = TEXT_SCHEMA,
    [FIELD_LOCATOR] = TEXT_SCHEMA,
    [FIELD_PLACE] = TEXT_SCHEMA,
    [FIELD_TEXTS] =
        "{\"anyOf\":[" TEXT_SCHEMA ",{\"type\":\"array\",\"items\":" TEXT_SCHEMA "}]}",
    [FIELD_BOOL] = "{\"enum\":[true,false,\"true\",\"false\"]}",
    [FIELD_TEMPLATES] = "{\"type\":\"object\"}",
    [FIELD_VALUE] = "true",
    [FIELD_TEMPLATE] = "true",
    [FIELD_TEMPLATE_REF] = "true",
};

static void put_custom(struct buf *buf, const struct field *field)
{
    if (field->read == columns_read)
        put_columns(buf);
    else if (field->flags & FIELD_PAIRS)
        buf_puts(buf, "{\"type\":\"object\"}");
    else
        buf_puts(buf, "true");
}

static void put_any(struct buf *buf, const struct field *field)
{
    switch (field->type) {
    case FIELD_COUNT:
    case FIELD_INT:
        put_range(buf, field);
        return;
    case FIELD_WORD:
    case FIELD_CHOICE:
    case FIELD_SWITCH:
        put_enum(buf, field->choices);
        return;
    case FIELD_STRUCT:
        put_struct(buf, field->table);
        return;
    case FIELD_STRUCTS:
        put_list_or_one(buf, field);
        return;
    case FIELD_UNION:
        put_union(buf, field);
        return;
    case FIELD_MOVED:
        put_moved(buf, field);
        return;
    case FIELD_CUSTOM:
        put_custom(buf, field);
        return;
    default:
        buf_printf(buf, "%s", plain_schemas[field->type]);
    }
}

void reference_put_schema(struct buf *buf)
{
    buf_puts(buf, "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
                  "\"title\":\"Pagetide source definition\",");
    put_object(buf, &definition_table, FIELD_IN_SOURCE, NULL);
    buf_puts(buf, ",\"$defs\":{\"stream\":{");
    put_object(buf, &definition_table, FIELD_IN_STREAM, NULL);
    buf_puts(buf, "}}}");
}

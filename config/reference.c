#include "config/reference.h"

#include "config/definition.h"
#include "config/settings.h"

enum { TABLES_MAX = 64 };

struct reference {
    struct buf *out;
    enum reference_style style;
    const struct key_table *done[TABLES_MAX]; /* a table that several keys share comes once */
    size_t done_count;
};

/* ---- one key ---- */

static void put_choices(struct buf *buf, const struct choice *choices)
{
    const char *joint = "";
    for (const struct choice *choice = choices; choice->name; choice++) {
        if (choice->later)
            continue;
        buf_printf(buf, "%s%s", joint, choice->name);
        joint = ", ";
    }
}

static void put_range(struct buf *buf, const struct field *field)
{
    buf_puts(buf, "number");
    if (field->max)
        buf_printf(buf, " from %lld to %lld", (long long)field->min, (long long)field->max);
    else if (field->min)
        buf_printf(buf, " from %lld", (long long)field->min);
}

static const char *const type_names[] = {
    [FIELD_TEXT] = "text",
    [FIELD_CSTR] = "text",
    [FIELD_BOOL] = "true or false",
    [FIELD_DURATION] = "duration",
    [FIELD_SIZE] = "size",
    [FIELD_TEXTS] = "list of texts",
    [FIELD_VALUE] = "any value",
    [FIELD_TEMPLATE] = "expression",
    [FIELD_TEMPLATE_REF] = "expression",
    [FIELD_TEMPLATES] = "map of expressions",
    [FIELD_PATH] = "path",
    [FIELD_LOCATOR] = "locator",
    [FIELD_PLACE] = "place",
    [FIELD_STRUCT] = "map",
    [FIELD_STRUCTS] = "map, or list of maps",
};

static void put_type(struct buf *buf, const struct field *field)
{
    if (field->type == FIELD_CHOICE || field->type == FIELD_SWITCH || field->type == FIELD_WORD)
        put_choices(buf, field->choices);
    else if (field->type == FIELD_COUNT || field->type == FIELD_INT)
        put_range(buf, field);
    else if (field->type == FIELD_UNION)
        buf_puts(buf, "map by type");
    else if (field->type == FIELD_CUSTOM && field->flags & FIELD_PAIRS)
        buf_puts(buf, "map");
    else if (field->type < COUNT_OF(type_names) && type_names[field->type])
        buf_printf(buf, "%s", type_names[field->type]);
}

static void put_default(struct buf *buf, const struct field *field)
{
    if (field->flags & FIELD_REQUIRED)
        buf_puts(buf, "required");
    else if (field->fallback && strcmp(field->fallback, "{}") != 0)
        buf_printf(buf, "%s", field->fallback);
}

static void put_key(const struct reference *reference, const struct field *field)
{
    AUTO_BUF(type, KIB(4));
    AUTO_BUF(fallback, KIB(4));
    bool later = field->flags & FIELD_LATER;
    const char *help = later ? "not available yet" : field->help ? field->help : "";
    if (!later)
        put_type(&type, field);
    put_default(&fallback, field);
    const char *format = reference->style == REFERENCE_MARKDOWN
                             ? "| `%s` | %.*s | %.*s | %s |\n"
                             : "  %-18s %-26.*s %-16.*s %s\n";
    struct str type_text = buf_str(&type), fallback_text = buf_str(&fallback);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    buf_printf(reference->out, format, field->name, STR_ARG(type_text), STR_ARG(fallback_text),
               help);
#pragma GCC diagnostic pop
}

/* ---- a table ---- */

static void put_title(const struct reference *reference, struct str title)
{
    if (reference->style == REFERENCE_MARKDOWN)
        buf_printf(reference->out,
                   "\n## %.*s\n\n| key | type | default | meaning |\n|---|---|---|---|\n",
                   STR_ARG(title));
    else
        buf_printf(reference->out, "\n%.*s\n", STR_ARG(title));
}

static bool is_for(const struct field *field, unsigned level)
{
    return !(field->flags & FIELD_IN_SPEC) && (level == 0 || field->flags & level);
}

static void put_keys(const struct reference *reference, const struct key_table *table,
                     unsigned level, struct str title)
{
    put_title(reference, title);
    for (const struct field *field = table->fields; field->name; field++)
        if (is_for(field, level))
            put_key(reference, field);
}

static void put_below(struct reference *reference, const struct key_table *table,
                      struct str prefix);

static bool is_done(struct reference *reference, const struct key_table *table)
{
    for (size_t i = 0; i < reference->done_count; i++)
        if (reference->done[i] == table)
            return true;
    if (reference->done_count < TABLES_MAX)
        reference->done[reference->done_count++] = table;
    return false;
}

static void put_table(struct reference *reference, const struct key_table *table,
                      struct str title)
{
    if (is_done(reference, table))
        return;
    put_keys(reference, table, 0, title);
    put_below(reference, table, title);
}

static void put_variants(struct reference *reference, const struct field *field,
                         struct arena *arena)
{
    for (const struct variant *variant = field->variants; variant->name; variant++)
        if (variant->table && !variant->later)
            put_keys(reference, variant->table, 0,
                     arena_printf(arena, "%s: {type: %s}", field->name, variant->name));
    for (const struct variant *variant = field->variants; variant->name; variant++)
        if (variant->table && !variant->later)
            put_below(reference, variant->table, str_from(field->name));
}

/* The tables that keys of this one open. */
static void put_below(struct reference *reference, const struct key_table *table,
                      struct str prefix)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const char *joint = prefix.len ? ": " : "";
    for (const struct field *field = table->fields; field->name; field++) {
        struct str title = arena_printf(arena, "%.*s%s%s", STR_ARG(prefix), joint, field->name);
        if (field->flags & FIELD_LATER)
            continue;
        if (field->type == FIELD_UNION)
            put_variants(reference, field, arena);
        else if (field->type == FIELD_STRUCT || field->type == FIELD_STRUCTS)
            put_table(reference, field->table, title);
        else if (field->type == FIELD_CUSTOM && field->read == columns_read)
            put_table(reference, &column_table, STR("columns: one column"));
    }
}

void reference_put(struct buf *buf, enum reference_style style)
{
    struct reference reference = {.out = buf, .style = style};
    put_keys(&reference, &definition_table, FIELD_IN_SOURCE, STR("A source"));
    put_keys(&reference, &definition_table, FIELD_IN_STREAM,
             STR("A stream, or `defaults` of a source"));
    put_below(&reference, &definition_table, STR_NONE);
    put_keys(&reference, &setting_table, 0, STR("Settings: pagetide.yaml"));
}

#include "config/reference.h"

#include <assert.h>

#include "config/columns.h"
#include "config/definition.h"
#include "config/format.h"
#include "config/key_expr.h"
#include "config/settings.h"

enum { KEYS_MAX = 64 };

struct reference {
    struct buf *out;
    enum reference_style style;
    const struct keys *done[KEYS_MAX]; /* keys that several others share come once */
    size_t done_count;
};

/* --- one key --- */

static void put_choices(struct buf *buf, const struct choice *choices)
{
    const char *joint = "";
    for (const struct choice *choice = choices; choice->name; choice++) {
        buf_printf(buf, "%s%s", joint, choice->name);
        joint = ", ";
    }
}

static void put_range(struct buf *buf, const struct key *key)
{
    buf_puts(buf, "number");
    if (key->max)
        buf_printf(buf, " from %lld to %lld", (long long)key->min, (long long)key->max);
    else if (key->min)
        buf_printf(buf, " from %lld", (long long)key->min);
}

static const char *const type_names[] = {
    [KEY_TEXT] = "text",
    [KEY_CSTR] = "text",
    [KEY_BOOL] = "true or false",
    [KEY_DURATION] = "duration",
    [KEY_SIZE] = "size",
    [KEY_TEXTS] = "list of texts",
    [KEY_VALUE] = "any value",
    [KEY_TEMPLATE] = "expression",
    [KEY_TEMPLATE_REF] = "expression",
    [KEY_TEMPLATES] = "map of expressions",
    [KEY_PATH] = "path",
    [KEY_LOCATOR] = "locator",
    [KEY_PLACE] = "place",
    [KEY_STRUCT] = "map",
    [KEY_STRUCTS] = "map, or list of maps",
    [KEY_NAMED_STRUCTS] = "map of maps",
};

static void put_type(struct buf *buf, const struct key *key)
{
    if (key->type == KEY_CHOICE || key->type == KEY_SWITCH || key->type == KEY_WORD)
        put_choices(buf, key->choices);
    else if (key->type == KEY_COUNT || key->type == KEY_INT)
        put_range(buf, key);
    else if (key->type == KEY_UNION)
        buf_puts(buf, "map by type");
    else if (key->type == KEY_CUSTOM && key->flags & KEY_PAIRS)
        buf_puts(buf, "map");
    else if (key->type < COUNT_OF(type_names) && type_names[key->type])
        buf_printf(buf, "%s", type_names[key->type]);
}

static void put_default(struct buf *buf, const struct key *key)
{
    if (key->flags & KEY_REQUIRED)
        buf_puts(buf, "required");
    else if (key->fallback && strcmp(key->fallback, "{}") != 0)
        buf_printf(buf, "%s", key->fallback);
}

static void put_key(const struct reference *reference, const struct key *key)
{
    AUTO_BUF(type, KIB(4));
    AUTO_BUF(fallback, KIB(4));
    put_type(&type, key);
    put_default(&fallback, key);
    const char *format = reference->style == REFERENCE_MARKDOWN
                             ? "| `%s` | %.*s | %.*s | %s |\n"
                             : "  %-18s %-26.*s %-16.*s %s\n";
    struct str type_text = buf_str(&type), fallback_text = buf_str(&fallback);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    buf_printf(reference->out, format, key->name, STR_ARG(type_text), STR_ARG(fallback_text),
               key->help ? key->help : "");
#pragma GCC diagnostic pop
}

/* --- the keys of a struct --- */

static void put_title(const struct reference *reference, struct str title)
{
    if (reference->style == REFERENCE_MARKDOWN)
        buf_printf(reference->out,
                   "\n## %.*s\n\n| key | type | default | meaning |\n|---|---|---|---|\n",
                   STR_ARG(title));
    else
        buf_printf(reference->out, "\n%.*s\n", STR_ARG(title));
}

static bool is_for(const struct key *key, unsigned level)
{
    return !(key->flags & KEY_IN_SPEC) && (level == 0 || key->flags & level);
}

static void put_keys(const struct reference *reference, const struct keys *keys, unsigned level,
                     struct str title)
{
    put_title(reference, title);
    for (const struct key *key = keys->list; key->name; key++)
        if (is_for(key, level))
            put_key(reference, key);
}

static void put_below(struct reference *reference, const struct keys *keys, struct str prefix);

static bool is_done(struct reference *reference, const struct keys *keys)
{
    for (size_t i = 0; i < reference->done_count; i++)
        if (reference->done[i] == keys)
            return true;
    assert(reference->done_count < KEYS_MAX);
    reference->done[reference->done_count++] = keys;
    return false;
}

static void put_keys_below(struct reference *reference, const struct keys *keys,
                           struct str title)
{
    if (is_done(reference, keys))
        return;
    put_keys(reference, keys, 0, title);
    put_below(reference, keys, title);
}

static void put_variants(struct reference *reference, const struct key *key,
                         struct arena *arena)
{
    for (const struct variant *variant = key->variants; variant->name; variant++)
        if (variant->keys)
            put_keys(reference, variant->keys, 0,
                     arena_printf(arena, "%s: {type: %s}", key->name, variant->name));
    for (const struct variant *variant = key->variants; variant->name; variant++)
        if (variant->keys)
            put_below(reference, variant->keys, str_from(key->name));
}

/* The keys that are below one of these. */
static void put_below(struct reference *reference, const struct keys *keys, struct str prefix)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const char *joint = prefix.len ? ": " : "";
    for (const struct key *key = keys->list; key->name; key++) {
        struct str title = arena_printf(arena, "%.*s%s%s", STR_ARG(prefix), joint, key->name);
        if (key->type == KEY_UNION)
            put_variants(reference, key, arena);
        else if (key->type == KEY_STRUCT || key->type == KEY_STRUCTS)
            put_keys_below(reference, key->keys, title);
        else if (key->type == KEY_NAMED_STRUCTS)
            put_keys_below(reference, key->keys,
                           arena_printf(arena, "%s: one table", key->name));
        else if (key->type == KEY_CUSTOM && key->read == columns_read)
            put_keys_below(reference, &column_keys, STR("columns: one column"));
        else if (key->type == KEY_CUSTOM && key->read == format_read_shape)
            put_keys_below(reference, &shape_keys, title);
    }
}

static void put_places(const struct reference *reference)
{
    bool is_markdown = reference->style == REFERENCE_MARKDOWN;
    const char *head = "\nPlaces, where `param`, `size_param` and `limit_param` put a value\n";
    if (is_markdown)
        head = "\n## Places\n\nWhere `param`, `size_param` and `limit_param` put a value.\n\n"
               "| for example | is |\n|---|---|\n";
    buf_printf(reference->out, "%s", head);
    for (size_t i = PLACE_FORMS; i > 0; i--) {
        const struct place_form *form = &key_expr_place_forms[i - 1];
        buf_printf(reference->out, is_markdown ? "| `%s` | %s |\n" : "  %s: %s\n",
                   form->example, form->help);
    }
}

void reference_put(struct buf *buf, enum reference_style style)
{
    struct reference reference = {.out = buf, .style = style};
    put_keys(&reference, &definition_keys, KEY_IN_SOURCE, STR("A source"));
    put_keys(&reference, &definition_keys, KEY_IN_STREAM,
             STR("A stream, or `defaults` of a source"));
    put_below(&reference, &definition_keys, STR_NONE);
    put_places(&reference);
    put_keys(&reference, &setting_keys, 0, STR("Settings: pagetide.yaml"));
}

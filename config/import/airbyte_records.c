#include "base/secret_name.h"
#include "config/import/airbyte.h"

/* What becomes of the records of Airbyte's streams: their format, and transformations. */
enum { DECODERS_MAX = 4, CONSTANT_BYTES_MAX = 4096 };

/* --- fields that are added and left out --- */

/*
 * What `with` reads from the record itself: rows[*].a.b beside `merge_path: rows`. False where
 * there is no body to read it from.
 */
static bool record_place(struct manifest *manifest, const struct outline *to, struct str path,
                         struct str *ret)
{
    struct str format = outline_text(outline_find(to, "format"));
    struct str merge_path = manifest->merge_path;
    *ret = arena_printf(manifest->import->arena, "%.*s[*]%s%.*s", STR_ARG(merge_path),
                        str_starts(path, STR("[")) ? "" : ".", STR_ARG(path));
    return !str_is(format, "csv") && !str_is(format, "ndjson");
}

/* A plain text in `with` would be a path: a constant is an expression. */
static void put_constant(struct manifest *manifest, struct outline *to, const char *key,
                         struct str text)
{
    AUTO_BUF(out, CONSTANT_BYTES_MAX);
    for (size_t i = 0; i < text.len; i++) {
        if (strchr("\\'", text.ptr[i]))
            buf_put_byte(&out, '\\');
        buf_put_byte(&out, text.ptr[i]);
    }
    if (secret_name_is(str_from(key)) || secret_name_is_scheme(text))
        import_gap(manifest->import, to, "%s: a credential, which is not taken over", key);
    else if (out.has_overflowed || str_find_byte(text, '\n') >= 0)
        import_gap(manifest->import, to, "%s: a text that is left out: write it as {{ '…' }}",
                   key);
    else
        outline_put(
            outline_map(to, "with"), key,
            arena_printf(manifest->import->arena, "{{ '%.*s' }}", STR_ARG(buf_str(&out))));
}

static void put_expression(struct manifest *manifest, const struct component *field,
                           struct outline *to, const char *key)
{
    const struct yaml_node *node = component_get(manifest, field, "value");
    struct outline *with = outline_map(to, "with");
    airbyte_put(manifest, field, "value", with, key);
    struct str text = outline_text(outline_find(with, key));
    bool is_expression = str_find(text, STR("{{")) >= 0;
    bool is_secret = str_find(text, STR("env.")) >= 0 || str_find(text, STR("env[")) >= 0;
    if (!text.ptr || (is_expression && !is_secret))
        return;
    outline_remove(with, key);
    if (is_expression)
        import_gap(manifest->import, to, "%s: a credential, which no table takes", key);
    else if (node->kind == YAML_STRING)
        put_constant(manifest, to, key, text);
    else
        outline_put(with, key,
                    arena_printf(manifest->import->arena, "{{ %.*s }}", STR_ARG(text)));
}

static void put_added(struct manifest *manifest, const struct component *field, struct str name,
                      struct outline *to)
{
    const struct yaml_node *node = component_get(manifest, field, "value");
    struct outline *with = outline_map(to, "with");
    const char *key = arena_cstr(manifest->import->arena, name);
    struct str path, place;
    if (rewrite_as_path(manifest->import->arena, import_text(node), "record", &path) &&
        record_place(manifest, to, path, &place))
        outline_put(with, key, place);
    else if (str_find(import_text(node), STR("record")) >= 0)
        import_gap(manifest->import, to,
                   "AddFields: %s is made of each record, and `with` is evaluated once a page: "
                   "a view or a generated column adds it",
                   key);
    else
        put_expression(manifest, field, to, key);
    if (outline_is_bare(with))
        outline_remove(to, "with");
}

static const struct field added_fields[] = {
    {"path", NULL, NULL, NULL},
    {"value", NULL, NULL, NULL},
    {"value_type", NULL, NULL, NULL}, /* columns are inferred */
    FIELD_END,
};

static void add_field(struct manifest *manifest, const struct component *field,
                      struct outline *to)
{
    struct str path;
    component_note_rest(manifest, field, added_fields, to);
    if (airbyte_path(manifest, field->scope, component_get(manifest, field, "path"), &path) &&
        str_find_byte(path, '.') < 0 && path.len)
        put_added(manifest, field, path, to);
    else
        import_gap(manifest->import, to,
                   "AddFields: `with` adds fields to the record itself, not "
                   "inside an object of it");
}

static void add_fields(struct manifest *manifest, const struct component *transformation,
                       struct outline *to)
{
    const struct yaml_node *list = component_get(manifest, transformation, "fields");
    for (size_t i = 0; i < component_count(list); i++) {
        struct component field = component_item(manifest, list, i, transformation->scope);
        add_field(manifest, &field, to);
    }
}

static void remove_fields(struct manifest *manifest, const struct component *transformation,
                          struct outline *to)
{
    const struct yaml_node *list = component_get(manifest, transformation, "field_pointers");
    for (size_t i = 0; i < component_count(list); i++) {
        struct str path;
        const struct yaml_node *item = list->kind == YAML_LIST ? list->items[i] : list;
        if (airbyte_path(manifest, transformation->scope, item, &path) && path.len &&
            str_find_byte(path, '.') < 0 && str_find_byte(path, '*') < 0)
            outline_add(outline_list(to, "exclude"), path);
        else
            import_gap(manifest->import, to,
                       "RemoveFields: `exclude` leaves out fields of the record itself");
    }
}

static const struct field transformation_fields[] = {
    {"fields", NULL, NULL, NULL},
    {"field_pointers", NULL, NULL, NULL},
    FIELD_END,
};

static void put_transformation(struct manifest *manifest, const struct component *one,
                               struct outline *to)
{
    struct str type = component_type(one);
    bool adds = str_is(type, "AddFields");
    if (!adds && !str_is(type, "RemoveFields")) {
        import_gap(manifest->import, to,
                   "transformation %.*s: no counterpart; `flatten`, `with`, `exclude` and "
                   "views do most of it",
                   STR_ARG(type));
        return;
    }
    if (component_get(manifest, one, "condition")) {
        import_gap(manifest->import, to,
                   "%.*s on a condition is left out: `with` and `exclude` are of all records; "
                   "a view does it",
                   STR_ARG(type));
        return;
    }
    (adds ? add_fields : remove_fields)(manifest, one, to);
    component_note_rest(manifest, one, transformation_fields, to);
}

void airbyte_transformations(struct manifest *manifest, const struct component *stream,
                             struct outline *to)
{
    const struct yaml_node *list = component_get(manifest, stream, "transformations");
    for (size_t i = 0; i < component_count(list); i++) {
        struct component one = component_item(manifest, list, i, stream->scope);
        put_transformation(manifest, &one, to);
    }
}

/* --- formats --- */

static const char *const encodings[][2] = {
    {"utf-8", "utf-8"},         {"utf8", "utf-8"},     {"latin-1", "latin1"},
    {"latin1", "latin1"},       {"latin_1", "latin1"}, {"iso-8859-1", "latin1"},
    {"iso8859-1", "latin1"},    {"utf-16", "utf-16"},  {"windows-1252", "windows-1252"},
    {"cp1252", "windows-1252"},
};

static void put_encoding(struct manifest *manifest, const struct component *decoder,
                         struct outline *to)
{
    struct str text = import_text(component_get(manifest, decoder, "encoding"));
    size_t i = 0;
    while (i < COUNT_OF(encodings) && !str_eq_nocase(text, str_from(encodings[i][0])))
        i++;
    if (i < COUNT_OF(encodings))
        outline_put(to, "encoding", str_from(encodings[i][1]));
    else if (text.len)
        import_gap(manifest->import, to, "encoding %.*s: not read; docs/formats.md has those",
                   STR_ARG(text));
}

/* What stands for null: here it is one text, and the empty one by itself. */
static void put_null(struct manifest *manifest, const struct component *decoder,
                     struct outline *to)
{
    const struct yaml_node *list = component_get(manifest, decoder, "set_values_to_none");
    struct str text = STR_NONE;
    for (size_t i = 0; i < component_count(list); i++) {
        struct str one = import_text(list->kind == YAML_LIST ? list->items[i] : list);
        if (one.len && text.len)
            import_gap(manifest->import, to,
                       "set_values_to_none: csv: {null: …} is one text: %.*s stays as it is",
                       STR_ARG(one));
        else if (one.len)
            text = one;
    }
    if (text.len)
        outline_put(outline_map(to, "csv"), "null", text);
}

static const struct field decoder_fields[] = {
    {"decoder", NULL, NULL, NULL},
    {"parser", NULL, NULL, NULL},
    {"inner_parser", NULL, NULL, NULL},
    {"gzip_parser", NULL, NULL, NULL},
    {"delimiter", NULL, NULL, NULL},
    {"encoding", NULL, NULL, NULL},
    {"set_values_to_none", NULL, NULL, NULL},
    FIELD_END,
};

static const struct {
    const char *type, *format, *inside; /* the member that the coding is around */
} decoders[] = {
    {"JsonDecoder", NULL, NULL},
    {"GzipDecoder", NULL, "decoder"},
    {"CompositeRawDecoder", NULL, "parser"},
    {"GzipParser", NULL, "inner_parser"},
    {"JsonParser", NULL, NULL},
    {"JsonlDecoder", "ndjson", NULL},
    {"JsonLineParser", "ndjson", NULL},
    {"XmlDecoder", "xml", NULL},
    {"CsvDecoder", "csv", NULL},
    {"CsvParser", "csv", NULL},
};

static void put_format(struct manifest *manifest, const struct component *decoder, int depth,
                       struct outline *to)
{
    struct str type = component_type(decoder);
    size_t i = 0;
    while (i < COUNT_OF(decoders) && !str_is(type, decoders[i].type))
        i++;
    if (i == COUNT_OF(decoders) || depth == DECODERS_MAX) {
        import_gap(manifest->import, to,
                   "decoder %.*s: no counterpart; docs/formats.md has what is "
                   "read",
                   STR_ARG(type));
        return;
    }
    if (decoders[i].format) {
        outline_put(to, "format", str_from(decoders[i].format));
        outline_remove(to, "shape"); /* elements and lines are lists anyway */
    }
    put_encoding(manifest, decoder, to);
    put_null(manifest, decoder, to);
    if (component_get(manifest, decoder, "delimiter"))
        airbyte_put(manifest, decoder, "delimiter", outline_map(to, "csv"), "delimiter");
    component_note_rest(manifest, decoder, decoder_fields, to);
    if (!decoders[i].inside)
        return;
    struct component inner = component_at(manifest, decoder, decoders[i].inside);
    if (inner.map)
        put_format(manifest, &inner, depth + 1, to);
}

void airbyte_format(struct manifest *manifest, const struct component *decoder,
                    struct outline *to)
{
    if (decoder->map)
        put_format(manifest, decoder, 0, to);
}

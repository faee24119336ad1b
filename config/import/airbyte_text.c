#include <ctype.h>

#include "base/secret_name.h"
#include "config/import/airbyte.h"

enum { TEXT_BYTES_MAX = 64 * 1024, DEPTH_MAX = 32, VALUES_MAX = 100000 };

/* --- config --- */

/* The property of that name, wherever the specification has it. */
static const struct yaml_node *find_property(const struct yaml_node *node, struct str name,
                                             int depth)
{
    const struct yaml_node *properties = import_find(node, "properties"), *found = NULL;
    if (depth > DEPTH_MAX)
        return NULL;
    for (size_t i = 0; properties && properties->kind == YAML_MAP && i < properties->count; i++)
        if (str_eq(properties->items[i]->key, name))
            return properties->items[i];
    for (size_t i = 0; node && !yaml_is_scalar(node) && i < node->count && !found; i++)
        found = find_property(node->items[i], name, depth + 1);
    return found;
}

static bool is_secret(const struct manifest *manifest, struct str name)
{
    const struct yaml_node *property = find_property(manifest->spec, name, 0);
    return manifest->is_credential || secret_name_is(name) ||
           import_is_true(import_find(property, "airbyte_secret"));
}

const struct yaml_node *airbyte_setting(struct manifest *manifest, struct str name,
                                        bool *ret_is_default)
{
    const struct yaml_node *property = find_property(manifest->spec, name, 0);
    const struct yaml_node *value = import_find(property, "default");
    const struct yaml_node *examples = import_find(property, "examples");
    *ret_is_default = value != NULL;
    if (!value && examples && examples->kind == YAML_LIST && examples->count)
        value = examples->items[0];
    return value;
}

/* A variable with what the specification says of it. */
static void put_variable(struct manifest *manifest, struct str name)
{
    bool is_default;
    const char *key = arena_cstr(manifest->import->arena, name);
    const struct yaml_node *value = airbyte_setting(manifest, name, &is_default);
    if (outline_find(manifest->vars, key))
        return;
    if (value)
        outline_copy(manifest->vars, key, value);
    else
        outline_put(manifest->vars, key, STR("FILL-IN"));
    if (is_default)
        outline_note(manifest->vars, "%s is the default of the connector's specification", key);
    else
        import_gap(manifest->import, manifest->vars,
                   "%s: fill in what the connector was set up with", key);
}

static bool config_name(struct manifest *manifest, const struct rewrite_name *name,
                        size_t *ret_used, struct str *ret_text)
{
    size_t last = name->count;
    int64_t ignored;
    while (last && str_to_int64(name->steps[last - 1], &ignored))
        last--;
    if (!last)
        return false;
    struct str key = name->steps[last - 1];
    *ret_used = last;
    if (is_secret(manifest, key)) {
        *ret_text = import_variable(manifest->import, key, STR_NONE);
    } else {
        put_variable(manifest, key);
        *ret_text = rewrite_member(manifest->import->arena, "vars", key);
    }
    return true;
}

/* --- other names --- */

static struct str quoted(struct arena *arena, struct str text)
{
    return arena_printf(arena, "'%.*s'", STR_ARG(text));
}

static bool parameter_name(const struct manifest *manifest, const struct rewrite_name *name,
                           size_t *ret_used, struct str *ret_text)
{
    const struct yaml_node *value =
        name->count ? scope_find(manifest->scope, name->steps[0]) : NULL;
    *ret_used = 1;
    *ret_text = STR("none");
    if (name->count && !value)
        return true;
    if (!value || !yaml_is_scalar(value) || str_find_byte(value->text, '\'') >= 0)
        return false;
    *ret_text =
        value->kind == YAML_STRING ? quoted(manifest->import->arena, value->text) : value->text;
    return true;
}

static bool interval_name(const struct manifest *manifest, struct str step,
                          struct str *ret_text)
{
    bool is_start = str_eq(step, manifest->start_name),
         is_end = str_eq(step, manifest->end_name);
    *ret_text = is_start ? manifest->interval_start : manifest->interval_end;
    return (is_start || is_end) && ret_text->len;
}

/* stream_slice.x and stream_partition.x: a bound of the interval, or of the partition. */
static bool slice_name(struct manifest *manifest, const struct rewrite_name *name,
                       size_t *ret_used, struct str *ret_text)
{
    if (!name->count)
        return false;
    *ret_used = 1;
    if (interval_name(manifest, name->steps[0], ret_text))
        return true;
    size_t at = str_is(name->steps[0], "extra_fields") ? 1 : 0;
    if (str_is(name->root, "stream_interval") || str_is(name->steps[0], "parent_slice") ||
        at >= name->count)
        return false;
    *ret_used = at + 1;
    *ret_text = arena_printf(manifest->import->arena, "partition.%.*s",
                             STR_ARG(import_word(manifest->import, name->steps[at])));
    return true;
}

static bool header_name(struct manifest *manifest, const struct rewrite_name *name,
                        size_t *ret_used, struct str *ret_text)
{
    AUTO_BUF(lower, 1024);
    if (!name->count)
        return false;
    for (size_t i = 0; i < name->steps[0].len; i++)
        buf_put_byte(&lower, (char)tolower((unsigned char)name->steps[0].ptr[i]));
    *ret_used = 1;
    *ret_text = rewrite_member(manifest->import->arena, "http.headers", buf_str(&lower));
    return !lower.has_overflowed;
}

/* How many records the page has, by where they are in it. */
static struct str count_of(const struct manifest *manifest)
{
    struct str path = manifest->merge_path;
    if (str_find_byte(path, '*') >= 0)
        return STR_NONE;
    return arena_printf(manifest->import->arena, "(response%s%.*s | length)",
                        path.len && path.ptr[0] != '[' ? "." : "", STR_ARG(path));
}

static bool find_name(void *ctx, const struct rewrite_name *name, size_t *ret_used,
                      struct str *ret_text)
{
    struct manifest *manifest = ctx;
    struct str root = name->root;
    *ret_used = 0;
    *ret_text = root;
    if (str_is(root, "config"))
        return config_name(manifest, name, ret_used, ret_text);
    if (str_is(root, "parameters") || str_is(root, "options"))
        return parameter_name(manifest, name, ret_used, ret_text);
    if (str_is(root, "stream_slice") || str_is(root, "stream_partition") ||
        str_is(root, "stream_interval"))
        return slice_name(manifest, name, ret_used, ret_text);
    if (str_is(root, "headers"))
        return header_name(manifest, name, ret_used, ret_text);
    if (str_is(root, "next_page_token")) {
        *ret_used = name->count;
        *ret_text = str_from(manifest->pager);
        return manifest->pager != NULL;
    }
    if (str_is(root, "last_record"))
        *ret_text = STR("accumulated[-1]");
    else if (str_is(root, "last_page_size"))
        *ret_text = count_of(manifest);
    else if (str_is(root, "creation_response"))
        *ret_text = STR("submitted");
    else if (str_is(root, "polling_response"))
        *ret_text = STR("prepared");
    else
        return str_is(root, "response") || (manifest->has_record && str_is(root, "record"));
    return ret_text->len > 0;
}

static const struct call {
    const char *name;
    size_t args;
    const char *before, *between, *after;
} calls[] = {
    {"now_utc", 0, "now()", "", ""},
    {"today_utc", 0, "(now() | date('%Y-%m-%d'))", "", ""},
    {"format_datetime", 2, "(", " | date(", "))"},
    {"str_to_datetime", 1, "", "", ""},
    {"timestamp", 1, "(", "", " | epoch)"},
};

static bool find_call(void *ctx, struct str function, const struct str *args, size_t count,
                      struct str *ret_text)
{
    struct manifest *manifest = ctx;
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        const struct call *call = &calls[i];
        if (!str_is(function, call->name) || count != call->args)
            continue;
        struct str first = count ? args[0] : STR_NONE, second = count > 1 ? args[1] : STR_NONE;
        *ret_text = arena_printf(manifest->import->arena, "%s%.*s%s%.*s%s", call->before,
                                 STR_ARG(first), call->between, STR_ARG(second), call->after);
        return true;
    }
    return false;
}

static const char *const filters[][2] = {
    {"base64encode", "b64encode"}, {"base64decode", "b64decode"}, {NULL, NULL}};

/* --- texts --- */

/* "{{ parameters['path'] }}" becomes what the parameter says, which may be an expression. */
static struct str fill_parameters(const struct manifest *manifest, struct str text)
{
    AUTO_BUF(out, TEXT_BYTES_MAX);
    const struct str whole_text = text;
    for (ptrdiff_t at; (at = str_find(text, STR("{{"))) >= 0;) {
        ptrdiff_t len = str_find(str_slice(text, (size_t)at, text.len), STR("}}"));
        size_t end = len < 0 ? text.len : (size_t)at + (size_t)len + 2;
        struct str whole = str_slice(text, (size_t)at, end), path;
        bool is_parameter =
            rewrite_as_path(manifest->import->arena, whole, "parameters", &path) ||
            rewrite_as_path(manifest->import->arena, whole, "options", &path);
        const struct yaml_node *value = is_parameter ? scope_find(manifest->scope, path) : NULL;
        buf_put(&out, str_slice(text, 0, (size_t)at));
        buf_put(&out, value && yaml_is_scalar(value) ? value->text : whole);
        text = str_slice(text, end, text.len);
    }
    buf_put(&out, text);
    return out.has_overflowed ? whole_text : arena_str(manifest->import->arena, buf_str(&out));
}

bool airbyte_text(struct manifest *manifest, const struct scope *scope,
                  const struct yaml_node *node, struct str *ret)
{
    const struct rewrite_rules rules = {.name = find_name,
                                        .call = find_call,
                                        .ctx = manifest,
                                        .arena = manifest->import->arena,
                                        .filters = filters};
    node = manifest_follow(manifest, node);
    if (!yaml_is_scalar(node))
        return false;
    manifest->scope = scope;
    return rewrite_text(&rules, fill_parameters(manifest, node->text), ret);
}

bool airbyte_put(struct manifest *manifest, const struct component *component,
                 const char *member, struct outline *to, const char *key)
{
    const struct yaml_node *node = component_get(manifest, component, member);
    struct str text;
    if (!node)
        return false;
    if (!airbyte_text(manifest, component->scope, node, &text))
        import_gap(manifest->import, to, "%s: fill in %s, its expression has no counterpart",
                   member, key);
    else if (node->kind == YAML_STRING)
        outline_put(to, key, text);
    else
        outline_put_raw(to, key, text);
    return true;
}

void airbyte_put_secret(struct manifest *manifest, const struct component *component,
                        const char *member, struct outline *to, const char *key)
{
    const struct yaml_node *node = component_get(manifest, component, member);
    struct str text = STR_NONE;
    manifest->is_credential = true;
    bool is_taken = node && airbyte_text(manifest, component->scope, node, &text);
    manifest->is_credential = false;
    if (is_taken && str_find(text, STR("{{ env.")) < 0 && str_find(text, STR(" env.")) < 0)
        text = import_secret(manifest->import, str_from(member), text);
    else if (!is_taken)
        text = import_secret(manifest->import, str_from(member), STR_NONE);
    if (node && !is_taken)
        import_gap(manifest->import, to, "%s: its expression has no counterpart", member);
    outline_put(to, key, text);
}

static void put_value(struct manifest *manifest, const struct yaml_node *node,
                      struct outline *to, const char *key, int depth)
{
    struct str text;
    node = manifest_follow(manifest, node);
    if (++manifest->values > VALUES_MAX) { /* references to references grow with their power */
        if (manifest->values == VALUES_MAX + 1)
            import_gap(manifest->import, manifest->import->root,
                       "the manifest holds over %d values: what came behind is left out",
                       VALUES_MAX);
        return;
    }
    if (node->kind == YAML_MAP && depth < DEPTH_MAX) {
        struct outline *map = key ? outline_map(to, key) : outline_add_map(to);
        for (size_t i = 0; i < node->count; i++)
            put_value(manifest, node->items[i], map,
                      arena_cstr(manifest->import->arena, node->items[i]->key), depth + 1);
    } else if (node->kind == YAML_LIST && depth < DEPTH_MAX && key) {
        for (size_t i = 0; i < node->count; i++)
            put_value(manifest, node->items[i], outline_list(to, key), NULL, depth + 1);
    } else if (node->kind != YAML_STRING || !key) {
        if (!import_literal(node, to, key ? key : ""))
            import_gap(manifest->import, to, "%s: a credential, which is not taken over",
                       key ? key : "an item");
    } else if (!airbyte_text(manifest, manifest->scope, node, &text))
        import_gap(manifest->import, to, "%s: its expression has no counterpart", key);
    else if (str_find(text, STR("{{")) < 0) {
        struct outline *holder = outline_new(manifest->import->arena);
        import_pair_text(manifest->import, holder, "x", str_from(key), text);
        outline_put(to, key, outline_text(outline_find(outline_map(holder, "x"), key)));
    } else
        outline_put(to, key, text);
}

void airbyte_put_value(struct manifest *manifest, const struct scope *scope,
                       const struct yaml_node *node, struct outline *to, const char *key)
{
    manifest->scope = scope;
    put_value(manifest, node, to, key, 0);
}

/* --- paths --- */

bool airbyte_path(struct manifest *manifest, const struct scope *scope,
                  const struct yaml_node *list, struct str *ret)
{
    AUTO_BUF(out, 4096);
    size_t count = component_count(list);
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *item = list->kind == YAML_LIST ? list->items[i] : list;
        struct str key;
        int64_t index;
        if (!airbyte_text(manifest, scope, item, &key) || str_find(key, STR("{{")) >= 0)
            return false;
        bool is_word = key.len && !isdigit((unsigned char)key.ptr[0]);
        for (size_t c = 0; c < key.len; c++)
            is_word = is_word && (isalnum((unsigned char)key.ptr[c]) || key.ptr[c] == '_');
        if (str_is(key, "*"))
            buf_puts(&out, "[*]");
        else if (str_to_int64(key, &index))
            buf_printf(&out, "[%.*s]", STR_ARG(key));
        else if (is_word)
            buf_printf(&out, "%s%.*s", out.len ? "." : "", STR_ARG(key));
        else
            buf_printf(&out, "['%.*s']", STR_ARG(key));
    }
    return import_json_path(manifest->import, buf_str(&out), ret);
}

bool airbyte_takes_all(const struct yaml_node *list)
{
    return list && list->kind == YAML_LIST && list->count &&
           str_is(import_text(list->items[list->count - 1]), "*");
}

/* --- durations (ISO 8601) --- */

struct duration {
    int64_t years, months, seconds;
};

static bool add_unit(struct duration *duration, int64_t number, char unit, bool is_time)
{
    static const struct {
        char unit;
        bool is_time;
        int64_t seconds;
    } units[] = {{'W', false, 604800},
                 {'D', false, 86400},
                 {'H', true, 3600},
                 {'M', true, 60},
                 {'S', true, 1}};
    if (number > 1000000)
        return false;
    if (unit == 'Y' && !is_time)
        duration->years += number;
    else if (unit == 'M' && !is_time)
        duration->months += number;
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (units[i].unit == unit && units[i].is_time == is_time) {
            duration->seconds += number * units[i].seconds;
            return true;
        }
    return !is_time && (unit == 'Y' || unit == 'M');
}

static bool parse_duration(struct str text, struct duration *ret)
{
    bool is_time = false;
    if (!str_starts(text, STR("P")) || text.len < 3)
        return false;
    text = str_slice(text, 1, text.len);
    while (text.len) {
        if (text.ptr[0] == 'T' && !is_time) {
            is_time = true;
            text = str_slice(text, 1, text.len);
            continue;
        }
        size_t digits = str_count_digits(text);
        int64_t number;
        if (digits == text.len || !str_to_int64(str_slice(text, 0, digits), &number) ||
            !add_unit(ret, number, text.ptr[digits], is_time))
            return false;
        text = str_slice(text, digits + 1, text.len);
    }
    return true;
}

bool airbyte_seconds(struct str text, int64_t *ret)
{
    struct duration duration = {0};
    if (!parse_duration(text, &duration) || duration.years || duration.months)
        return false;
    *ret = duration.seconds;
    return true;
}

bool airbyte_window_size(struct arena *arena, struct str text, struct str *ret)
{
    struct duration duration = {0};
    int64_t months;
    if (!parse_duration(text, &duration))
        return false;
    months = duration.years * 12 + duration.months;
    if (months && duration.seconds)
        return false;
    if (months)
        *ret = arena_printf(arena, "%lld month%s", (long long)months, months == 1 ? "" : "s");
    else if (duration.seconds % 86400 == 0)
        *ret = arena_printf(arena, "%lldd", (long long)(duration.seconds / 86400));
    else
        *ret = arena_printf(arena, "%llds", (long long)duration.seconds);
    return months || duration.seconds;
}

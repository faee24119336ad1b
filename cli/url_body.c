#include "cli/url_body.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/secret_name.h"
#include "config/naming.h"
#include "core/value.h"

/* Shorter ones redact_str leaves as they are. */
enum { NAMES_TRIED = 100, DATA_BYTES_MAX = 256 * 1024, DEPTH_MAX = 64, SHOWN_BYTES = 4 };

/* --- credentials --- */

/* The variable that has that value, or has none yet. */
static struct str free_variable(struct hiding *hiding, const char *what, struct str value)
{
    struct str name = naming_variable(hiding->arena, hiding->draft->source, str_from(what));
    struct str one = name;
    for (int i = 2; i < NAMES_TRIED; i++) {
        const char *there = getenv(arena_cstr(hiding->arena, one));
        if (!there || str_eq(str_from(there), value))
            break;
        one = arena_printf(hiding->arena, "%.*s_%d", STR_ARG(name), i);
    }
    return one;
}

struct str url_hide(struct hiding *hiding, const char *what, struct str value)
{
    if (str_starts(value, STR("{{")))
        return arena_str(hiding->arena, value);
    struct str name = free_variable(hiding, what, value);
    setenv(arena_cstr(hiding->arena, name), arena_cstr(hiding->arena, value), 1);
    hiding->variables = arena_join(hiding->arena, hiding->variables, ", ", name);
    return arena_printf(hiding->arena, "{{ env.%.*s }}", STR_ARG(name));
}

/* The expression that has this value already: what is printed cannot show it. */
static struct str variable_of(struct hiding *hiding, struct str value)
{
    struct str name, rest = value.len < SHOWN_BYTES ? STR_NONE : hiding->variables;
    while (rest.len) {
        rest = str_split(rest, ',', &name);
        const char *there = getenv(arena_cstr(hiding->arena, str_trim(name)));
        if (there && str_eq(str_from(there), value))
            return arena_printf(hiding->arena, "{{ env.%.*s }}", STR_ARG(str_trim(name)));
    }
    return STR_NONE;
}

static struct str hide_named(struct hiding *hiding, struct str name, struct str value)
{
    if (secret_name_is(name) && value.len)
        return url_hide(hiding, arena_cstr(hiding->arena, name), value);
    struct str variable = variable_of(hiding, value);
    return variable.len ? variable : value;
}

static void hide_in(struct hiding *hiding, struct str name, struct value *value, int depth);

/* Strings and numbers in members with such a name, or in lists of such a name, however deep. */
static void hide_members(struct hiding *hiding, struct value value, int depth)
{
    for (size_t i = 0; value.kind == VALUE_LIST && depth && i < value.list->count; i++)
        hide_members(hiding, value.list->items[i], depth - 1);
    for (size_t i = 0; value.kind == VALUE_MAP && depth && i < value.map->count; i++)
        hide_in(hiding, value.map->members[i].key, &value.map->members[i].value, depth - 1);
}

static void hide_in(struct hiding *hiding, struct str name, struct value *value, int depth)
{
    if (value->kind == VALUE_STRING || value->kind == VALUE_NUMBER) {
        struct str shown = hide_named(hiding, name, value->text);
        if (shown.ptr != value->text.ptr)
            *value = value_string(shown);
    }
    for (size_t i = 0; value->kind == VALUE_LIST && depth && i < value->list->count; i++)
        if (value->list->items[i].kind == VALUE_STRING ||
            value->list->items[i].kind == VALUE_NUMBER)
            hide_in(hiding, name, &value->list->items[i], depth);
    hide_members(hiding, *value, depth);
}

/* --- what was typed --- */

/* "@FILE" is what is in the file, as curl has it. */
static bool read_text(struct arena *arena, const char *option, const char *text,
                      struct str *ret)
{
    struct err err = ERR_INIT;
    AUTO_BUF(buf, DATA_BYTES_MAX);
    *ret = str_from(text);
    if (text[0] != '@')
        return true;
    if (!file_read(text + 1, &buf, &err)) {
        cli_usage("%s: %s", option, err.text);
        return false;
    }
    *ret = arena_str(arena, file_trim_end(buf_str(&buf)));
    return true;
}

/* Several are the fields of one form, as curl has it. */
static bool read_data(const struct options *options, struct arena *arena, struct str *ret)
{
    *ret = STR_NONE;
    for (size_t i = 0; i < options->data.count; i++) {
        struct str one;
        if (!read_text(arena, "--data", options->data.items[i], &one))
            return false;
        *ret = i ? arena_printf(arena, "%.*s&%.*s", STR_ARG(*ret), STR_ARG(one)) : one;
    }
    return true;
}

/* Nothing that may change something is tried a dozen times. */
static bool take_method(const struct options *options, struct hiding *hiding)
{
    static const char *const reading[] = {"GET",    "POST",   "QUERY",
                                          "SEARCH", "REPORT", "PROPFIND"};
    if (!options->method)
        return true;
    for (size_t i = 0; i < COUNT_OF(reading); i++)
        if (str_eq_nocase(str_from(options->method), str_from(reading[i]))) {
            hiding->draft->method = str_from(reading[i]);
            return true;
        }
    cli_usage("--method takes GET, POST, QUERY, SEARCH, REPORT or PROPFIND: a list is asked "
              "for many times, so by what only reads");
    return false;
}

/* --- its form --- */

static bool put_member(struct hiding *hiding, struct str name, struct str yaml)
{
    if (draft_set(&hiding->draft->body, name, yaml))
        return true;
    cli_usage("--data has more than %d members", DRAFT_PAIRS_MAX);
    return false;
}

static struct str json_of(struct arena *arena, struct value value)
{
    AUTO_BUF(text, 4 * DATA_BYTES_MAX);
    value_format(&text, value);
    return arena_str(arena, buf_str(&text));
}

/* Twice: a member before the credential may have the same value. */
static void hide_body(struct hiding *hiding, struct value body)
{
    hide_members(hiding, body, DEPTH_MAX);
    hide_members(hiding, body, DEPTH_MAX);
}

static bool take_members(struct hiding *hiding, struct value map)
{
    hiding->draft->has_body = true;
    hide_body(hiding, map);
    for (size_t i = 0; i < map.map->count; i++)
        if (!put_member(hiding, map.map->members[i].key,
                        json_of(hiding->arena, map.map->members[i].value)))
            return false;
    return true;
}

static bool take_form(struct hiding *hiding, struct str data)
{
    struct str name, value;
    hiding->draft->has_body = hiding->draft->is_form = true;
    while (naming_take_param(hiding->arena, &data, &name, &value))
        if (!put_member(hiding, name,
                        draft_quote(hiding->arena, hide_named(hiding, name, value))))
            return false;
    return true;
}

/* {"query": "query (…) {…}", "variables": {…}} is what GraphQL is asked by. */
static bool is_graphql(struct value body)
{
    struct value query = value_get(body, STR("query"));
    struct value variables = value_get(body, STR("variables"));
    bool has_others = false;
    if (query.kind != VALUE_STRING || str_find_byte(query.text, '{') < 0 ||
        (variables.kind != VALUE_MAP && value_is_true(variables)))
        return false;
    for (size_t i = 0; i < body.map->count; i++)
        has_others |= !str_is(body.map->members[i].key, "query") &&
                      !str_is(body.map->members[i].key, "variables");
    return !has_others;
}

static bool take_graphql(struct hiding *hiding, struct str query, struct value variables)
{
    hiding->draft->query = query;
    hiding->draft->has_body = true;
    if (variables.kind == VALUE_MAP)
        return take_members(hiding, variables);
    if (!value_is_true(variables))
        return true;
    cli_usage("--data beside --graphql is its variables: {\"name\": value}");
    return false;
}

static bool take_json(struct hiding *hiding, struct value body)
{
    struct draft *draft = hiding->draft;
    if (body.kind == VALUE_MAP && is_graphql(body))
        return take_graphql(hiding, value_get(body, STR("query")).text,
                            value_get(body, STR("variables")));
    if (body.kind == VALUE_MAP)
        return take_members(hiding, body);
    hide_body(hiding, body);
    draft->has_body = true;
    draft->whole_body = json_of(hiding->arena, body);
    return true;
}

static bool take_data(struct hiding *hiding, struct str data)
{
    struct value body;
    struct err err = ERR_INIT;
    if (value_parse(hiding->arena, data, VALUE_WHOLE, &body, &err))
        return take_json(hiding, body);
    bool looks_json = data.len && strchr("{[", str_trim(data).ptr[0]) != NULL;
    if (!looks_json && str_find_byte(data, '=') > 0)
        return take_form(hiding, data);
    cli_usage(looks_json ? "--data: %s" : "--data takes JSON, or a form: a=1&b=2", err.text);
    return false;
}

bool url_body_take(const struct options *options, struct hiding *hiding)
{
    struct str data, query;
    struct value variables = UNDEFINED_VALUE;
    struct err err = ERR_INIT;
    if (!take_method(options, hiding) || !read_data(options, hiding->arena, &data))
        return false;
    if (!options->graphql)
        return !options->data.count || take_data(hiding, data);
    if (!read_text(hiding->arena, "--graphql", options->graphql, &query))
        return false;
    if (hiding->draft->method.len && !str_is(hiding->draft->method, "POST"))
        return cli_usage("--graphql is asked by POST"), false;
    hiding->draft->method = STR_NONE;
    if (data.len && !value_parse(hiding->arena, data, VALUE_WHOLE, &variables, &err))
        return cli_usage("--data beside --graphql is its variables: %s", err.text), false;
    return take_graphql(hiding, query, variables);
}

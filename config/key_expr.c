#include "config/key_expr.h"

#include <string.h>

#include "base/ascii.h"
#include "config/identifier.h"
#include "config/meant.h"
#include "config/node.h"
#include "config/stream.h"

static bool compile_container(struct reader *reader, const struct key *key,
                              const struct yaml_node *node, struct template *ret)
{
    bool is_map = node->kind == YAML_MAP, ok = true;
    ret->kind = is_map ? TEMPLATE_MAP : TEMPLATE_LIST;
    ret->count = node->count;
    ret->items = ARENA_ARRAY(reader->arena, struct template, MAX(node->count, 1));
    if (is_map)
        ret->keys = ARENA_ARRAY(reader->arena, struct str, MAX(node->count, 1));
    for (size_t i = 0; i < node->count; i++) {
        if (is_map)
            ret->keys[i] = node->items[i]->key;
        ok &= key_expr_compile(reader, key, node->items[i], &ret->items[i]);
    }
    return ok;
}

/* The name in a "${NAME}", as shells, compose files and other tools have variables. */
static struct str shell_variable(struct str text)
{
    ptrdiff_t at = str_find(text, STR("${"));
    struct str name = at < 0 ? STR_NONE : str_slice(text, (size_t)at + 2, text.len);
    size_t len = 0;
    while (len < name.len && (ascii_is_letter(name.ptr[len]) || name.ptr[len] == '_' ||
                              (len && ascii_is_digit(name.ptr[len]))))
        len++;
    return len < name.len && name.ptr[len] == '}' ? str_slice(name, 0, len) : STR_NONE;
}

/* False where a person's own file has another tool's way to write what varies. */
static bool check_foreign_template(struct reader *reader, const struct yaml_node *node)
{
    if (!reader->problems->put_meant || str_find(node->text, STR("{{")) >= 0)
        return true;
    struct str variable = shell_variable(node->text);
    if (variable.len)
        problem_add(reader->problems, node,
                    "${%.*s} would be sent as it is: a variable of the environment is "
                    "{{ env.%.*s }} (the text itself: {{ '${%.*s}' }})",
                    STR_ARG(variable), STR_ARG(variable), STR_ARG(variable));
    else if (str_find(node->text, STR("{% ")) >= 0 && str_find(node->text, STR(" %}")) >= 0)
        problem_add(reader->problems, node,
                    "there are no {%% statements %%}: an expression is {{ a if c else b }}");
    else
        return true;
    return false;
}

static bool compile_string(struct reader *reader, const struct key *key,
                           const struct yaml_node *node, struct template *ret)
{
    struct err err = ERR_INIT;
    if (key->flags & KEY_SECRETS && !check_foreign_template(reader, node))
        return false;
    if (!template_compile(reader->arena, node->text, ret, &err)) {
        problem_add(reader->problems, node, "%s", err.text);
        return false;
    }
    if (reader->on_template)
        reader->on_template(reader, key, node, ret);
    return true;
}

bool key_expr_compile(struct reader *reader, const struct key *key,
                      const struct yaml_node *node, struct template *ret)
{
    *ret = (struct template){.kind = TEMPLATE_CONSTANT};
    if (!yaml_is_scalar(node))
        return compile_container(reader, key, node, ret);
    if (node->kind == YAML_STRING)
        return compile_string(reader, key, node, ret);
    ret->constant = node_value(reader->arena, node);
    return true;
}

void key_expr_read_template(struct reader *reader, const struct key *key,
                            const struct yaml_node *node, void *target)
{
    struct template template;
    if (key->flags & KEY_IS_SECRET && node->kind != YAML_STRING)
        problem_add_misfit(reader->problems, node,
                           "must be a text that names where the secret is");
    else if (key_expr_compile(reader, key, node, &template))
        *(struct template *)key_at(key, target) = template;
}

void key_expr_read_template_ref(struct reader *reader, const struct key *key,
                                const struct yaml_node *node, void *target)
{
    struct template *template = ARENA_NEW(reader->arena, struct template);
    if (key_expr_compile(reader, key, node, template))
        *(struct template **)key_at(key, target) = template;
}

void key_expr_read_templates(struct reader *reader, const struct key *key,
                             const struct yaml_node *node, void *target)
{
    if (yaml_is_scalar(node)) {
        problem_add_misfit(reader->problems, node, "must be a map, not %s",
                           yaml_kind_name(node->kind));
        return;
    }
    struct named_template *list =
        ARENA_ARRAY(reader->arena, struct named_template, MAX(node->count, 1));
    size_t count = 0;
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *value;
        if (!node_pair(node, i, &list[count].name, &value)) {
            problem_add_misfit(reader->problems, node->items[i], "must be a map, not a list");
            return;
        }
        if (value->kind != YAML_NULL &&
            key_expr_compile(reader, key, value, &list[count].template))
            count++;
    }
    *(struct named_template **)key_at(key, target) = list;
    *key_count_at(key, target) = count;
}

/* A path as JSONPath, jq or JSON pointers write it. A field called $ is ['$'] in a file. */
static bool is_foreign_path(struct str text, bool is_of_body)
{
    return str_starts(text, STR("$.")) || str_starts(text, STR("$[")) ||
           (is_of_body && (str_is(text, "$") || str_starts(text, STR("/"))));
}

static void say_path(struct reader *reader, const struct yaml_node *node, struct str text,
                     const char *why)
{
    struct path path;
    struct err ignored = ERR_INIT;
    struct str meant = meant_path(reader->arena, text);
    bool is_better = reader->problems->put_meant && !str_eq(meant, text) &&
                     path_compile(reader->arena, meant.len ? meant : STR("."), &path, &ignored);
    problem_add(reader->problems, node, "%s%s%.*s", why, is_better ? "; write " : "",
                STR_ARG(!is_better  ? STR_NONE
                        : meant.len ? meant
                                    : STR(".")));
}

/* False: a problem says how it is written. */
bool key_expr_check_path(struct reader *reader, const struct yaml_node *node, struct str text,
                         bool is_of_body)
{
    if (!reader->problems->put_meant || !is_foreign_path(text, is_of_body))
        return true;
    say_path(reader, node, text,
             str_starts(text, STR("/"))
                 ? "a path has no slashes"
                 : "a path begins without $ (a field called $ is ['$'])");
    return false;
}

void key_expr_read_path(struct reader *reader, const struct key *key,
                        const struct yaml_node *node, void *target)
{
    struct path path;
    struct str text;
    struct err err = ERR_INIT;
    bool is_of_body = str_is(node->key, "merge_path");
    if (!node_text(reader->problems, node, &text) ||
        !key_expr_check_path(reader, node, text, is_of_body))
        return;
    if (reader->problems->put_meant && str_find(text, STR("{{")) >= 0 &&
        str_find(text, STR("['")) < 0)
        problem_add_misfit(reader->problems, node, "is a path, and no expression");
    else if (!path_compile(reader->arena, text, &path, &err))
        say_path(reader, node, text, err.text);
    else
        *(struct path *)key_at(key, target) = path;
}

void key_expr_read_locator(struct reader *reader, const struct key *key,
                           const struct yaml_node *node, void *target)
{
    struct locator locator;
    struct str text;
    struct err err = ERR_INIT;
    if (!node_text(reader->problems, node, &text) ||
        !key_expr_check_path(reader, node, text, true))
        return;
    if (!locator_compile(reader->arena, text, &locator, &err)) {
        say_path(reader, node, text, err.text);
        return;
    }
    if (locator.kind == LOCATOR_EXPR && reader->on_template)
        reader->on_template(reader, key, node, locator.template);
    if (locator.kind == LOCATOR_BODY && reader->on_path && !(key->flags & KEY_ON_ANSWER))
        reader->on_path(reader, &locator.path);
    *(struct locator *)key_at(key, target) = locator;
}

static bool compile_body_place(struct reader *reader, const struct yaml_node *node,
                               struct str text, struct param_place *place)
{
    struct err err = ERR_INIT;
    if (!path_compile(reader->arena, text, &place->path, &err)) {
        problem_add(reader->problems, node, "%s", err.text);
        return false;
    }
    bool only_keys = place->path.count > 0;
    for (size_t i = 0; i < place->path.count; i++)
        only_keys &= place->path.steps[i].kind == PATH_KEY;
    if (!only_keys)
        problem_add(reader->problems, node, "a place in the body is made of keys alone");
    return only_keys;
}

const struct place_form key_expr_place_forms[PLACE_FORMS] = {
    {PLACE_NONE, "none", "none",
     "nowhere: the stream itself names `pager.page`, `.offset`, `.size` or `.cursor` in an "
     "expression, as in a path or a header"},
    {PLACE_HEADER, "header:", "header:X-Page", "a header of the request"},
    {PLACE_BODY, "body:", "body:query.page", "a member of the body; its path is of keys alone"},
    {PLACE_QUERY, "", "page", "a parameter of the query, by its name as the API knows it"},
};

/* How it is written; the rest of the text is behind the prefix. */
static const struct place_form *form_of(struct str text)
{
    const struct place_form *form = key_expr_place_forms;
    if (str_is(text, form->prefix))
        return form;
    do
        form++;
    while (!str_starts(text, str_from(form->prefix)));
    return form;
}

void key_expr_read_place(struct reader *reader, const struct key *key,
                         const struct yaml_node *node, void *target)
{
    struct str text;
    if (!node_text(reader->problems, node, &text))
        return;
    const struct place_form *form = form_of(text);
    struct str rest = str_slice(text, strlen(form->prefix), text.len);
    struct param_place place = {.place = form->place, .name = rest};
    if (place.place == PLACE_BODY) {
        place.name = STR_NONE;
        if (!compile_body_place(reader, node, rest, &place))
            return;
    }
    if (place.place == PLACE_HEADER && !identifier_is_header(place.name))
        problem_add(reader->problems, node, "\"%.*s\" cannot be a header's name",
                    STR_ARG(place.name));
    else if (place.place == PLACE_QUERY && place.name.len == 0)
        problem_add(reader->problems, node, "must be a parameter's name");
    else
        *(struct param_place *)key_at(key, target) = place;
}

#include "config/key_read.h"

#include <inttypes.h>
#include <limits.h>

#include "base/units.h"
#include "config/key_expr.h"
#include "config/node.h"

/* A text without expressions. */
static bool plain_text(struct reader *reader, const struct yaml_node *node,
                       struct str *ret_text)
{
    struct str text;
    if (!node_text(reader->problems, node, &text))
        return false;
    if (str_find(text, STR("{{")) >= 0) {
        problem_add(reader->problems, node, "cannot hold an expression");
        return false;
    }
    *ret_text = text;
    return true;
}

static void read_text(struct reader *reader, const struct key *key,
                      const struct yaml_node *node, void *target)
{
    struct str text;
    if (plain_text(reader, node, &text))
        *(struct str *)key_at(key, target) = text;
}

static void read_cstr(struct reader *reader, const struct key *key,
                      const struct yaml_node *node, void *target)
{
    struct str text;
    if (node_text(reader->problems, node, &text))
        *(const char **)key_at(key, target) = arena_cstr(reader->arena, text);
}

static void read_bool(struct reader *reader, const struct key *key,
                      const struct yaml_node *node, void *target)
{
    bool is_true = str_eq_nocase(node->text, STR("true"));
    bool is_bool = yaml_is_scalar(node) && (is_true || str_eq_nocase(node->text, STR("false")));
    if (is_bool)
        *(bool *)key_at(key, target) = is_true;
    else if (yaml_is_scalar(node))
        problem_add_misfit(reader->problems, node, "must be true or false, not \"%.*s\"",
                           STR_ARG(node->text));
    else
        problem_add_misfit(reader->problems, node, "must be true or false, not %s",
                           yaml_kind_name(node->kind));
}

static void say_range(struct reader *reader, const struct key *key,
                      const struct yaml_node *node)
{
    struct str what = node_shown(node);
    if (key->max)
        problem_add_misfit(reader->problems, node,
                           "must be a whole number from %" PRId64 " to %" PRId64
                           ", not \"%.*s\"",
                           key->min, key->max, STR_ARG(what));
    else
        problem_add_misfit(reader->problems, node,
                           "must be a whole number of at least %" PRId64 ", not \"%.*s\"",
                           key->min, STR_ARG(what));
}

static bool number(struct reader *reader, const struct key *key, const struct yaml_node *node,
                   int64_t *ret)
{
    int64_t found;
    bool is_scalar = node->kind == YAML_NUMBER || node->kind == YAML_STRING;
    if (is_scalar && str_to_int64(node->text, &found) && found >= key->min &&
        (!key->max || found <= key->max)) {
        *ret = found;
        return true;
    }
    say_range(reader, key, node);
    return false;
}

static void read_count(struct reader *reader, const struct key *key,
                       const struct yaml_node *node, void *target)
{
    int64_t found;
    if (number(reader, key, node, &found))
        *(int64_t *)key_at(key, target) = found;
}

static void read_int(struct reader *reader, const struct key *key, const struct yaml_node *node,
                     void *target)
{
    int64_t found;
    if (number(reader, key, node, &found))
        *(int *)key_at(key, target) = (int)MIN(found, INT_MAX);
}

static void read_duration(struct reader *reader, const struct key *key,
                          const struct yaml_node *node, void *target)
{
    int64_t ms;
    struct str text;
    if (!node_text(reader->problems, node, &text))
        return;
    if (!units_parse_duration(text, &ms))
        problem_add_misfit(reader->problems, node,
                           "must be a duration like 30, 500ms, 15m, 2h or 7d, up to 36500d, "
                           "not \"%.*s\"",
                           STR_ARG(text));
    else if (ms < key->min)
        problem_add(reader->problems, node, "must be at least %" PRId64 "ms", key->min);
    else if (key->max && ms > key->max)
        problem_add(reader->problems, node, "must be at most %" PRId64 "d",
                    key->max / 86400000);
    else
        *(int64_t *)key_at(key, target) = ms;
}

static void read_size(struct reader *reader, const struct key *key,
                      const struct yaml_node *node, void *target)
{
    int64_t bytes;
    struct str text;
    if (!node_text(reader->problems, node, &text))
        return;
    if (!units_parse_size(text, &bytes))
        problem_add_misfit(reader->problems, node,
                           "must be a size like 4096, 64KiB or 8MiB, not \"%.*s\"",
                           STR_ARG(text));
    else if (bytes < key->min)
        problem_add(reader->problems, node, "must be at least %" PRId64 " bytes", key->min);
    else
        *(int64_t *)key_at(key, target) = bytes;
}

static void say_choices(struct reader *reader, const struct key *key,
                        const struct yaml_node *node, struct str text)
{
    AUTO_BUF(names, 1024);
    for (const struct choice *choice = key->choices; choice->name; choice++)
        buf_printf(&names, "%s%s", names.len ? ", " : "", choice->name);
    problem_add_misfit(reader->problems, node, "must be one of %.*s, not \"%.*s\"",
                       STR_ARG(buf_str(&names)), STR_ARG(text));
}

static const struct choice *choose(struct reader *reader, const struct key *key,
                                   const struct yaml_node *node)
{
    struct str text = node_shown(node);
    for (const struct choice *choice = key->choices; choice->name; choice++) {
        if (yaml_is_scalar(node) && str_eq_nocase(text, str_from(choice->name)))
            return choice;
    }
    say_choices(reader, key, node, text);
    return NULL;
}

static void read_choice(struct reader *reader, const struct key *key,
                        const struct yaml_node *node, void *target)
{
    const struct choice *choice = choose(reader, key, node);
    if (choice)
        *(int *)key_at(key, target) = choice->value;
}

static void read_switch(struct reader *reader, const struct key *key,
                        const struct yaml_node *node, void *target)
{
    const struct choice *choice = choose(reader, key, node);
    if (choice)
        *(bool *)key_at(key, target) = choice->value;
}

static void read_word(struct reader *reader, const struct key *key,
                      const struct yaml_node *node, void *target)
{
    const struct choice *choice = choose(reader, key, node);
    if (choice)
        *(struct str *)key_at(key, target) = str_from(choice->name);
}

/* "id, name": in a list it would be the name of one field. */
static bool check_names(struct reader *reader, const struct key *key,
                        const struct yaml_node *node)
{
    bool is_lone = node->kind == YAML_STRING && reader->problems->put_meant;
    if (!is_lone || !(key->flags & KEY_IS_NAMES))
        return true;
    if (str_starts(node->text, STR("$.")))
        problem_add(reader->problems, node, "is a field's name, without $.: write %s: %.*s",
                    key->name, STR_ARG(str_slice(node->text, 2, node->text.len)));
    else if (str_find_byte(node->text, ',') >= 0)
        problem_add(reader->problems, node,
                    "names several in one text: write them as a list, %s: [%.*s]", key->name,
                    STR_ARG(node->text));
    else
        return true;
    return false;
}

static void read_texts(struct reader *reader, const struct key *key,
                       const struct yaml_node *node, void *target)
{
    size_t count = node_count(node);
    if (!check_names(reader, key, node))
        return;
    struct str *texts = ARENA_ARRAY(reader->arena, struct str, MAX(count, 1));
    for (size_t i = 0; i < count; i++)
        if (!plain_text(reader, node_item(node, i), &texts[i]))
            return;
    *(struct str **)key_at(key, target) = texts;
    *key_count_at(key, target) = count;
}

static void read_value(struct reader *reader, const struct key *key,
                       const struct yaml_node *node, void *target)
{
    *(struct value *)key_at(key, target) = node_value(reader->arena, node);
}

key_read_fn key_reader(enum key_type type)
{
    static const key_read_fn readers[] = {
        [KEY_TEXT] = read_text,
        [KEY_CSTR] = read_cstr,
        [KEY_WORD] = read_word,
        [KEY_BOOL] = read_bool,
        [KEY_COUNT] = read_count,
        [KEY_INT] = read_int,
        [KEY_DURATION] = read_duration,
        [KEY_SIZE] = read_size,
        [KEY_CHOICE] = read_choice,
        [KEY_SWITCH] = read_switch,
        [KEY_TEXTS] = read_texts,
        [KEY_VALUE] = read_value,
        [KEY_TEMPLATE] = key_expr_read_template,
        [KEY_TEMPLATE_REF] = key_expr_read_template_ref,
        [KEY_TEMPLATES] = key_expr_read_templates,
        [KEY_PATH] = key_expr_read_path,
        [KEY_LOCATOR] = key_expr_read_locator,
        [KEY_PLACE] = key_expr_read_place,
    };
    return type < COUNT_OF(readers) ? readers[type] : NULL;
}

#include "config/field.h"

#include <inttypes.h>
#include <limits.h>

#include "base/units.h"
#include "config/node.h"

/* A text that is taken as it stands. */
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

static void read_text(struct reader *reader, const struct field *field,
                      const struct yaml_node *node, void *target)
{
    struct str text;
    if (plain_text(reader, node, &text))
        *(struct str *)field_at(field, target) = text;
}

static void read_cstr(struct reader *reader, const struct field *field,
                      const struct yaml_node *node, void *target)
{
    struct str text;
    if (node_text(reader->problems, node, &text))
        *(const char **)field_at(field, target) = arena_cstr(reader->arena, text);
}

static void read_bool(struct reader *reader, const struct field *field,
                      const struct yaml_node *node, void *target)
{
    bool is_true = str_eq_nocase(node->text, STR("true"));
    bool is_bool = yaml_is_scalar(node) && (is_true || str_eq_nocase(node->text, STR("false")));
    if (is_bool)
        *(bool *)field_at(field, target) = is_true;
    else if (yaml_is_scalar(node))
        problem_add(reader->problems, node, "must be true or false, not \"%.*s\"",
                    STR_ARG(node->text));
    else
        problem_add(reader->problems, node, "must be true or false, not %s",
                    yaml_kind_name(node->kind));
}

static void say_range(struct reader *reader, const struct field *field,
                      const struct yaml_node *node)
{
    struct str what = node_shown(node);
    if (field->max)
        problem_add(reader->problems, node,
                    "must be a whole number from %" PRId64 " to %" PRId64 ", not \"%.*s\"",
                    field->min, field->max, STR_ARG(what));
    else
        problem_add(reader->problems, node,
                    "must be a whole number of at least %" PRId64 ", not \"%.*s\"", field->min,
                    STR_ARG(what));
}

static bool number(struct reader *reader, const struct field *field,
                   const struct yaml_node *node, int64_t *ret)
{
    int64_t found;
    bool is_scalar = node->kind == YAML_NUMBER || node->kind == YAML_STRING;
    if (is_scalar && str_to_int64(node->text, &found) && found >= field->min &&
        (!field->max || found <= field->max)) {
        *ret = found;
        return true;
    }
    say_range(reader, field, node);
    return false;
}

static void read_count(struct reader *reader, const struct field *field,
                       const struct yaml_node *node, void *target)
{
    int64_t found;
    if (number(reader, field, node, &found))
        *(int64_t *)field_at(field, target) = found;
}

static void read_int(struct reader *reader, const struct field *field,
                     const struct yaml_node *node, void *target)
{
    int64_t found;
    if (number(reader, field, node, &found))
        *(int *)field_at(field, target) = (int)MIN(found, INT_MAX);
}

static void read_duration(struct reader *reader, const struct field *field,
                          const struct yaml_node *node, void *target)
{
    int64_t ms;
    struct str text;
    if (!node_text(reader->problems, node, &text))
        return;
    if (!units_parse_duration(text, &ms))
        problem_add(reader->problems, node,
                    "must be a duration like 30, 500ms, 15m, 2h or 7d, not \"%.*s\"",
                    STR_ARG(text));
    else if (ms < field->min)
        problem_add(reader->problems, node, "must be at least %" PRId64 "ms", field->min);
    else
        *(int64_t *)field_at(field, target) = ms;
}

static void read_size(struct reader *reader, const struct field *field,
                      const struct yaml_node *node, void *target)
{
    int64_t bytes;
    struct str text;
    if (!node_text(reader->problems, node, &text))
        return;
    if (!units_parse_size(text, &bytes))
        problem_add(reader->problems, node,
                    "must be a size like 4096, 64KiB or 8MiB, not \"%.*s\"", STR_ARG(text));
    else if (bytes < field->min)
        problem_add(reader->problems, node, "must be at least %" PRId64 " bytes", field->min);
    else
        *(int64_t *)field_at(field, target) = bytes;
}

static void say_choices(struct reader *reader, const struct field *field,
                        const struct yaml_node *node, struct str text)
{
    AUTO_BUF(names, 1024);
    for (const struct choice *choice = field->choices; choice->name; choice++)
        buf_printf(&names, "%s%s", names.len ? ", " : "", choice->name);
    problem_add(reader->problems, node, "must be one of %.*s, not \"%.*s\"",
                STR_ARG(buf_str(&names)), STR_ARG(text));
}

static const struct choice *choose(struct reader *reader, const struct field *field,
                                   const struct yaml_node *node)
{
    struct str text = node_shown(node);
    for (const struct choice *choice = field->choices; choice->name; choice++) {
        if (!yaml_is_scalar(node) || !str_is(text, choice->name))
            continue;
        if (!choice->later)
            return choice;
        problem_add(reader->problems, node, "\"%s\" is not available yet", choice->name);
        return NULL;
    }
    say_choices(reader, field, node, text);
    return NULL;
}

static void read_choice(struct reader *reader, const struct field *field,
                        const struct yaml_node *node, void *target)
{
    const struct choice *choice = choose(reader, field, node);
    if (choice)
        *(int *)field_at(field, target) = choice->value;
}

static void read_switch(struct reader *reader, const struct field *field,
                        const struct yaml_node *node, void *target)
{
    const struct choice *choice = choose(reader, field, node);
    if (choice)
        *(bool *)field_at(field, target) = choice->value;
}

static void read_word(struct reader *reader, const struct field *field,
                      const struct yaml_node *node, void *target)
{
    const struct choice *choice = choose(reader, field, node);
    if (choice)
        *(struct str *)field_at(field, target) = str_from(choice->name);
}

static void read_texts(struct reader *reader, const struct field *field,
                       const struct yaml_node *node, void *target)
{
    size_t count = node_count(node);
    struct str *texts = ARENA_ARRAY(reader->arena, struct str, MAX(count, 1));
    for (size_t i = 0; i < count; i++)
        if (!plain_text(reader, node_item(node, i), &texts[i]))
            return;
    *(struct str **)field_at(field, target) = texts;
    *field_count(field, target) = count;
}

static void read_value(struct reader *reader, const struct field *field,
                       const struct yaml_node *node, void *target)
{
    *(struct value *)field_at(field, target) = node_value(reader->arena, node);
}

field_read_fn field_reader(enum field_type type)
{
    static const field_read_fn readers[] = {
        [FIELD_TEXT] = read_text,
        [FIELD_CSTR] = read_cstr,
        [FIELD_WORD] = read_word,
        [FIELD_BOOL] = read_bool,
        [FIELD_COUNT] = read_count,
        [FIELD_INT] = read_int,
        [FIELD_DURATION] = read_duration,
        [FIELD_SIZE] = read_size,
        [FIELD_CHOICE] = read_choice,
        [FIELD_SWITCH] = read_switch,
        [FIELD_TEXTS] = read_texts,
        [FIELD_VALUE] = read_value,
        [FIELD_TEMPLATE] = field_read_template,
        [FIELD_TEMPLATE_REF] = field_read_template_ref,
        [FIELD_TEMPLATES] = field_read_templates,
        [FIELD_PATH] = field_read_path,
        [FIELD_LOCATOR] = field_read_locator,
        [FIELD_PLACE] = field_read_place,
    };
    return type < COUNT_OF(readers) ? readers[type] : NULL;
}

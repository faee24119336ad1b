#include "config/with.h"

#include <assert.h>

#include "config/key_expr.h"
#include "config/node.h"

/* --- reading --- */

static void read_field(struct reader *reader, const struct key *key,
                       const struct yaml_node *node, struct with_field *with)
{
    with->is_path = node->kind == YAML_STRING && str_find(node->text, STR("{{")) < 0;
    if (!with->is_path) {
        key_expr_compile(reader, key, node, &with->template);
        return;
    }
    struct err err = ERR_INIT;
    struct str text = node->text, suffix = STR(".@key");
    with->wants_key = str_ends(text, suffix);
    if (with->wants_key)
        text.len -= suffix.len;
    if (key_expr_check_path(reader, node, text, false) &&
        !path_compile(reader->arena, text, &with->path, &err))
        problem_add(reader->problems, node, "%s", err.text);
}

void with_read(struct reader *reader, const struct key *key, const struct yaml_node *node,
               void *target)
{
    struct merge *merge = key_at(key, target);
    if (yaml_is_scalar(node)) {
        problem_add_misfit(reader->problems, node, "must be a map, not %s",
                           yaml_kind_name(node->kind));
        return;
    }
    merge->with = ARENA_ARRAY(reader->arena, struct with_field, MAX(node->count, 1));
    for (size_t i = 0; i < node->count; i++) {
        struct with_field *with = &merge->with[merge->with_count];
        const struct yaml_node *value;
        if (!node_pair(node, i, &with->name, &value)) {
            problem_add_misfit(reader->problems, node, "must be a map, not a list");
            return;
        }
        read_field(reader, key, value, with);
        merge->with_count++;
    }
}

/* --- anchors --- */

static bool same_step(const struct path_step *a, const struct path_step *b)
{
    return a->kind == b->kind && a->index == b->index && str_eq(a->key, b->key) &&
           str_eq(a->text, b->text);
}

static bool is_wild(const struct path *path, size_t step)
{
    return path->steps[step].kind == PATH_EACH || path->steps[step].kind == PATH_MEMBER;
}

/* Position of the last wildcard, -1 if there is none. */
static int last_wild(const struct path *path)
{
    for (size_t i = path->count; i > 0; i--)
        if (is_wild(path, i - 1))
            return (int)i - 1;
    return -1;
}

static size_t shared_steps(const struct path *a, const struct path *b)
{
    size_t shared = 0;
    while (shared < MIN(a->count, b->count) && same_step(&a->steps[shared], &b->steps[shared]))
        shared++;
    return shared;
}

/*
 * `orders[*].id` beside the merge path `orders[*].lines[*]`: the id of the order that the line
 * is in. `data[*].id` beside `data`: the record's own. False: neither.
 */
static bool find_anchor(const struct merge *merge, struct with_field *with)
{
    const struct path *path = &with->path;
    bool has_records = merge->strategy < MERGE_REPLACE;
    size_t shared = has_records ? shared_steps(path, &merge->path) : 0;
    int wild = last_wild(path);
    assert(wild < (int)path->count);
    with->anchor = wild;
    with->from = (size_t)(wild + 1);
    if (wild < (int)shared)
        return true;
    bool is_record = merge->strategy == MERGE_APPEND && shared == merge->path.count &&
                     wild == (int)shared && path->steps[wild].kind == PATH_EACH &&
                     (shared == 0 || !is_wild(&merge->path, shared - 1));
    with->anchor = WITH_RECORD;
    return is_record;
}

static void check_field(struct reader *reader, const struct yaml_node *node,
                        const struct merge *merge, struct with_field *with)
{
    if (!find_anchor(merge, with))
        problem_add(reader->problems, node,
                    "the wildcards of \"%.*s\" are not those of merge_path \"%.*s\"",
                    STR_ARG(with->path.source), STR_ARG(merge->path.source));
    else if (with->wants_key && (with->anchor < 0 || with->from != with->path.count ||
                                 with->path.steps[with->anchor].kind != PATH_MEMBER))
        problem_add(reader->problems, node, "@key stands behind .* alone");
}

void with_check(struct reader *reader, const struct yaml_node *map, struct merge *merge)
{
    const struct yaml_node *node = yaml_find(map, "with");
    for (size_t i = 0; i < merge->with_count; i++) {
        struct str ignored;
        const struct yaml_node *value;
        if (merge->with[i].is_path && node_pair(node, i, &ignored, &value))
            check_field(reader, value, merge, &merge->with[i]);
    }
}

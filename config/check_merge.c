#include "config/definition.h"
#include "config/node.h"

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
 * stands in. `data[*].id` beside `data`: the record's own. False: neither.
 */
static bool find_anchor(const struct merge *merge, struct with_field *with)
{
    const struct path *path = &with->path;
    bool has_records = merge->strategy < MERGE_REPLACE;
    size_t shared = has_records ? shared_steps(path, &merge->path) : 0;
    int wild = last_wild(path);
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

static void check_with(struct reader *reader, const struct yaml_node *node,
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

static void check_withs(struct reader *reader, const struct yaml_node *map, struct merge *merge)
{
    const struct yaml_node *node = yaml_find(map, "with");
    for (size_t i = 0; i < merge->with_count; i++) {
        struct str ignored;
        const struct yaml_node *value;
        if (merge->with[i].is_path && node_pair(node, i, &ignored, &value))
            check_with(reader, value, merge, &merge->with[i]);
    }
}

static void check_key(struct reader *reader, const struct yaml_node *map,
                      const struct stream *stream)
{
    for (size_t i = 0; i < stream->table.key_count; i++)
        for (size_t j = 0; j < stream->merge.exclude_count; j++)
            if (str_eq(stream->table.key[i], stream->merge.exclude[j]))
                problem_add(reader->problems, node_at(map, "exclude"),
                            "\"%.*s\" belongs to the key", STR_ARG(stream->table.key[i]));
}

void check_merge(struct reader *reader, const struct yaml_node *map, struct stream *stream)
{
    struct merge *merge = &stream->merge;
    if (merge->where && merge->where->kind != TEMPLATE_EXPR &&
        merge->where->kind != TEMPLATE_MIXED)
        problem_add(reader->problems, node_at(map, "where"),
                    "must be an expression: \"{{ ... }}\"");
    const struct yaml_node *bookmark = yaml_find(map, "bookmark");
    stream->bookmark.is_set = bookmark && bookmark->kind != YAML_NULL;
    if (stream->bookmark.path.has_wildcard)
        problem_add(reader->problems, node_at(map, "bookmark"),
                    "the path \"%.*s\" has a wildcard, but one value is wanted",
                    STR_ARG(stream->bookmark.path.source));
    check_withs(reader, map, merge);
    check_key(reader, map, stream);
}

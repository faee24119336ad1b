#include "config/like.h"

#include "config/catalogue.h"

enum { DISTANCE_MAX = 3 };

static const struct yaml_node *find_like(const struct yaml_node *map)
{
    const struct yaml_node *like = map && map->kind == YAML_MAP ? yaml_find(map, "like") : NULL;
    return like && like->kind != YAML_NULL ? like : NULL;
}

static const struct yaml_node *entry_stream(const struct reader *reader, struct str name)
{
    const struct yaml_node *streams = yaml_find(reader->like, "streams");
    for (size_t i = 0; streams && i < streams->count; i++)
        if (str_eq(streams->items[i]->key, name))
            return streams->items[i];
    return NULL;
}

/* --- what is wrong with a `like` --- */

static void say_no_entry(struct reader *reader, const struct yaml_node *like)
{
    struct str nearest = catalogue_nearest(like->text);
    if (nearest.len)
        problem_add(reader->problems, like,
                    "\"%.*s\" is not in the catalogue; did you mean \"%.*s\"?",
                    STR_ARG(like->text), STR_ARG(nearest));
    else
        problem_add(reader->problems, like,
                    "\"%.*s\" is not in the catalogue: `pagetide catalogue` lists it",
                    STR_ARG(like->text));
}

static void say_no_stream(struct reader *reader, const struct yaml_node *like)
{
    const struct yaml_node *streams = yaml_find(reader->like, "streams");
    struct str nearest = STR_NONE, entry = reader->problems->other.name;
    int best = MIN(DISTANCE_MAX, (int)like->text.len / 2) + 1;
    AUTO_BUF(names, KIB(1));
    for (size_t i = 0; streams && i < streams->count; i++) {
        struct str name = streams->items[i]->key;
        int distance = problem_distance(like->text, name, best);
        buf_printf(&names, "%s%.*s", i ? ", " : "", STR_ARG(name));
        if (distance < best) {
            best = distance;
            nearest = name;
        }
    }
    if (nearest.len)
        problem_add(reader->problems, like,
                    "%.*s has no stream \"%.*s\"; did you mean \"%.*s\"?", STR_ARG(entry),
                    STR_ARG(like->text), STR_ARG(nearest));
    else
        problem_add(reader->problems, like, "%.*s has no stream \"%.*s\"%s%.*s", STR_ARG(entry),
                    STR_ARG(like->text), names.len ? "; it has " : ", nor any other",
                    STR_ARG(buf_str(&names)));
}

static bool is_text(struct reader *reader, const struct yaml_node *like)
{
    if (like->kind != YAML_STRING)
        problem_add(reader->problems, like, "must be a text, not %s",
                    yaml_kind_name(like->kind));
    return like->kind == YAML_STRING;
}

bool like_check(struct reader *reader, const struct yaml_node *stream)
{
    const struct yaml_node *like = find_like(stream);
    if (!like)
        return true;
    if (!is_text(reader, like))
        return false;
    if (!reader->like)
        problem_add_key(
            reader->problems, like,
            "names a stream of the catalogue's entry that the source is like: write "
            "`like` at the top of the file too");
    else if (!entry_stream(reader, like->text))
        say_no_stream(reader, like);
    return reader->like && entry_stream(reader, like->text);
}

/* --- the entry --- */

static void open_entry(struct reader *reader, const struct yaml_node *like)
{
    reader->like = catalogue_tree(reader->arena, like->text);
    if (!reader->like) {
        say_no_entry(reader, like);
        return;
    }
    struct problems *problems = reader->problems;
    problems->other.root = reader->like;
    problems->other.name =
        arena_printf(reader->arena, "catalogue/%.*s.yaml", STR_ARG(like->text));
    problems->other.because =
        arena_printf(reader->arena, "%.*s:%d:%d: like: %.*s", STR_ARG(problems->file),
                     like->line, like->column, STR_ARG(like->text));
}

bool like_open(struct reader *reader, const struct yaml_node *root)
{
    const struct yaml_node *like = find_like(root);
    reader->like = NULL;
    if (like && is_text(reader, like))
        open_entry(reader, like);
    if (like && !reader->like)
        return false;
    return like_check(reader, yaml_find(root, "defaults"));
}

const struct yaml_node *like_stream(const struct reader *reader, const struct yaml_node *source,
                                    const struct yaml_node *stream)
{
    const struct yaml_node *like = find_like(stream);
    if (!like)
        like = find_like(yaml_find(source, "defaults"));
    return reader->like && like ? entry_stream(reader, like->text) : NULL;
}

/* --- what a user has to say --- */

static bool has_var(const struct stream *stream, struct str name)
{
    for (size_t i = 0; i < stream->var_count; i++)
        if (str_eq(stream->vars[i].name, name))
            return true;
    return false;
}

static bool is_used(const struct names *names, struct str name)
{
    for (size_t i = 0; i < names->use_count; i++) {
        const struct expr_use *use = &names->uses[i].use;
        if (str_is(use->root, "vars") && use->step_count &&
            use->steps[0].kind == VALUE_STRING && str_eq(use->steps[0].text, name))
            return true;
    }
    return false;
}

void like_check_needs(struct reader *reader, const struct names *names,
                      const struct yaml_node *map, const struct stream *stream)
{
    const struct yaml_node *needs = reader->like ? yaml_find(reader->like, "needs") : NULL;
    for (size_t i = 0; needs && i < needs->count; i++) {
        const struct yaml_node *need = needs->items[i];
        if (!has_var(stream, need->key) && is_used(names, need->key))
            problem_add(reader->problems, map, "%.*s needs vars: {%.*s: …}, %.*s",
                        STR_ARG(reader->problems->other.name), STR_ARG(need->key),
                        STR_ARG(need->text));
    }
}

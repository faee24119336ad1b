#include "config/source.h"

#include "config/check.h"
#include "config/definition.h"
#include "config/foreign.h"
#include "config/graphql.h"
#include "config/identifier.h"
#include "config/keys.h"
#include "config/like.h"
#include "config/meant.h"
#include "config/merge.h"
#include "config/names.h"
#include "config/shorthand.h"
#include "config/spec.h"
#include "config/tables.h"
#include "port/hash_index.h"

/* --- one definition --- */

/* The merged map → a stream. Problems may have been added: the caller looks at their count. */
static struct stream *read_definition(struct reader *reader, struct yaml_node *map)
{
    struct definition *definition = ARENA_NEW(reader->arena, struct definition);
    struct stream *stream = &definition->stream;
    struct names names;
    names_start(&names, reader);
    definition_init(definition);
    keys_read(reader, &definition_keys, map, definition);
    names_check(&names, reader, stream);
    like_check_needs(reader, &names, map, stream);
    check_definition(reader, map, stream);
    tables_check(reader, map, stream);
    if (reader->problems->count)
        return stream;
    stream->spec = spec_write(reader->arena, map);
    if (!stream->spec.len)
        problem_add(reader->problems, map, "the definition is too long");
    return stream;
}

static void add_missing_text(struct arena *arena, struct yaml_node *map, const char *key,
                             struct str text)
{
    const struct yaml_node *node = yaml_find(map, key);
    if (!node)
        merge_add_text(arena, map, key, text);
}

/* --- one file --- */

/* With `prepare: then` each file is a page, where nothing else is said. */
static void page_files(struct arena *arena, struct yaml_node *map)
{
    const struct yaml_node *prepare = yaml_find(map, "prepare");
    bool has_files = prepare && prepare->kind == YAML_MAP && yaml_find(prepare, "then");
    if (has_files && !yaml_find(map, "pagination"))
        merge_add_text(arena, map, "pagination", STR("none"));
}

static struct stream *read_stream(struct reader *reader, const struct yaml_node *root,
                                  const struct yaml_node *node)
{
    if (!identifier_is_name(node->key))
        problem_add_key(reader->problems, node,
                        "\"%.*s\" cannot be a stream's name: [a-z][a-z0-9_]{0,47}",
                        STR_ARG(node->key));
    if (node->kind != YAML_MAP) {
        problem_add_misfit(reader->problems, node, "must be a map, not %s",
                           yaml_kind_name(node->kind));
        return NULL;
    }
    keys_check(reader, &definition_keys, node, KEY_IN_STREAM);
    merge_check_loop(reader, node);
    if (!like_check(reader, node))
        return NULL;
    const struct yaml_node *source = yaml_find(root, "source");
    struct str name = source ? source->text : STR_NONE;
    struct yaml_node *map = merge_stream(reader, root, node);
    merge_lift(reader, map);
    merge_own_limits(reader, root, node, map);
    graphql_write_out(reader, map);
    page_files(reader->arena, map);
    add_missing_text(reader->arena, map, "schema", name);
    add_missing_text(reader->arena, map, "table", node->key);
    merge_add_text(reader->arena, map, "stream",
                   arena_printf(reader->arena, "%.*s.%.*s", STR_ARG(name), STR_ARG(node->key)));
    return read_definition(reader, map);
}

/* What the source and its defaults say is checked even where every stream says otherwise. */
static void check_shared(struct reader *reader, const struct yaml_node *root)
{
    struct reader quiet = {.arena = reader->arena,
                           .problems = reader->problems,
                           .like = reader->like,
                           .put_instead = reader->put_instead};
    struct definition definition;
    definition_init(&definition);
    struct yaml_node *map = merge_stream(&quiet, root, NULL);
    merge_lift(&quiet, map);
    keys_read(&quiet, &definition_keys, map, &definition);
}

static bool check_root(struct reader *reader, struct yaml_node *root)
{
    if (root->kind == YAML_NULL) {
        problem_add(reader->problems, root,
                    "the file is empty; a definition has source: NAME, base_url and streams");
        return false;
    }
    if (root->kind != YAML_MAP) {
        problem_add(reader->problems, root, "a source definition is a map, not %s",
                    yaml_kind_name(root->kind));
        return false;
    }
    shorthand_write_out_file(reader, root);
    keys_check(reader, &definition_keys, root, KEY_IN_SOURCE);
    bool is_like_known = like_open(reader, root);
    if (reader->like)
        shorthand_write_out_file(reader, reader->like);
    const struct yaml_node *defaults = yaml_find(root, "defaults");
    if (defaults && defaults->kind == YAML_MAP) {
        keys_check(reader, &definition_keys, defaults, KEY_IN_STREAM);
        merge_check_loop(reader, defaults);
    } else if (defaults && defaults->kind != YAML_NULL) {
        problem_add_misfit(reader->problems, defaults, "must be a map, not %s",
                           yaml_kind_name(defaults->kind));
    }
    if (is_like_known)
        check_shared(reader, root);

    const struct yaml_node *streams = yaml_find(root, "streams");
    bool has_streams = streams && streams->kind == YAML_MAP && streams->count;
    if (!has_streams)
        problem_add_misfit(reader->problems, streams ? streams : root,
                           streams ? "must be a map with at least one stream"
                                   : "the key \"streams\" is missing");
    return has_streams && is_like_known;
}

static void check_tables(struct reader *reader, const struct yaml_node *streams,
                         const struct source *source)
{
    AUTO_HASH_INDEX struct hash_index owners = {0};
    for (size_t i = 0; i < source->count; i++) {
        const struct outline_table *shared;
        const struct outline *owner =
            outline_find_owner(&owners, &source->outlines[i], &shared);
        if (owner)
            problem_add_key(reader->problems, streams->items[i],
                            "fills the table %.*s, which belongs to %.*s",
                            STR_ARG(shared->name), STR_ARG(owner->name));
        else
            outline_own(&owners, &source->outlines[i]);
    }
}

/* Where what is read of a file goes. */
struct reading {
    struct arena *kept;    /* the source and its outlines */
    struct arena *tree;    /* of the file; streams that are kept borrow from it */
    struct arena *streams; /* NULL: each in the place of the one before it */
};

static void read_streams(const struct reading *reading, struct reader *reader,
                         const struct yaml_node *root, struct source *source)
{
    const struct yaml_node *streams = yaml_find(root, "streams");
    AUTO_ARENA struct arena *one = arena_new();
    source->outlines = ARENA_ARRAY(reading->kept, struct outline, streams->count);
    if (reading->streams)
        source->streams = ARENA_ARRAY(reading->streams, struct stream *, streams->count);
    for (size_t i = 0; i < streams->count; i++) {
        arena_reset(one);
        reader->arena = reading->streams ? reading->streams : one;
        struct stream *stream = read_stream(reader, root, streams->items[i]);
        if (reading->streams)
            source->streams[i] = stream;
        if (!reader->problems->count)
            outline_take(reading->kept, stream, &source->outlines[i]);
    }
    reader->arena = reading->tree;
}

static void read_source(const struct reading *reading, struct reader *reader,
                        struct yaml_node *root, struct source *source)
{
    if (!check_root(reader, root))
        return;
    read_streams(reading, reader, root, source);
    if (reader->problems->count)
        return;
    source->count = yaml_find(root, "streams")->count;
    str_split(source->outlines[0].name, '.', &source->name);
    check_tables(reader, yaml_find(root, "streams"), source);
}

static bool read_file(const struct reading *reading, struct problems *problems, struct str text,
                      struct source **ret_source, struct err *err)
{
    struct reader reader = {
        .arena = reading->tree, .problems = problems, .put_instead = foreign_put};
    struct source *source = ARENA_NEW(reading->kept, struct source);
    struct yaml_node *root;
    struct err yaml_err = ERR_INIT;
    problems->arena = reading->tree;
    problems->put_meant = meant_put;
    source->file = arena_str(reading->kept, problems->file);
    if (yaml_parse(reading->tree, text, problem_on_yaml, problems, &root, &yaml_err))
        read_source(reading, &reader, root, source);
    if (problems->count)
        return problems_to_err(problems, err);
    *ret_source = source;
    return true;
}

bool source_parse(struct arena *arena, struct str file, struct str text,
                  struct source **ret_source, struct buf *errors, struct err *err)
{
    const struct reading reading = {arena, arena, arena};
    struct problems problems = {.file = file, .out = errors};
    return read_file(&reading, &problems, text, ret_source, err);
}

bool source_outline(struct arena *arena, struct str file, struct str text,
                    struct source **ret_source, struct buf *errors, struct err *err)
{
    AUTO_ARENA struct arena *tree = arena_new();
    const struct reading reading = {arena, tree, NULL};
    struct problems problems = {.file = file, .out = errors};
    return read_file(&reading, &problems, text, ret_source, err);
}

/* --- stored definitions --- */

bool source_parse_spec(struct arena *arena, struct str spec, struct stream **ret_stream,
                       struct err *err)
{
    AUTO_BUF(errors, KIB(64));
    struct problems problems = {
        .arena = arena, .file = STR("stored definition"), .out = &errors};
    struct reader reader = {.arena = arena, .problems = &problems, .put_instead = foreign_put};
    struct stream *stream = NULL;
    struct yaml_node *root;
    struct err yaml_err = ERR_INIT;
    if (yaml_parse(arena, spec, problem_on_yaml, &problems, &root, &yaml_err)) {
        if (root->kind != YAML_MAP)
            problem_add(&problems, root, "must be a map");
        else
            stream = read_definition(&reader, root);
    }
    if (problems.count)
        return problems_to_err(&problems, err);
    *ret_stream = stream;
    return true;
}

struct stream *source_find_stream(struct source *const *sources, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < sources[i]->count; j++)
            if (str_eq(sources[i]->streams[j]->name, name))
                return sources[i]->streams[j];
    return NULL;
}

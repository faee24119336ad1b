#include "config/catalogue.h"

#include <assert.h>

#include "port/unpack.h"

enum { DISTANCE_MAX = 3 };

static struct str name_of(const struct packed *file)
{
    struct str name = str_from(file->name);
    name.len -= strlen(".yaml");
    return name;
}

struct str catalogue_name(size_t index)
{
    const struct packed *file = &packed_catalogue[index];
    return file->name ? name_of(file) : STR_NONE;
}

struct str catalogue_nearest(struct str name)
{
    struct str nearest = STR_NONE;
    int best = MIN(DISTANCE_MAX, (int)name.len / 2) + 1;
    for (const struct packed *file = packed_catalogue; file->name; file++) {
        int distance = problem_distance(name, name_of(file), best);
        if (distance >= best)
            continue;
        best = distance;
        nearest = name_of(file);
    }
    return nearest;
}

/* In the arena; empty: there is no such entry. */
static struct str text_of(struct arena *arena, struct str name)
{
    AUTO_BUF(text, MIB(1));
    for (const struct packed *file = packed_catalogue; file->name; file++)
        if (str_eq(name_of(file), name))
            unpack(file, &text);
    return text.len ? arena_str(arena, buf_str(&text)) : STR_NONE;
}

/* The files are built in, and a test reads them all: none is broken. */
static void on_broken(void *ctx, int line, int column, const char *what)
{
    (void)ctx, (void)line, (void)column, (void)what;
    assert(!"an entry of the catalogue is no YAML");
}

/* NULL: the text is empty. */
static struct yaml_node *tree_of(struct arena *arena, struct str text)
{
    struct yaml_node *root = NULL;
    struct err err = ERR_INIT;
    bool is_read = text.len && yaml_parse(arena, text, on_broken, NULL, &root, &err);
    return is_read ? root : NULL;
}

struct yaml_node *catalogue_tree(struct arena *arena, struct str name)
{
    return tree_of(arena, text_of(arena, name));
}

/* The texts of a list, or with `keys` the keys of a map. */
static struct str *list_texts(struct arena *arena, const struct yaml_node *root,
                              const char *key, bool keys, size_t *ret_count)
{
    const struct yaml_node *list = yaml_find(root, key);
    size_t count = list ? list->count : 0;
    struct str *texts = ARENA_ARRAY(arena, struct str, MAX(count, 1));
    for (size_t i = 0; i < count; i++)
        texts[i] = keys ? list->items[i]->key : list->items[i]->text;
    *ret_count = count;
    return texts;
}

bool catalogue_find(struct arena *arena, struct str name, struct catalogue_entry *ret_entry)
{
    struct str text = text_of(arena, name);
    const struct yaml_node *root = tree_of(arena, text);
    if (!root)
        return false;
    const struct yaml_node *server = yaml_find(root, "server");
    struct catalogue_entry entry = {.name = arena_str(arena, name), .text = text};
    entry.file = arena_printf(arena, "catalogue/%.*s.yaml", STR_ARG(name));
    entry.server = server ? server->text : STR_NONE;
    entry.versions = list_texts(arena, root, "versions", false, &entry.version_count);
    entry.cannot = list_texts(arena, root, "cannot", false, &entry.cannot_count);
    entry.streams = list_texts(arena, root, "streams", true, &entry.stream_count);
    *ret_entry = entry;
    return true;
}

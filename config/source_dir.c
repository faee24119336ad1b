#include "config/source_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lack.h"
#include "base/mem.h"
#include "config/after.h"
#include "port/yaml.h"

struct file_names {
    char **items;
    size_t count, capacity;
};

static void names_done(struct file_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        mem_free(names->items[i]);
    mem_free(names->items);
}

static bool is_definition(const char *name)
{
    struct str text = str_from(name);
    return name[0] != '.' && (str_ends(text, STR(".yaml")) || str_ends(text, STR(".yml")) ||
                              str_ends(text, STR(".json")));
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool list_names(const char *folder, struct file_names *names, struct err *err)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return !lack_explain(err, "config", errno, folder) &&
               err_set(err, ERR_CONFIG, "config", errno, "%s: %s", folder, strerror(errno));
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!is_definition(entry->d_name))
            continue;
        MEM_GROW(names->items, names->count, names->capacity);
        names->items[names->count++] = mem_strdup(entry->d_name);
    }
    closedir(dir);
    if (names->count)
        qsort(names->items, names->count, sizeof *names->items, compare_names);
    return true;
}

typedef bool (*parse_fn)(struct arena *arena, struct str file, struct str text,
                         struct source **ret_source, struct buf *errors, struct err *err);

struct loader {
    struct arena *arena;
    parse_fn parse;
    struct source **sources;
    size_t count;
    /* Of the good ones: sources by their names, outlines by theirs and by their tables. */
    struct hash_index names, outlines, owners;
    struct buf *errors;
    struct err *err; /* holds the first; or a lack, which is no file's fault */
    size_t failed;
};

static void loader_done(struct loader *loader)
{
    hash_index_done(&loader->names);
    hash_index_done(&loader->outlines);
    hash_index_done(&loader->owners);
}

static void fail(struct loader *loader, const struct err *err)
{
    if (loader->failed++ == 0 || err->is_lack)
        *loader->err = *err;
}

static struct str file_of(const struct loader *loader, const struct outline *outline)
{
    struct str name;
    str_split(outline->name, '.', &name);
    return ((const struct source *)hash_index_find(&loader->names, name))->file;
}

static bool check_tables(const struct loader *loader, const struct source *source,
                         struct err *err)
{
    for (size_t i = 0; i < source->count; i++) {
        const struct outline_table *shared;
        const struct outline *owner =
            outline_find_owner(&loader->owners, &source->outlines[i], &shared);
        if (owner)
            return err_set(err, ERR_CONFIG, "config", 0,
                           "%.*s: %.*s fills the table %.*s.%.*s, which belongs to %.*s (%.*s)",
                           STR_ARG(source->file), STR_ARG(source->outlines[i].name),
                           STR_ARG(shared->schema), STR_ARG(shared->name), STR_ARG(owner->name),
                           STR_ARG(file_of(loader, owner)));
    }
    return true;
}

/* What one file cannot know: the other files. The later one, by name, is the broken one. */
static bool check_across(const struct loader *loader, const struct source *source,
                         struct err *err)
{
    const struct source *same = hash_index_find(&loader->names, source->name);
    if (same)
        return err_set(err, ERR_CONFIG, "config", 0,
                       "%.*s: the source %.*s stands already in %.*s", STR_ARG(source->file),
                       STR_ARG(source->name), STR_ARG(same->file));
    return check_tables(loader, source, err) && after_check(source, &loader->outlines, err);
}

static void take(struct loader *loader, struct source *source)
{
    loader->sources[loader->count++] = source; /* there is room for each file */
    hash_index_put(&loader->names, source->name, source);
    for (size_t i = 0; i < source->count; i++) {
        hash_index_put(&loader->outlines, source->outlines[i].name, &source->outlines[i]);
        outline_own(&loader->owners, &source->outlines[i]);
    }
}

static void load_file(struct loader *loader, const char *path)
{
    struct err err = ERR_INIT;
    AUTO_BUF(text, YAML_TEXT_MAX_BYTES);
    struct source *source;
    if (!file_read(path, &text, &err)) {
        buf_printf(loader->errors, "%s\n", err.text);
        fail(loader, &err);
    } else if (!loader->parse(loader->arena, str_from(path), buf_str(&text), &source,
                              loader->errors, &err)) {
        fail(loader, &err);
    } else if (!check_across(loader, source, &err)) {
        buf_printf(loader->errors, "%s\n", err.text);
        fail(loader, &err);
    } else {
        take(loader, source);
    }
}

static bool load(struct loader *loader, const char *dir, struct source ***ret_sources,
                 size_t *ret_count)
{
    struct file_names names CLEANUP(names_done) = {NULL};
    struct str folder = arena_printf(loader->arena, "%s/sources", dir);
    *ret_sources = NULL;
    *ret_count = 0;
    if (!list_names(folder.ptr, &names, loader->err))
        return false;
    loader->sources = ARENA_ARRAY(loader->arena, struct source *, MAX(names.count, 1));
    for (size_t i = 0; i < names.count; i++)
        load_file(loader, arena_printf(loader->arena, "%s/%s", folder.ptr, names.items[i]).ptr);
    *ret_sources = loader->sources;
    *ret_count = loader->count;
    return loader->failed == 0;
}

bool source_dir_load(struct arena *arena, const char *dir, struct source ***ret_sources,
                     size_t *ret_count, struct buf *errors, struct err *err)
{
    struct loader loader CLEANUP(loader_done) = {
        .arena = arena, .parse = source_parse, .errors = errors, .err = err};
    return load(&loader, dir, ret_sources, ret_count);
}

bool source_dir_outline(struct arena *arena, const char *dir, struct source ***ret_sources,
                        size_t *ret_count, struct buf *errors, struct err *err)
{
    struct loader loader CLEANUP(loader_done) = {
        .arena = arena, .parse = source_outline, .errors = errors, .err = err};
    return load(&loader, dir, ret_sources, ret_count);
}

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

struct loader {
    struct arena *arena;
    struct source **sources;
    size_t count;
    struct buf *errors;
    struct err *err; /* holds the first; or a lack, which is no file's fault */
    size_t failed;
};

static void fail(struct loader *loader, const struct err *err)
{
    if (loader->failed++ == 0 || err->is_lack)
        *loader->err = *err;
}

static bool check_stream(const struct loader *loader, const struct source *source,
                         const struct stream *stream, struct err *err)
{
    for (size_t i = 0; i < loader->count; i++) {
        const struct source *other = loader->sources[i];
        for (size_t j = 0; j < other->count; j++) {
            const struct table *shared = stream_shares_table(stream, other->streams[j]);
            if (shared)
                return err_set(err, ERR_CONFIG, "config", 0,
                               "%.*s: %.*s fills the table %.*s.%.*s, which belongs to %.*s "
                               "(%.*s)",
                               STR_ARG(source->file), STR_ARG(stream->name),
                               STR_ARG(shared->schema), STR_ARG(shared->name),
                               STR_ARG(other->streams[j]->name), STR_ARG(other->file));
        }
    }
    return true;
}

/* What one file cannot know: the other files. The later one, by name, is the broken one. */
static bool check_across(const struct loader *loader, struct source *source, struct err *err)
{
    for (size_t i = 0; i < loader->count; i++)
        if (str_eq(loader->sources[i]->name, source->name))
            return err_set(err, ERR_CONFIG, "config", 0,
                           "%.*s: the source %.*s stands already in %.*s",
                           STR_ARG(source->file), STR_ARG(source->name),
                           STR_ARG(loader->sources[i]->file));
    for (size_t i = 0; i < source->count; i++)
        if (!check_stream(loader, source, source->streams[i], err))
            return false;
    loader->sources[loader->count] = source; /* there is room for each file */
    return after_check(loader->arena, loader->sources, loader->count + 1, err);
}

static void load_file(struct loader *loader, const char *path)
{
    struct err err = ERR_INIT;
    AUTO_BUF(text, YAML_TEXT_MAX_BYTES);
    struct source *source;
    if (!file_read(path, &text, &err)) {
        buf_printf(loader->errors, "%s\n", err.text);
        fail(loader, &err);
    } else if (!source_parse(loader->arena, str_from(path), buf_str(&text), &source,
                             loader->errors, &err)) {
        fail(loader, &err);
    } else if (!check_across(loader, source, &err)) {
        buf_printf(loader->errors, "%s\n", err.text);
        fail(loader, &err);
    } else {
        loader->sources[loader->count++] = source;
    }
}

bool source_dir_load(struct arena *arena, const char *dir, struct source ***ret_sources,
                     size_t *ret_count, struct buf *errors, struct err *err)
{
    struct file_names names CLEANUP(names_done) = {NULL};
    struct str folder = arena_printf(arena, "%s/sources", dir);
    if (!list_names(folder.ptr, &names, err)) {
        *ret_sources = NULL;
        *ret_count = 0;
        return false;
    }
    struct loader loader = {.arena = arena, .errors = errors, .err = err};
    loader.sources = ARENA_ARRAY(arena, struct source *, MAX(names.count, 1));
    for (size_t i = 0; i < names.count; i++)
        load_file(&loader, arena_printf(arena, "%s/%s", folder.ptr, names.items[i]).ptr);
    *ret_sources = loader.sources;
    *ret_count = loader.count;
    return loader.failed == 0;
}

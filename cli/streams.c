#include "cli/streams.h"

#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/near.h"

static bool is_among(const struct stream *stream, struct stream *const *streams, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (streams[i] == stream)
            return true;
    return false;
}

/* The end of a file's path, from the beginning of a name on. */
static bool is_file(struct str file, struct str word)
{
    if (str_starts(word, STR("./")))
        word = str_slice(word, 2, word.len);
    if (!str_ends(file, word) || !word.len)
        return false;
    return file.len == word.len || word.ptr[0] == '/' ||
           file.ptr[file.len - word.len - 1] == '/';
}

static bool is_meant(struct arena *arena, const struct source *source,
                     const struct stream *stream, const char *word)
{
    struct str text = str_from(word);
    return str_eq(stream->name, text) || str_eq(source->name, text) ||
           is_file(source->file, text) ||
           (strpbrk(word, "*?") && !fnmatch(word, arena_cstr(arena, stream->name), 0));
}

static void put_near(struct buf *hint, struct source *const *sources, size_t source_count,
                     struct str word)
{
    struct near near;
    near_start(&near, word);
    for (size_t i = 0; i < source_count; i++)
        for (size_t j = 0; j < sources[i]->count; j++)
            near_take(&near, sources[i]->streams[j]->name);
    near_put(hint, &near);
}

static bool is_folder(const struct cli *cli, const char *word)
{
    struct stat file;
    const char *in_folder = arena_cstr(
        cli->arena, arena_printf(cli->arena, "%s/%s", cli->settings.config_dir, word));
    return (!stat(word, &file) || !stat(in_folder, &file)) && S_ISDIR(file.st_mode);
}

/* A file whose streams are not among those that were read: why, its own errors have said. */
static bool is_broken_file(const struct cli *cli, const char *word)
{
    struct stat file;
    struct str text = str_from(word);
    const char *in_folder = arena_cstr(
        cli->arena, arena_printf(cli->arena, "%s/%s", cli->settings.config_dir, word));
    bool is_definition = str_ends(text, STR(".yaml")) || str_ends(text, STR(".yml")) ||
                         str_ends(text, STR(".json"));
    return is_definition && (!stat(word, &file) || !stat(in_folder, &file)) &&
           S_ISREG(file.st_mode);
}

/* Where a file is broken it may be one of its streams: its errors stand above. */
static void say_unknown(const struct cli *cli, const char *command, const char *word,
                        struct source *const *sources, size_t source_count)
{
    AUTO_BUF(hint, KIB(4));
    put_near(&hint, sources, source_count, str_from(word));
    if (!strcmp(word, "all"))
        buf_puts(&hint, "; '*' means all");
    else if (!hint.len && *word && is_folder(cli, word))
        buf_puts(&hint, "; it is a folder: -c DIR names the folder that has sources/, and "
                        "'*' all streams of it");
    if (cli->has_broken_files)
        cli_usage("%s: \"%s\" is not among the streams that could be read: correct the errors "
                  "above, or the name%.*s",
                  command, word, STR_ARG(buf_str(&hint)));
    else
        cli_usage("%s: there is no stream \"%s\" in %s/sources%.*s", command, word,
                  cli->settings.config_dir, STR_ARG(buf_str(&hint)));
}

bool streams_find(struct cli *cli, const char *command, const char *word,
                  struct source *const *sources, size_t source_count, struct stream **streams,
                  size_t *count)
{
    bool is_found = false;
    for (size_t i = 0; i < source_count; i++)
        for (size_t j = 0; j < sources[i]->count; j++) {
            struct stream *stream = sources[i]->streams[j];
            if (!is_meant(cli->arena, sources[i], stream, word))
                continue;
            is_found = true;
            if (!is_among(stream, streams, *count))
                streams[(*count)++] = stream;
        }
    if (is_found)
        return true;
    if (is_broken_file(cli, word)) {
        cli_usage("%s: no stream of %s could be read", command, word);
        return false;
    }
    say_unknown(cli, command, word, sources, source_count);
    return false;
}

struct str streams_pattern(struct arena *arena, const char *word)
{
    AUTO_BUF(pattern, KIB(4));
    for (const char *at = word; *at; at++) {
        if (strchr("\\_%", *at))
            buf_puts(&pattern, "\\");
        buf_put_byte(&pattern, *at == '*' ? '%' : *at == '?' ? '_' : *at);
    }
    if (!strpbrk(word, ".*?"))
        buf_puts(&pattern, ".%");
    return arena_str(arena, buf_str(&pattern));
}

bool streams_find_one(struct cli *cli, const char *command, const char *word,
                      struct stream **ret_stream)
{
    struct source **sources;
    size_t count, most = 0, found = 0;
    bool is_whole;
    if (!cli_sources(cli, &sources, &count, &is_whole))
        return false;
    for (size_t i = 0; i < count; i++)
        most += sources[i]->count;
    struct stream **streams = ARENA_ARRAY(cli->arena, struct stream *, most + 1);
    if (!streams_find(cli, command, word, sources, count, streams, &found))
        return false;
    *ret_stream = streams[0];
    if (found > 1)
        cli_usage("%s: \"%s\" means %zu streams: name one, like %.*s", command, word, found,
                  STR_ARG(streams[0]->name));
    return found == 1;
}

void streams_put_tables(struct buf *line, const struct stream *stream)
{
    const char *joint = " → ";
    buf_put(line, stream->name);
    for (size_t i = 0; i < stream_table_count(stream); i++) {
        const struct table *table = stream_table(stream, i);
        if (table->is_none)
            continue;
        buf_printf(line, "%s%.*s.%.*s", joint, STR_ARG(table->schema), STR_ARG(table->name));
        joint = ", ";
    }
}

#include "cli/definition_place.h"

#include "base/file.h"
#include "config/place.h"

static void on_yaml(void *ctx, int line, int column, const char *what)
{
    (void)ctx, (void)line, (void)column, (void)what;
}

static struct str file_of(struct source *const *sources, size_t count,
                          const struct stream *stream)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < sources[i]->count; j++)
            if (sources[i]->streams[j] == stream)
                return sources[i]->file;
    return STR_NONE;
}

struct str definition_place(struct cli *cli, struct source *const *sources, size_t count,
                            const struct stream *stream, struct str key)
{
    struct str file = file_of(sources, count, stream);
    struct yaml_node *root;
    struct err ignored = ERR_INIT;
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(text, YAML_TEXT_MAX_BYTES);
    if (!file.len || !file_read(arena_cstr(arena, file), &text, &ignored) ||
        !yaml_parse(arena, buf_str(&text), on_yaml, NULL, &root, &ignored))
        return STR_NONE;
    return arena_str(cli->arena, place_find(arena, file, root, stream, key));
}

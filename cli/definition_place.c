#include "cli/definition_place.h"

#include "base/file.h"
#include "config/node.h"
#include "config/place.h"

static struct str file_of(const struct definition_places *places, const struct stream *stream)
{
    for (size_t i = 0; i < places->source_count; i++)
        for (size_t j = 0; j < places->sources[i]->count; j++)
            if (places->sources[i]->streams[j] == stream)
                return places->sources[i]->file;
    return STR_NONE;
}

static void read_anew(struct definition_places *places, struct str file)
{
    struct arena *arena = places->cli->arena;
    struct err ignored = ERR_INIT;
    AUTO_BUF(text, YAML_TEXT_MAX_BYTES);
    bool is_read = file.len && file_read(arena_cstr(arena, file), &text, &ignored);
    places->file = file;
    places->root = is_read ? node_from_text(arena, text.len ? text.ptr : "") : NULL;
}

struct str definition_place(struct definition_places *places, const struct stream *stream,
                            struct str key)
{
    struct str file = file_of(places, stream);
    if (!str_eq(file, places->file))
        read_anew(places, file);
    return places->root ? place_find(places->cli->arena, file, places->root, stream, key)
                        : STR_NONE;
}

#include "config/after.h"

/* The streams that wait, directly or not, for one of them: each is looked at once. */
struct walk {
    struct source *const *sources;
    size_t source_count;
    const struct stream **streams;
    size_t count;
};

static bool is_in(const struct walk *walk, const struct stream *stream)
{
    for (size_t i = 0; i < walk->count; i++)
        if (walk->streams[i] == stream)
            return true;
    return false;
}

/* Does what the stream waits for wait for the stream? */
static bool is_in_circle(struct walk *walk, const struct stream *first)
{
    walk->count = 0;
    walk->streams[walk->count++] = first;
    for (size_t at = 0; at < walk->count; at++) {
        const struct schedule *schedule = &walk->streams[at]->schedule;
        for (size_t i = 0; i < schedule->after_count; i++) {
            const struct stream *before =
                source_find_stream(walk->sources, walk->source_count, schedule->after[i]);
            if (before == first)
                return true;
            if (before && !is_in(walk, before))
                walk->streams[walk->count++] = before;
        }
    }
    return false;
}

bool after_check(struct arena *arena, struct source *const *sources, size_t count,
                 struct err *err)
{
    size_t most = 0;
    for (size_t i = 0; i < count; i++)
        most += sources[i]->count;
    struct walk walk = {sources, count, ARENA_ARRAY(arena, const struct stream *, most + 1), 0};
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < sources[i]->count; j++)
            if (is_in_circle(&walk, sources[i]->streams[j]))
                return err_set(err, ERR_CONFIG, "config", 0,
                               "%.*s: %.*s: after: a circle, in which nothing would ever start",
                               STR_ARG(sources[i]->file),
                               STR_ARG(sources[i]->streams[j]->name));
    return true;
}

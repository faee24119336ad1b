#ifndef CONFIG_OUTLINE_H
#define CONFIG_OUTLINE_H

#include "base/arena.h"
#include "config/stream.h"
#include "port/hash_index.h"

/*
 * Of a stream what others have to know of it, and what is stored: a twentieth of struct stream.
 * Of a folder of ten thousand streams this is kept for each, and the rest for one at a time.
 */
struct outline {
    struct str name;           /* source.stream */
    struct str spec;           /* the JSON that is stored with a run */
    struct str cron, timezone; /* as in struct schedule */
    int64_t every_ms;
    struct str *after; /* streams that must have succeeded */
    size_t after_count;
    struct outline_table {
        struct str schema, name;
        struct str id; /* both, with a NUL between */
    } * tables;        /* its own, if it has one, and those of its parts */
    size_t table_count;
};

/* All of it lives in the arena; the stream may go. */
void outline_take(struct arena *arena, const struct stream *stream,
                  struct outline *ret_outline);

/* No two streams may fill one table. `owners`: outlines by the tables that they have. */
void outline_own(struct hash_index *owners, struct outline *outline);
/* Who has one of the outline's tables, and which; NULL: nobody has. */
const struct outline *outline_find_owner(const struct hash_index *owners,
                                         const struct outline *outline,
                                         const struct outline_table **ret_table);

#endif

#ifndef BASE_ARENA_BUF_H
#define BASE_ARENA_BUF_H

#include "base/arena.h"
#include "base/str.h"

/*
 * A text in an arena that is written again and again: it keeps the memory of the longest one.
 * Begins as {.arena = …}; empty it by setting `len`. Without a ceiling of its own: the caller
 * knows what it puts.
 */
struct arena_buf {
    struct arena *arena;
    char *ptr;
    size_t len, capacity;
};

void arena_buf_grow(struct arena_buf *buf, size_t size); /* arena_buf_room's */

/* Room for `size` bytes at the end, to be written by the caller, who then adds to len. What was
 * written may move. */
static inline char *arena_buf_room(struct arena_buf *buf, size_t size)
{
    if (buf->capacity - buf->len < size)
        arena_buf_grow(buf, size);
    return buf->ptr + buf->len;
}

void arena_buf_put(struct arena_buf *buf, struct str bytes);

/* Makes it that text. */
struct str arena_buf_set(struct arena_buf *buf, struct str text);

#endif

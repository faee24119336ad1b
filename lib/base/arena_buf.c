#include "base/arena_buf.h"

enum { FIRST_BYTES = 256 };

void arena_buf_grow(struct arena_buf *buf, size_t size)
{
    size_t capacity = MAX(2 * buf->capacity, MAX(buf->len + size, FIRST_BYTES));
    char *bigger = arena_alloc(buf->arena, capacity);
    if (buf->len)
        memcpy(bigger, buf->ptr, buf->len);
    buf->ptr = bigger;
    buf->capacity = capacity;
}

void arena_buf_put(struct arena_buf *buf, struct str bytes)
{
    if (!bytes.len)
        return;
    memcpy(arena_buf_room(buf, bytes.len), bytes.ptr, bytes.len);
    buf->len += bytes.len;
}

struct str arena_buf_set(struct arena_buf *buf, struct str text)
{
    buf->len = 0;
    arena_buf_put(buf, text);
    return (struct str){buf->ptr, buf->len};
}

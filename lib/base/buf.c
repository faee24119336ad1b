#include "base/buf.h"

#include <assert.h>
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

void buf_done(struct buf *buf)
{
    mem_free(buf->ptr);
    *buf = (struct buf){.max = buf->max};
}

void buf_reset(struct buf *buf)
{
    buf->len = 0;
    buf->has_overflowed = false;
}

char *buf_room(struct buf *buf, size_t size)
{
    assert(buf->len <= buf->max && buf->max < SIZE_MAX);
    if (buf->has_overflowed || size > buf->max - buf->len) {
        buf->has_overflowed = true;
        return NULL;
    }
    size_t need = buf->len + size + 1;
    if (need > buf->capacity) {
        size_t grown = MAX(need, MIN(MAX(buf->capacity * 2, (size_t)256), buf->max + 1));
        buf->ptr = mem_realloc(buf->ptr, grown);
        buf->capacity = grown;
    }
    return buf->ptr + buf->len;
}

void buf_put(struct buf *buf, struct str bytes)
{
    char *room = buf_room(buf, bytes.len);
    if (!room)
        return;
    if (bytes.len)
        memcpy(room, bytes.ptr, bytes.len);
    buf->len += bytes.len;
    buf->ptr[buf->len] = '\0';
}

void buf_put_byte(struct buf *buf, char byte)
{
    buf_put(buf, (struct str){&byte, 1});
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *room = buf_room(buf, (size_t)len);
    if (!room)
        return;
    va_start(args, fmt);
    vsnprintf(room, (size_t)len + 1, fmt, args);
    va_end(args);
    buf->len += (size_t)len;
}

void buf_put_be16(struct buf *buf, uint16_t number)
{
    uint16_t wire = htobe16(number);
    buf_put(buf, (struct str){(const char *)&wire, sizeof wire});
}

void buf_put_be32(struct buf *buf, uint32_t number)
{
    uint32_t wire = htobe32(number);
    buf_put(buf, (struct str){(const char *)&wire, sizeof wire});
}

void buf_truncate(struct buf *buf, size_t len)
{
    if (len < buf->len) {
        buf->len = len;
        buf->ptr[len] = '\0';
    }
}

#include "base/buf.h"

#include <assert.h>
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/spill.h"

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

static void release(struct buf *buf)
{
    if (buf->spill)
        spill_free(TAKE(buf->spill));
    else
        mem_free(buf->ptr);
}

void buf_done(struct buf *buf)
{
    release(buf);
    *buf = (struct buf){.max = buf->max, .spill_at = buf->spill_at};
}

void buf_reset(struct buf *buf)
{
    buf->len = 0;
    buf->has_overflowed = false;
}

/* --- growth --- */

enum { SPILL_STEP_BYTES = 2 << 20 };

static void move_to(struct buf *buf, char *ptr, size_t capacity)
{
    if (buf->len)
        memcpy(ptr, buf->ptr, buf->len);
    release(buf);
    buf->ptr = ptr;
    buf->capacity = capacity;
}

/* False: the disk has no room. */
static bool grow_in_file(struct buf *buf, size_t need)
{
    size_t capacity = (need + SPILL_STEP_BYTES - 1) / SPILL_STEP_BYTES * SPILL_STEP_BYTES;
    if (buf->spill) {
        if (!spill_grow(buf->spill, capacity))
            return false;
        buf->ptr = spill_ptr(buf->spill);
        buf->capacity = capacity;
        return true;
    }
    struct spill *spill = spill_new(capacity);
    if (!spill)
        return false;
    move_to(buf, spill_ptr(spill), capacity);
    buf->spill = spill;
    return true;
}

static void grow_in_heap(struct buf *buf, size_t need)
{
    size_t grown = MAX(need, MIN(MAX(buf->capacity * 2, (size_t)256), buf->max + 1));
    if (buf->spill) {
        move_to(buf, mem_realloc(NULL, grown), grown);
        return;
    }
    buf->ptr = mem_realloc(buf->ptr, grown);
    buf->capacity = grown;
}

static void grow(struct buf *buf, size_t need)
{
    size_t spill_at = buf->spill_at ? buf->spill_at : BUF_SPILL_BYTES;
    if (need <= spill_at || !grow_in_file(buf, need))
        grow_in_heap(buf, need);
}

char *buf_room(struct buf *buf, size_t size)
{
    assert(buf->len <= buf->max && buf->max < SIZE_MAX);
    if (buf->has_overflowed || size > buf->max - buf->len) {
        buf->has_overflowed = true;
        return NULL;
    }
    size_t need = buf->len + size + 1;
    if (need > buf->capacity)
        grow(buf, need);
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
    char *room = buf_room(buf, 1);
    if (!room)
        return;
    *room = byte;
    buf->ptr[++buf->len] = '\0';
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

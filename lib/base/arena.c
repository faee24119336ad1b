#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK_BYTES = 16 * 1024, ALIGN = 16 };

struct block {
    struct block *next;
    size_t size, used;
    _Alignas(ALIGN) char bytes[];
};

struct arena {
    struct block *first; /* kept over a reset */
    struct block *last;  /* the one being filled */
    size_t bytes;
};

static struct block *block_add(struct arena *arena, size_t size)
{
    struct block *block = mem_realloc(NULL, sizeof *block + size);
    block->next = NULL;
    block->size = size;
    block->used = 0;
    arena->bytes += sizeof *block + size;
    if (arena->last)
        arena->last->next = block;
    else
        arena->first = block;
    arena->last = block;
    return block;
}

struct arena *arena_new(void)
{
    return mem_alloc(sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    for (struct block *block = arena->first; block;) {
        struct block *next = block->next;
        mem_free(block);
        block = next;
    }
    mem_free(arena);
}

void arena_free_local(struct arena **arena)
{
    arena_free(*arena);
}

void arena_reset(struct arena *arena)
{
    struct block *first = arena->first;
    if (!first)
        return;
    for (struct block *block = first->next; block;) {
        struct block *next = block->next;
        mem_free(block);
        block = next;
    }
    first->next = NULL;
    first->used = 0;
    arena->last = first;
    arena->bytes = sizeof *first + first->size;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    assert(size <= SIZE_MAX / 2); /* so that the sums below hold */
    size_t need = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct block *block = arena->last;
    if (!block || block->size - block->used < need)
        block = block_add(arena, MAX(need, (size_t)BLOCK_BYTES));
    void *ptr = block->bytes + block->used;
    block->used += need;
    return memset(ptr, 0, need);
}

char *arena_cstr(struct arena *arena, struct str text)
{
    char *copy = arena_alloc(arena, text.len + 1);
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    return copy;
}

struct str arena_str(struct arena *arena, struct str text)
{
    return (struct str){arena_cstr(arena, text), text.len};
}

struct str arena_vprintf(struct arena *arena, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    char *text = arena_alloc(arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    return (struct str){text, (size_t)len};
}

struct str arena_printf(struct arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct str text = arena_vprintf(arena, fmt, args);
    va_end(args);
    return text;
}

struct str arena_join(struct arena *arena, struct str a, const char *joint, struct str b)
{
    if (!a.len || !b.len)
        return a.len ? a : b;
    return arena_printf(arena, "%.*s%s%.*s", STR_ARG(a), joint, STR_ARG(b));
}

size_t arena_bytes(const struct arena *arena)
{
    return arena->bytes;
}

#include "base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ROOM_BYTES = 1 << 20 };

void mem_exhausted(void)
{
    fputs("pagetide: out of memory\n", stderr);
    abort();
}

void *mem_checked(void *ptr)
{
    if (!ptr)
        mem_exhausted();
    return ptr;
}

void *mem_alloc(size_t size)
{
    return mem_checked(calloc(1, size ? size : 1));
}

void *mem_realloc(void *ptr, size_t size)
{
    return mem_checked(realloc(ptr, size ? size : 1));
}

void *mem_dup(const void *ptr, size_t size)
{
    void *copy = mem_alloc(size);
    if (size)
        memcpy(copy, ptr, size);
    return copy;
}

char *mem_strdup(const char *text)
{
    return mem_dup(text, strlen(text) + 1);
}

char *mem_printf(const char *fmt, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, fmt);
    int len = vasprintf(&text, fmt, args);
    va_end(args);
    return mem_checked(len < 0 ? NULL : text);
}

void mem_free(void *ptr)
{
    free(ptr);
}

void *mem_lib_malloc(size_t size)
{
    return mem_checked(malloc(size ? size : 1));
}

void *mem_lib_calloc(size_t count, size_t size)
{
    return mem_checked(count && size ? calloc(count, size) : calloc(1, 1));
}

void *mem_lib_realloc(void *ptr, size_t size)
{
    if (size)
        return mem_checked(realloc(ptr, size));
    free(ptr);
    return NULL;
}

char *mem_lib_strdup(const char *text)
{
    return mem_checked(strdup(text));
}

void *mem_zlib_alloc(void *ctx, unsigned count, unsigned size)
{
    (void)ctx;
    return mem_lib_calloc(count, size);
}

void mem_zlib_free(void *ctx, void *ptr)
{
    (void)ctx;
    free(ptr);
}

/* Of the kernel: the heap may have pieces left that are too small for what was wanted. */
void mem_check_room(void)
{
    void *room =
        mmap(NULL, ROOM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED)
        mem_exhausted();
    munmap(room, ROOM_BYTES);
}

void mem_watch(void)
{
    errno = 0;
}

void mem_check(void)
{
    if (errno == ENOMEM)
        mem_exhausted();
}

void mem_free_local(void *ptr_to_ptr)
{
    free(*(void **)ptr_to_ptr);
}

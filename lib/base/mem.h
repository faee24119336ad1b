#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#include "base/macros.h"

/*
 * The heap. Allocation failure aborts the process (a worker's leases run out and another
 * worker goes on), so nothing here returns NULL. Therefore every size that the far side can
 * choose has a ceiling before it comes here.
 */
void *mem_alloc(size_t size) MUST_CHECK;              /* zeroed; mem_alloc(0) is one byte */
void *mem_realloc(void *ptr, size_t size) MUST_CHECK; /* new bytes are not zeroed */
void *mem_dup(const void *ptr, size_t size) MUST_CHECK;
char *mem_strdup(const char *text) MUST_CHECK;
char *mem_printf(const char *fmt, ...) PRINTF_LIKE(1, 2) MUST_CHECK;
void mem_free(void *ptr); /* NULL is fine */

/* Says that there is no memory and aborts. */
_Noreturn void mem_exhausted(void);

/* What a library allocated: yields it, or aborts where it could not. */
void *mem_checked(void *ptr) MUST_CHECK;

/*
 * malloc, calloc, realloc and strdup for libraries that take an allocator: where there is no
 * memory they end the process too. A library that hears NULL says that something else failed,
 * and that would be held against an API or a definition. With mem_free; what libc's own
 * functions gave before may be freed or resized by these.
 */
void *mem_lib_malloc(size_t size);
void *mem_lib_calloc(size_t count, size_t size);
void *mem_lib_realloc(void *ptr, size_t size); /* of no size: frees, NULL */
char *mem_lib_strdup(const char *text);
/* The same as zlib wants them; `ctx` is not read. */
void *mem_zlib_alloc(void *ctx, unsigned count, unsigned size);
void mem_zlib_free(void *ctx, void *ptr);

/* For libraries that take none, asked before anybody is blamed for a failure of theirs: aborts
 * where the process cannot have another MiB. */
void mem_check_room(void);

/*
 * For those of them that leave errno to libc: mem_check aborts where an allocation has failed
 * since mem_watch. Some go on after one, with a text that is cut, or say that something else
 * is wrong. What succeeds leaves errno alone; to be asked before anything else may fail.
 */
void mem_watch(void);
void mem_check(void);

/* For CLEANUP: frees what the local pointer points to. */
void mem_free_local(void *ptr_to_ptr);
#define AUTO_FREE CLEANUP(mem_free_local)

/* An array that doubles: makes room for one more element of `array`. */
#define MEM_GROW(array, count, capacity)                                                       \
    do {                                                                                       \
        if ((count) == (capacity)) {                                                           \
            (capacity) = (capacity) ? (capacity)*2 : 8;                                        \
            (array) = mem_realloc((array), (capacity) * sizeof *(array));                      \
        }                                                                                      \
    } while (0)

#endif

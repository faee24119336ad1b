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

/* What a library allocated: yields it, or aborts where it could not. */
void *mem_checked(void *ptr) MUST_CHECK;

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

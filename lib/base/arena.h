#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

/*
 * A region of memory that is given back at once: one per page, one per job, one per loaded
 * definition. What it hands out lives until arena_reset or arena_free and is never freed
 * singly. Allocation failure aborts.
 */
struct arena;

struct arena *arena_new(void) MUST_CHECK;
void arena_free(struct arena *arena); /* NULL is fine */

/* Gives everything back but keeps the first block for the next use. */
void arena_reset(struct arena *arena);

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size) MUST_CHECK;
#define ARENA_NEW(arena, type)          ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (count)))

/* Copies; each result is followed by a NUL that does not count in its length. */
struct str arena_str(struct arena *arena, struct str text);
char *arena_cstr(struct arena *arena, struct str text);
struct str arena_printf(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3);
struct str arena_vprintf(struct arena *arena, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

/* Both, with `joint` between; where one is empty, the other as it is, not copied. */
struct str arena_join(struct arena *arena, struct str a, const char *joint, struct str b);

/* Bytes taken from the heap, for accounting. */
size_t arena_bytes(const struct arena *arena);

/* For CLEANUP of a local `struct arena *`. */
void arena_free_local(struct arena **arena);
#define AUTO_ARENA CLEANUP(arena_free_local)

/*
 * An array in an arena that doubles (the old copy stays until the reset): makes room for one
 * more element.
 */
#define ARENA_GROW(arena, array, count, capacity)                                              \
    do {                                                                                       \
        if ((count) == (capacity)) {                                                           \
            size_t grown_ = (capacity) ? (size_t)(capacity)*2 : 8;                             \
            void *bigger_ = arena_alloc((arena), grown_ * sizeof *(array));                    \
            if (count)                                                                         \
                memcpy(bigger_, (array), (count) * sizeof *(array));                           \
            (array) = bigger_;                                                                 \
            (capacity) = grown_;                                                               \
        }                                                                                      \
    } while (0)

#endif

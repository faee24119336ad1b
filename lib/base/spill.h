#ifndef BASE_SPILL_H
#define BASE_SPILL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

/*
 * Bytes that lie in an unnamed file instead of the heap: a page of 100 MB, and the rows that
 * become of it. They are mapped, and read and written as other bytes are; but what was touched
 * does not stay in the process's memory. So that is a few MiB, however much is spilled, and the
 * kernel keeps the bytes in its cache as long as it has room.
 *
 *     spill_new → spill_grow … → spill_free
 *
 * The file is in TMPDIR, else in /var/tmp, else in /tmp. It has no name, is nobody else's to
 * read, and is gone with the process. Where a disk is full, or none may be written to, the
 * answer is NULL or false, and the caller keeps its bytes in the heap.
 *
 * For one thread.
 */
struct spill;

/* NULL: there is no room. */
struct spill *spill_new(size_t bytes) MUST_CHECK;
char *spill_ptr(const struct spill *spill);
/* The bytes may move. False: there is no room, and nothing has changed. */
bool spill_grow(struct spill *spill, size_t bytes) MUST_CHECK;
void spill_free(struct spill *spill); /* NULL is fine */

/*
 * So many bytes were read or written, perhaps spilled ones: said by whoever goes through many.
 * Now and then all that is spilled leaves the process's memory; pointers into it stay valid.
 */
void spill_touched(size_t bytes);

#endif

#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

/*
 * A growing run of bytes with a ceiling from birth. A put that would pass the ceiling puts
 * nothing and sets `has_overflowed`, which stays set until buf_reset: a writer may put many
 * times and look once, at the end. The bytes are always followed by a NUL that does not count.
 *
 * A run that is larger than `spill_at` lies in a file, where there is room for one, and not in
 * the memory of the process (spill.h). Nothing else changes.
 */
enum { BUF_SPILL_BYTES = 8 << 20 };

struct spill;
struct buf {
    char *ptr;
    size_t len, capacity;
    size_t max; /* ceiling of len */
    bool has_overflowed;
    size_t spill_at;     /* 0: BUF_SPILL_BYTES */
    struct spill *spill; /* NULL: it is in the heap */
};

void buf_init(struct buf *buf, size_t max); /* allocates nothing yet */
void buf_done(struct buf *buf);             /* frees; the struct may be initialised again */
void buf_reset(struct buf *buf);            /* empties, keeps the memory */

void buf_put(struct buf *buf, struct str bytes);
void buf_put_byte(struct buf *buf, char byte);
void buf_printf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);
#define buf_puts(buf, literal) buf_put((buf), STR(literal))

/* Big-endian, as PostgreSQL's wire formats want them. */
void buf_put_be16(struct buf *buf, uint16_t number);
void buf_put_be32(struct buf *buf, uint32_t number);

/* Room for `size` bytes at the end, to be written by the caller, who then adds to len; NULL
 * past the ceiling. */
char *buf_room(struct buf *buf, size_t size);

/* Shortens to `len`; used to take back what was put since a mark. Leaves `has_overflowed`
 * alone. */
void buf_truncate(struct buf *buf, size_t len);

/* The bytes, borrowed until the next call that puts. */
static inline struct str buf_str(const struct buf *buf)
{
    return (struct str){buf->ptr, buf->len};
}

/* A local buffer with that ceiling, freed at the end of its scope. */
#define AUTO_BUF(name, ceiling) CLEANUP(buf_done) struct buf name = {.max = (ceiling)}

#endif

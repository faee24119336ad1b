#ifndef PORT_SAVE_H
#define PORT_SAVE_H

#include "base/err.h"
#include "base/str.h"
#include "port/loop.h"

/*
 * Replaces a file without blocking the loop: a thread writes PATH.new, of mode 0600, brings it
 * to the disk (fsync), renames it, and brings the folder to the disk. Whoever reads PATH finds
 * the old text or the new one, whenever the process is killed. One at a time for a path.
 *
 *     save_start → save_fn (once, from the loop, unless it is freed before) → save_free
 */
struct save;

typedef void (*save_fn)(void *ctx, const struct err *err); /* NULL: done; ERR_CONFIG, a lack */

/* Path and text are copied. */
struct save *save_start(struct loop *loop, struct str path, struct str text, save_fn fn,
                        void *ctx) MUST_CHECK;
void save_free(struct save *save); /* waits for the thread; NULL is fine; also in save_fn */

#endif

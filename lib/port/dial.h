#ifndef PORT_DIAL_H
#define PORT_DIAL_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "port/loop.h"

/*
 * Opens a stream socket without waiting: resolves the name off the loop, then tries the
 * addresses in the resolver's order, each for its share of the time.
 */
struct dial;

/* Either fd ≥ 0 (non-blocking, close-on-exec, now the callee's) or -1 and `err` (ERR_AGAIN). */
typedef void (*dial_fn)(void *ctx, int fd, const struct err *err);

/*
 * `path`, if not empty, is a Unix socket; else host and port hold. Never calls back before it
 * returns; afterwards exactly once, and the dial is then gone.
 */
struct dial *dial_start(struct loop *loop, struct str path, struct str host, int port,
                        dial_fn fn, void *ctx) MUST_CHECK;
void dial_cancel(struct dial *dial); /* its callback will not come; NULL is fine */

#endif

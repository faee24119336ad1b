#ifndef PORT_UNPACK_H
#define PORT_UNPACK_H

#include "base/buf.h"
#include "base/embedded.h"

/* Appends the text of a file that is packed in the binary (zlib); `buf` must have room for
 * text_len bytes below its ceiling. Cannot fail: what was packed is ours. */
void unpack(const struct packed *file, struct buf *buf);

#endif

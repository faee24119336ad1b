#ifndef TESTS_SUPPORT_MOCK_GZIP_H
#define TESTS_SUPPORT_MOCK_GZIP_H

#include "base/buf.h"

/* gzip (RFC 1952) by hand: no more is needed than stored blocks and one long repetition. */
void mock_gzip(struct buf *out, struct str bytes);

/* `size` blanks in about a 158th of the bytes. Its checksum is wrong. */
void mock_gzip_bomb(struct buf *out, int64_t size);

#endif

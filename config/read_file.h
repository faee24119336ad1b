#ifndef CONFIG_READ_FILE_H
#define CONFIG_READ_FILE_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Appends a whole file to `buf`. ERR_CONFIG, with the path, if it cannot be read or is longer
 * than the buffer may be. Blocks: for start-up and reloads, not for the event loop.
 */
bool read_file(const char *path, struct buf *buf, struct err *err) MUST_CHECK;

#endif

#ifndef PORT_REDIS_COMMAND_H
#define PORT_REDIS_COMMAND_H

#include "base/buf.h"
#include "base/str.h"

/*
 * Appends a command as Redis reads it, an array of bulk strings, whole or not at all: false
 * where the buffer's ceiling is too low.
 */
bool redis_command_put(struct buf *out, const struct str *args, size_t count) MUST_CHECK;

#endif

#ifndef CLI_NEW_FILE_H
#define CLI_NEW_FILE_H

#include "base/err.h"
#include "base/str.h"

/* Writes a file that must not be there yet. ERR_CONFIG: it is, or cannot be written. */
bool new_file_write(const char *path, struct str text, struct err *err) MUST_CHECK;

#endif

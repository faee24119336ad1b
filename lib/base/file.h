#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/*
 * Appends the whole of a regular file to `buf`, whose ceiling (buf->max) is the largest size
 * that is read. ERR_CONFIG, with the path in the text and errno as the code, if the file cannot
 * be read, is not a regular file (a directory, a FIFO, a device: never waited for) or is
 * larger; `buf` may then hold a part of it. A lack (base/lack.h) is ERR_AGAIN. Reads the
 * disk: for start-up, reloads and the beginning of a job.
 */
bool file_read(const char *path, struct buf *buf, struct err *err) MUST_CHECK;

/*
 * Where the files that a definition names are, if their paths are relative: the configuration
 * folder of this process, not the folder it was started in. Said once, at start; "." before.
 */
void file_set_home(const char *dir);

/* The path as it can be opened; an absolute one is the same. */
struct str file_at_home(struct arena *arena, struct str path);

/* The text without the line ends ("\n", "\r") that an editor leaves at its end. */
struct str file_trim_end(struct str text);

#endif

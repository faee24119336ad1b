#ifndef WORKER_ACCESS_REFRESH_STORE_H
#define WORKER_ACCESS_REFRESH_STORE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * `refresh_store`: a file with the refresh token that is good now, where each may be used once.
 * Processes take turns by a lock on PATH.lock, which ends with its process:
 *
 *     refresh_store_lock → STORE_LOCKED → refresh_store_read → the request → port/save.h with
 *     refresh_store_text → close(fd)
 *
 * The file says from which token of the definition its own descends: where somebody has put a
 * new one there, the new one counts.
 */
struct refresh_store {
    struct str path, source;
    struct str origin; /* a digest of the token in the definition, and of who asks with it */
};

enum store_lock { STORE_LOCKED, STORE_BUSY, STORE_FAILED };

/* Does not wait. *ret_fd is set, and to be closed, where it is LOCKED. FAILED is ERR_CONFIG, or
 * a lack (base/lack.h), as below. */
enum store_lock refresh_store_lock(const struct refresh_store *store, int *ret_fd,
                                   struct err *err) MUST_CHECK;

/*
 * Empty where there is no file, or it descends from another token. ERR_CONFIG: it cannot be
 * read, is no such file, or belongs to another source. Reads the disk: a small file.
 */
bool refresh_store_read(const struct refresh_store *store, struct arena *arena,
                        struct str *ret_token, struct err *err) MUST_CHECK;

struct str refresh_store_text(const struct refresh_store *store, struct arena *arena,
                              struct str token);

#endif

#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Who this process is, for the rows and keys that it writes, and whether another one of this
 * host still lives.
 */
enum { PROCESS_HOST_BYTES = 65, PROCESS_ID_BYTES = 128 };

/* The host's name, "unknown" where it has none. */
void process_host(char ret_host[PROCESS_HOST_BYTES]);

/* "host-pid-token", with a fresh random token: never the same twice, on any host. */
void process_new_id(char ret_id[PROCESS_ID_BYTES]);

/*
 * There is no process of that number on this host. False where that cannot be known, and for a
 * number that is not a process's (< 1).
 */
bool process_is_gone(int64_t pid);

#endif

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

/* What it has used so far, of what the system has. 0 where that cannot be known. */
struct process_usage {
    int64_t started_at_ms; /* wall clock; always the same */
    int64_t cpu_ms;        /* user and system */
    int64_t resident_bytes;
    int64_t fds, fds_max; /* open descriptors, and how many there may be */
};
struct process_usage process_usage(void);

/*
 * As many descriptors as the system lets it have: login shells and containers often begin with
 * 1,024 of them, for programs that use select(2). This one does not.
 */
void process_raise_fds(void);

/*
 * There is no process of that number on this host. False where that cannot be known, and for a
 * number that is not a process's (< 1).
 */
bool process_is_gone(int64_t pid);

#endif

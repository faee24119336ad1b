#ifndef WORKER_PAGING_GUARD_H
#define WORKER_PAGING_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Loop guards: 16 bytes a page, kept in the ledger so that they outlive a process. A job that
 * asks the same twice, or is given the same records twice, is going in circles.
 */
struct guard_set {
    uint64_t *slots; /* open addressing; 0 is empty, a hash of 0 is stored as 1 */
    size_t count, capacity;
};

struct guard {
    struct guard_set requests, records;
    uint64_t last_single; /* records hash of the last page if that had one record, else 0 */
    int single_repeats;   /* how often it stood in a row */
};

void guard_init(struct guard *guard);
void guard_done(struct guard *guard);

bool guard_knows_request(const struct guard *guard, uint64_t hash);

/*
 * Have these records come before? Pages without records never count; a page of one record
 * counts when it comes for the third time in a row.
 */
bool guard_knows_records(const struct guard *guard, uint64_t hash, int64_t records);

/* Remembers a page. */
void guard_add(struct guard *guard, uint64_t request_hash, uint64_t records_hash,
               int64_t records);

/* What the ledger remembers of earlier pages; a records hash of 0 was a page without any. */
void guard_restore(struct guard *guard, const int64_t *request_hashes,
                   const int64_t *records_hashes, size_t count);

#endif

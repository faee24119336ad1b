#ifndef PORT_HASH_H
#define PORT_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * XXH3, 64 bits (libxxhash): for the loop guards and the record hash. The value of a given
 * input never changes between versions of the library; it is stored. Not for secrets.
 */
uint64_t hash_bytes(struct str bytes, uint64_t seed);

/*
 * For tables in memory whose keys the far side chooses: seeded at random in each process, so
 * that nobody can choose keys that meet. Not from several threads. Never stored, never sent.
 */
uint64_t hash_for_table(struct str key);

/* How many of them are different. Sorts them. */
size_t hash_count_different(uint64_t *hashes, size_t count);

/* Folds another hash into one: order matters. */
uint64_t hash_fold(uint64_t hash, uint64_t next);

#endif

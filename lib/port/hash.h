#ifndef PORT_HASH_H
#define PORT_HASH_H

#include <stdint.h>

#include "base/str.h"

/*
 * XXH3, 64 bits (libxxhash): for the loop guards, the record hash and hash tables. The value
 * of a given input never changes between versions of the library; it is stored. Not for
 * secrets.
 */
uint64_t hash_bytes(struct str bytes, uint64_t seed);

/* Folds another hash into one: order matters. */
uint64_t hash_fold(uint64_t hash, uint64_t next);

#endif

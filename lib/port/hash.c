#include "port/hash.h"

#include "base/rng.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_bytes(struct str bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.ptr, bytes.len, seed);
}

uint64_t hash_for_table(struct str key)
{
    static uint64_t seed;
    while (!seed)
        rng_secret(&seed, sizeof seed);
    return hash_bytes(key, seed);
}

uint64_t hash_fold(uint64_t hash, uint64_t next)
{
    uint64_t pair[2] = {hash, next};
    return XXH3_64bits(pair, sizeof pair);
}

#include "port/hash.h"

#include <stdlib.h>

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

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

size_t hash_count_different(uint64_t *hashes, size_t count)
{
    size_t different = count > 0;
    if (count)
        qsort(hashes, count, sizeof *hashes, compare);
    for (size_t i = 1; i < count; i++)
        different += hashes[i] != hashes[i - 1];
    return different;
}

#include "base/rng.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/hex.h"

/* splitmix64, to spread a seed over the state: https://prng.di.unimi.it/splitmix64.c */
static uint64_t spread(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

void rng_seed(struct rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        rng->state[i] = spread(&seed);
}

void rng_seed_random(struct rng *rng)
{
    uint64_t seed;
    rng_secret(&seed, sizeof seed);
    rng_seed(rng, seed);
}

/* xoshiro256**: Blackman and Vigna, https://prng.di.unimi.it/xoshiro256starstar.c */
uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    assert(bound > 0);
    uint64_t uneven = -bound % bound; /* 2^64 mod bound: draws below it would favour some */
    uint64_t draw;
    do
        draw = rng_next(rng);
    while (draw < uneven);
    return draw % bound;
}

void rng_secret(void *bytes, size_t size)
{
    if (getrandom(bytes, size, 0) != (ssize_t)size) {
        perror("pagetide: getrandom");
        abort();
    }
}

void rng_token(char ret_token[RNG_TOKEN_BYTES])
{
    char bytes[16];
    rng_secret(bytes, sizeof bytes);
    hex_write((struct str){bytes, sizeof bytes}, ret_token);
    ret_token[2 * sizeof bytes] = '\0';
}

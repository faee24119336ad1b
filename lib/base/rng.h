#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/*
 * Random numbers. `struct rng` is for jitter and tests: fast, seedable, not secret.
 * rng_secret is for tokens: straight from the kernel.
 */
struct rng {
    uint64_t state[4];
};

void rng_seed(struct rng *rng, uint64_t seed);
void rng_seed_random(struct rng *rng);
uint64_t rng_next(struct rng *rng);

/* Even over [0, bound); bound > 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);

/* `size` bytes from getrandom(2). Aborts if the kernel has none to give. */
void rng_secret(void *bytes, size_t size);

/* 128 random bits as 32 hex digits and a NUL: owner and lease tokens. */
enum { RNG_TOKEN_BYTES = 33 };
void rng_token(char ret_token[RNG_TOKEN_BYTES]);

#endif

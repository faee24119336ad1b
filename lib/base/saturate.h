#ifndef BASE_SATURATE_H
#define BASE_SATURATE_H

#include <stdint.h>

/*
 * Sums of numbers that an answer, a checkpoint or a definition chose: they stay at the end of
 * the range instead of passing it, so a comparison with them still holds.
 */
static inline int64_t saturate_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum))
        return sum;
    return a < 0 ? INT64_MIN : INT64_MAX;
}

#endif

#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/*
 * Two clocks. Monotonic for every interval and deadline; wall only for what a person or a
 * server reads. Tests replace either.
 */
int64_t clock_mono_ms(void);
int64_t clock_wall_ms(void); /* since 1970-01-01 UTC */

typedef int64_t (*clock_fn)(void); /* microseconds */

/* NULL restores the system's clock. */
void clock_replace(clock_fn mono_us, clock_fn wall_us);

#endif

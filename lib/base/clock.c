#include "base/clock.h"

#include <time.h>

static int64_t read_us(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t system_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

static int64_t system_wall_us(void)
{
    return read_us(CLOCK_REALTIME);
}

static clock_fn mono = system_mono_us;
static clock_fn wall = system_wall_us;

void clock_replace(clock_fn mono_us, clock_fn wall_us)
{
    mono = mono_us ? mono_us : system_mono_us;
    wall = wall_us ? wall_us : system_wall_us;
}

int64_t clock_mono_ms(void)
{
    return mono() / 1000;
}

int64_t clock_wall_ms(void)
{
    return wall() / 1000;
}

#ifndef SCHEDULER_TICK_PLAN_H
#define SCHEDULER_TICK_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "core/cron.h"

/*
 * What to do about a stream whose time has come, from what PostgreSQL says about it. All times
 * are microseconds since 1970 (UTC) of PostgreSQL's clock.
 */
struct tick_due {
    int64_t every_us;    /* a fixed interval; 0: by cron */
    int64_t next_due_us; /* not after now_us; -1: never computed, the stream is new */
    int64_t now_us;
    int64_t spread_us;   /* how much later than its schedule says the stream starts */
    struct str catch_up; /* "latest", "all", "none": which missed ticks are made up for */
};

struct tick_plan {
    int64_t at_us;    /* a run for the tick of this instant; -1: none */
    int64_t next_us;  /* when the stream is due again */
    bool is_catch_up; /* the tick was missed: `trigger` of the run says so */
};

/*
 * A tick is missed when another one has come due after it, or when it is more than a minute
 * late. Of missed ticks
 *
 *     latest   the last one gets a run, the others none
 *     all      each gets a run, one per pass, the oldest first
 *     none     none gets a run
 *
 * A new stream with an interval runs at once, or after its spread; one with a cron expression
 * waits for its next instant. Intervals count from tick to tick, so a late tick does not shift
 * the later ones.
 *
 *     hourly, due 09:00, now 09:00:01    at 09:00, next 10:00
 *     hourly, due 09:00, now 12:30       latest: at 12:00, next 13:00, catch-up
 *                                        all:    at 09:00, next 10:00, catch-up, then again
 *                                        none:   no run,   next 13:00
 *
 * `cron` is read where every_us is 0.
 */
struct tick_plan tick_plan_for(const struct tick_due *due, const struct cron *cron,
                               const struct zone *zone);

#endif

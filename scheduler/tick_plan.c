#include "scheduler/tick_plan.h"

static const int64_t LATE_US = 60000000;

static int64_t cron_tick(const struct tick_due *due, const struct cron *cron,
                         const struct zone *zone, int64_t after_us)
{
    int64_t next = cron_next(cron, zone, after_us - due->spread_us);
    return next ? next + due->spread_us : 0;
}

/* The tick after `after_us`; a cron expression that never fires again is asked at once
 * again. */
static int64_t next_after(const struct tick_due *due, const struct cron *cron,
                          const struct zone *zone, int64_t after_us)
{
    int64_t next =
        due->every_us > 0 ? after_us + due->every_us : cron_tick(due, cron, zone, after_us);
    return next > after_us ? next : due->now_us;
}

/* The latest tick not after now; for an interval without walking through all of them. */
static int64_t latest_tick(const struct tick_due *due, const struct cron *cron,
                           const struct zone *zone)
{
    int64_t at = due->next_due_us;
    if (due->every_us > 0)
        return at + (due->now_us - at) / due->every_us * due->every_us;
    for (int64_t next = cron_tick(due, cron, zone, at); next > at && next <= due->now_us;
         next = cron_tick(due, cron, zone, at))
        at = next;
    return at;
}

struct tick_plan tick_plan_for(const struct tick_due *due, const struct cron *cron,
                               const struct zone *zone)
{
    bool begins_later = due->every_us > 0 && due->spread_us > 0;
    if (due->next_due_us < 0 && begins_later)
        return (struct tick_plan){.at_us = -1, .next_us = due->now_us + due->spread_us};
    if (due->next_due_us < 0)
        return (struct tick_plan){.at_us = due->every_us > 0 ? due->now_us : -1,
                                  .next_us = next_after(due, cron, zone, due->now_us)};
    int64_t latest = latest_tick(due, cron, zone);
    bool is_missed = latest != due->next_due_us || due->now_us - latest > LATE_US;
    bool makes_up_all = is_missed && str_is(due->catch_up, "all");
    bool makes_up_none = is_missed && str_is(due->catch_up, "none");
    int64_t at = makes_up_all ? due->next_due_us : latest;
    return (struct tick_plan){.at_us = makes_up_none ? -1 : at,
                              .next_us = next_after(due, cron, zone, at),
                              .is_catch_up = is_missed};
}

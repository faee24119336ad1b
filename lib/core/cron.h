#ifndef CORE_CRON_H
#define CORE_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "core/zone.h"

/*
 * Cron expressions: minute, hour, day of month, month, day of week; numbers, names (jan, mon),
 * `*`, ranges, steps, lists; Sunday is 0 and 7; `@hourly @daily @midnight @weekly @monthly
 * @yearly @annually`. Where both days are restricted (neither begins with `*`), either fits.
 * Grammar and rules: crontab(5) of Vixie cron. Fields are of the time on the wall of a zone.
 *
 * Where the clock of the zone is set, it depends on how minute and hour begin:
 *
 *     neither with `*`     a fixed time: one that the clock passes over fires when the clock is
 *                          set; of an hour that comes twice only the first counts
 *     one of them with it  each real minute that fits: none in an hour that is passed over, and
 *                          both of an hour that comes twice
 */
struct cron {
    uint64_t minutes; /* bit per minute */
    uint32_t hours, days, months, weekdays;
    bool any_day, any_weekday; /* the field begins with '*' */
    bool is_wild;              /* minute or hour does */
};

/* ERR_CONFIG names the field and what is wrong; also where it can never fire (31 February). */
bool cron_parse(struct str text, struct cron *ret_cron, struct err *err) MUST_CHECK;

/* The first instant after `after_us` (microseconds, not before 1971) at which it fires in the
 * zone; NULL: UTC. */
int64_t cron_next(const struct cron *cron, const struct zone *zone, int64_t after_us);

/* How much later than its schedule a stream starts, of at most `spread_ms`: the same each time,
 * another for each name. Microseconds, of whole seconds. */
int64_t cron_spread_us(struct str stream, int64_t spread_ms);

#endif

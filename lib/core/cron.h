#ifndef CORE_CRON_H
#define CORE_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * Cron expressions: minute, hour, day of month, month, day of week; numbers, names (jan, mon),
 * `*`, ranges, steps, lists; Sunday is 0 and 7; `@hourly @daily @midnight @weekly @monthly
 * @yearly @annually`. Where both days are restricted (neither begins with `*`), either fits.
 * Grammar and rules: crontab(5) of Vixie cron. Times are UTC.
 */
struct cron {
    uint64_t minutes; /* bit per minute */
    uint32_t hours, days, months, weekdays;
    bool any_day, any_weekday; /* the field begins with '*' */
};

/* ERR_CONFIG names the field and what is wrong; also where it can never fire (31 February). */
bool cron_parse(struct str text, struct cron *ret_cron, struct err *err) MUST_CHECK;

/* The first instant after `after_us` (microseconds, UTC, not before 1970) at which it fires. */
int64_t cron_next(const struct cron *cron, int64_t after_us);

#endif

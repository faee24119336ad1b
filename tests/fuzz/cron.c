#include "core/cron.h"

#include "base/date.h"
#include "tests/fuzz/targets.h"

enum { MINUTE_US = 60000000 };

static bool fires(const struct cron *cron, int64_t us)
{
    struct date_civil civil;
    date_civil_from_us(us, &civil);
    int weekday = date_weekday(date_days_from_civil(civil.year, civil.month, civil.day));
    bool day = cron->days >> civil.day & 1, of_week = cron->weekdays >> weekday & 1;
    bool either = !cron->any_day && !cron->any_weekday;
    return (cron->minutes >> civil.minute & 1) && (cron->hours >> civil.hour & 1) &&
           (cron->months >> civil.month & 1) && (either ? day || of_week : day && of_week);
}

/* It fires at the next instant, and at none in the hour before it. */
static void check_next(const struct cron *cron, int64_t after_us)
{
    int64_t next = cron_next(cron, NULL, after_us);
    FUZZ_CHECK(next > after_us && next % MINUTE_US == 0, "%lld", (long long)next);
    FUZZ_CHECK(fires(cron, next), "%lld", (long long)next);
    for (int64_t us = next - MINUTE_US; us > after_us && us > next - 60L * MINUTE_US;
         us -= MINUTE_US)
        FUZZ_CHECK(!fires(cron, us), "%lld", (long long)us);
    FUZZ_CHECK(cron_next(cron, NULL, next - 1) == next, "%lld", (long long)next);
}

void fuzz_cron(struct str text)
{
    struct cron cron;
    struct err err = ERR_INIT;
    int64_t seconds = 0;
    struct str head, rest = str_split(text, '\n', &head);
    if (!str_to_int64(str_slice(rest, 0, 10), &seconds) || seconds < 0)
        seconds = 1704067200; /* 2024-01-01 */
    if (cron_parse(head, &cron, &err))
        check_next(&cron, seconds * 1000000);
}

#include "base/date.h"
#include "base/units.h"
#include "tests/fuzz/targets.h"
#include "worker/access/retry_after.h"

/* What was read is written so that it reads the same. */
static void check_date(int64_t us)
{
    AUTO_BUF(buf, KIB(1));
    int64_t again;
    date_format_rfc3339(&buf, us);
    FUZZ_CHECK(date_parse_rfc3339(buf_str(&buf), &again) && again == us, "%lld became %.*s",
               (long long)us, STR_ARG(buf_str(&buf)));
}

void fuzz_times(struct str text)
{
    const int64_t now_us = (int64_t)1559559600 * 1000000; /* 2019-06-03T11:00:00Z */
    int64_t us, days, ms, bytes;
    if (date_parse_rfc3339(text, &us))
        check_date(us);
    if (date_parse_iso(text, &us))
        check_date(us);
    if (date_parse_http(text, now_us, &us))
        check_date(us);
    if (date_parse_day(text, &days)) {
        struct date_civil civil;
        date_civil_from_us(days * 86400 * 1000000, &civil);
        FUZZ_CHECK(date_days_from_civil(civil.year, civil.month, civil.day) == days, "%lld",
                   (long long)days);
    }
    if (retry_after_parse(text, now_us, &ms))
        FUZZ_CHECK(ms >= 0, "%lld ms", (long long)ms);
    if (units_parse_duration(text, &ms))
        FUZZ_CHECK(ms >= 0, "%lld ms", (long long)ms);
    if (units_parse_size(text, &bytes))
        FUZZ_CHECK(bytes >= 0, "%lld bytes", (long long)bytes);
}

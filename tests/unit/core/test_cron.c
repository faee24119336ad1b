#include "core/cron.h"

#include "base/date.h"
#include "tests/support/suite.h"

static int64_t at(const char *text)
{
    int64_t us = 0;
    ck_assert(date_parse_rfc3339(str_from(text), &us));
    return us;
}

START_TEST(finds_the_next_instant)
{
    static const char *const cases[][3] = {
        {"*/15 * * * *", "2024-01-01T00:00:00Z", "2024-01-01T00:15:00Z"},
        {"*/15 * * * *", "2024-01-01T00:14:59.5Z", "2024-01-01T00:15:00Z"},
        {"0 0 29 2 *", "2024-03-01T00:00:00Z", "2028-02-29T00:00:00Z"},
        {"30 4 1,15 * 5", "2024-01-02T00:00:00Z", "2024-01-05T04:30:00Z"},
        {"30 4 1,15 * *", "2024-01-02T00:00:00Z", "2024-01-15T04:30:00Z"},
        {"0 9-17/4 * * mon-fri", "2024-01-05T17:00:00Z", "2024-01-08T09:00:00Z"},
        {"5 0 * dec SUN", "2024-01-01T00:00:00Z", "2024-12-01T00:05:00Z"},
        {"0 0 * * 7", "2024-01-01T00:00:00Z", "2024-01-07T00:00:00Z"},
        {"10/20 * * * *", "2024-01-01T00:10:00Z", "2024-01-01T00:30:00Z"},
        {"@daily", "2024-12-31T00:00:00Z", "2025-01-01T00:00:00Z"},
        {"59 23 31 12 *", "2024-12-31T23:59:00Z", "2025-12-31T23:59:00Z"},
        {"0 0 29 2 */7", "2088-03-01T00:00:00Z", "2128-02-29T00:00:00Z"},
        {"0 0 */2 * mon", "2024-01-01T00:00:00Z", "2024-01-15T00:00:00Z"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cron cron;
        struct err err = ERR_INIT;
        ck_assert_ok(cron_parse(str_from(cases[i][0]), &cron, &err), err);
        ck_assert_msg(cron_next(&cron, NULL, at(cases[i][1])) == at(cases[i][2]), "%s",
                      cases[i][0]);
    }
}
END_TEST

START_TEST(refuses_what_is_no_cron)
{
    static const char *const cases[] = {
        "",           "* * * *",    "* * * * * *",  "60 * * * *",  "* 24 * * *",   "* * 0 * *",
        "* * 32 * *", "* * * 13 *", "* * * * 8",    "*/0 * * * *", "5-1 * * * *",  "a * * * *",
        "1, * * * *", "0 0 31 2 *", "0 0 30 feb *", "@never",      "1-2-3 * * * *"};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cron cron;
        struct err err = ERR_INIT;
        ck_assert_msg(!cron_parse(str_from(cases[i]), &cron, &err), "%s", cases[i]);
        ck_assert_int_eq(err.kind, ERR_CONFIG);
    }
}
END_TEST

SUITE("core/cron", finds_the_next_instant, refuses_what_is_no_cron)

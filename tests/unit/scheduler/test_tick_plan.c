#include "scheduler/tick_plan.h"

#include "base/date.h"
#include "tests/support/suite.h"

struct plan_case {
    const char *schedule; /* cron; or an interval in minutes: "15" */
    const char *catch_up;
    const char *due, *now; /* of one day; due "": a new stream */
    const char *at, *next; /* at "": no run */
    bool is_catch_up;
};

static int64_t instant(const char *time)
{
    char text[32];
    int64_t us = 0;
    if (!*time)
        return -1;
    snprintf(text, sizeof text, "2024-01-02T%sZ", time);
    ck_assert(date_parse_rfc3339(str_from(text), &us));
    return us;
}

static void expect(const struct plan_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct plan_case *c = &cases[i];
        struct tick_due due = {.next_due_us = instant(c->due),
                               .now_us = instant(c->now),
                               .catch_up = str_from(c->catch_up)};
        struct cron cron = {0};
        struct err err = ERR_INIT;
        int64_t minutes;
        if (str_to_int64(str_from(c->schedule), &minutes))
            due.every_us = minutes * 60000000;
        else
            ck_assert_ok(cron_parse(str_from(c->schedule), &cron, &err), err);
        struct tick_plan plan = tick_plan_for(&due, &cron, NULL);
        ck_assert_msg(plan.at_us == instant(c->at), "case %zu: at %lld", i,
                      (long long)plan.at_us);
        ck_assert_msg(plan.next_us == instant(c->next), "case %zu: next %lld", i,
                      (long long)plan.next_us);
        ck_assert_msg(plan.is_catch_up == c->is_catch_up, "case %zu: catch-up", i);
    }
}

#define EXPECT(...)                                                                            \
    do {                                                                                       \
        static const struct plan_case cases_[] = {__VA_ARGS__};                                \
        expect(cases_, COUNT_OF(cases_));                                                      \
    } while (0)

START_TEST(a_tick_in_time_is_a_run_and_the_next_is_set)
{
    EXPECT({"0 * * * *", "latest", "09:00:00", "09:00:01", "09:00:00", "10:00:00", false},
           {"0 * * * *", "none", "09:00:00", "09:00:00", "09:00:00", "10:00:00", false},
           {"15", "all", "09:05:00", "09:05:02", "09:05:00", "09:20:00", false});
}
END_TEST

START_TEST(a_tick_is_missed_when_it_is_a_minute_late)
{
    EXPECT({"0 * * * *", "none", "09:00:00", "09:01:00", "09:00:00", "10:00:00", false},
           {"0 * * * *", "none", "09:00:00", "09:01:00.1", "", "10:00:00", true},
           {"0 * * * *", "latest", "09:00:00", "09:01:00.1", "09:00:00", "10:00:00", true});
}
END_TEST

START_TEST(a_tick_is_missed_when_another_has_come_due)
{
    EXPECT({"* * * * *", "none", "09:00:00", "09:01:00", "", "09:02:00", true},
           {"1", "latest", "09:00:30", "09:01:30", "09:01:30", "09:02:30", true});
}
END_TEST

START_TEST(latest_makes_up_for_the_last_missed_tick)
{
    EXPECT({"0 * * * *", "latest", "09:00:00", "12:30:00", "12:00:00", "13:00:00", true},
           {"15", "latest", "09:05:00", "12:00:00", "11:50:00", "12:05:00", true});
}
END_TEST

START_TEST(all_makes_up_for_one_after_the_other)
{
    EXPECT({"0 * * * *", "all", "09:00:00", "12:30:00", "09:00:00", "10:00:00", true},
           {"0 * * * *", "all", "10:00:00", "12:30:00", "10:00:00", "11:00:00", true},
           {"15", "all", "09:05:00", "12:00:00", "09:05:00", "09:20:00", true});
}
END_TEST

START_TEST(none_makes_up_for_nothing)
{
    EXPECT({"0 * * * *", "none", "09:00:00", "12:30:00", "", "13:00:00", true},
           {"15", "none", "09:05:00", "12:00:00", "", "12:05:00", true});
}
END_TEST

START_TEST(a_new_stream_runs_at_once_by_interval_and_waits_by_cron)
{
    EXPECT({"15", "latest", "", "09:07:00", "09:07:00", "09:22:00", false},
           {"0 * * * *", "latest", "", "09:07:00", "", "10:00:00", false});
}
END_TEST

START_TEST(a_stream_starts_later_by_its_spread)
{
    struct cron cron;
    struct err err = ERR_INIT;
    ck_assert_ok(cron_parse(STR("0 * * * *"), &cron, &err), err);
    struct tick_due due = {.next_due_us = instant("09:05:00"),
                           .now_us = instant("09:05:01"),
                           .spread_us = 300000000,
                           .catch_up = STR("latest")};
    struct tick_plan plan = tick_plan_for(&due, &cron, NULL);
    ck_assert(plan.at_us == instant("09:05:00") && plan.next_us == instant("10:05:00"));
    due.next_due_us = -1;
    plan = tick_plan_for(&due, &cron, NULL);
    ck_assert(plan.at_us == -1 && plan.next_us == instant("10:05:00"));
    due.every_us = 60000000;
    plan = tick_plan_for(&due, NULL, NULL);
    ck_assert(plan.at_us == -1 && plan.next_us == instant("09:10:01"));
}
END_TEST

START_TEST(spreads_differ_by_name_and_stay)
{
    int64_t sum = 0;
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "shop.s%d", i);
        int64_t spread_us = cron_spread_us(str_from(name), 600000);
        ck_assert(spread_us >= 0 && spread_us < 600000000 && spread_us % 1000000 == 0);
        ck_assert(spread_us == cron_spread_us(str_from(name), 600000));
        sum += spread_us / 1000000;
    }
    ck_assert_msg(sum / 1000 > 280 && sum / 1000 < 320, "%lld", (long long)sum / 1000);
    ck_assert_int_eq(cron_spread_us(STR("shop.a"), 0), 0);
}
END_TEST

START_TEST(an_interval_over_years_is_not_walked_through)
{
    const struct tick_due due = {
        .every_us = 1000, .now_us = instant("09:00:00"), .catch_up = STR("latest")};
    struct tick_plan plan = tick_plan_for(&due, NULL, NULL);
    ck_assert_int_eq(plan.at_us, due.now_us);
    ck_assert_int_eq(plan.next_us, due.now_us + 1000);
}
END_TEST

SUITE("scheduler/tick_plan", a_tick_in_time_is_a_run_and_the_next_is_set,
      a_tick_is_missed_when_it_is_a_minute_late, a_tick_is_missed_when_another_has_come_due,
      latest_makes_up_for_the_last_missed_tick, all_makes_up_for_one_after_the_other,
      none_makes_up_for_nothing, a_new_stream_runs_at_once_by_interval_and_waits_by_cron,
      a_stream_starts_later_by_its_spread, spreads_differ_by_name_and_stay,
      an_interval_over_years_is_not_walked_through)

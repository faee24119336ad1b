#include "core/metrics.h"

#include <stdio.h>

#include "base/macros.h"
#include "tests/support/suite.h"

/* What a scrape would say. */
static const char *text(void)
{
    static struct buf out;
    buf_done(&out);
    buf_init(&out, MIB(16));
    metrics_put(&out);
    ck_assert(!out.has_overflowed);
    return out.ptr ? out.ptr : "";
}

static void says(const char *line)
{
    ck_assert_msg(strstr(text(), line) != NULL, "'%s' is not in:\n%s", line, text());
}

START_TEST(nothing_is_said_of_what_was_never_counted)
{
    ck_assert_str_eq(text(), "");
}
END_TEST

START_TEST(counts_by_label)
{
    metrics_add(METRIC_PAGES, METRIC_OF(STR("shop"), STR("shop.orders")), 2);
    metrics_add(METRIC_PAGES, METRIC_OF(STR("shop"), STR("shop.items")), 0);
    metrics_add(METRIC_PAGES, METRIC_OF(STR("shop"), STR("shop.orders")), 1);
    metrics_set(METRIC_JOBS_HELD, METRIC_ALONE, 7);
    metrics_set(METRIC_JOBS_HELD, METRIC_ALONE, 4);
    ck_assert_str_eq(text(), "# HELP pagetide_pages_total pages committed\n"
                             "# TYPE pagetide_pages_total counter\n"
                             "pagetide_pages_total{source=\"shop\",stream=\"shop.orders\"} 3\n"
                             "pagetide_pages_total{source=\"shop\",stream=\"shop.items\"} 0\n"
                             "# HELP pagetide_jobs_held jobs that the worker has in hand\n"
                             "# TYPE pagetide_jobs_held gauge\n"
                             "pagetide_jobs_held 4\n");
}
END_TEST

START_TEST(times_are_seconds)
{
    static const struct {
        int64_t ms;
        const char *line;
    } cases[] = {{0, "pagetide_wait_seconds_total{source=\"a\",reason=\"rate\"} 0\n"},
                 {50, "pagetide_wait_seconds_total{source=\"a\",reason=\"rate\"} 0.050\n"},
                 {1950, "pagetide_wait_seconds_total{source=\"a\",reason=\"rate\"} 2\n"},
                 {1, "pagetide_wait_seconds_total{source=\"a\",reason=\"rate\"} 2.001\n"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        metrics_add(METRIC_WAIT_TIME, METRIC_OF(STR("a"), STR("rate")), cases[i].ms);
        says(cases[i].line);
    }
}
END_TEST

/* A bound is within its bucket, and each bucket holds those before it. */
START_TEST(a_histogram_counts_up)
{
    static const int64_t ms[] = {0, 5, 6, 30000, 400000};
    for (size_t i = 0; i < COUNT_OF(ms); i++)
        metrics_observe(METRIC_COMMIT_TIME, METRIC_OF(STR("direct")), ms[i]);
    says("pagetide_commit_seconds_bucket{way=\"direct\",le=\"0.005\"} 2\n"
         "pagetide_commit_seconds_bucket{way=\"direct\",le=\"0.01\"} 3\n");
    says("le=\"10\"} 3\npagetide_commit_seconds_bucket{way=\"direct\",le=\"30\"} 4\n");
    says("le=\"300\"} 4\npagetide_commit_seconds_bucket{way=\"direct\",le=\"+Inf\"} 5\n"
         "pagetide_commit_seconds_sum{way=\"direct\"} 430.011\n"
         "pagetide_commit_seconds_count{way=\"direct\"} 5\n");
}
END_TEST

START_TEST(labels_are_escaped)
{
    metrics_add(METRIC_RETRIES, METRIC_OF(STR("a\\b\"c\nd")), 1);
    says("pagetide_retries_total{source=\"a\\\\b\\\"c\\nd\"} 1\n");
}
END_TEST

START_TEST(what_comes_beyond_the_ceiling_is_other)
{
    for (int i = 0; i < METRIC_SETS_MAX + 10; i++) {
        char name[32];
        snprintf(name, sizeof name, "s%d", i);
        metrics_add(METRIC_PAGES, METRIC_OF(STR("shop"), str_from(name)), 2);
    }
    metrics_add(METRIC_PAGES, METRIC_OF(STR("shop"), STR("s3")), 1);
    says("pagetide_pages_total{source=\"shop\",stream=\"s3\"} 3\n");
    says("pagetide_pages_total{source=\"other\",stream=\"other\"} 20\n");
    size_t count = 0;
    for (const char *at = text(); (at = strstr(at, "\npagetide_pages_total{")); at++)
        count++;
    ck_assert_uint_eq(count, METRIC_SETS_MAX + 1);
}
END_TEST

START_TEST(a_gauge_is_forgotten)
{
    metrics_set(METRIC_STREAM_LATE, METRIC_OF(STR("shop"), STR("shop.gone")), 5000);
    metrics_set(METRIC_SCHEDULERS, METRIC_ALONE, 1);
    metrics_clear(METRIC_STREAM_LATE);
    ck_assert_ptr_null(strstr(text(), "shop.gone"));
    metrics_set(METRIC_STREAM_LATE, METRIC_OF(STR("shop"), STR("shop.new")), 5000);
    says("pagetide_stream_late_seconds{source=\"shop\",stream=\"shop.new\"} 5\n");
    says("pagetide_schedulers 1\n");
}
END_TEST

START_TEST(codes_are_classes)
{
    static const struct {
        int status;
        const char *code;
    } cases[] = {{0, "none"},  {100, "1xx"}, {204, "2xx"},
                 {404, "4xx"}, {599, "5xx"}, {600, "none"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert(str_is(metrics_code(cases[i].status), cases[i].code));
}
END_TEST

/* As Prometheus wants them: a counter is a total, a time is in seconds. */
START_TEST(names_follow_the_rules)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct metric_about *about = &metrics_about[i];
        struct str name = str_from(about->name);
        ck_assert_msg(str_starts(name, STR("pagetide_")), "%s", about->name);
        ck_assert_msg(str_ends(name, STR("_total")) == (about->type == METRIC_COUNTER), "%s",
                      about->name);
        ck_assert_msg((str_find(name, STR("seconds")) >= 0) == (about->unit == METRIC_MS), "%s",
                      about->name);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(about->name, metrics_about[j].name);
    }
}
END_TEST

SUITE("core/metrics", nothing_is_said_of_what_was_never_counted, counts_by_label,
      times_are_seconds, a_histogram_counts_up, labels_are_escaped,
      what_comes_beyond_the_ceiling_is_other, a_gauge_is_forgotten, codes_are_classes,
      names_follow_the_rules)

#include "worker/pace/tally.h"

#include "core/metrics.h"
#include "tests/support/suite.h"

static void says(const char *line)
{
    struct buf out = {.max = 1 << 20};
    metrics_put(&out);
    ck_assert_msg(strstr(out.ptr, line) != NULL, "'%s' is not in:\n%s", line, out.ptr);
    buf_done(&out);
}

#define COUNT(reason) "pagetide_waits_total{source=\"shop\",reason=\"" reason "\"} "
#define TIME(reason)  "pagetide_wait_seconds_total{source=\"shop\",reason=\"" reason "\"} "

START_TEST(answers_by_class)
{
    tally_answer(STR("shop"), 200, 40);
    tally_answer(STR("shop"), 429, 10);
    tally_answer(STR("shop"), 0, 0);
    says("pagetide_requests_total{source=\"shop\",code=\"2xx\"} 1\n");
    says("pagetide_requests_total{source=\"shop\",code=\"4xx\"} 1\n");
    says("pagetide_requests_total{source=\"shop\",code=\"none\"} 1\n");
    says("pagetide_request_seconds_count{source=\"shop\"} 2\n");
    says("pagetide_request_seconds_sum{source=\"shop\"} 0.050\n");
}
END_TEST

START_TEST(waits_that_are_known_beforehand)
{
    tally_hold(STR("shop"), THROTTLE_LIMITED, 1500);
    tally_hold(STR("shop"), THROTTLE_FAILING, 30000);
    tally_told(STR("shop"), 2000);
    tally_hold(STR("shop"), THROTTLE_PAUSED, 1000);
    says(COUNT("rate") "1\n");
    says(TIME("rate") "1.500\n");
    says(TIME("failing") "30\n");
    says(COUNT("told") "2\n");
    says(TIME("told") "3\n");
}
END_TEST

/* Asked for again and again, it is one. */
START_TEST(a_wait_without_a_known_end)
{
    struct tally_wait wait = {0};
    tally_end(&wait, STR("shop"), 100);
    tally_begin(&wait, STR("shop"), TALLY_FULL, 1000);
    tally_begin(&wait, STR("shop"), TALLY_FULL, 1200);
    says(COUNT("full") "1\n");
    says(TIME("full") "0\n");
    tally_begin(&wait, STR("shop"), TALLY_MEMORY, 1500);
    says(TIME("full") "0.500\n");
    tally_end(&wait, STR("shop"), 1750);
    tally_end(&wait, STR("shop"), 9000);
    says(COUNT("memory") "1\n");
    says(TIME("memory") "0.250\n");
    tally_begin(&wait, STR("shop"), TALLY_FULL, 9000);
    says(COUNT("full") "2\n");
}
END_TEST

SUITE("worker/pace/tally", answers_by_class, waits_that_are_known_beforehand,
      a_wait_without_a_known_end)

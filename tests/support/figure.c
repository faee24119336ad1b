#include "tests/support/figure.h"

#include <check.h>
#include <stdio.h>

static void say(const char *words, double value, const char *unit, const char *bound,
                double limit)
{
    printf("figure\t%s\t%.4g\t%s\t%s %g\n", words, value, unit, bound, limit);
    fflush(stdout);
}

void figure_at_most(const char *words, double value, const char *unit, double limit)
{
    say(words, value, unit, "<=", limit);
    ck_assert_msg(value <= limit, "%s: %g %s, more than %g", words, value, unit, limit);
}

void figure_at_least(const char *words, double value, const char *unit, double limit)
{
    say(words, value, unit, ">=", limit);
    ck_assert_msg(value >= limit, "%s: %g %s, less than %g", words, value, unit, limit);
}

#define SUITE_TIMEOUT 300
#include <stdio.h>

#include "tests/support/suite.h"

/* The dashboard in a real browser (tests/web/run.sh); where there is none that says so. */
START_TEST(the_dashboard_is_used_in_a_browser)
{
    char command[512];
    const char *build = getenv("PAGETIDE_BUILD");
    snprintf(command, sizeof command, "tests/web/run.sh %s >&2",
             build ? build : "build/release");
    ck_assert_int_eq(system(command), 0); // NOLINT
}
END_TEST

SUITE("web", the_dashboard_is_used_in_a_browser)

#define SUITE_TIMEOUT 120
#include <sys/wait.h>

#include "tests/support/suite.h"

/*
 * A thousand random expressions over random data, by us and by Jinja2: tests/oracle/
 * expr_oracle.py. It needs a python3 that knows Jinja2 (make deps brings one as
 * /usr/bin/python3); without any it is passed over, aloud. ORACLE_SEED repeats a run.
 */
static int run(const char *command)
{
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *find_python(void)
{
    if (run("python3 -c 'import jinja2' 2>/dev/null") == 0)
        return "python3";
    if (run("/usr/bin/python3 -c 'import jinja2' 2>/dev/null") == 0)
        return "/usr/bin/python3";
    return NULL;
}

START_TEST(agrees_with_jinja2)
{
    const char *build = getenv("PAGETIDE_BUILD"), *seed = getenv("ORACLE_SEED");
    const char *python = find_python();
    if (!python) {
        fprintf(stderr, "passed over: no python3 here knows Jinja2\n");
        return;
    }
    char command[512];
    snprintf(command, sizeof command,
             "%s tests/oracle/expr_oracle.py %s/tests/oracle/expr_lines 1000 %s 1>&2", python,
             build ? build : "build/release", seed ? seed : "");
    ck_assert_int_eq(run(command), 0);
}
END_TEST

SUITE("oracle/expr", agrees_with_jinja2)

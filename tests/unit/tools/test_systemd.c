#define SUITE_TIMEOUT 60
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/suite.h"

/* The units of deploy/systemd, with the program of this build, as systemd reads them. */
static char folder[] = "/tmp/pagetide-units-XXXXXX";

static int shell(const char *command)
{
    char all[1024];
    const char *build = getenv("PAGETIDE_BUILD");
    snprintf(all, sizeof all, "build=$PWD/%s units=%s; %s", build ? build : "build/release",
             folder, command);
    return system(all); // NOLINT
}

static void copy_units(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(shell("cp deploy/systemd/*.service $units && "
                           "sed -i \"s,/usr/bin/pagetide,$build/pagetide,\" $units/*"),
                     0);
}

static void remove_units(void)
{
    ck_assert_int_eq(shell("rm -r $units"), 0);
}

static bool has_systemd(void)
{
    return !system("command -v systemd-analyze >/dev/null 2>&1"); // NOLINT
}

START_TEST(little_is_exposed)
{
    if (!has_systemd())
        return;
    copy_units();
    /* In tenths: at most 2.0. */
    ck_assert_int_eq(
        shell("for unit in $units/*; do systemd-analyze security --offline=true "
              "--threshold=20 $unit >$units.txt 2>&1 || { tail -n 3 $units.txt >&2; "
              "exit 1; }; done; rm $units.txt"),
        0);
    remove_units();
}
END_TEST

START_TEST(systemd_understands_them)
{
    if (!has_systemd())
        return;
    copy_units();
    ck_assert_int_eq(shell("test -z \"$(for unit in $units/*; do systemd-analyze verify "
                           "--man=no $unit 2>&1; done | grep pagetide | tee -a /dev/stderr)\""),
                     0);
    remove_units();
}
END_TEST

START_TEST(the_program_understands_their_options)
{
    copy_units();
    ck_assert_int_eq(shell("grep -h '^ExecStart=' $units/* | sed 's/^ExecStart=//' | { "
                           "count=0; while read -r line; do $line --help >/dev/null || exit 1; "
                           "count=$((count + 1)); done; test $count = 2; }"),
                     0);
    remove_units();
}
END_TEST

SUITE("tools/systemd", little_is_exposed, systemd_understands_them,
      the_program_understands_their_options)

#define SUITE_TIMEOUT 60
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/suite.h"

/* The manual pages that tools/man.sh writes. */
static const char *const pages[] = {"pagetide.1", "pagetide-sources.5", "pagetide.yaml.5"};
static char folder[] = "/tmp/pagetide-man-XXXXXX";

static int shell(const char *command)
{
    char all[1024];
    const char *build = getenv("PAGETIDE_BUILD");
    snprintf(all, sizeof all, "build=%s man=%s; %s", build ? build : "build/release", folder,
             command);
    return system(all); // NOLINT
}

static bool has_program(const char *name)
{
    char command[64];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", name);
    return !shell(command);
}

static void write_pages(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(shell("tools/man.sh $build $man"), 0);
}

static void remove_pages(void)
{
    ck_assert_int_eq(shell("rm -r $man"), 0);
}

/* Does the command, which has %s for the page, print nothing of each of them? */
static void check_silent(const char *command)
{
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        char line[512];
        snprintf(line, sizeof line, "test -z \"$(page=$man/%s; %s)\"", pages[i], command);
        ck_assert_msg(!shell(line), "%s: %s", pages[i], command);
    }
}

START_TEST(the_pages_are_clean)
{
    write_pages();
    if (has_program("groff"))
        check_silent("groff -K utf8 -man -ww -T utf8 -z $page 2>&1 | tee -a /dev/stderr");
    if (has_program("mandoc"))
        check_silent("mandoc -T lint -W warning $page | grep -v 'missing date' | tee -a "
                     "/dev/stderr");
    remove_pages();
}
END_TEST

START_TEST(nothing_is_left_out)
{
    write_pages();
    /* Commands, their options, settings, keys: as the program lists them. */
    ck_assert_int_eq(
        shell("missing() { while read -r word; do "
              "tr -d '\\\\' <$man/$1 | grep -qF -- \"$word\" || echo $1: $word; done; }; "
              "for name in $($build/pagetide --help | awk '/^  [a-z]+ /{print $1}'); do "
              "echo \".SS \\\"pagetide $name\"; $build/pagetide $name --help | grep -o -- "
              "'^  .*--[a-z-]*' | grep -o -- '--[a-z-]*$'; done | sort -u | missing pagetide.1 "
              ">$man/missing; $build/pagetide config reference --markdown | grep -o '^| "
              "`[^`]*`' | tr -d '|` ' | sort -u >$man/keys; test -s $man/keys; "
              "cat $man/pagetide.yaml.5 $man/pagetide-sources.5 >$man/both; missing both "
              "<$man/keys >>$man/missing; cat $man/missing >&2; test ! -s $man/missing"),
        0);
    remove_pages();
}
END_TEST

SUITE("tools/man", the_pages_are_clean, nothing_is_left_out)

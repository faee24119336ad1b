#define SUITE_TIMEOUT 60
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/suite.h"

/* The manual pages that tools/man.sh writes. */
static char folder[64];

static int shell(const char *command)
{
    char all[2048];
    const char *build = getenv("PAGETIDE_BUILD");
    snprintf(all, sizeof all, "build=%s man=%s; %s", build ? build : "build/release", folder,
             command);
    return system(all); // NOLINT
}

static bool has_program(const char *name)
{
    char command[64];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", name);
    bool has = !shell(command);
    if (!has)
        printf("passed over: there is no %s\n", name);
    return has;
}

static void write_pages(void)
{
    snprintf(folder, sizeof folder, "/tmp/pagetide-man-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(shell("tools/man.sh $build $man"), 0);
}

static void remove_pages(void)
{
    ck_assert_int_eq(shell("rm -r $man"), 0);
}

/* Does the command print nothing of each $page? */
static void check_silent(const char *command)
{
    char line[512];
    snprintf(line, sizeof line,
             "test $(ls $man | wc -l) -gt 20 && "
             "test -z \"$(for page in $man/*; do %s; done 2>&1 | tee -a /dev/stderr)\"",
             command);
    ck_assert_msg(!shell(line), "%s", command);
}

START_TEST(the_pages_are_clean)
{
    write_pages();
    if (has_program("groff"))
        check_silent("groff -K utf8 -man -ww -T utf8 -z $page");
    if (has_program("mandoc"))
        check_silent("mandoc -T lint -W warning $page | grep -v 'missing date'");
    remove_pages();
}
END_TEST

START_TEST(every_command_and_option_is_there)
{
    write_pages();
    ck_assert_int_eq(
        shell("missing() { while read -r word; do "
              "tr -d '\\\\' <$man/$1 | grep -qF -- \"$word\" || echo $1: $word; done; }; "
              "options() { sed -n 's/^ *\\(-., \\)\\?\\(--[a-z-]*\\).*/\\2/p'; }; "
              "for name in $($build/pagetide --help | awk '/^  [a-z]+ /{print $1}'); do "
              "test -f $man/pagetide-$name.1 || echo no pagetide-$name.1; "
              "echo pagetide-$name | missing pagetide.1; "
              "$build/pagetide $name --help | sed '/^common options/,$d' | options | "
              "grep -vx -- --help | missing pagetide-$name.1; done >$man/missing; "
              "$build/pagetide up --help | options | missing pagetide.1 >>$man/missing; "
              "cat $man/missing >&2; test ! -s $man/missing"),
        0);
    remove_pages();
}
END_TEST

START_TEST(every_key_is_there)
{
    write_pages();
    ck_assert_int_eq(
        shell("$build/pagetide config reference --markdown | grep -o '^| `[^`]*`' | "
              "tr -d '|` ' | sort -u >$man/keys; test -s $man/keys; "
              "cat $man/pagetide.yaml.5 $man/pagetide-sources.5 | tr -d '\\\\' >$man/both; "
              "test -z \"$(while read -r key; do grep -qF -- \"$key\" $man/both || "
              "echo no $key; done <$man/keys | tee -a /dev/stderr)\""),
        0);
    remove_pages();
}
END_TEST

SUITE("tools/man", the_pages_are_clean, every_command_and_option_is_there, every_key_is_there)

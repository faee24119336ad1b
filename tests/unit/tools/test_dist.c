#define SUITE_TIMEOUT 60
#include <stdio.h>

#include "tests/support/suite.h"

/* The source archive that tools/dist.sh writes. */
static char folder[] = "/tmp/pagetide-dist-XXXXXX";

static void must(const char *command)
{
    char all[1024];
    snprintf(all, sizeof all, "out=%s; { %s; } >&2", folder, command);
    ck_assert_msg(system(all) == 0, "%s", command); // NOLINT
}

START_TEST(the_same_files_give_the_same_bytes)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    must("tools/dist.sh p-1 $out/one.tar.gz && tools/dist.sh p-1 $out/two.tar.gz");
    must("cmp $out/one.tar.gz $out/two.tar.gz");
    /* Unpacked by somebody else, where there is no git. */
    must("umask 077 && tar -xzf $out/one.tar.gz --no-same-permissions -C $out");
    must("mkdir $out/p-1/build && touch $out/p-1/build/x");
    must("GIT_DIR=/nonexistent $out/p-1/tools/dist.sh p-1 $out/again.tar.gz");
    must("cmp $out/one.tar.gz $out/again.tar.gz");
    must("SOURCE_DATE_EPOCH=7 tools/dist.sh p-1 $out/two.tar.gz");
    must("! cmp -s $out/one.tar.gz $out/two.tar.gz");
    must("rm -r $out");
}
END_TEST

START_TEST(it_holds_what_git_does)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    must("test ! -e .git || { tools/dist.sh p-1 $out/p.tar.gz && "
         "git -c safe.directory=\"$(pwd -P)\" ls-files | LC_ALL=C sort >$out/tracked && "
         "tar -tzf $out/p.tar.gz | sed 's,^p-1/,,' | diff $out/tracked -; }");
    must("rm -r $out");
}
END_TEST

START_TEST(the_versions_agree)
{
    must("test \"$(sed -n '1s/.*(\\(.*\\)).*/\\1/p' debian/changelog)\" = "
         "\"$(sed -n 's/^VERSION := //p' Makefile)\"");
}
END_TEST

SUITE("tools/dist", the_same_files_give_the_same_bytes, it_holds_what_git_does,
      the_versions_agree)

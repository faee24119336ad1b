#define SUITE_TIMEOUT 800
#include <stdio.h>
#include <unistd.h>

#include "tests/support/suite.h"

/*
 * The Debian package: built, looked at by lintian, installed in a small Debian of its own below
 * build/deb, and purged. Each test goes on where the one before it ended.
 */

/* With `inside`, which runs a command in the small Debian. */
static int shell(const char *command)
{
    char all[4096];
    const char *build = getenv("PAGETIDE_BUILD");
    snprintf(
        all, sizeof all,
        "set -e; root=build/deb/root; deb=$(ls build/deb/pagetide_*.deb 2>/dev/null || :); "
        "build=%s; inside() { chroot $root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \"$@\"; "
        "}; { %s; } >&2",
        build ? build : "build/release", command);
    return system(all); // NOLINT
}

static void must(const char *command)
{
    ck_assert_msg(shell(command) == 0, "%s", command);
}

/* Root of a container may lack the rights, or its disk devices. */
static bool may_chroot(void)
{
    bool may = geteuid() == 0 &&
               shell("mkdir -p build/deb; try=$(mktemp -d build/deb/try.XXXXXX); "
                     "{ mknod -m 0666 $try/null c 1 3 && : >$try/null && chroot / true; } && "
                     "code=0 || code=1; rm -r $try; test $code = 0") == 0;
    if (!may)
        fprintf(stderr, "passed over: mknod and chroot are not allowed here\n");
    return may;
}

/* Files, modes and owners; not /run, not what dpkg notes, and not the user, who stays: Debian
 * gives the number of a user that is gone to nobody else. */
static void list_files(const char *name)
{
    char command[512];
    snprintf(command, sizeof command,
             "(cd $root && find . ! -path './run/*' ! -path './var/lib/dpkg*' "
             "! -path ./var/log/dpkg.log ! -path './etc/*passwd*' ! -path './etc/*group*' "
             "! -path './etc/*shadow*' ! -path ./etc/.pwd.lock ! -path './var/cache/*' -printf "
             "'%%p %%m %%u %%g\\n') | "
             "sort >build/deb/%s",
             name);
    must(command);
}

START_TEST(it_is_built_and_lintian_is_silent)
{
    must("tools/deb.sh $($build/pagetide --version | sed 's/.* //') build/deb >build/deb.out");
    must("test $(grep -c '_.*\\.deb$' build/deb.out) = 2");
    must("! grep -E '^[EW]:' build/deb.out");
    must("rm build/deb.out");
}
END_TEST

START_TEST(it_installs_and_runs)
{
    if (!may_chroot())
        return;
    must("tests/deb/root.sh $root $deb && cp $deb $root/tmp/pagetide.deb");
    list_files("before");
    must("inside dpkg --install /tmp/pagetide.deb");
    must("test \"$(inside pagetide --version)\" = \"$($build/pagetide --version)\"");
    must("cp $root/usr/share/doc/pagetide/examples/shop.yaml $root/etc/pagetide/sources");
    must("inside pagetide --config /etc/pagetide check");
    must("rm $root/etc/pagetide/sources/shop.yaml");
    must("test $(ls $root/usr/share/man/man1/pagetide*.1.gz | wc -l) -gt 20");
}
END_TEST

START_TEST(it_is_hardened_and_small)
{
    if (!may_chroot())
        return;
    must("tools/check-hardening.sh $root/usr/bin/pagetide");
    must("test $(stat -c %s $root/usr/bin/pagetide) -le 1500000");
}
END_TEST

START_TEST(the_units_are_understood_and_off)
{
    if (!may_chroot())
        return;
    must("test -x $root/usr/bin/pagetide");
    must("test -z \"$(inside systemd-analyze verify --man=no "
         "/lib/systemd/system/pagetide-scheduler.service "
         "/lib/systemd/system/pagetide-worker@.service 2>&1 | grep pagetide | "
         "tee -a /dev/stderr)\"");
    must("printf '[Service]\\nTpye=simple\\nExecStart=/usr/bin/pagetide\\n' "
         ">$root/tmp/pagetide-odd.service");
    must("inside systemd-analyze verify --man=no /tmp/pagetide-odd.service 2>&1 | "
         "grep -q Tpye && rm $root/tmp/pagetide-odd.service");
    must("test -z \"$(find $root/etc/systemd -name 'pagetide*')\"");
}
END_TEST

START_TEST(passwords_are_for_few)
{
    if (!may_chroot())
        return;
    must("test \"$(inside stat -c '%a %U %G' /etc/pagetide)\" = '750 root pagetide'");
    must("test \"$(inside stat -c '%a %U %G' /etc/pagetide/sources)\" = '750 root pagetide'");
    must("test \"$(inside stat -c '%a %U %G' /etc/pagetide/environment)\" = '600 root root'");
    must("inside grep -q '^pagetide:.*:/var/lib/pagetide:/usr/sbin/nologin$' /etc/passwd");
}
END_TEST

/* What people changed stays with an upgrade. */
START_TEST(an_upgrade_keeps_the_configuration)
{
    if (!may_chroot())
        return;
    must("inside chmod 0700 /etc/pagetide && echo '# mine' >>$root/etc/pagetide/environment");
    must("inside dpkg --install /tmp/pagetide.deb");
    must("test $(inside stat -c %a /etc/pagetide) = 700");
    must("test $(inside stat -c %a /etc/pagetide/environment) = 600");
    must("grep -q mine $root/etc/pagetide/environment");
    must("inside chmod 0750 /etc/pagetide");
}
END_TEST

START_TEST(nothing_is_left_after_a_purge)
{
    if (!may_chroot())
        return;
    /* As systemd, `systemctl enable` and the program leave it. */
    must("cd $root; mkdir -p var/lib/pagetide etc/systemd/system/multi-user.target.wants; "
         "touch var/lib/pagetide/token; cd etc/systemd/system/multi-user.target.wants; "
         "ln -s /lib/systemd/system/pagetide-scheduler.service .; "
         "ln -s /lib/systemd/system/pagetide-worker@.service pagetide-worker@1.service");
    must("inside dpkg --remove pagetide");
    must("test -f $root/etc/pagetide/environment && test -d $root/var/lib/pagetide");
    must("inside dpkg --purge pagetide");
    list_files("after");
    must("diff build/deb/before build/deb/after");
}
END_TEST

/* Definitions are the work of people. */
START_TEST(definitions_stay)
{
    if (!may_chroot())
        return;
    must("inside dpkg --install /tmp/pagetide.deb");
    must("echo 'source: shop' >$root/etc/pagetide/sources/shop.yaml");
    must("inside dpkg --purge pagetide");
    must("test \"$(cd $root/etc/pagetide && find . -type f)\" = ./sources/shop.yaml");
    must("rm -rf $root");
}
END_TEST

SUITE("deb/deb", it_is_built_and_lintian_is_silent, it_installs_and_runs,
      it_is_hardened_and_small, the_units_are_understood_and_off, passwords_are_for_few,
      an_upgrade_keeps_the_configuration, nothing_is_left_after_a_purge, definitions_stay)

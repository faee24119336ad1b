#define SUITE_TIMEOUT 60
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/suite.h"

static int check(const char *binary)
{
    char command[512];
    snprintf(command, sizeof command, "tools/check-hardening.sh %s 2>/dev/null", binary);
    return system(command); // NOLINT
}

START_TEST(the_binary_is_hardened)
{
    const char *build = getenv("PAGETIDE_BUILD");
    char binary[256];
    snprintf(binary, sizeof binary, "%s/pagetide", build ? build : "build/release");
    ck_assert_int_eq(check(binary), 0);
}
END_TEST

/* A small program, built with these flags in this folder, and checked. */
static int check_with(const char *folder, const char *flags)
{
    char command[512], binary[64];
    snprintf(binary, sizeof binary, "%s/x", folder);
    snprintf(command, sizeof command,
             "echo '#include <stdio.h>\nint main(int c, char **v) { char b[8]; "
             "return snprintf(b, c, \"%%s\", v[0]); }' | "
             "gcc -x c -O2 -w %s -o %s - 2>/dev/null",
             flags, binary);
    ck_assert_int_eq(system(command), 0); // NOLINT
    return check(binary);
}

START_TEST(one_that_is_not_is_refused)
{
#define GUARD   " -fstack-protector-all "
#define FORTIFY " -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 "
    static const char *const bad[] = {
        "-no-pie -Wl,-z,now" GUARD FORTIFY,
        "-pie -fPIE -Wl,-z,lazy" GUARD FORTIFY,
        "-pie -fPIE -Wl,-z,now -fno-stack-protector" FORTIFY,
        "-pie -fPIE -Wl,-z,now,-z,execstack" GUARD FORTIFY,
        "-pie -fPIE -Wl,-z,now,-z,norelro" GUARD FORTIFY,
        "-pie -fPIE -Wl,-z,now -U_FORTIFY_SOURCE" GUARD,
    };
    char folder[] = "/tmp/pagetide-hardening-XXXXXX", command[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(check_with(folder, "-pie -fPIE -Wl,-z,now" GUARD FORTIFY), 0);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        ck_assert_msg(check_with(folder, bad[i]) != 0, "%s", bad[i]);
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0); // NOLINT
}
END_TEST

SUITE("tools/check_hardening", the_binary_is_hardened, one_that_is_not_is_refused)

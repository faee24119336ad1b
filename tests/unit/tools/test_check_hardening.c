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

START_TEST(one_that_is_not_is_refused)
{
    static const char *const flags[] = {
        "-no-pie -Wl,-z,now -fstack-protector-all",
        "-pie -fPIE -Wl,-z,lazy -fstack-protector-all",
        "-pie -fPIE -Wl,-z,now -fno-stack-protector",
        "-pie -fPIE -Wl,-z,now,-z,execstack -fstack-protector-all",
        "-pie -fPIE -Wl,-z,now,-z,norelro -fstack-protector-all"};
    char folder[] = "/tmp/pagetide-hardening-XXXXXX", command[512], binary[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(binary, sizeof binary, "%s/x", folder);
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        snprintf(command, sizeof command,
                 "echo 'int main(void) { return 0; }' | gcc -x c %s -o %s - 2>/dev/null",
                 flags[i], binary);
        ck_assert_int_eq(system(command), 0); // NOLINT
        ck_assert_msg(check(binary) != 0, "%s", flags[i]);
    }
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0); // NOLINT
}
END_TEST

SUITE("tools/check_hardening", the_binary_is_hardened, one_that_is_not_is_refused)

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/suite.h"

/* What tools/memcheck.awk says of a log. */

#define GIVEN                                                                                  \
    "==7== FILE DESCRIPTORS: 5 open (3 std) at exit.\n"                                        \
    "==7== Open file descriptor 4: /dev/null\n"                                                \
    "==7==    <inherited from parent>\n"                                                       \
    "==7== \n"
#define OPENED                                                                                 \
    "==7== Open file descriptor 9: /etc/hosts\n"                                               \
    "==7==    at 0x51: open (open.c:1)\n"                                                      \
    "==7==    by 0x52: main (main.c:2)\n"                                                      \
    "==7== \n"
#define LOOP                                                                                   \
    "==7== Open file descriptor 8:\n"                                                          \
    "==7==    at 0x51: epoll_create1 (syscall.S:120)\n"                                        \
    "==7== \n"
#define LOOKUP                                                                                 \
    "==7== Open file descriptor 6:\n"                                                          \
    "==7==    at 0x51: eventfd (syscall.S:120)\n"                                              \
    "==7==    by 0x52: lookup_spawn (resolve.c:76)\n"                                          \
    "==7== \n"
#define READ                                                                                   \
    "==7== Invalid read of size 4\n"                                                           \
    "==7==    at 0x1: cut (cut.c:1)\n"                                                         \
    "==7== \n"

static const char *findings(const char *log)
{
    static char said[4096];
    char path[] = "/tmp/pagetide-memcheck-XXXXXX", command[128];
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, log, strlen(log)), (ssize_t)strlen(log));
    close(fd);
    snprintf(command, sizeof command, "awk -f tools/memcheck.awk %s | sed 's/^[^:]*: //'",
             path);
    FILE *out = popen(command, "r"); // NOLINT
    ck_assert_ptr_nonnull(out);
    said[fread(said, 1, sizeof said - 1, out)] = '\0';
    ck_assert_int_eq(pclose(out), 0);
    unlink(path);
    return said;
}

START_TEST(says_what_is_wrong)
{
    ck_assert_str_eq(findings(""), "");
    ck_assert_str_eq(findings(READ), "Invalid read of size 4\n   at 0x1: cut (cut.c:1)\n");
    ck_assert_str_eq(findings("==7== 3 bytes in 1 blocks are definitely lost\n"
                              "==7==    at 0x1: malloc (m.c:1)\n"),
                     "3 bytes in 1 blocks are definitely lost\n   at 0x1: malloc (m.c:1)\n");
}
END_TEST

START_TEST(says_which_descriptors_a_process_has_left)
{
    ck_assert_str_eq(findings(GIVEN), "");
    ck_assert_str_eq(findings(GIVEN OPENED GIVEN),
                     "Open file descriptor 9: /etc/hosts\n   at 0x51: open (open.c:1)\n"
                     "   by 0x52: main (main.c:2)\n");
}
END_TEST

START_TEST(leaves_out_those_of_one_that_died)
{
    ck_assert_str_eq(findings(GIVEN OPENED LOOP), "");
    ck_assert_str_eq(findings(READ GIVEN LOOP OPENED),
                     "Invalid read of size 4\n   at 0x1: cut (cut.c:1)\n");
}
END_TEST

START_TEST(leaves_out_a_lookup_that_is_under_way)
{
    ck_assert_str_eq(findings(LOOKUP OPENED LOOKUP GIVEN),
                     "Open file descriptor 9: /etc/hosts\n   at 0x51: open (open.c:1)\n"
                     "   by 0x52: main (main.c:2)\n");
    ck_assert_ptr_nonnull(
        strstr(findings(LOOKUP LOOKUP LOOKUP LOOKUP LOOKUP), "Open file descriptor 6"));
}
END_TEST

SUITE("tools/memcheck", says_what_is_wrong, says_which_descriptors_a_process_has_left,
      leaves_out_those_of_one_that_died, leaves_out_a_lookup_that_is_under_way)

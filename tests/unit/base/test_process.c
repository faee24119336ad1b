#include "base/process.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/suite.h"

START_TEST(an_id_names_the_host_and_the_process)
{
    char host[PROCESS_HOST_BYTES], id[PROCESS_ID_BYTES], begin[160];
    process_host(host);
    process_new_id(id);
    snprintf(begin, sizeof begin, "%s-%d-", host, (int)getpid());
    ck_assert(*host);
    ck_assert(str_starts(str_from(id), str_from(begin)));
}
END_TEST

START_TEST(no_two_ids_are_equal)
{
    char first[PROCESS_ID_BYTES], second[PROCESS_ID_BYTES];
    process_new_id(first);
    process_new_id(second);
    ck_assert_str_ne(first, second);
}
END_TEST

START_TEST(a_process_is_gone_when_it_has_been_waited_for)
{
    pid_t child = fork();
    if (child == 0)
        pause();
    ck_assert(!process_is_gone(getpid()));
    ck_assert(!process_is_gone(child));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert(process_is_gone(child));
}
END_TEST

START_TEST(what_is_no_process_is_not_called_gone)
{
    ck_assert(!process_is_gone(0));
    ck_assert(!process_is_gone(-1));
}
END_TEST

START_TEST(usage_is_of_this_process)
{
    struct process_usage before = process_usage();
    int fd = dup(0);
    struct process_usage after = process_usage();
    int64_t age_ms = clock_wall_ms() - before.started_at_ms;
    ck_assert_msg(age_ms >= -1000 && age_ms < 60000, "began %lld ms ago", (long long)age_ms);
    ck_assert_int_eq(after.started_at_ms, before.started_at_ms);
    ck_assert_int_ge(after.cpu_ms, before.cpu_ms);
    ck_assert_int_gt(before.resident_bytes, 100000);
    ck_assert_int_eq(after.fds, before.fds + 1);
    ck_assert_int_gt(before.fds_max, before.fds);
    close(fd);
}
END_TEST

SUITE("base/process", usage_is_of_this_process, an_id_names_the_host_and_the_process,
      no_two_ids_are_equal, a_process_is_gone_when_it_has_been_waited_for,
      what_is_no_process_is_not_called_gone)

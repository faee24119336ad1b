#define SUITE_TIMEOUT 120
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/stand.h"
#include "tests/support/suite.h"

/* `--processes N`: several workers under one process that watches them. */
enum { LIMIT_MS = 40000 };

#define AWAIT(expected, ...) pagetide_await(&pagetide, (expected), LIMIT_MS, __VA_ARGS__)
#define WORKERS              "select count(*) from pagetide.worker"

static void expect_gone(const char *pids)
{
    for (const char *at = pids; *at; at += strcspn(at, " "), at += *at == ' ')
        ck_assert_msg(kill((pid_t)strtol(at, NULL, 10), 0) == -1 && errno == ESRCH, "%d lives",
                      (int)strtol(at, NULL, 10));
}

START_TEST(a_process_that_crashes_is_begun_again)
{
    set_up();
    answer("[{\"id\": 1}]");
    people(UPSERT);
    expect_run(0, "migrate");
    struct pagetide_process up = pagetide_spawn(&pagetide, "up --processes 3");
    AWAIT("3", WORKERS);
    const char *first = SQL("select min(pid) from pagetide.worker");
    kill((pid_t)strtol(first, NULL, 10), SIGKILL);
    AWAIT("4", WORKERS);
    expect_holds(pagetide_err(&up), "ended by signal 9; another one begins in 1 s");
    expect_run(0, "reload people.all --wait");
    const char *pids = SQL("select string_agg(pid::text, ' ') from pagetide.worker");
    pagetide_signal(&up, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&up, 30000), 0);
    expect_gone(pids);
    tear_down();
}
END_TEST

/* Nobody is left behind where the one that watches is killed. */
START_TEST(they_end_with_the_one_that_watches_them)
{
    set_up();
    people(UPSERT);
    expect_run(0, "migrate");
    struct pagetide_process worker = pagetide_spawn(&pagetide, "worker --processes 2");
    AWAIT("2", WORKERS);
    pagetide_kill(&worker);
    AWAIT("0", WORKERS);
    tear_down();
}
END_TEST

START_TEST(wrong_settings_end_all_of_them)
{
    set_up();
    people(UPSERT);
    expect_run(0, "migrate");
    expect_run(2, "worker --processes 2 --http 0.0.0.0:0");
    tear_down();
}
END_TEST

START_TEST(the_service_manager_is_told)
{
    set_up();
    people(UPSERT);
    expect_run(0, "migrate");
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct timeval limit = {LIMIT_MS / 1000, 0};
    char text[64] = "";
    snprintf(name.sun_path, sizeof name.sun_path, "/tmp/pagetide-notify-%d", (int)getpid());
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&name, sizeof name), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setenv("NOTIFY_SOCKET", name.sun_path, 1);
    struct pagetide_process worker = pagetide_spawn(&pagetide, "worker");
    ck_assert_int_gt((int)recv(fd, text, sizeof text - 1, 0), 0);
    ck_assert_str_eq(text, "READY=1");
    pagetide_signal(&worker, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&worker, 30000), 0);
    close(fd);
    unlink(name.sun_path);
    tear_down();
}
END_TEST

SUITE("flow/processes", a_process_that_crashes_is_begun_again,
      they_end_with_the_one_that_watches_them, wrong_settings_end_all_of_them,
      the_service_manager_is_told)

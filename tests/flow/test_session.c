#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#define SUITE_TIMEOUT 120
#include "tests/support/suite.h"

/* Sessions with PostgreSQL that are not as a fresh installation gives them. */
static struct mock mock;
static struct pagetide pagetide;

#define SQL(...) pagetide_sql(&pagetide, __VA_ARGS__)

static void set_up(void)
{
    mock_start(NULL, &mock);
    pagetide_open_empty(&pagetide);
    pagetide_source(&pagetide, "shop",
                    "source: shop\n"
                    "base_url: %s\n"
                    "defaults:\n"
                    "  pagination: {type: page, total_pages_path: pages}\n"
                    "  merge_path: data\n"
                    "  params: {per_page: 10, total: 300}\n"
                    "  path: /gen/page\n"
                    "streams:\n"
                    "  a: {params: {seed: 1}}\n"
                    "  b: {params: {seed: 2}, write: upsert, key: [id]}\n"
                    "  c: {params: {seed: 3}}\n",
                    mock.url);
    setenv("PAGETIDE_BATCH_RECORDS", "20", 1);
}

static void tear_down(void)
{
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

/* Says it of the database, whatever was said before. */
static void say_of_database(const char *setting)
{
    SQL("begin read write; do $$ begin execute format('alter database %%I set %s', "
        "current_database()); end $$; commit",
        setting);
}

static void expect_all_rows(void)
{
    struct pagetide_result got = pagetide_run(&pagetide, "sync --all");
    ck_assert_msg(got.code == 0, "exit %d\n%s%s", got.code, got.out, got.err);
    ck_assert_str_eq(SQL("select concat_ws(' ', (select count(distinct id) from shop.a), "
                         "(select count(distinct id) from shop.b), "
                         "(select count(distinct id) from shop.c), "
                         "(select count(*) from pagetide.run where state = 'succeeded'))"),
                     "300 300 300 3");
}

START_TEST(a_database_may_have_settings_of_its_own)
{
    set_up();
    say_of_database("default_transaction_isolation = ''serializable''");
    say_of_database("default_transaction_read_only = on");
    say_of_database("search_path = public");
    say_of_database("standard_conforming_strings = off");
    say_of_database("quote_all_identifiers = on");
    say_of_database("timezone = ''Asia/Kolkata''");
    say_of_database("datestyle = ''SQL, DMY''");
    say_of_database("lock_timeout = 1");
    expect_all_rows();
    tear_down();
}
END_TEST

/* --- PgBouncer --- */

struct bouncer {
    pid_t pid;
    const char *url;
};

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* PgBouncer refuses to run as root. `timeout` passes the signal on, and is a limit besides. */
static pid_t spawn_bouncer(const char *ini)
{
    const char *const as_root[] = {"timeout", "110",      "pgbouncer", "-q",
                                   "-u",      "postgres", ini,         NULL};
    const char *const as_user[] = {"timeout", "110", "pgbouncer", "-q", ini, NULL};
    const char *const *argv = geteuid() == 0 ? as_root : as_user;
    setenv("PATH", pagetide_text("%s:/usr/sbin", getenv("PATH")), 1);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return pid;
}

/* Before the database of the test; the program under test is told of it. */
static struct bouncer bouncer_start(const char *pool_mode, int pool_size)
{
    struct bouncer bouncer;
    int port = free_port();
    const char *ini = pagetide_text("/tmp/pagetide-bouncer.%d.ini", (int)getpid());
    FILE *file = fopen(ini, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file,
            "[databases]\n* = host=127.0.0.1 port=%s user=%s\n[pgbouncer]\n"
            "listen_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\nauth_type = any\n"
            "pool_mode = %s\ndefault_pool_size = %d\nlogfile = /dev/null\n",
            SQL("select inet_server_port()"), SQL("select current_user"), port, pool_mode,
            pool_size);
    fclose(file);
    ck_assert_int_eq(chmod(ini, 0644), 0);
    bouncer.pid = spawn_bouncer(ini);
    bouncer.url = pagetide_text("postgresql://pagetide@127.0.0.1:%d/%s", port,
                                SQL("select current_database()"));
    struct pagetide through = pagetide;
    through.database_url = bouncer.url;
    pagetide_await(&through, "1", 10000, "select 1");
    unlink(ini);
    setenv("PAGETIDE_DATABASE_URL", bouncer.url, 1);
    return bouncer;
}

static void bouncer_stop(struct bouncer *bouncer)
{
    setenv("PAGETIDE_DATABASE_URL", pagetide.database_url, 1);
    kill(bouncer->pid, SIGTERM);
    waitpid(bouncer->pid, NULL, 0);
}

START_TEST(a_pool_of_transactions_is_refused)
{
    set_up();
    for (int size = 1; size <= 2; size++) {
        struct bouncer bouncer = bouncer_start("transaction", size);
        static const char *const commands[] = {"sync --all", "migrate", "status", "worker"};
        for (size_t i = 0; i < COUNT_OF(commands); i++) {
            struct pagetide_result got = pagetide_run(&pagetide, "%s", commands[i]);
            ck_assert_msg(got.code == 3 && strstr(got.err, "transaction pooling") &&
                              strstr(got.err, "pool_mode = session"),
                          "%s: exit %d\n%s", commands[i], got.code, got.err);
        }
        /* Nothing of ours is left to the other clients of the pool. */
        struct pagetide through = pagetide;
        through.database_url = bouncer.url;
        ck_assert_str_eq(pagetide_sql(&through, "show search_path"), "\"$user\", public");
        bouncer_stop(&bouncer);
    }
    ck_assert_str_eq(SQL("select count(*) from pg_namespace where nspname = 'pagetide'"), "0");
    tear_down();
}
END_TEST

START_TEST(a_pool_of_statements_is_refused)
{
    set_up();
    for (int size = 1; size <= 2; size++) {
        struct bouncer bouncer = bouncer_start("statement", size);
        struct pagetide_result got = pagetide_run(&pagetide, "sync --all");
        ck_assert_msg(got.code == 3 && strstr(got.err, "statement pooling"), "exit %d\n%s",
                      got.code, got.err);
        bouncer_stop(&bouncer);
    }
    tear_down();
}
END_TEST

START_TEST(a_pool_of_sessions_works)
{
    set_up();
    struct bouncer bouncer = bouncer_start("session", 20);
    expect_all_rows();
    bouncer_stop(&bouncer);
    tear_down();
}
END_TEST

START_TEST(a_pool_of_two_sessions_works)
{
    set_up();
    struct bouncer bouncer = bouncer_start("session", 2);
    expect_all_rows();
    bouncer_stop(&bouncer);
    tear_down();
}
END_TEST

/* --- a role with few sessions --- */

/* The program comes as a role that may have so many at once. */
static void come_as_role(int limit)
{
    const char *role = pagetide_text("few_%d", (int)getpid());
    SQL("create role %s login connection limit %d", role, limit);
    SQL("do $$ begin execute format('alter database %%I owner to %s', current_database()); "
        "end $$",
        role);
    setenv("PAGETIDE_DATABASE_URL",
           pagetide_text("postgresql://%s@127.0.0.1:%s/%s", role,
                         SQL("select inet_server_port()"), SQL("select current_database()")),
           1);
}

static void forget_role(void)
{
    setenv("PAGETIDE_DATABASE_URL", pagetide.database_url, 1);
    pagetide_await_alone(&pagetide);
    SQL("drop owned by few_%d cascade", (int)getpid());
    SQL("do $$ begin execute format('alter database %%I owner to %%I', current_database(), "
        "current_user); end $$");
    SQL("drop role few_%d", (int)getpid());
}

START_TEST(a_role_with_two_sessions_works)
{
    set_up();
    come_as_role(2);
    expect_all_rows();
    forget_role();
    tear_down();
}
END_TEST

/* Too few for the command: it is said, and a signal ends it in time. */
static void expect_said(int limit, const char *command, int code)
{
    set_up();
    come_as_role(limit);
    struct pagetide_process process = pagetide_spawn(&pagetide, "%s", command);
    pagetide_await_err(&process, "too many connections for role", 20000);
    if (code == 0)
        pagetide_await_err(&process, "process.start", 20000);
    pagetide_signal(&process, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&process, 25000), code);
    forget_role();
    tear_down();
}

START_TEST(a_sync_with_one_session_says_so)
{
    expect_said(1, "sync --all", 130);
}
END_TEST

START_TEST(an_up_with_two_sessions_says_so)
{
    expect_said(2, "up", 0);
}
END_TEST

SUITE("flow/session", a_database_may_have_settings_of_its_own,
      a_pool_of_transactions_is_refused, a_pool_of_statements_is_refused,
      a_pool_of_sessions_works, a_pool_of_two_sessions_works, a_role_with_two_sessions_works,
      a_sync_with_one_session_says_so, an_up_with_two_sessions_says_so)

#define SUITE_TIMEOUT 120
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/certs.h"
#include "tests/support/servers.h"
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/* The ways to a Redis: TLS, a Unix socket, a user and a password of odd bytes. */

static char dir[] = "/tmp/pagetide-redis.XXXXXX";
static struct test_redis redis;

static const char *path_in(const char *name)
{
    return pagetide_text("%s/%s", dir, name);
}

static void start(void)
{
    set_up();
    ck_assert_ptr_nonnull(mkdtemp(dir));
    certs_make(dir);
    expect_run(0, "migrate");
}

static void stop(void)
{
    servers_redis_stop(&redis);
    ck_assert_int_eq(system(pagetide_text("rm -r '%s'", dir)), 0);
    tear_down();
}

/* With "yes" it wants a certificate of its clients. */
static void start_tls(const char *wants)
{
    start();
    const char *const words[] = {"--port",
                                 "0",
                                 "--tls-port",
                                 "%P",
                                 "--tls-cert-file",
                                 path_in("server.pem"),
                                 "--tls-key-file",
                                 path_in("server.key"),
                                 "--tls-ca-cert-file",
                                 path_in("ca.pem"),
                                 "--tls-auth-clients",
                                 wants,
                                 NULL};
    static const char *kept[COUNT_OF(words)];
    memcpy(kept, words, sizeof words);
    servers_redis_start_with(&redis, kept);
}

static void use(const char *url)
{
    setenv("PAGETIDE_REDIS_URL", url, 1);
}

/* A run by scheduler, queue and worker. */
static void expect_served(void)
{
    people("    write: upsert\n    key: id\n");
    answer("[{\"id\": 1}, {\"id\": 2}]");
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    pagetide_await_err(&up, "redis.up", 20000);
    expect_run(0, "reload people.all");
    pagetide_await(&pagetide, "2", 20000, "select count(*) from people.all");
    pagetide_await(&pagetide, "1", 20000,
                   "select count(*) from pagetide.run where state = 'succeeded'");
    pagetide_signal(&up, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&up, 25000), 0);
}

static void expect_refused(const char *url, const char *why)
{
    use(url);
    struct pagetide_process worker = pagetide_spawn(&pagetide, "worker");
    pagetide_await_err(&worker, "redis.down", 20000);
    expect_holds(pagetide_err(&worker), why);
    pagetide_kill(&worker);
}

START_TEST(a_run_over_tls)
{
    start_tls("no");
    use(pagetide_text("rediss://localhost:%d?ca=%s", redis.port, path_in("ca.pem")));
    expect_served();
    stop();
}
END_TEST

START_TEST(a_server_that_wants_our_certificate_gets_it)
{
    start_tls("yes");
    use(pagetide_text("rediss://localhost:%d/3?ca=%s&cert=%s&key=%s", redis.port,
                      path_in("ca.pem"), path_in("client.pem"), path_in("client.key")));
    expect_served();
    expect_refused(pagetide_text("rediss://localhost:%d?ca=%s", redis.port, path_in("ca.pem")),
                   "alert certificate required");
    stop();
}
END_TEST

START_TEST(certificates_are_verified_unless_it_is_said)
{
    start_tls("no");
    expect_refused(
        pagetide_text("rediss://localhost:%d", redis.port),
        "TLS: the server's certificate: self-signed certificate in certificate chain");
    expect_refused(
        pagetide_text("rediss://localhost:%d?ca=%s", redis.port, path_in("other.pem")),
        "TLS: the server's certificate: ");
    expect_refused(pagetide_text("rediss://127.0.0.1:%d?ca=%s", redis.port, path_in("ca.pem")),
                   "IP address mismatch");
    expect_refused(
        pagetide_text("rediss://localhost:%d?ca=%s", redis.port, path_in("none.pem")),
        "none.pem cannot be used");
    expect_refused(pagetide_text("rediss://localhost:%d?cert=%s&key=%s", redis.port,
                                 path_in("client.pem"), path_in("other.key")),
                   "other.key cannot be used");
    use(pagetide_text("rediss://127.0.0.1:%d?ca=%s&verify=ca", redis.port, path_in("ca.pem")));
    expect_served();
    use(pagetide_text("rediss://127.0.0.1:%d?verify=none", redis.port));
    expect_run(0, "check --live");
    stop();
}
END_TEST

START_TEST(tls_and_no_tls_do_not_meet)
{
    start();
    servers_redis_start(&redis);
    expect_refused(pagetide_text("rediss://localhost:%d", redis.port),
                   "does the server speak TLS at this port?");
    stop();
}
END_TEST

/* Files of the configuration folder; the server dies and comes back. */
START_TEST(tls_comes_back_after_a_loss)
{
    start_tls("no");
    pagetide_file(&pagetide, "ca.pem", pagetide_read(path_in("ca.pem")));
    use(pagetide_text("rediss://localhost:%d?ca=ca.pem", redis.port));
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    pagetide_await_err(&up, "redis.up", 20000);
    servers_redis_stop(&redis);
    pagetide_await_err(&up, "redis.down", 20000);
    servers_redis_restart(&redis);
    people("    write: upsert\n    key: id\n");
    answer("[{\"id\": 1}]");
    expect_run(0, "apply");
    pagetide_await(&pagetide, "1", 30000, "select count(*) from pagetide.stream");
    int code = 1;
    for (int i = 0; i < 50 && code; i++)
        code = pagetide_run(&pagetide, "reload people.all").code;
    ck_assert_int_eq(code, 0);
    pagetide_await(&pagetide, "1", 30000, "select count(*) from people.all");
    pagetide_signal(&up, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&up, 25000), 0);
    stop();
}
END_TEST

START_TEST(a_unix_socket_with_a_user_of_odd_bytes)
{
    start();
    static const char *kept[8];
    const char *const words[] = {"--unixsocket", path_in("redis.sock"), "--aclfile",
                                 path_in("acl"), NULL};
    memcpy(kept, words, sizeof words);
    FILE *acl = fopen(path_in("acl"), "w");
    fputs("user default off\nuser m@e:/ on >p%?#@:/&\xff ~* &* +@all\n", acl);
    fclose(acl);
    servers_redis_start_with(&redis, kept);
    use(pagetide_text("redis+unix://m%%40e%%3A%%2F:p%%25%%3F%%23%%40%%3A%%2F&%%FF@%s?db=2",
                      path_in("redis.sock")));
    expect_served();
    expect_refused(pagetide_text("redis+unix://m%%40e%%3A%%2F:wr0ng@%s", path_in("redis.sock")),
                   "WRONGPASS");
    expect_refused(pagetide_text("unix://%s", path_in("none.sock")), "No such file");
    stop();
}
END_TEST

SUITE("flow/redis_ways", a_run_over_tls, a_server_that_wants_our_certificate_gets_it,
      certificates_are_verified_unless_it_is_said, tls_and_no_tls_do_not_meet,
      tls_comes_back_after_a_loss, a_unix_socket_with_a_user_of_odd_bytes)

#include "port/redis.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/support/certs.h"
#include "tests/support/pagetide.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"

/* Over TLS: what is larger than a record of it, than the socket's buffers, and both at once. */

enum { PATIENCE_MS = 30000, LARGE = 6 << 20, CALLS = 200 };

static char dir[] = "/tmp/pagetide-redis-tls.XXXXXX";
static struct test_redis server;
static struct loop *loop;
static struct redis *redis;
static bool is_up;
static int answers;
static bool is_last;
static struct buf large;

static void on_state(void *ctx, bool up, const struct err *err)
{
    (void)ctx, (void)err;
    is_up = up;
}

static const char *path_in(const char *name)
{
    return pagetide_text("%s/%s", dir, name);
}

static void start(void)
{
    static const char *words[16];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    certs_make(dir);
    const char *const all[] = {"--port",
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
                               "no",
                               NULL};
    memcpy(words, all, sizeof all);
    servers_redis_start_with(&server, words);
    struct err err = ERR_INIT;
    ck_assert_ok(loop_new(&loop, &err), err);
    const char *url =
        pagetide_text("rediss://localhost:%d?ca=%s", server.port, path_in("ca.pem"));
    ck_assert_ok(redis_open(loop, url, "test", on_state, NULL, &redis, &err), err);
    ck_assert(loop_run_until(loop, &is_up, PATIENCE_MS));
    buf_init(&large, LARGE);
    for (size_t i = 0; large.len < LARGE; i++)
        buf_put_byte(&large, (char)(i * 7 + i / 251));
}

static void stop(void)
{
    buf_done(&large);
    redis_close(redis);
    loop_free(loop);
    servers_redis_stop(&server);
    ck_assert_int_eq(system(pagetide_text("rm -r '%s'", dir)), 0);
}

static void on_large(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    const bool *is_the_last = ctx;
    ck_assert_msg(reply != NULL, "%s", err ? err->text : "");
    if (reply->type == REDIS_STRING)
        ck_assert(str_eq(reply->text, buf_str(&large)));
    answers++;
    is_last |= *is_the_last;
}

static void call(struct str verb, struct str value, bool is_the_last)
{
    static const bool flags[] = {false, true};
    struct str words[] = {verb, STR("k"), value};
    redis_call(redis, words, value.ptr ? 3 : 2, PATIENCE_MS, on_large,
               (void *)(uintptr_t)&flags[is_the_last]);
}

START_TEST(large_values_go_and_come)
{
    start();
    for (int i = 0; i < 3; i++) {
        is_last = false;
        call(STR("SET"), buf_str(&large), false);
        call(STR("GET"), STR_NONE, false);
        call(STR("SET"), buf_str(&large), false);
        call(STR("GET"), STR_NONE, true);
        ck_assert(loop_run_until(loop, &is_last, PATIENCE_MS));
    }
    ck_assert_int_eq(answers, 12);
    ck_assert(is_up);
    stop();
}
END_TEST

/* Their answers come in many records at once. */
START_TEST(many_small_calls_are_answered)
{
    start();
    buf_truncate(&large, 1000);
    call(STR("SET"), buf_str(&large), false);
    for (int round = 0; round < 20; round++) {
        is_last = false;
        for (int i = 0; i < CALLS; i++)
            call(STR("GET"), STR_NONE, i == CALLS - 1);
        ck_assert(loop_run_until(loop, &is_last, PATIENCE_MS));
    }
    ck_assert_int_eq(answers, 20 * CALLS + 1);
    stop();
}
END_TEST

/* --- a Sentinel over TLS, too --- */

static const char sentinel_conf[] = "port 0\ntls-port %d\nbind 127.0.0.1\ndir %s\n"
                                    "tls-cert-file %s\ntls-key-file %s\ntls-ca-cert-file %s\n"
                                    "tls-auth-clients no\ntls-replication yes\n"
                                    "sentinel monitor shop 127.0.0.1 %d 1\n";

static pid_t start_sentinel(int port)
{
    pid_t parent = getpid();
    FILE *file = fopen(path_in("sentinel.conf"), "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, sentinel_conf, port, dir, path_in("server.pem"), path_in("server.key"),
            path_in("ca.pem"), server.port);
    ck_assert_int_eq(fclose(file), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    if (getppid() == parent)
        execlp("redis-server", "redis-server", path_in("sentinel.conf"), "--sentinel", NULL);
    _exit(127);
}

static struct err said = ERR_INIT;

static void on_found(void *ctx, bool up, const struct err *err)
{
    bool *has_failed = ctx;
    is_up = up;
    if (err)
        said = *err;
    *has_failed = err && err->kind == ERR_CONFIG;
}

static void reopen(const char *options, int port, bool *has_failed)
{
    struct err err = ERR_INIT;
    redis_close(redis);
    is_up = *has_failed = false;
    const char *url = pagetide_text("rediss+sentinel://localhost:%d/shop?ca=%s%s", port,
                                    path_in("ca.pem"), options);
    ck_assert_ok(redis_open(loop, url, "test", on_found, has_failed, &redis, &err), err);
}

/* It names the server by its address, which the certificate is not for. */
START_TEST(sentinels_are_asked_over_tls)
{
    bool has_failed;
    start();
    int port = servers_free_port();
    pid_t sentinel = start_sentinel(port);
    reopen("&verify=ca", port, &has_failed);
    ck_assert(loop_run_until(loop, &is_up, PATIENCE_MS));
    reopen("", port, &has_failed);
    ck_assert(loop_run_until(loop, &has_failed, PATIENCE_MS));
    ck_assert_msg(strstr(said.text, "redis 127.0.0.1:") &&
                      strstr(said.text, "IP address mismatch"),
                  "%s", said.text);
    kill(sentinel, SIGKILL);
    waitpid(sentinel, NULL, 0);
    stop();
}
END_TEST

SUITE("port/redis_tls", sentinels_are_asked_over_tls, large_values_go_and_come,
      many_small_calls_are_answered)

#define SUITE_TIMEOUT 120
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/certs.h"
#include "tests/support/child.h"
#include "tests/support/nginx.h"
#include "tests/support/servers.h"
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/*
 * Proxies: tinyproxy, which wants a password, before nginx with TLS; and the mock API in the
 * place of a proxy, which shows what plain http sends.
 */

static struct nginx nginx;
static pid_t tinyproxy;
static int port;

#define PASSWORD "pa55.planted"
#define ENCODED  "pa55%%2Eplanted"
/* base64 of "me:" and the password */
#define BASIC "bWU6cGE1NS5wbGFudGVk"

static const char *path_in(const char *name)
{
    return pagetide_text("%s/%s", nginx.dir, name);
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_in(name), "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void launch(void)
{
    tinyproxy = child_fork();
    ck_assert_int_ge(tinyproxy, 0);
    if (tinyproxy > 0)
        return;
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execlp("tinyproxy", "tinyproxy", "-d", "-c", path_in("proxy.conf"), NULL);
    _exit(127);
}

static void start_proxy(void)
{
    port = servers_free_port();
    write_file("proxy.conf", pagetide_text("Port %d\nListen 127.0.0.1\nTimeout 60\n"
                                           "MaxClients 20\nLogFile \"%s\"\nLogLevel Connect\n"
                                           "BasicAuth me " PASSWORD "\n",
                                           port, path_in("proxy.log")));
    launch();
    for (int i = 0; i < 1000 && !strstr(pagetide_read(path_in("proxy.log")), " 127.0.0.1");
         i++) {
        pagetide_http_get(port, "/");
        usleep(10000);
    }
    expect_holds(pagetide_read(path_in("proxy.log")), " 127.0.0.1");
}

static void start(void)
{
    set_up();
    nginx_open(&nginx);
    certs_make(nginx.dir);
    pagetide_file(&pagetide, "ca.pem", pagetide_read(path_in("ca.pem")));
    nginx_start(&nginx,
                pagetide_text("server { listen 127.0.0.1:%%P ssl http2; ssl_certificate "
                              "%%D/server.pem; ssl_certificate_key %%D/server.key; "
                              "location / { proxy_pass %s; } }",
                              mock.url));
    start_proxy();
}

static void stop(void)
{
    kill(tinyproxy, SIGKILL);
    waitpid(tinyproxy, NULL, 0);
    nginx_close(&nginx);
    tear_down();
}

static void define(const char *proxy)
{
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: https://localhost:%d\ntls: {ca: ca.pem}\n%s\n"
                    "retry: {max_attempts: 2, initial_delay: 10ms}\n"
                    "streams:\n  s:\n    path: /gen/page\n    params: {total: 50}\n"
                    "    merge_path: data\n    again: true\n"
                    "    pagination: {type: page, total_pages_path: pages}\n",
                    nginx.port, proxy);
}

static int tunnels(void)
{
    int count = 0;
    for (const char *at = pagetide_read(path_in("proxy.log"));
         (at = strstr(at, "CONNECT localhost:")); at++)
        count++;
    return count;
}

static void expect_no_password(const char *text)
{
    expect_lacks(text, PASSWORD);
    expect_lacks(text, pagetide_text(ENCODED));
    expect_lacks(text, BASIC);
}

/* In what is printed, with every request shown, and in what PostgreSQL keeps. */
static void expect_synced(void)
{
    static const char *const commands[] = {"preview api.s --trace", "sync api.s"};
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        struct pagetide_result got =
            pagetide_run(&pagetide, "%s --log-level debug", commands[i]);
        ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
        expect_no_password(got.out);
        expect_no_password(got.err);
    }
    EXPECT_SQL("50", "select count(distinct id) from api.s");
    expect_no_password(SQL("select string_agg(t::text, '') from pagetide.run t"));
    expect_no_password(SQL("select string_agg(t::text, '') from pagetide.job t"));
}

START_TEST(https_goes_through_a_tunnel_with_a_password)
{
    start();
    define(pagetide_text("proxy: 'http://me:" ENCODED "@127.0.0.1:%d'", port));
    expect_synced();
    ck_assert_int_eq(tunnels(), 2);
    expect_holds(nginx_log(&nginx), " HTTP/2.0 200 ");
    stop();
}
END_TEST

START_TEST(a_password_that_is_wrong_is_said_and_not_shown)
{
    start();
    setenv("TEST_PROXY", pagetide_text("http://me:wr0ng-planted@127.0.0.1:%d", port), 1);
    define("proxy: '{{ env.TEST_PROXY }}'");
    struct pagetide_result got = pagetide_run(&pagetide, "sync api.s --log-level debug");
    ck_assert_int_ne(got.code, 0);
    expect_holds(got.err, "CONNECT tunnel failed, response 401");
    expect_lacks(got.err, "wr0ng-planted");
    ck_assert_str_eq(nginx_log(&nginx), "");
    stop();
}
END_TEST

START_TEST(the_environment_is_read_where_it_is_asked_for_alone)
{
    start();
    setenv("https_proxy", pagetide_text("http://me:" ENCODED "@127.0.0.1:%d", port), 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    define("");
    expect_synced();
    ck_assert_int_eq(tunnels(), 0);
    SQL("drop table api.s");
    define("proxy: env");
    expect_synced();
    ck_assert_int_eq(tunnels(), 2);
    stop();
}
END_TEST

START_TEST(no_proxy_of_the_environment_is_obeyed)
{
    start();
    setenv("HTTPS_PROXY", "http://127.0.0.1:1", 1);
    setenv("NO_PROXY", "a.example, localhost", 1);
    define("proxy: env");
    expect_synced();
    setenv("NO_PROXY", "a.example", 1);
    struct pagetide_result got = pagetide_run(&pagetide, "sync api.s");
    ck_assert_int_ne(got.code, 0);
    expect_holds(got.err, "onnect to 127.0.0.1 port 1");
    stop();
}
END_TEST

/* --- plain http, and addresses --- */

static void define_plain(const char *host, const char *keys)
{
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: http://%s\nallow_http: true\n%s\n"
                    "retry: {max_attempts: 1}\n"
                    "streams: {s: {path: /x, again: true, pagination: {type: none}}}\n",
                    host, keys);
    mock_post(&mock, "/_mock/route",
              pagetide_text("{\"path\": \"http://%s/x\", \"body\": [{\"id\": 1}]}", host));
}

START_TEST(plain_http_is_asked_of_the_proxy)
{
    start();
    define_plain("api.example",
                 pagetide_text("proxy: 'me:" ENCODED "@127.0.0.1:%d'", mock.port));
    expect_run(0, "sync api.s");
    EXPECT_SQL("1", "select count(*) from api.s");
    expect_holds(mock_get(&mock, "/_mock/requests"), "Basic " BASIC);
    stop();
}
END_TEST

/* What the proxy is not asked for is looked at as without one. */
START_TEST(addresses_are_looked_at_where_no_proxy_applies)
{
    start();
    const char *host = pagetide_text("api.localhost:%d", mock.port);
    mock_post(&mock, "/_mock/route",
              pagetide_text("{\"path\": \"/x\", \"status\": 302, \"headers\": {\"Location\": "
                            "\"http://%s/x\"}}",
                            host));
    setenv("http_proxy", mock.url, 1);
    define_plain(host, "");
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: http://127.0.0.1:%d\nallow_http: true\n"
                    "allow_hosts: ['%s']\nproxy: env\nretry: {max_attempts: 1}\n"
                    "streams: {s: {path: /x, again: true, pagination: {type: none}}}\n",
                    mock.port, host);
    setenv("NO_PROXY", "127.0.0.1", 1);
    expect_run(0, "sync api.s");
    EXPECT_SQL("1", "select count(*) from api.s");
    setenv("NO_PROXY", "127.0.0.1,localhost", 1);
    struct pagetide_result got = pagetide_run(&pagetide, "sync api.s");
    ck_assert_int_ne(got.code, 0);
    expect_holds(got.err, "is not public; allow_private: true would allow it");
    stop();
}
END_TEST

SUITE("flow/proxy", https_goes_through_a_tunnel_with_a_password,
      a_password_that_is_wrong_is_said_and_not_shown,
      the_environment_is_read_where_it_is_asked_for_alone,
      no_proxy_of_the_environment_is_obeyed, plain_http_is_asked_of_the_proxy,
      addresses_are_looked_at_where_no_proxy_applies)

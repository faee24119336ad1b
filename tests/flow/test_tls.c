#define SUITE_TIMEOUT 120
#include <sys/stat.h>

#include "tests/support/certs.h"
#include "tests/support/nginx.h"
#include "tests/support/servers.h"
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/*
 * Certificates: a CA of one's own and a client certificate, by paths relative to the
 * configuration folder. nginx asks for a certificate and tells the mock API whose it got.
 */

static struct nginx nginx;
static int other_port;

static const char servers[] =
    "ssl_certificate %%D/server.pem; ssl_certificate_key %%D/server.key;\n"
    "ssl_client_certificate %%D/ca.pem;\n"
    "proxy_set_header X-Client \"is $ssl_client_s_dn\";\n"
    "proxy_set_header Host $http_host;\n"
    "server { listen 127.0.0.1:%%P ssl; ssl_verify_client on; location / { proxy_pass %s; } }\n"
    "server { listen 127.0.0.1:%d ssl; ssl_verify_client optional;\n"
    "         location / { proxy_pass %s; } }\n";

static void copy(const char *name)
{
    pagetide_file(&pagetide, pagetide_text("certs/%s", name),
                  pagetide_read(pagetide_text("%s/%s", nginx.dir, name)));
}

static void start(void)
{
    set_up();
    nginx_open(&nginx);
    certs_make(nginx.dir);
    ck_assert_int_eq(mkdir(pagetide_text("%s/certs", pagetide.dir), 0700), 0);
    copy("ca.pem");
    copy("client.pem");
    copy("client.key");
    copy("other.pem");
    copy("other.key");
    other_port = servers_free_port();
    nginx_start(&nginx, pagetide_text(servers, mock.url, other_port, mock.url));
}

static void stop(void)
{
    nginx_close(&nginx);
    tear_down();
}

static void define(const char *tls)
{
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: https://localhost:%d\n%s\n"
                    "allow_hosts: ['localhost:%d']\nallow_private: true\n"
                    "retry: {max_attempts: 3, initial_delay: 10ms}\n"
                    "streams: {s: {path: /x, again: true, pagination: {type: link_header}}}\n",
                    nginx.port, tls, other_port);
    mock_post(&mock, "/_mock/route",
              pagetide_text("{\"path\": \"/x\", \"headers\": {\"Link\": "
                            "\"<https://localhost:%d/y>; rel=next\"}, \"body\": [{\"id\": 1}]}",
                            other_port));
    mock_post(&mock, "/_mock/route", "{\"path\": \"/y\", \"body\": [{\"id\": 2}]}");
}

#define OURS "cert: certs/client.pem, key: certs/client.key"

START_TEST(our_certificate_goes_to_our_origin_alone)
{
    start();
    define("tls: {ca: certs/ca.pem, " OURS "}");
    expect_run(0, "check");
    expect_run(0, "sync api.s");
    EXPECT_SQL("1,2", "select string_agg(id::text, ',' order by id) from api.s");
    const char *log = mock_get(&mock, "/_mock/requests");
    const char *ours = strstr(log, "is CN=pagetide-test");
    ck_assert_ptr_nonnull(ours);
    ck_assert_ptr_null(strstr(ours + 1, "is CN=pagetide-test"));
    stop();
}
END_TEST

/* Ends at once: another try would end in the same way. */
static void expect_failure(const char *tls, const char *why)
{
    define(tls);
    struct pagetide_result got = pagetide_run(&pagetide, "sync api.s --log-level debug");
    ck_assert_int_eq(got.code, 1);
    expect_holds(got.err, why);
    expect_lacks(got.err, "job.retry");
    ck_assert_int_eq(mock_count(&mock, "/x"), 0);
}

START_TEST(a_server_of_a_private_ca_is_not_trusted_by_itself)
{
    start();
    expect_failure("", "certificate");
    expect_failure("tls: {ca: certs/other.pem}", "certificate");
    expect_failure("tls: {ca: certs/none.pem}", "certs/none.pem");
    stop();
}
END_TEST

START_TEST(a_server_that_wants_a_certificate_gets_the_right_one)
{
    start();
    expect_failure("tls: {ca: certs/ca.pem}", "status 400");
    expect_failure("tls: {ca: certs/ca.pem, cert: certs/other.pem, key: certs/other.key}",
                   "status 400");
    expect_failure("tls: {ca: certs/ca.pem, cert: certs/client.pem, key: certs/other.key}",
                   "key");
    expect_failure("tls: {ca: certs/ca.pem, cert: certs/none.pem, key: certs/client.key}",
                   "certs/none.pem");
    stop();
}
END_TEST

SUITE("flow/tls", our_certificate_goes_to_our_origin_alone,
      a_server_of_a_private_ca_is_not_trusted_by_itself,
      a_server_that_wants_a_certificate_gets_the_right_one)

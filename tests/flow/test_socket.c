#include "tests/support/nginx.h"
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/* APIs at a Unix socket: nginx listens there, before the mock API. */

static struct nginx nginx;

static const char at_sockets[] =
    "server {\n"
    "    listen unix:%%D/api.sock; listen unix:%%D/other.sock;\n"
    "    location / { proxy_pass %s; proxy_set_header Host $http_host; }\n"
    "}\n";

static void start(void)
{
    set_up();
    nginx_open(&nginx);
    nginx_start(&nginx, pagetide_text(at_sockets, mock.url));
}

static void stop(void)
{
    nginx_close(&nginx);
    tear_down();
}

/* "%2Ftmp%2F…%2Fapi.sock" */
static const char *encoded(const char *name)
{
    const char *dir = nginx.dir + strlen("/tmp/");
    return pagetide_text("%%2Ftmp%%2F%s%%2F%s", dir, name);
}

/* `source` and `stream`: more keys of them. */
static void define(const char *source, const char *path, const char *stream)
{
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: http+unix://%s/\n%s\n"
                    "streams:\n  s:\n    path: %s\n%s\n",
                    encoded("api.sock"), source, path, stream);
}

static void route(const char *path, const char *headers, const char *body)
{
    mock_post(&mock, "/_mock/route",
              pagetide_text("{\"path\": \"%s\", \"headers\": {%s}, \"body\": %s}", path,
                            headers, body));
}

static int lines(void)
{
    int count = 0;
    for (const char *at = nginx_log(&nginx); (at = strchr(at, '\n')); at++)
        count++;
    return count;
}

START_TEST(pages_are_read_and_links_with_a_host_stay_at_the_socket)
{
    start();
    define("", "/gen/link", "    params: {total: 35}\n    pagination: {type: link_header}");
    expect_run(0, "check");
    expect_run(0, "sync api.s");
    EXPECT_SQL("35", "select count(distinct id) from api.s");
    ck_assert_int_eq(lines(), 4);
    expect_holds(nginx_log(&nginx), " /gen/link?page=4&total=35\n");
    expect_holds(mock_get(&mock, "/_mock/requests"), "localhost");
    stop();
}
END_TEST

START_TEST(relative_links_and_redirects_stay_too)
{
    start();
    route("/v1/x", "\"Link\": \"<y?page=2>; rel=next\"", "[{\"id\": 1}]");
    route("/v1/y", "\"Link\": \"</z>; rel=next\"", "[{\"id\": 2}]");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/z\", \"status\": 302, \"headers\": {\"Location\": "
              "\"http://localhost/v1/end\"}}");
    route("/v1/end", "", "[{\"id\": 3}]");
    define("", "v1/x", "    pagination: {type: link_header}");
    expect_run(0, "sync api.s");
    EXPECT_SQL("1,2,3", "select string_agg(id::text, ',' order by id) from api.s");
    ck_assert_int_eq(lines(), 4);
    stop();
}
END_TEST

static void expect_refused(const char *link, const char *why)
{
    struct pagetide_result got;
    route("/x", pagetide_text("\"Link\": \"<%s>; rel=next\"", link), "[{\"id\": 1}]");
    got = pagetide_run(&pagetide, "sync api.s");
    ck_assert_int_eq(got.code, 1);
    expect_holds(got.err, why);
}

START_TEST(no_link_leads_from_the_socket_or_to_another)
{
    start();
    define("", "/x", "    pagination: {type: link_header}");
    expect_refused(pagetide_text("%s/y", mock.url),
                   pagetide_text("it leaves its origin for %s", mock.url));
    expect_refused(pagetide_text("http+unix://%s/y", encoded("other.sock")),
                   "other.sock (a Unix socket is only asked where base_url names it)");
    expect_refused("https://localhost/y", "it leaves its origin for https://localhost:443");
    ck_assert_int_eq(lines(), 3);
    ck_assert_int_eq(mock_count(&mock, "/y"), 0);
    stop();
}
END_TEST

START_TEST(an_api_cannot_lead_to_a_socket)
{
    start();
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: %s\nallow_private: true\n"
                    "allow_hosts: [localhost, '%s', 127.0.0.1]\n"
                    "streams: {s: {path: /x, pagination: {type: link_header}}}\n",
                    mock.url, encoded("api.sock"));
    expect_refused(pagetide_text("http+unix://%s/y", encoded("api.sock")),
                   "a Unix socket is only asked where base_url names it");
    ck_assert_int_eq(lines(), 0);
    stop();
}
END_TEST

START_TEST(credentials_go_to_the_socket_and_no_proxy_is_asked)
{
    start();
    setenv("SOCKET_TOKEN", "s3cr3t-planted", 1);
    define("proxy: http://127.0.0.1:1\nauth: {type: bearer, token: '{{ env.SOCKET_TOKEN }}'}",
           "/gen/page", "    params: {total: 5}\n    merge_path: data");
    expect_run(0, "sync api.s");
    EXPECT_SQL("5", "select count(*) from api.s");
    expect_holds(mock_get(&mock, "/_mock/requests"), "Bearer s3cr3t-planted");
    stop();
}
END_TEST

/* A server that is restarted meanwhile makes its socket anew. */
START_TEST(a_socket_that_nobody_listens_at_is_tried_again)
{
    start();
    define("retry: {initial_delay: 100ms}", "/gen/link",
           "    params: {total: 35}\n    pagination: {type: link_header}");
    nginx_kill(&nginx);
    struct pagetide_process sync = pagetide_spawn(&pagetide, "sync api.s");
    pagetide_await_err(&sync, "api.sock", 20000);
    nginx_restart(&nginx);
    ck_assert_int_eq(pagetide_wait(&sync, 60000), 0);
    EXPECT_SQL("35", "select count(distinct id) from api.s");
    stop();
}
END_TEST

START_TEST(discover_reads_a_socket)
{
    start();
    struct pagetide_result got = pagetide_run(
        &pagetide, "discover http+unix://%s/gen/link?total=95", encoded("api.sock"));
    ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
    expect_holds(got.out,
                 pagetide_text("base_url: \"http+unix://%s/gen\"", encoded("api.sock")));
    expect_holds(got.out, "type: link_header");
    stop();
}
END_TEST

SUITE("flow/socket", pages_are_read_and_links_with_a_host_stay_at_the_socket,
      relative_links_and_redirects_stay_too, no_link_leads_from_the_socket_or_to_another,
      an_api_cannot_lead_to_a_socket, credentials_go_to_the_socket_and_no_proxy_is_asked,
      a_socket_that_nobody_listens_at_is_tried_again, discover_reads_a_socket)

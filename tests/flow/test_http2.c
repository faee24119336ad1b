#define SUITE_TIMEOUT 120
#include <jansson.h>
#include <signal.h>

#include "tests/support/certs.h"
#include "tests/support/nginx.h"
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/*
 * HTTP/2 as a real server speaks it: nginx with TLS before the mock API. What it loses in the
 * middle of pages is asked for again, and no record is lost or doubled.
 */

enum { PAGES = 40, PARALLEL = 4 };

static struct nginx nginx;

static const char through_tls[] = "%s\n"
                                  "server {\n"
                                  "    listen 127.0.0.1:%%P ssl http2;\n"
                                  "    ssl_certificate %%D/server.pem;\n"
                                  "    ssl_certificate_key %%D/server.key;\n"
                                  "    %s\n"
                                  "    location / { proxy_pass %s; proxy_buffering off; }\n"
                                  "}\n";

/* `http` and `server`: what stands in these blocks besides. */
static void start(const char *http, const char *server)
{
    set_up();
    nginx_open(&nginx);
    certs_make(nginx.dir);
    pagetide_file(&pagetide, "ca.pem", pagetide_read(pagetide_text("%s/ca.pem", nginx.dir)));
    nginx_start(&nginx, pagetide_text(through_tls, http, server, mock.url));
}

static void stop(void)
{
    nginx_close(&nginx);
    tear_down();
}

/* A stream of PAGES pages, ten records each, PARALLEL of them at once. */
static void define(const char *path)
{
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: https://localhost:%d\ntls: {ca: ca.pem}\n"
                    "streams:\n"
                    "  s:\n"
                    "    path: %s\n"
                    "    params: {total: %d, per_page: 10}\n"
                    "    merge_path: data\n"
                    "    pagination: {type: page, total_pages_path: pages, parallel: %d}\n",
                    nginx.port, path, PAGES * 10, PARALLEL);
}

static void let_pages_take(int ms)
{
    mock_post(&mock, "/_mock/fault",
              pagetide_text("{\"path\": \"/gen/\", \"times\": -1, \"kind\": \"slow_ms\", "
                            "\"ms\": %d}",
                            ms));
}

static int most_in_flight(void)
{
    json_t *log = json_loads(mock_get(&mock, "/_mock/requests"), 0, NULL);
    int most = (int)json_integer_value(json_object_get(log, "max_active"));
    json_decref(log);
    return most;
}

static int lines_with(const char *part)
{
    int count = 0;
    for (const char *at = nginx_log(&nginx); (at = strstr(at, part)); at++)
        count++;
    return count;
}

static void await_lines(int count)
{
    for (int i = 0; i < 3000 && lines_with("\n") < count; i++)
        usleep(10000);
    ck_assert_int_ge(lines_with("\n"), count);
}

static void expect_all_records(void)
{
    EXPECT_SQL("400 400", "select count(*) || ' ' || count(distinct id) from api.s");
    EXPECT_SQL("succeeded proved 400",
               "select concat_ws(' ', state, complete, records) from pagetide.run");
}

START_TEST(parallel_pages_share_one_connection)
{
    start("", "");
    define("/gen/page");
    let_pages_take(100);
    expect_run(0, "sync api.s");
    expect_all_records();
    ck_assert_int_eq(most_in_flight(), PARALLEL);
    ck_assert_int_eq(lines_with(" HTTP/2.0 200 "), PAGES);
    ck_assert_int_eq(nginx_connections(&nginx), 1);
    stop();
}
END_TEST

/* nginx says GOAWAY after so many requests of a connection, while others are under way. */
START_TEST(a_server_that_says_goaway_is_asked_on_a_new_connection)
{
    start("", "keepalive_requests 7;");
    define("/gen/page");
    let_pages_take(50);
    expect_run(0, "sync api.s");
    expect_all_records();
    ck_assert_int_ge(nginx_connections(&nginx), PAGES / 7);
    ck_assert_int_eq(lines_with(" HTTP/2.0 200 "), PAGES);
    stop();
}
END_TEST

START_TEST(a_connection_lost_in_the_middle_costs_no_record)
{
    start("", "");
    define("/gen/page");
    let_pages_take(200);
    struct pagetide_process sync = pagetide_spawn(&pagetide, "sync api.s");
    for (int kills = 1; kills <= 2; kills++) {
        await_lines(kills * 9);
        nginx_kill(&nginx);
        nginx_restart(&nginx);
    }
    ck_assert_int_eq(pagetide_wait(&sync, 90000), 0);
    expect_all_records();
    EXPECT_SQL("t", "select sum(retries) > 0 from pagetide.job");
    stop();
}
END_TEST

/* One stream of the connection breaks off; the others go on. */
START_TEST(a_stream_that_breaks_off_is_asked_for_again_alone)
{
    start("", "");
    define("/gen/page");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"page\": 9, \"kind\": \"truncate\"}");
    expect_run(0, "sync api.s");
    expect_all_records();
    EXPECT_SQL("1", "select sum(retries) from pagetide.job");
    ck_assert_int_eq(mock_count(&mock, "/gen/page"), PAGES + 1);
    ck_assert_int_eq(nginx_connections(&nginx), 1);
    stop();
}
END_TEST

/* --- codings --- */

static const char gzip[] = "gzip on; gzip_types *; gzip_proxied any; gzip_min_length 1;";
static const char brotli[] = "brotli on; brotli_types *; brotli_min_length 1;";

static void expect_coded(const char *coding)
{
    define("/gen/page");
    expect_run(0, "sync api.s");
    expect_all_records();
    ck_assert_int_eq(lines_with(pagetide_text(" HTTP/2.0 200 %s ", coding)), PAGES);
    stop();
}

START_TEST(bodies_in_gzip_are_read)
{
    start(gzip, "");
    expect_coded("gzip");
}
END_TEST

START_TEST(bodies_in_brotli_are_read)
{
    start(brotli, "");
    expect_coded("br");
}
END_TEST

/* nginx has no zstd of its own: it sends files that zstd made. */
START_TEST(bodies_in_zstd_are_read)
{
    start("", "location /zstd { root %D; try_files /$arg_page.zst =404; "
              "add_header Content-Encoding zstd; }");
    for (int page = 1; page <= PAGES; page++) {
        const char *body =
            mock_get(&mock, pagetide_text("/gen/page?total=%d&page=%d", PAGES * 10, page));
        FILE *zstd = popen(pagetide_text("zstd -q -o %s/%d.zst", nginx.dir, page), "w");
        ck_assert_int_ge(fputs(body, zstd), 0);
        ck_assert_int_eq(pclose(zstd), 0);
    }
    define("/zstd");
    expect_run(0, "sync api.s");
    expect_all_records();
    ck_assert_int_eq(lines_with(" HTTP/2.0 200 zstd "), PAGES);
    stop();
}
END_TEST

SUITE("flow/http2", parallel_pages_share_one_connection,
      a_server_that_says_goaway_is_asked_on_a_new_connection,
      a_connection_lost_in_the_middle_costs_no_record,
      a_stream_that_breaks_off_is_asked_for_again_alone, bodies_in_gzip_are_read,
      bodies_in_brotli_are_read, bodies_in_zstd_are_read)

#include "port/http.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "tests/support/mock.h"
#include "tests/support/suite.h"

static struct mock mock;
static struct loop *loop;
static struct http *http;
static struct arena *results;

struct got {
    bool done;
    int status;
    char body[4096];
    size_t body_len, body_room;
    int64_t wire_bytes;
    char headers[4096]; /* "name=value\n" */
    struct err err;
};

static void start(void)
{
    struct err err = ERR_INIT;
    mock_start(NULL, &mock);
    results = arena_new();
    ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_ok(http_new(loop, &http, &err), err);
}

static void stop(void)
{
    http_free(http);
    loop_free(loop);
    arena_free(results);
    mock_stop(&mock);
}

static void answered(void *ctx, const struct http_answer *answer, const struct err *err)
{
    struct got *got = ctx;
    ck_assert(!got->done);
    ck_assert((answer == NULL) != (err == NULL));
    got->done = true;
    if (err) {
        got->err = *err;
        return;
    }
    got->status = answer->status;
    got->body_len = answer->body.len;
    got->body_room = answer->storage->capacity;
    got->wire_bytes = answer->wire_bytes;
    snprintf(got->body, sizeof got->body, "%.*s", STR_ARG(answer->body));
    for (size_t i = 0; i < answer->header_count; i++) {
        size_t at = strlen(got->headers);
        snprintf(got->headers + at, sizeof got->headers - at, "%.*s=%.*s\n",
                 STR_ARG(answer->headers[i].name), STR_ARG(answer->headers[i].value));
    }
}

/* A GET of the mock that may reach loopback; tests change what they are about. */
static struct http_request request_to(const char *path)
{
    static char url[512];
    snprintf(url, sizeof url, "%s%s", mock.url, path);
    return (struct http_request){
        .method = STR("GET"),
        .url = str_from(url),
        .timeouts = {5000, 5000, 5000, 20000},
        .max_body_bytes = MIB(1),
        .allow_private = true,
    };
}

static struct got *ask(const struct http_request *request)
{
    struct got *got = ARENA_NEW(results, struct got);
    got->err = (struct err)ERR_INIT;
    ck_assert_ptr_nonnull(http_send(http, request, answered, got));
    ck_assert(!got->done);
    ck_assert(loop_run_until(loop, &got->done, 30000));
    ck_assert_uint_eq(http_bytes(http), 0);
    return got;
}

static struct got *ask_path(const char *path)
{
    struct http_request request = request_to(path);
    return ask(&request);
}

static struct got *ask_with_fault(const char *fault)
{
    char json[512];
    snprintf(json, sizeof json, "{\"path\": \"/gen/page\", %s}", fault);
    mock_post(&mock, "/_mock/fault", json);
    return ask_path("/gen/page?per_page=5");
}

static void refused(struct got *got, enum err_kind kind, const char *word)
{
    ck_assert_msg(got->err.kind == kind, "kind %d: %s", got->err.kind, got->err.text);
    ck_assert_msg(strstr(got->err.text, word) != NULL, "'%s' is not in: %s", word,
                  got->err.text);
}

START_TEST(gives_status_headers_and_body)
{
    start();
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/r\", \"status\": 404, \"body\": \"gone\","
              " \"headers\": {\"X-Two\": \" b \", \"X-None\": \"\"}}");
    struct got *got = ask_path("/r");
    ck_assert_int_eq(got->status, 404);
    ck_assert_str_eq(got->body, "gone");
    ck_assert_ptr_nonnull(strstr(got->headers, "x-two=b\n"));
    ck_assert_ptr_nonnull(strstr(got->headers, "x-none=\n"));
    ck_assert_int_eq(got->wire_bytes, 4);
    stop();
}
END_TEST

START_TEST(sends_what_it_is_given)
{
    start();
    struct http_header headers[] = {{STR("X-Key"), STR("k 1")}, {STR("X-Empty"), STR("")}};
    struct http_request request = request_to("/a/../b?q=%2f%20+&r[]=1");
    request.method = STR("POST");
    request.headers = headers;
    request.header_count = COUNT_OF(headers);
    request.body = STR("{\"a\":1}");
    request.has_body = true;
    ask(&request);
    const char *seen = mock_get(&mock, "/_mock/requests");
    static const char *const expected[] = {
        "\"method\":\"POST\"",        "\"target\":\"/a/../b?q=%2f%20+&r[]=1\"",
        "\"x-key\":\"k 1\"",          "\"x-empty\":\"\"",
        "\"content-length\":\"7\"",   "\"user-agent\":\"pagetide/",
        "\"body\":\"{\\\"a\\\":1}\"", "gzip",
    };
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        ck_assert_msg(strstr(seen, expected[i]) != NULL, "%s is not in %s", expected[i], seen);
    ck_assert_ptr_null(strstr(seen, "\"expect\""));
    ck_assert_ptr_null(strstr(seen, "\"content-type\""));
    stop();
}
END_TEST

START_TEST(knows_the_methods)
{
    static const char *const methods[] = {"HEAD", "DELETE", "PUT", "PATCH", "POST", "REPORT"};
    start();
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        struct http_request request = request_to("/health");
        request.method = str_from(methods[i]);
        struct got *got = ask(&request);
        ck_assert_msg(got->status == 200, "%s: %s", methods[i], got->err.text);
        ck_assert_uint_eq(got->body_len, i == 0 ? 0 : 15);
        char method[64];
        snprintf(method, sizeof method, "\"method\":\"%s\"", methods[i]);
        ck_assert_ptr_nonnull(strstr(mock_get(&mock, "/_mock/requests"), method));
    }
    stop();
}
END_TEST

START_TEST(decompresses)
{
    start();
    struct got *plain = ask_path("/gen/page?per_page=5");
    struct got *packed = ask_with_fault("\"kind\": \"gzip\"");
    ck_assert_str_eq(packed->body, plain->body);
    ck_assert_int_gt(packed->wire_bytes, (int64_t)packed->body_len);
    stop();
}
END_TEST

START_TEST(cut_bodies_may_be_asked_again)
{
    start();
    refused(ask_with_fault("\"kind\": \"truncate\""), ERR_AGAIN, "");
    refused(ask_with_fault("\"kind\": \"cut_chunk\""), ERR_AGAIN, "");
    refused(ask_with_fault("\"kind\": \"reset\""), ERR_AGAIN, "");
    refused(ask_with_fault("\"kind\": \"reset\", \"bytes\": 200"), ERR_AGAIN, "");
    ck_assert_int_eq(ask_path("/gen/page")->status, 200);
    stop();
}
END_TEST

START_TEST(refused_connections_may_be_asked_again)
{
    start();
    struct http_request request = request_to("/health");
    int port;
    close(mock_listen(0, &port)); /* nobody listens there now */
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
    request.url = str_from(url);
    refused(ask(&request), ERR_AGAIN, "connect");
    request.url = STR("https://no-such-host.invalid/");
    refused(ask(&request), ERR_AGAIN, "no-such-host.invalid");
    stop();
}
END_TEST

START_TEST(bodies_and_headers_have_ceilings)
{
    start();
    refused(ask_with_fault("\"kind\": \"bomb\""), ERR_INPUT, "max_body");
    refused(ask_with_fault("\"kind\": \"headers\""), ERR_INPUT, "256 KiB");
    refused(ask_with_fault("\"kind\": \"header\""), ERR_INPUT, "a header line over 100 KB");
    ck_assert_int_eq(ask_with_fault("\"kind\": \"header\", \"bytes\": 100000")->status, 200);
    struct http_request request = request_to("/gen/page?per_page=5");
    size_t exact = ask(&request)->body_len;
    request.max_body_bytes = exact;
    ck_assert_int_eq(ask(&request)->status, 200);
    request.max_body_bytes = exact - 1;
    refused(ask(&request), ERR_INPUT, "max_body");
    stop();
}
END_TEST

struct room {
    size_t asked;
    bool others_fit; /* all but the body that asks */
};

static bool has_no_room(void *ctx, ptrdiff_t bytes)
{
    struct room *room = ctx;
    room->asked += bytes > 0 ? (size_t)bytes : 0;
    return bytes < 0 && room->others_fit;
}

/* Bodies of 900 KB, which come side by side. */
START_TEST(the_first_body_goes_on_where_there_is_no_room)
{
    struct got got[3];
    struct room room = {.others_fit = true};
    start();
    http_bound(http, has_no_room, &room);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"kind\": \"drip\", \"bytes\": 200000, \"ms\": 20, "
              "\"times\": -1}");
    for (size_t i = 0; i < COUNT_OF(got); i++) {
        struct http_request request =
            request_to("/gen/page?per_page=900&total=900&record_bytes=900");
        request.is_once = i == 2;
        got[i] = (struct got){.err = ERR_INIT};
        ck_assert_ptr_nonnull(http_send(http, &request, answered, &got[i]));
    }
    for (size_t i = 0; i < COUNT_OF(got); i++)
        ck_assert(loop_run_until(loop, &got[i].done, 30000));
    ck_assert_int_eq(got[0].status, 200);
    ck_assert_int_eq(got[1].err.code, HTTP_CROWDED_OUT);
    refused(&got[1], ERR_AGAIN, "`memory`");
    ck_assert_int_eq(got[2].status, 200); /* may not be repeated */
    ck_assert_uint_gt(room.asked, 0);
    ck_assert_uint_eq(http_bytes(http), 0);
    ck_assert_int_eq(ask_path("/gen/page?per_page=900&total=900&record_bytes=900")->status,
                     200);
    stop();
}
END_TEST

/* What is held besides is over the bound already: a page that is cut, say. */
START_TEST(the_first_body_gives_way_where_the_others_fill_the_room)
{
    struct room room = {.others_fit = false};
    start();
    http_bound(http, has_no_room, &room);
    struct http_request request =
        request_to("/gen/page?per_page=900&total=900&record_bytes=900");
    struct got *got = ask(&request);
    ck_assert_int_eq(got->err.code, HTTP_CROWDED_OUT);
    request.is_once = true;
    ck_assert_int_eq(ask(&request)->status, 200);
    stop();
}
END_TEST

START_TEST(keeps_its_four_limits)
{
    start();
    mock_post(&mock, "/_mock/fault",
              "[{\"path\": \"/h\", \"kind\": \"hang\", \"times\": -1},"
              " {\"path\": \"/gen/page\", \"kind\": \"drip\", \"bytes\": 20, \"ms\": 30,"
              "  \"times\": -1},"
              " {\"path\": \"/gen/link\", \"kind\": \"drip\", \"bytes\": 300, \"ms\": 60000}]");
    struct http_request request = request_to("/h");
    request.timeouts = (struct http_timeouts){5000, 150, 5000, 5000};
    refused(ask(&request), ERR_AGAIN, "no answer for 150 ms");
    request = request_to("/gen/link");
    request.timeouts = (struct http_timeouts){5000, 5000, 150, 5000};
    refused(ask(&request), ERR_AGAIN, "no more data for 150 ms");
    request = request_to("/gen/page");
    request.timeouts = (struct http_timeouts){5000, 5000, 5000, 250};
    refused(ask(&request), ERR_AGAIN, "not finished after 250 ms");
    /* Slow, but never as slow as the limit between two reads. */
    request = request_to("/gen/page?per_page=1");
    request.timeouts = (struct http_timeouts){5000, 5000, 1000, 0};
    ck_assert_int_eq(ask(&request)->status, 200);
    stop();
}
END_TEST

/* A listener whose backlog is full drops SYNs: the connection is never made. */
START_TEST(limits_connecting)
{
    start();
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof address;
    int full = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(full, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(full, 0), 0);
    getsockname(full, (struct sockaddr *)&address, &len);
    for (int i = 0; i < 4; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fd, (struct sockaddr *)&address, len);
    }
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    struct http_request request = request_to("/");
    request.url = str_from(url);
    request.timeouts = (struct http_timeouts){200, 5000, 5000, 10000};
    refused(ask(&request), ERR_AGAIN, "not connected for 200 ms");
    stop();
}
END_TEST

START_TEST(refuses_private_addresses)
{
    start();
    struct http_request request = request_to("/health");
    request.allow_private = false;
    refused(ask(&request), ERR_CONFIG, "127.0.0.1 is not public");
    char url[64];
    snprintf(url, sizeof url, "http://localhost:%d/health", mock.port);
    request.url = str_from(url);
    refused(ask(&request), ERR_CONFIG, "is not public");
    ck_assert_int_eq(mock_count(&mock, "/health"), 0);
    /* A connection that another call was allowed to open is not used either. */
    request.allow_private = true;
    ck_assert_int_eq(ask(&request)->status, 200);
    request.allow_private = false;
    refused(ask(&request), ERR_CONFIG, "is not public");
    ck_assert_int_eq(mock_count(&mock, "/health"), 1);
    stop();
}
END_TEST

START_TEST(refuses_bad_requests)
{
    static const struct http_header bad_value = {STR("X-A"), STR("1\r\nX-B: 2")};
    static const struct http_header bad_name = {STR("X A"), STR("1")};
    start();
    struct http_request request = request_to("/health");
    request.header_count = 1;
    request.headers = &bad_value;
    refused(ask(&request), ERR_CONFIG, "X-A");
    request.headers = &bad_name;
    refused(ask(&request), ERR_CONFIG, "X A");
    request.header_count = 0;
    request.method = STR("GET /x");
    refused(ask(&request), ERR_CONFIG, "method");
    request.method = STR("GET");
    request.url = STR("http://shop.example/");
    refused(ask(&request), ERR_CONFIG, "allow_http");
    request.url = STR("file:///etc/passwd");
    refused(ask(&request), ERR_CONFIG, "file:///etc/passwd");
    request.url = STR("http://user:hidden@127.0.0.1/");
    struct got *got = ask(&request);
    refused(got, ERR_CONFIG, "credentials");
    ck_assert_ptr_null(strstr(got->err.text, "hidden"));
    ck_assert_int_eq(mock_count(&mock, "/health"), 0);
    stop();
}
END_TEST

START_TEST(plain_http_on_a_tls_port_is_final)
{
    start();
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d/health", mock.port);
    struct http_request request = request_to("/");
    request.url = str_from(url);
    refused(ask(&request), ERR_CONFIG, "wrong version");
    stop();
}
END_TEST

/*
 * A self-signed certificate for localhost alone, valid for `days` from now, and openssl's own
 * server before it.
 */
static pid_t tls_start(int days, char dir[64], int *ret_port, const char *verify)
{
    char command[1024];
    snprintf(dir, 64, "/tmp/test_http.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(command, sizeof command,
             "cd %s && echo subjectAltName=DNS:localhost >names && "
             "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem "
             "-out request -subj /CN=localhost 2>/dev/null && "
             "openssl x509 -req -in request -signkey key.pem -days %d -extfile names "
             "-out cert.pem 2>/dev/null",
             dir, days);
    ck_assert_int_eq(system(command), 0);
    close(mock_listen(0, ret_port));
    pid_t pid = fork();
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    char port[16];
    snprintf(port, sizeof port, "%d", *ret_port);
    if (chdir(dir) == 0)
        execlp("openssl", "openssl", "s_server", "-accept", port, "-cert", "cert.pem", "-key",
               "key.pem", "-www", "-quiet", verify, verify ? "1" : NULL, "-CAfile", "cert.pem",
               "-verify_return_error", NULL);
    _exit(127);
}

static void tls_stop(pid_t pid, const char *dir)
{
    char command[128];
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    snprintf(command, sizeof command, "rm -r %s", dir);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(trusts_what_it_is_told_to_alone)
{
    start();
    char dir[64], ca_file[96], by_name[64], by_address[64];
    int port;
    pid_t pid = tls_start(2, dir, &port, NULL);
    snprintf(ca_file, sizeof ca_file, "%s/cert.pem", dir);
    snprintf(by_name, sizeof by_name, "https://localhost:%d/", port);
    snprintf(by_address, sizeof by_address, "https://127.0.0.1:%d/", port);
    struct http_request request = request_to("/");
    request.url = str_from(by_name);
    request.ca_file = str_from(ca_file);
    struct got *got;
    int64_t deadline = clock_mono_ms() + 20000;
    do
        got = ask(&request);
    while (got->status != 200 && clock_mono_ms() < deadline);
    ck_assert_msg(got->status == 200, "%s", got->err.text);
    request.ca_file = STR_NONE;
    refused(ask(&request), ERR_CONFIG, "certificate");
    file_set_home(dir);
    request.ca_file = STR("cert.pem");
    ck_assert_int_eq(ask(&request)->status, 200);
    request.url = str_from(by_address);
    refused(ask(&request), ERR_CONFIG, "127.0.0.1");
    request.ca_file = STR("/no/such/file");
    refused(ask(&request), ERR_CONFIG, "/no/such/file");
    tls_stop(pid, dir);
    stop();
}
END_TEST

/* A client that asks too early is refused the connection and asks again. */
static struct got *ask_until_it_listens(const struct http_request *request)
{
    int64_t deadline = clock_mono_ms() + 20000;
    struct got *got;
    do
        got = ask(request);
    while (got->err.kind == ERR_AGAIN && clock_mono_ms() < deadline);
    return got;
}

/* Its own certificate is good enough for a server that asks for one which it trusts. */
START_TEST(shows_the_certificate_that_it_is_given)
{
    start();
    char dir[64], url[64];
    int port;
    pid_t pid = tls_start(2, dir, &port, "-Verify");
    snprintf(url, sizeof url, "https://localhost:%d/", port);
    file_set_home(dir);
    struct http_request request = request_to("/");
    request.url = str_from(url);
    request.ca_file = request.cert_file = STR("cert.pem");
    request.key_file = STR("key.pem");
    struct got *got = ask_until_it_listens(&request);
    ck_assert_msg(got->status == 200, "%s", got->err.text);
    request.cert_file = request.key_file = STR_NONE;
    ck_assert_int_ne(ask(&request)->status, 200);
    request.cert_file = STR("cert.pem");
    request.key_file = STR("no.pem");
    refused(ask(&request), ERR_CONFIG, "no.pem");
    tls_stop(pid, dir);
    stop();
}
END_TEST

START_TEST(an_expired_certificate_is_final)
{
    start();
    char dir[64], ca_file[96], url[64];
    int port;
    pid_t pid = tls_start(-1, dir, &port, NULL);
    snprintf(ca_file, sizeof ca_file, "%s/cert.pem", dir);
    snprintf(url, sizeof url, "https://localhost:%d/", port);
    struct http_request request = request_to("/");
    request.url = str_from(url);
    request.ca_file = str_from(ca_file);
    refused(ask_until_it_listens(&request), ERR_CONFIG, "expired");
    tls_stop(pid, dir);
    stop();
}
END_TEST

/* The server takes the connection and never says a word of TLS. */
START_TEST(a_handshake_that_stalls_is_cut_off)
{
    start();
    int port, listener = mock_listen(0, &port);
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", port);
    struct http_request request = request_to("/");
    request.url = str_from(url);
    request.timeouts.connect_ms = 200;
    refused(ask(&request), ERR_AGAIN, "not connected for 200 ms");
    close(listener);
    stop();
}
END_TEST

/* Spellings of addresses that are not public, in URLs. */
START_TEST(addresses_are_refused_however_they_are_written)
{
    static const char *const hosts[] = {"127.0.0.1",
                                        "127.1",
                                        "0x7f.1",
                                        "0x7f000001",
                                        "2130706433",
                                        "017700000001",
                                        "0",
                                        "[::1]",
                                        "[::]",
                                        "[::ffff:127.0.0.1]",
                                        "[::ffff:7f00:1]",
                                        "169.254.169.254",
                                        "[fd00:ec2::254]",
                                        "10.0.0.1",
                                        "localhost",
                                        "a.localhost",
                                        "LOCALHOST"};
    start();
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        char url[128];
        snprintf(url, sizeof url, "http://%s:%d/health", hosts[i], mock.port);
        struct http_request request = request_to("/");
        request.url = str_from(url);
        request.allow_private = false;
        request.allow_http = true;
        struct got *got = ask(&request);
        ck_assert_msg(got->err.kind == ERR_CONFIG || got->err.kind == ERR_AGAIN, "%s: %d %s",
                      url, got->status, got->err.text);
        ck_assert_int_eq(got->status, 0);
    }
    ck_assert_int_eq(mock_count(&mock, "/health"), 0);
    stop();
}
END_TEST

START_TEST(ignores_proxies_of_the_environment)
{
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    start();
    ck_assert_int_eq(ask_path("/health")->status, 200);
    struct http_request request = request_to("/health");
    char proxy[64];
    snprintf(proxy, sizeof proxy, "%s", mock.url);
    request.proxy = str_from(proxy);
    request.url = STR("http://api.example/through");
    request.allow_http = true;
    request.allow_private = false;
    ck_assert_int_eq(ask(&request)->status, 404);
    ck_assert_ptr_nonnull(
        strstr(mock_get(&mock, "/_mock/requests"), "http://api.example/through"));
    stop();
}
END_TEST

START_TEST(follows_no_redirect)
{
    start();
    struct got *got = ask_with_fault("\"kind\": \"redirect\", \"value\": \"/health\"");
    ck_assert_int_eq(got->status, 302);
    ck_assert_ptr_nonnull(strstr(got->headers, "location=/health\n"));
    ck_assert_int_eq(mock_count(&mock, "/health"), 0);
    stop();
}
END_TEST

static struct http_call *other;

static void answered_and_cancels(void *ctx, const struct http_answer *answer,
                                 const struct err *err)
{
    answered(ctx, answer, err);
    http_cancel(other);
}

START_TEST(cancelled_calls_stay_silent)
{
    start();
    struct got *gone = ARENA_NEW(results, struct got), *kept = ARENA_NEW(results, struct got);
    struct http_request request = request_to("/gen/page?per_page=1000");
    http_cancel(http_send(http, &request, answered, gone));
    mock_post(&mock, "/_mock/fault", "{\"path\": \"/h\", \"kind\": \"hang\"}");
    request = request_to("/h");
    other = http_send(http, &request, answered, gone);
    request = request_to("/gen/page");
    ck_assert_ptr_nonnull(http_send(http, &request, answered_and_cancels, kept));
    ck_assert(loop_run_until(loop, &kept->done, 10000));
    ck_assert_int_eq(kept->status, 200);
    ck_assert(!gone->done);
    stop();
}
END_TEST

START_TEST(free_cancels_what_is_under_way)
{
    start();
    struct got *gone = ARENA_NEW(results, struct got);
    mock_post(&mock, "/_mock/fault", "{\"path\": \"/h\", \"kind\": \"hang\", \"times\": -1}");
    struct http_request request = request_to("/h");
    for (int i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(http_send(http, &request, answered, gone));
    bool never = false;
    loop_run_until(loop, &never, 1);
    request.url = STR("https://no-such-host.invalid/");
    ck_assert_ptr_nonnull(http_send(http, &request, answered, gone));
    loop_run_until(loop, &never, 1);
    int64_t before = clock_mono_ms();
    http_free(TAKE(http));
    ck_assert_int_lt(clock_mono_ms() - before, 4000); /* a name server is given five seconds */
    stop();
}
END_TEST

START_TEST(many_at_once)
{
    enum { CALLS = 40 };
    start();
    struct got *all[CALLS];
    for (int i = 0; i < CALLS; i++) {
        all[i] = ARENA_NEW(results, struct got);
        char path[64];
        snprintf(path, sizeof path, "/gen/page?per_page=1&page=%d", i + 1);
        struct http_request request = request_to(path);
        ck_assert_ptr_nonnull(http_send(http, &request, answered, all[i]));
    }
    for (int i = 0; i < CALLS; i++) {
        char id[32];
        snprintf(id, sizeof id, "\"id\":%d,", i + 1);
        ck_assert(loop_run_until(loop, &all[i]->done, 10000));
        ck_assert_msg(strstr(all[i]->body, id) != NULL, "%d: %s", i, all[i]->body);
    }
    stop();
}
END_TEST

START_TEST(takes_as_much_memory_as_the_server_tells)
{
    start();
    struct got *got = ask_path("/gen/page?per_page=10");
    ck_assert_int_eq(got->status, 200);
    ck_assert_uint_eq(got->body_room, got->body_len + 1);
    stop();
}
END_TEST

/* --- without a network --- */

struct stand_in {
    char asked[256];
    const char *body; /* NULL: the call fails */
};

static bool stand_in(void *ctx, const struct http_request *request,
                     struct http_answer *ret_answer, struct err *err)
{
    struct stand_in *stand_in = ctx;
    static const struct http_header header = {STR_INIT("x-count"), STR_INIT("3")};
    snprintf(stand_in->asked, sizeof stand_in->asked, "%.*s %.*s", STR_ARG(request->method),
             STR_ARG(request->url));
    if (!stand_in->body)
        return err_set(err, ERR_INPUT, "test", 7, "nothing is recorded");
    *ret_answer = (struct http_answer){.status = 201,
                                       .headers = &header,
                                       .header_count = 1,
                                       .body = str_from(stand_in->body),
                                       .is_end_told = true};
    return true;
}

static void stand(struct stand_in *with)
{
    http_free(http);
    http = http_new_stand_in(loop, stand_in, with);
}

START_TEST(a_stand_in_answers_in_place_of_the_network)
{
    struct stand_in with = {.body = "[1,2,3]"};
    start();
    stand(&with);
    struct http_request request = request_to("/gen/page");
    request.url = STR("https://no-such-host.invalid/x?y=1");
    struct got *got = ask(&request);
    ck_assert_str_eq(with.asked, "GET https://no-such-host.invalid/x?y=1");
    ck_assert_int_eq(got->status, 201);
    ck_assert_str_eq(got->body, "[1,2,3]");
    ck_assert_str_eq(got->headers, "x-count=3\n");
    ck_assert_int_eq(mock_count(&mock, "/gen/page"), 0);
    stop();
}
END_TEST

START_TEST(a_stand_in_keeps_the_rules_of_requests)
{
    struct stand_in with = {.body = NULL};
    start();
    stand(&with);
    struct http_request request = request_to("/gen/page");
    refused(ask(&request), ERR_INPUT, "nothing is recorded");
    with.body = "far too long";
    request.max_body_bytes = 5;
    refused(ask(&request), ERR_INPUT, "over max_body");
    with.asked[0] = '\0';
    request.url = STR("ftp://host/");
    refused(ask(&request), ERR_CONFIG, "ftp");
    ck_assert_str_eq(with.asked, "");
    ck_assert_int_eq(mock_count(&mock, "/gen/page"), 0);
    request.url = STR("http://host/");
    request.allow_http = true;
    ck_assert_ptr_nonnull(http_send(http, &request, answered, NULL));
    stop(); /* and what is under way is cancelled */
}
END_TEST

SUITE("port/http", a_stand_in_answers_in_place_of_the_network,
      a_stand_in_keeps_the_rules_of_requests, takes_as_much_memory_as_the_server_tells,
      gives_status_headers_and_body, sends_what_it_is_given, knows_the_methods, decompresses,
      cut_bodies_may_be_asked_again, refused_connections_may_be_asked_again,
      bodies_and_headers_have_ceilings, the_first_body_goes_on_where_there_is_no_room,
      the_first_body_gives_way_where_the_others_fill_the_room, keeps_its_four_limits,
      limits_connecting, refuses_private_addresses, refuses_bad_requests,
      plain_http_on_a_tls_port_is_final, trusts_what_it_is_told_to_alone,
      shows_the_certificate_that_it_is_given, an_expired_certificate_is_final,
      a_handshake_that_stalls_is_cut_off, addresses_are_refused_however_they_are_written,
      ignores_proxies_of_the_environment, follows_no_redirect, cancelled_calls_stay_silent,
      free_cancels_what_is_under_way, many_at_once)

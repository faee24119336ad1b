#include "port/httpd.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/suite.h"

static struct loop *loop;
static struct httpd *httpd;

static int serve(void *ctx, struct str path, struct buf *body, const char **ret_type)
{
    (void)ctx;
    if (str_is(path, "/large")) {
        for (int i = 0; i < 1 << 20; i++)
            buf_puts(body, "0123456789");
        return 200;
    }
    if (!str_is(path, "/healthz"))
        return 404;
    *ret_type = "application/json";
    buf_puts(body, "{\"ok\":true}");
    return 200;
}

static void start(const char *address, const char *token)
{
    struct err err = ERR_INIT;
    ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_ok(httpd_open(loop, address, token, false, serve, NULL, &httpd, &err), err);
}

static void stop(void)
{
    httpd_close(httpd);
    loop_free(loop);
}

static int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons((uint16_t)httpd_port(httpd));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static void turn(void)
{
    bool never = false;
    loop_run_until(loop, &never, 1);
}

/* Sends and reads to the end of the connection. */
static const char *talk(const char *request)
{
    static char text[8192];
    int fd = dial();
    ck_assert_int_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), (int)strlen(request));
    size_t len = 0;
    for (int turns = 0; turns < 3000; turns++) {
        turn();
        ssize_t got = recv(fd, text + len, sizeof text - 1 - len, 0);
        if (got == 0)
            break;
        len += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    text[len] = '\0';
    return text;
}

static void starts_with(const char *text, const char *start)
{
    ck_assert_msg(strncmp(text, start, strlen(start)) == 0, "%s", text);
}

START_TEST(answers)
{
    start("127.0.0.1:0", NULL);
    const char *text = talk("GET /healthz?x=1 HTTP/1.1\r\nHost: localhost:9187\r\n\r\n");
    starts_with(text, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n");
    ck_assert_ptr_nonnull(strstr(text, "\r\n\r\n{\"ok\":true}"));
    starts_with(talk("GET /else HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 ");
    starts_with(talk("POST /healthz HTTP/1.1\r\n\r\n"), "HTTP/1.1 405 ");
    starts_with(talk("nonsense\r\n\r\n"), "HTTP/1.1 400 ");
    stop();
}
END_TEST

START_TEST(asks_for_the_token)
{
    start("127.0.0.1:0", "open sesame");
    starts_with(talk("GET /healthz HTTP/1.1\r\n\r\n"), "HTTP/1.1 401 ");
    starts_with(talk("GET /healthz HTTP/1.1\r\nAuthorization: Bearer open sesam\r\n\r\n"),
                "HTTP/1.1 401 ");
    starts_with(talk("GET /healthz HTTP/1.1\r\nAuthorization: Bearer \r\n\r\n"),
                "HTTP/1.1 401 ");
    starts_with(talk("GET /healthz HTTP/1.1\r\nauthorization: bearer open sesame\r\n\r\n"),
                "HTTP/1.1 200 ");
    stop();
}
END_TEST

START_TEST(bounds_the_request)
{
    start("127.0.0.1:0", NULL);
    static char request[20000];
    memset(request, 'a', sizeof request - 1);
    memcpy(request, "GET /", 5);
    const char *text = talk(request);
    ck_assert_msg(!*text || strncmp(text, "HTTP/1.1 431 ", 13) == 0, "%s", text);
    starts_with(talk("GET /healthz HTTP/1.1\r\n\r\n"), "HTTP/1.1 200 ");
    stop();
}
END_TEST

static bool is_closed(int fd)
{
    char byte;
    return recv(fd, &byte, 1, 0) == 0;
}

START_TEST(callers_that_say_nothing_keep_nobody_out)
{
    enum { HELD = 40, KEPT = 32 };
    start("127.0.0.1:0", NULL);
    int held[HELD];
    for (int i = 0; i < HELD; i++) {
        held[i] = dial();
        turn();
    }
    for (int i = 0; i < HELD; i++)
        ck_assert_int_eq(is_closed(held[i]), i < HELD - KEPT);
    starts_with(talk("GET /healthz HTTP/1.1\r\n\r\n"), "HTTP/1.1 200 ");
    bool never = false;
    loop_run_until(loop, &never, 3500);
    for (int i = 0; i < HELD; i++) {
        ck_assert(is_closed(held[i]));
        close(held[i]);
    }
    stop();
}
END_TEST

static int refused_count;

/* libevent says each time that nobody could be accepted, where nobody else hears of it. */
static void on_refused(int severity, const char *text)
{
    (void)severity, (void)text;
    refused_count++;
}

START_TEST(without_descriptors_it_waits_and_does_not_spin)
{
    const char request[] = "GET /healthz HTTP/1.1\r\n\r\n";
    struct rlimit usual, none;
    char text[64] = "";
    start("127.0.0.1:0", NULL);
    turn();
    int fd = dial();
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
    none = usual;
    none.rlim_cur = 3;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    ck_assert_int_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), (int)strlen(request));
    event_set_log_callback(on_refused);
    for (int64_t until = clock_mono_ms() + 300; clock_mono_ms() < until;)
        turn();
    event_set_log_callback(NULL);
    ck_assert_int_eq(refused_count, 0);
    ck_assert_int_eq(recv(fd, text, sizeof text - 1, 0), -1);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
    for (int turns = 0; turns < 3000 && recv(fd, text, sizeof text - 1, 0) <= 0; turns++)
        turn();
    starts_with(text, "HTTP/1.1 200 ");
    close(fd);
    stop();
}
END_TEST

START_TEST(some_paths_need_no_token)
{
    static const char *const open[] = {"/healthz", NULL};
    start("127.0.0.1:0", "open sesame");
    httpd_let_in(httpd, open);
    starts_with(talk("GET /healthz HTTP/1.1\r\n\r\n"), "HTTP/1.1 200 ");
    starts_with(talk("GET /healthz?x HTTP/1.1\r\n\r\n"), "HTTP/1.1 200 ");
    starts_with(talk("GET /healthz/ HTTP/1.1\r\n\r\n"), "HTTP/1.1 401 ");
    starts_with(talk("GET /large HTTP/1.1\r\n\r\n"), "HTTP/1.1 401 ");
    stop();
}
END_TEST

START_TEST(drops_a_reader_that_stalls)
{
    start("127.0.0.1:0", NULL);
    int fd = dial();
    static const char request[] = "GET /large HTTP/1.1\r\n\r\n";
    ck_assert_int_gt(send(fd, request, sizeof request - 1, 0), 0);
    bool never = false;
    loop_run_until(loop, &never, 10500);
    fcntl(fd, F_SETFL, 0);
    static char bytes[1 << 16];
    size_t total = 0;
    for (ssize_t got; (got = recv(fd, bytes, sizeof bytes, 0)) > 0;)
        total += (size_t)got;
    ck_assert_uint_gt(total, 0);
    ck_assert_uint_lt(total, 10 << 20);
    close(fd);
    stop();
}
END_TEST

START_TEST(finds_a_port)
{
    struct err err = ERR_INIT;
    struct httpd *second = NULL;
    char address[64];
    start("localhost:0", NULL);
    int taken = httpd_port(httpd);
    snprintf(address, sizeof address, "127.0.0.1:%d", taken);
    ck_assert(!httpd_open(loop, address, NULL, false, serve, NULL, &second, &err));
    ck_assert_int_eq(err.kind, ERR_AGAIN);
    ck_assert_ok(httpd_open(loop, address, NULL, true, serve, NULL, &second, &err), err);
    ck_assert_int_gt(httpd_port(second), taken);
    ck_assert_int_le(httpd_port(second), taken + 20);
    httpd_close(second);
    stop();
}
END_TEST

START_TEST(refuses_bad_addresses)
{
    static const char *const bad[] = {
        "",          "9187",   ":9187",         "127.0.0.1:", "127.0.0.1:70000",
        "0.0.0.0:0", "[::]:0", "example.org:80"};
    struct err err = ERR_INIT;
    ck_assert_ok(loop_new(&loop, &err), err);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        err.kind = ERR_NONE;
        ck_assert_msg(!httpd_open(loop, bad[i], "", false, serve, NULL, &httpd, &err), "%s",
                      bad[i]);
        ck_assert_int_eq(err.kind, ERR_CONFIG);
    }
    ck_assert_ok(httpd_open(loop, "0.0.0.0:0", "word", false, serve, NULL, &httpd, &err), err);
    stop();
}
END_TEST

/* --- answers that take a while --- */

struct keeper {
    struct httpd_call *call;
    int asked, gone;
    char said[512];
};

static void on_gone(void *ctx)
{
    struct keeper *keeper = ctx;
    keeper->gone++;
    keeper->call = NULL;
}

static bool keep(void *ctx, struct httpd_call *call, const struct httpd_request *request)
{
    struct keeper *keeper = ctx;
    if (!str_starts(request->path, STR("/api/")))
        return false;
    keeper->asked++;
    keeper->call = call;
    snprintf(keeper->said, sizeof keeper->said, "%.*s %.*s %.*s [%.*s]",
             STR_ARG(request->method), STR_ARG(request->path), STR_ARG(request->query),
             STR_ARG(request->body));
    httpd_on_gone(call, on_gone, keeper);
    return true;
}

static int ask_and_wait(struct keeper *keeper, const char *request)
{
    int fd = dial();
    ck_assert_int_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), (int)strlen(request));
    for (int turns = 0; turns < 3000 && !keeper->asked; turns++)
        turn();
    ck_assert_int_eq(keeper->asked, 1);
    return fd;
}

static size_t read_all(int fd, char *text, size_t size)
{
    size_t len = 0;
    for (int turns = 0; turns < 3000 && len < size - 1; turns++) {
        turn();
        ssize_t got = recv(fd, text + len, size - 1 - len, 0);
        if (got == 0)
            break;
        len += got > 0 ? (size_t)got : 0;
    }
    text[len] = '\0';
    return len;
}

START_TEST(a_call_is_answered_later)
{
    struct keeper keeper = {0};
    char text[1024];
    start("127.0.0.1:0", NULL);
    httpd_on_call(httpd, keep, &keeper);
    int fd = ask_and_wait(&keeper, "POST /api/x?a=b%20c HTTP/1.1\r\nHost: [::1]:80\r\n"
                                   "Content-Length: 7\r\n\r\n{\"a\":1}");
    ck_assert_str_eq(keeper.said, "POST /api/x a=b%20c [{\"a\":1}]");
    httpd_answer(keeper.call, &(struct httpd_answer){.status = 200,
                                                     .type = "application/json",
                                                     .headers = "ETag: \"1\"\r\n",
                                                     .caching = "no-cache",
                                                     .body = STR("{}")});
    read_all(fd, text, sizeof text);
    starts_with(text, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: \"1\"\r\n"
                      "Cache-Control: no-cache\r\n");
    ck_assert_int_eq(keeper.gone, 0);
    close(fd);
    /* What it does not take is the other's. */
    starts_with(talk("GET /healthz HTTP/1.1\r\n\r\n"), "HTTP/1.1 200 ");
    stop();
}
END_TEST

static bool take_nothing(void *ctx, struct httpd_call *call,
                         const struct httpd_request *request)
{
    (void)call, (void)request;
    ++*(int *)ctx;
    return false;
}

START_TEST(several_may_take_calls)
{
    struct keeper first = {0}, second = {0};
    int passed = 0;
    start("127.0.0.1:0", NULL);
    httpd_on_call(httpd, take_nothing, &passed);
    httpd_on_call(httpd, keep, &first);
    httpd_on_call(httpd, keep, &second);
    int fd = ask_and_wait(&first, "GET /api/x HTTP/1.1\r\n\r\n");
    ck_assert_int_eq(passed, 1);
    ck_assert_int_eq(second.asked, 0);
    close(fd);
    starts_with(talk("GET /healthz HTTP/1.1\r\n\r\n"), "HTTP/1.1 200 ");
    stop();
}
END_TEST

START_TEST(who_keeps_a_call_hears_of_its_end)
{
    struct keeper keeper = {0};
    start("127.0.0.1:0", NULL);
    httpd_on_call(httpd, keep, &keeper);
    close(ask_and_wait(&keeper, "GET /api/x HTTP/1.1\r\n\r\n"));
    for (int turns = 0; turns < 3000 && !keeper.gone; turns++)
        turn();
    ck_assert_int_eq(keeper.gone, 1);
    keeper = (struct keeper){0};
    int fd = ask_and_wait(&keeper, "GET /api/x HTTP/1.1\r\n\r\n");
    stop();
    ck_assert_int_eq(keeper.gone, 1);
    close(fd);
}
END_TEST

START_TEST(a_stream_goes_on_until_its_reader_stalls)
{
    struct keeper keeper = {0};
    char text[1024];
    static char large[32 << 10];
    start("127.0.0.1:0", NULL);
    httpd_on_call(httpd, keep, &keeper);
    int fd = ask_and_wait(&keeper, "GET /api/x HTTP/1.1\r\n\r\n");
    httpd_stream(keeper.call, "text/event-stream");
    ck_assert(httpd_stream_put(keeper.call, STR("data: 1\n\n")));
    for (int i = 0; i < 100; i++)
        turn();
    ck_assert(httpd_stream_put(keeper.call, STR("data: 2\n\n")));
    for (int i = 0; i < 100; i++)
        turn();
    ssize_t got = recv(fd, text, sizeof text - 1, 0);
    ck_assert_int_gt(got, 0);
    text[got] = '\0';
    starts_with(text, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n");
    ck_assert_ptr_nonnull(strstr(text, "\r\n\r\ndata: 1\n\ndata: 2\n\n"));
    int puts = 0;
    while (puts < 10000 && httpd_stream_put(keeper.call, (struct str){large, sizeof large})) {
        turn();
        puts++;
    }
    ck_assert_int_lt(puts, 10000);
    ck_assert_int_eq(keeper.gone, 1);
    close(fd);
    starts_with(talk("GET /healthz HTTP/1.1\r\n\r\n"), "HTTP/1.1 200 ");
    stop();
}
END_TEST

START_TEST(bounds_the_body)
{
    struct keeper keeper = {0};
    start("127.0.0.1:0", NULL);
    httpd_on_call(httpd, keep, &keeper);
    starts_with(talk("POST /api/x HTTP/1.1\r\nContent-Length: 16385\r\n\r\n"), "HTTP/1.1 413 ");
    starts_with(talk("POST /api/x HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), "HTTP/1.1 411 ");
    starts_with(talk("POST /api/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"),
                "HTTP/1.1 411 ");
    ck_assert_int_eq(keeper.asked, 0);
    stop();
}
END_TEST

START_TEST(answers_only_to_names_of_this_machine)
{
    static const char *const ours[] = {"localhost",  "localhost:1", "127.0.0.1:9187",
                                       "[::1]:9187", "a.localhost", "127.5.5.5"};
    static const char *const open[] = {"/open", NULL};
    start("127.0.0.1:0", NULL);
    for (size_t i = 0; i < COUNT_OF(ours); i++) {
        char request[128];
        snprintf(request, sizeof request, "GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n", ours[i]);
        starts_with(talk(request), "HTTP/1.1 200 ");
    }
    const char *rebound = "GET /healthz HTTP/1.1\r\nHost: evil.example:9187\r\n\r\n";
    starts_with(talk(rebound), "HTTP/1.1 421 ");
    starts_with(talk("GET /healthz HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n"),
                "HTTP/1.1 421 ");
    httpd_let_in(httpd, open);
    starts_with(talk(rebound), "HTTP/1.1 421 ");
    starts_with(talk("GET /open HTTP/1.1\r\nHost: evil.example\r\n\r\n"), "HTTP/1.1 404 ");
    stop();
    /* Who knows the token may come by any name. */
    start("127.0.0.1:0", "word");
    starts_with(talk("GET /healthz HTTP/1.1\r\nHost: p.example\r\n"
                     "Authorization: Bearer word\r\n\r\n"),
                "HTTP/1.1 200 ");
    stop();
}
END_TEST

SUITE("port/httpd", answers, a_call_is_answered_later, several_may_take_calls,
      who_keeps_a_call_hears_of_its_end, a_stream_goes_on_until_its_reader_stalls,
      bounds_the_body, answers_only_to_names_of_this_machine, asks_for_the_token,
      bounds_the_request, callers_that_say_nothing_keep_nobody_out, some_paths_need_no_token,
      without_descriptors_it_waits_and_does_not_spin, drops_a_reader_that_stalls, finds_a_port,
      refuses_bad_addresses)

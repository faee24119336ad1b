#include "port/httpd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

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
    const char *text = talk("GET /healthz?x=1 HTTP/1.1\r\nHost: h\r\n\r\n");
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

SUITE("port/httpd", answers, asks_for_the_token, bounds_the_request,
      callers_that_say_nothing_keep_nobody_out, some_paths_need_no_token,
      drops_a_reader_that_stalls, finds_a_port, refuses_bad_addresses)

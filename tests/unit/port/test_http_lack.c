#include "port/http_lack.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/lack.h"
#include "port/http.h"
#include "tests/support/mock.h"
#include "tests/support/suite.h"

/* What this machine lacks is held against no server and no definition. */

static struct mock mock;
static struct loop *loop;
static struct http *http;
static struct rlimit usual;
static int connect_code; /* of every connection by TCP; 0: it is made */

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
    int type = 0;
    socklen_t size = sizeof type;
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
    if (!connect_code || type != SOCK_STREAM)
        return (int)syscall(SYS_connect, fd, address, len);
    errno = connect_code;
    return -1;
}

static void start(void)
{
    struct err err = ERR_INIT;
    connect_code = 0;
    mock_start(NULL, &mock);
    ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_ok(http_new(loop, &http, &err), err);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
}

static void stop(void)
{
    http_free(http);
    loop_free(loop);
    mock_stop(&mock);
}

/* So many more descriptors may be opened. */
static void leave_only(int count)
{
    int fds[64], top = 0;
    ck_assert_int_le(count, (int)COUNT_OF(fds));
    for (int i = 0; i < count; i++)
        fds[i] = open("/", O_PATH | O_CLOEXEC);
    top = open("/", O_PATH | O_CLOEXEC);
    close(top);
    for (int i = 0; i < count; i++)
        close(fds[i]);
    struct rlimit limit = usual;
    limit.rlim_cur = (rlim_t)top;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void leave_all(void)
{
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
}

struct got {
    bool done;
    int status;
    struct err err;
};

static void answered(void *ctx, const struct http_answer *answer, const struct err *err)
{
    struct got *got = ctx;
    got->done = true;
    got->status = answer ? answer->status : 0;
    if (err)
        got->err = *err;
}

static struct got ask(const char *url)
{
    struct got got = {.err = ERR_INIT};
    struct http_request request = {
        .method = STR("GET"),
        .url = str_from(url),
        .timeouts = {5000, 5000, 5000, 20000},
        .max_body_bytes = MIB(1),
        .allow_private = true,
        .allow_http = true,
    };
    ck_assert_ptr_nonnull(http_send(http, &request, answered, &got));
    ck_assert(loop_run_until(loop, &got.done, 30000));
    return got;
}

static const char *page(void)
{
    static char url[256];
    snprintf(url, sizeof url, "%s/gen/page?per_page=5", mock.url);
    return url;
}

static void lacks(const struct got *got, int code, const char *word)
{
    ck_assert_msg(got->err.is_lack, "status %d: %s", got->status, got->err.text);
    ck_assert_int_eq(got->err.kind, ERR_AGAIN);
    ck_assert_int_eq(got->err.code, code);
    ck_assert_msg(strstr(got->err.text, word) != NULL, "%s", got->err.text);
}

START_TEST(no_descriptor_for_a_socket)
{
    start();
    leave_only(0);
    struct got got = ask(page());
    lacks(&got, EMFILE, "file descriptors");
    leave_all();
    got = ask(page());
    ck_assert_msg(got.status == 200, "%s", got.err.text);
    stop();
}
END_TEST

/* libcurl wants two for the thread, and that some more. */
START_TEST(no_descriptor_to_look_up_a_name)
{
    start();
    for (int left = 0; left < 4; left++) {
        leave_only(left);
        struct got got = ask("https://no-such-host.invalid/");
        leave_all();
        lacks(&got, EMFILE, "file descriptors");
    }
    struct got got = ask("https://no-such-host.invalid/");
    ck_assert(!got.err.is_lack);
    stop();
}
END_TEST

START_TEST(no_descriptor_for_certificates)
{
    char url[256];
    start();
    snprintf(url, sizeof url, "https%s/", strstr(mock.url, "://"));
    leave_only(1);
    struct got got = ask(url);
    lacks(&got, EMFILE, "file descriptors");
    leave_all();
    got = ask(url);
    ck_assert(got.err.kind && !got.err.is_lack);
    stop();
}
END_TEST

START_TEST(no_port_and_no_buffer)
{
    static const struct {
        int code;
        const char *word;
    } cases[] = {{EADDRNOTAVAIL, "local port"}, {ENOBUFS, "memory"}, {ENOMEM, "memory"}};
    start();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        connect_code = cases[i].code;
        struct got got = ask(page());
        lacks(&got, cases[i].code, cases[i].word);
    }
    connect_code = ECONNREFUSED;
    struct got got = ask(page());
    ck_assert(got.err.kind == ERR_AGAIN && !got.err.is_lack);
    stop();
}
END_TEST

/* 255.255.255.255 cannot be connected to by UDP either: it is the address, and lasts. */
START_TEST(an_address_that_cannot_be_reached_is_no_lack)
{
    const struct sockaddr_in nowhere = {
        .sin_family = AF_INET, .sin_port = 80, .sin_addr.s_addr = INADDR_BROADCAST};
    const struct sockaddr_in here = {
        .sin_family = AF_INET, .sin_port = 80, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct http_lack lack = {0};
    connect_code = 0;
    http_lack_note(&lack, (const struct sockaddr *)&here, 0);
    ck_assert_int_eq(http_lack_find(&lack, EADDRNOTAVAIL, true), EADDRNOTAVAIL);
    ck_assert_int_eq(http_lack_find(&lack, EADDRNOTAVAIL, false), 0);
    http_lack_note(&lack, (const struct sockaddr *)&nowhere, 0);
    ck_assert_int_eq(http_lack_find(&lack, EADDRNOTAVAIL, true), 0);
    http_lack_note(&lack, (const struct sockaddr *)&here, EMFILE);
    ck_assert_int_eq(http_lack_find(&lack, ECONNREFUSED, true), EMFILE);
}
END_TEST

SUITE("port/http_lack", no_descriptor_for_a_socket, no_descriptor_to_look_up_a_name,
      no_descriptor_for_certificates, no_port_and_no_buffer,
      an_address_that_cannot_be_reached_is_no_lack)

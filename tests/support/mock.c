#include "tests/support/mock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "tests/support/child.h"

static void give_up(const char *what)
{
    fprintf(stderr, "mock: %s: %s\n", what, strerror(errno));
    abort();
}

static int listen_at(in_addr_t host, int port, int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(host);
    socklen_t len = sizeof address;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, 1024) < 0)
        give_up("no port");
    getsockname(fd, (struct sockaddr *)&address, &len);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

int mock_listen(int port, int *ret_port)
{
    return listen_at(INADDR_LOOPBACK, port, ret_port);
}

int mock_listen_all(int port, int *ret_port)
{
    return listen_at(INADDR_ANY, port, ret_port);
}

void mock_start(const char *script, struct mock *ret_mock)
{
    struct mock mock = {0};
    int fd = mock_listen(0, &mock.port);
    mock.pid = child_fork();
    if (mock.pid < 0)
        give_up("fork");
    if (mock.pid == 0) {
        mock_serve(fd, script);
        _exit(0);
    }
    close(fd);
    snprintf(mock.url, sizeof mock.url, "http://127.0.0.1:%d", mock.port);
    *ret_mock = mock;
}

void mock_stop(struct mock *mock)
{
    if (mock->pid <= 0)
        return;
    kill(mock->pid, SIGTERM);
    waitpid(mock->pid, NULL, 0);
    mock->pid = 0;
}

/* --- a client for the control endpoints --- */

static int dial(const struct mock *mock)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)mock->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct timeval limit = {.tv_sec = 30};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        give_up("connect");
    return fd;
}

static void send_all(int fd, struct str bytes)
{
    while (bytes.len) {
        ssize_t sent = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (sent < 0)
            give_up("send");
        bytes = str_slice(bytes, (size_t)sent, bytes.len);
    }
}

/* Bodies stay until the test's process ends. */
static struct arena *kept;

/* Reads up to the end of a body of Content-Length, and returns the body. */
static const char *receive(int fd, const char *target)
{
    struct buf buf;
    buf_init(&buf, MIB(512));
    for (size_t needed = SIZE_MAX; buf.len < needed;) {
        char *room = buf_room(&buf, KIB(64));
        ssize_t got = room ? recv(fd, room, KIB(64), 0) : -1;
        if (got <= 0)
            give_up(target);
        buf.len += (size_t)got;
        buf.ptr[buf.len] = '\0';
        const char *end = strstr(buf.ptr, "\r\n\r\n");
        const char *length = end ? strcasestr(buf.ptr, "content-length:") : NULL;
        if (length)
            needed = (size_t)(end + 4 - buf.ptr) + strtoul(length + 15, NULL, 10);
    }
    if (!str_starts(buf_str(&buf), STR("HTTP/1.1 200 "))) {
        fprintf(stderr, "mock: %s: %.*s\n", target, STR_ARG(buf_str(&buf)));
        abort();
    }
    if (!kept)
        kept = arena_new();
    const char *body = arena_cstr(kept, str_from(strstr(buf.ptr, "\r\n\r\n") + 4));
    buf_done(&buf);
    return body;
}

static const char *ask(const struct mock *mock, const char *method, const char *target,
                       const char *body)
{
    struct buf request;
    buf_init(&request, MIB(64));
    buf_printf(&request,
               "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: %zu\r\n\r\n%s", method,
               target, mock->port, strlen(body), body);
    int fd = dial(mock);
    send_all(fd, buf_str(&request));
    const char *answer = receive(fd, target);
    close(fd);
    buf_done(&request);
    return answer;
}

const char *mock_get(const struct mock *mock, const char *target)
{
    return ask(mock, "GET", target, "");
}

void mock_post(const struct mock *mock, const char *target, const char *json)
{
    ask(mock, "POST", target, json);
}

static int64_t count_field(const struct mock *mock, const char *url, const char *field)
{
    struct buf target;
    buf_init(&target, KIB(64));
    buf_puts(&target, "/_mock/count?url=");
    for (const char *c = url; *c; c++)
        buf_printf(&target, "%%%02X", (unsigned char)*c);
    const char *answer = mock_get(mock, target.ptr);
    json_t *json = json_loads(answer, 0, NULL);
    int64_t number = json_integer_value(json_object_get(json, field));
    json_decref(json);
    buf_done(&target);
    return number;
}

int64_t mock_count(const struct mock *mock, const char *url)
{
    return count_field(mock, url, "count");
}

int64_t mock_count_max(const struct mock *mock, const char *path)
{
    return count_field(mock, path, "max");
}

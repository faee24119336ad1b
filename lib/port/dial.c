#include "port/dial.h"

#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "port/resolve.h"

enum { ADDRESS_MS = 5000, RESOLVE_MS = 15000, ADDRESSES_MAX = 8 };

struct dial {
    struct loop *loop;
    dial_fn fn;
    void *ctx;
    struct resolve *resolve;
    struct loop_timer *limit; /* of the step under way; fires at once for a first error */
    struct loop_fd *watch;
    int fd; /* the address being tried, or -1 */
    struct resolve_address addresses[ADDRESSES_MAX];
    size_t address_count, next;
    struct err err; /* why the last address failed */
};

static void close_socket(struct dial *dial)
{
    loop_fd_free(TAKE(dial->watch));
    if (dial->fd >= 0)
        close(dial->fd);
    dial->fd = -1;
}

void dial_cancel(struct dial *dial)
{
    if (!dial)
        return;
    resolve_cancel(dial->resolve);
    loop_timer_free(dial->limit);
    close_socket(dial);
    mem_free(dial);
}

static void finish(struct dial *dial)
{
    assert(dial->fd >= 0 || dial->err.kind); /* it always says why not */
    dial_fn fn = dial->fn;
    void *ctx = dial->ctx;
    int fd = dial->fd;
    struct err err = dial->err;
    loop_fd_free(TAKE(dial->watch));
    dial->fd = -1;
    dial_cancel(dial);
    fn(ctx, fd, fd < 0 ? &err : NULL);
}

static void note_errno(struct dial *dial, int code)
{
    err_set(&dial->err, ERR_AGAIN, "dial", code, "%s", strerror(code));
}

static void tune(int fd)
{
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

static void try_next(struct dial *dial);

static void on_connect_ready(void *ctx, int events)
{
    (void)events;
    struct dial *dial = ctx;
    int code = 0;
    socklen_t len = sizeof code;
    getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &code, &len);
    if (!code) {
        finish(dial);
        return;
    }
    note_errno(dial, code);
    try_next(dial);
}

/* Whether the connection is made or under way. */
static bool begin(struct dial *dial, const struct sockaddr *addr, socklen_t len)
{
    dial->fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (dial->fd < 0 || (connect(dial->fd, addr, len) < 0 && errno != EINPROGRESS)) {
        note_errno(dial, errno);
        close_socket(dial);
        return false;
    }
    if (addr->sa_family != AF_UNIX)
        tune(dial->fd);
    dial->watch = loop_fd_new(dial->loop, dial->fd, on_connect_ready, dial);
    loop_fd_set(dial->watch, LOOP_WRITE);
    loop_timer_set(dial->limit, ADDRESS_MS);
    return true;
}

static void try_next(struct dial *dial)
{
    close_socket(dial);
    while (dial->next < dial->address_count) {
        const struct resolve_address *address = &dial->addresses[dial->next++];
        if (begin(dial, (const struct sockaddr *)&address->addr, address->len))
            return;
    }
    finish(dial);
}

static void on_limit(void *ctx)
{
    struct dial *dial = ctx;
    if (dial->resolve)
        err_set(&dial->err, ERR_AGAIN, "dial", 0, "the name is not resolved in time");
    else if (dial->fd >= 0)
        note_errno(dial, ETIMEDOUT);
    resolve_cancel(TAKE(dial->resolve));
    try_next(dial);
}

static void on_resolved(void *ctx, const struct resolve_address *addresses, size_t count,
                        const struct err *err)
{
    struct dial *dial = ctx;
    dial->resolve = NULL;
    if (err) {
        dial->err = *err;
    } else {
        dial->address_count = MIN(count, (size_t)ADDRESSES_MAX);
        memcpy(dial->addresses, addresses, dial->address_count * sizeof *addresses);
    }
    try_next(dial);
}

static void start_local(struct dial *dial, struct str path)
{
    struct sockaddr_un *addr = (struct sockaddr_un *)&dial->addresses[0].addr;
    if (path.len >= sizeof addr->sun_path) {
        note_errno(dial, ENAMETOOLONG);
    } else {
        addr->sun_family = AF_UNIX;
        memcpy(addr->sun_path, path.ptr, path.len);
        dial->addresses[0].len = sizeof *addr;
        dial->address_count = 1;
    }
    loop_timer_set(dial->limit, 0);
}

struct dial *dial_start(struct loop *loop, struct str path, struct str host, int port,
                        dial_fn fn, void *ctx)
{
    struct dial *dial = mem_alloc(sizeof *dial);
    *dial = (struct dial){.loop = loop, .fn = fn, .ctx = ctx, .fd = -1, .err = ERR_INIT};
    err_set(&dial->err, ERR_AGAIN, "dial", 0, "the name has no address");
    dial->limit = loop_timer_new(loop, on_limit, dial);
    if (path.len) {
        start_local(dial, path);
        return dial;
    }
    loop_timer_set(dial->limit, RESOLVE_MS);
    dial->resolve = resolve_start(loop, host, port, on_resolved, dial);
    return dial;
}

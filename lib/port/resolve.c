#include "port/resolve.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/lack.h"
#include "base/mem.h"

/*
 * What loop and thread share. Each holds one reference, so that a cancelled lookup lives until
 * its thread comes back. The thread writes `code` and `found` before it signals `fd`; the loop
 * reads them only after that.
 */
struct lookup {
    atomic_int references;
    int fd;
    char *host;
    char port[8];
    int code; /* getaddrinfo's */
    struct addrinfo *found;
};

struct resolve {
    struct lookup *lookup;
    struct loop_fd *watch;    /* a thread is at work */
    struct loop_timer *timer; /* or the answer is known and waits for the next turn */
    resolve_fn fn;
    void *ctx;
};

enum { RESOLVE_ADDRESSES_MAX = 64 };

static void lookup_release(struct lookup *lookup)
{
    if (atomic_fetch_sub(&lookup->references, 1) != 1)
        return;
    if (lookup->found)
        freeaddrinfo(lookup->found);
    if (lookup->fd >= 0)
        close(lookup->fd);
    mem_free(lookup->host);
    mem_free(lookup);
}

static int lookup_ask(struct lookup *lookup, int flags)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICSERV | flags,
    };
    return getaddrinfo(lookup->host, lookup->port, &hints, &lookup->found);
}

static void *lookup_thread(void *arg)
{
    struct lookup *lookup = arg;
    lookup->code = lookup_ask(lookup, 0);
    uint64_t one = 1;
    while (write(lookup->fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
    lookup_release(lookup);
    return NULL;
}

/* The loop's thread alone takes signals. */
static bool lookup_spawn(struct lookup *lookup)
{
    lookup->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (lookup->fd < 0)
        return false;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    atomic_fetch_add(&lookup->references, 1);
    bool started = pthread_create(&thread, NULL, lookup_thread, lookup) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started)
        pthread_detach(thread);
    else
        atomic_fetch_sub(&lookup->references, 1);
    return started;
}

static size_t collect(const struct addrinfo *found, struct resolve_address *ret)
{
    size_t count = 0;
    for (; found && count < RESOLVE_ADDRESSES_MAX; found = found->ai_next) {
        if (found->ai_addrlen > sizeof ret[count].addr)
            continue;
        memcpy(&ret[count].addr, found->ai_addr, found->ai_addrlen);
        ret[count++].len = found->ai_addrlen;
    }
    return count;
}

/* The callback may start or cancel anything but this, which is gone before it is called. */
static void deliver(struct resolve *resolve)
{
    struct lookup *lookup = resolve->lookup;
    assert(!resolve->watch != !resolve->timer);
    struct resolve_address addresses[RESOLVE_ADDRESSES_MAX] = {0};
    struct err err = ERR_INIT;
    size_t count = collect(lookup->found, addresses);
    int lack = lookup->code ? lack_of_descriptors() : 0;
    if (lookup->code && !lack_explain(&err, "resolve", lack, lookup->host))
        err_set(&err, ERR_AGAIN, "resolve", lookup->code, "%s: %s", lookup->host,
                gai_strerror(lookup->code));
    else if (!lookup->code && count == 0)
        err_set(&err, ERR_AGAIN, "resolve", 0, "%s: no address", lookup->host);
    resolve_fn fn = resolve->fn;
    void *ctx = resolve->ctx;
    resolve_cancel(resolve);
    if (err.kind)
        fn(ctx, NULL, 0, &err);
    else
        fn(ctx, addresses, count, NULL);
}

static void on_known(void *ctx)
{
    deliver(ctx);
}

static void on_thread_answer(void *ctx, int events)
{
    (void)events;
    struct resolve *resolve = ctx;
    uint64_t count;
    if (read(resolve->lookup->fd, &count, sizeof count) == sizeof count)
        deliver(resolve);
}

static struct lookup *lookup_new(struct str host, int port)
{
    struct lookup *lookup = mem_alloc(sizeof *lookup);
    atomic_init(&lookup->references, 1);
    lookup->fd = -1;
    lookup->host = mem_printf("%.*s", STR_ARG(host));
    snprintf(lookup->port, sizeof lookup->port, "%u", (unsigned)(uint16_t)port);
    return lookup;
}

struct resolve *resolve_start(struct loop *loop, struct str host, int port, resolve_fn fn,
                              void *ctx)
{
    struct lookup *lookup = lookup_new(host, port);
    struct resolve *resolve = mem_alloc(sizeof *resolve);
    *resolve = (struct resolve){.lookup = lookup, .fn = fn, .ctx = ctx};
    bool literal = lookup_ask(lookup, AI_NUMERICHOST) == 0;
    if (!literal && lookup_spawn(lookup)) {
        resolve->watch = loop_fd_new(loop, lookup->fd, on_thread_answer, resolve);
        loop_fd_set(resolve->watch, LOOP_READ);
        return resolve;
    }
    lookup->code = literal ? 0 : EAI_AGAIN;
    resolve->timer = loop_timer_new(loop, on_known, resolve);
    loop_timer_set(resolve->timer, 0);
    return resolve;
}

void resolve_cancel(struct resolve *resolve)
{
    if (!resolve)
        return;
    loop_fd_free(resolve->watch);
    loop_timer_free(resolve->timer);
    lookup_release(resolve->lookup);
    mem_free(resolve);
}

void resolve_format(const struct resolve_address *address, char ret_text[RESOLVE_TEXT_BYTES])
{
    const void *from = &((const struct sockaddr_in *)&address->addr)->sin_addr;
    if (address->addr.ss_family == AF_INET6)
        from = &((const struct sockaddr_in6 *)&address->addr)->sin6_addr;
    if (!inet_ntop(address->addr.ss_family, from, ret_text, RESOLVE_TEXT_BYTES))
        ret_text[0] = '\0';
}

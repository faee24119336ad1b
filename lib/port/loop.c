#include "port/loop.h"

#include <assert.h>
#include <event2/event.h>
#include <event2/thread.h>

#include "base/mem.h"

struct loop {
    struct event_base *base;
    bool is_running;
};

static void run(struct loop *loop, int flags)
{
    assert(!loop->is_running); /* not from inside a callback */
    loop->is_running = true;
    event_base_loop(loop->base, flags | EVLOOP_NO_EXIT_ON_EMPTY);
    loop->is_running = false;
}

struct loop_timer {
    struct event *event;
    loop_fn fn;
    void *ctx;
};

struct loop_fd {
    struct loop *loop;
    struct event *event;
    int fd;
    int events;
    loop_fd_fn fn;
    void *ctx;
};

struct loop_signal {
    struct event *event;
    loop_fn fn;
    void *ctx;
};

bool loop_new(struct loop **ret_loop, struct err *err)
{
    evthread_use_pthreads();
    struct event_base *base = event_base_new();
    if (!base)
        return err_set(err, ERR_BUG, "loop", 0, "the event loop cannot be created");
    struct loop *loop = mem_alloc(sizeof *loop);
    loop->base = base;
    *ret_loop = loop;
    return true;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    assert(!loop->is_running);
    event_base_free(loop->base);
    mem_free(loop);
}

void loop_run(struct loop *loop)
{
    run(loop, 0);
}

void loop_stop(struct loop *loop)
{
    event_base_loopbreak(loop->base);
}

static void on_limit(void *ctx)
{
    *(bool *)ctx = true;
}

bool loop_run_until(struct loop *loop, const bool *flag, int64_t timeout_ms)
{
    bool is_over = false;
    struct loop_timer *limit = loop_timer_new(loop, on_limit, &is_over);
    if (timeout_ms >= 0)
        loop_timer_set(limit, timeout_ms);
    while (!*flag && !is_over)
        run(loop, EVLOOP_ONCE);
    loop_timer_free(limit);
    return *flag;
}

struct deferred {
    loop_fn fn;
    void *ctx;
};

static void on_deferred(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct deferred call = *(struct deferred *)arg;
    mem_free(arg);
    call.fn(call.ctx);
}

void loop_defer(struct loop *loop, loop_fn fn, void *ctx)
{
    struct deferred *call = mem_alloc(sizeof *call);
    *call = (struct deferred){fn, ctx};
    event_base_once(loop->base, -1, EV_TIMEOUT, on_deferred, call, &(struct timeval){0});
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct loop_timer *timer = arg;
    timer->fn(timer->ctx);
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_fn fn, void *ctx)
{
    struct loop_timer *timer = mem_alloc(sizeof *timer);
    timer->fn = fn;
    timer->ctx = ctx;
    timer->event = evtimer_new(loop->base, on_timer, timer);
    return timer;
}

void loop_timer_set(struct loop_timer *timer, int64_t delay_ms)
{
    int64_t delay = MAX(delay_ms, 0);
    struct timeval tv = {.tv_sec = delay / 1000, .tv_usec = delay % 1000 * 1000};
    evtimer_add(timer->event, &tv);
}

void loop_timer_clear(struct loop_timer *timer)
{
    evtimer_del(timer->event);
}

bool loop_timer_is_set(const struct loop_timer *timer)
{
    return evtimer_pending(timer->event, NULL);
}

void loop_timer_free(struct loop_timer *timer)
{
    if (!timer)
        return;
    event_free(timer->event);
    mem_free(timer);
}

static void on_fd(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    struct loop_fd *watch = arg;
    int events = (what & EV_READ ? LOOP_READ : 0) | (what & EV_WRITE ? LOOP_WRITE : 0);
    watch->fn(watch->ctx, events);
}

struct loop_fd *loop_fd_new(struct loop *loop, int fd, loop_fd_fn fn, void *ctx)
{
    struct loop_fd *watch = mem_alloc(sizeof *watch);
    *watch = (struct loop_fd){.loop = loop, .fd = fd, .fn = fn, .ctx = ctx};
    return watch;
}

void loop_fd_set(struct loop_fd *watch, int events)
{
    if (events == watch->events)
        return;
    if (watch->event)
        event_free(watch->event);
    watch->event = NULL;
    watch->events = events;
    if (!events)
        return;
    short what = EV_PERSIST;
    what |= events & LOOP_READ ? EV_READ : 0;
    what |= events & LOOP_WRITE ? EV_WRITE : 0;
    watch->event = event_new(watch->loop->base, watch->fd, what, on_fd, watch);
    event_add(watch->event, NULL);
}

void loop_fd_free(struct loop_fd *watch)
{
    if (!watch)
        return;
    loop_fd_set(watch, 0);
    mem_free(watch);
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct loop_signal *watch = arg;
    watch->fn(watch->ctx);
}

struct loop_signal *loop_signal_new(struct loop *loop, int signo, loop_fn fn, void *ctx)
{
    struct loop_signal *watch = mem_alloc(sizeof *watch);
    watch->fn = fn;
    watch->ctx = ctx;
    watch->event = evsignal_new(loop->base, signo, on_signal, watch);
    event_add(watch->event, NULL);
    return watch;
}

void loop_signal_free(struct loop_signal *watch)
{
    if (!watch)
        return;
    event_free(watch->event);
    mem_free(watch);
}

void *loop_base(struct loop *loop)
{
    return loop->base;
}

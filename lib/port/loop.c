#include "port/loop.h"

#include <assert.h>
#include <event2/event.h>
#include <event2/thread.h>

#include "base/clock.h"
#include "base/mem.h"

struct loop {
    struct event_base *base;
    bool is_running;
    bool skips_waits;
    struct loop_timer *first; /* where it does: those that are set, the next one first */
};

static void run(struct loop *loop, int flags)
{
    assert(!loop->is_running); /* not from inside a callback */
    loop->is_running = true;
    event_base_loop(loop->base, flags | EVLOOP_NO_EXIT_ON_EMPTY);
    loop->is_running = false;
}

struct loop_timer {
    struct loop *loop;
    struct event *event;
    loop_fn fn;
    void *ctx;

    struct loop_timer *next; /* in loop->first */
    int64_t due_us;
    bool is_listed;
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
    event_set_mem_functions(mem_lib_malloc, mem_lib_realloc, mem_free);
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
    if (loop->skips_waits)
        clock_replace(NULL, NULL);
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

/* --- without waiting --- */

static struct {
    int64_t mono_us, wall_us;
} skipped;

static int64_t skipped_mono_us(void)
{
    return skipped.mono_us;
}

static int64_t skipped_wall_us(void)
{
    return skipped.wall_us;
}

void loop_skip_waits(struct loop *loop, int64_t wall_ms)
{
    assert(!loop->skips_waits);
    loop->skips_waits = true;
    skipped.mono_us = clock_mono_ms() * 1000;
    skipped.wall_us = wall_ms * 1000;
    clock_replace(skipped_mono_us, skipped_wall_us);
}

static void unlist(struct loop_timer *timer)
{
    struct loop_timer **link = &timer->loop->first;
    if (!timer->is_listed)
        return;
    while (*link != timer)
        link = &(*link)->next;
    *link = timer->next;
    timer->is_listed = false;
}

/* Of those that are due together the one that was set first comes first. */
static void list(struct loop_timer *timer, int64_t delay_ms)
{
    struct loop_timer **link = &timer->loop->first;
    unlist(timer);
    timer->due_us = skipped.mono_us + delay_ms * 1000;
    while (*link && (*link)->due_us <= timer->due_us)
        link = &(*link)->next;
    timer->next = *link;
    timer->is_listed = true;
    *link = timer;
}

static bool skip_to_next(struct loop *loop)
{
    struct loop_timer *timer = loop->first;
    if (!timer)
        return false;
    unlist(timer);
    skipped.wall_us += timer->due_us - skipped.mono_us;
    skipped.mono_us = timer->due_us;
    timer->fn(timer->ctx);
    return true;
}

bool loop_run_until(struct loop *loop, const bool *flag, int64_t timeout_ms)
{
    bool is_over = false;
    if (loop->skips_waits) {
        while (!*flag && skip_to_next(loop))
            ;
        return *flag;
    }
    struct loop_timer *limit = loop_timer_new(loop, on_limit, &is_over);
    if (timeout_ms >= 0)
        loop_timer_set(limit, timeout_ms);
    while (!*flag && !is_over)
        run(loop, EVLOOP_ONCE);
    loop_timer_free(limit);
    return *flag;
}

struct deferred {
    struct loop_timer *timer; /* NULL: libevent's own */
    loop_fn fn;
    void *ctx;
};

static void call_deferred(void *arg)
{
    struct deferred call = *(struct deferred *)arg;
    mem_free(arg);
    loop_timer_free(call.timer);
    call.fn(call.ctx);
}

static void on_deferred(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    call_deferred(arg);
}

void loop_defer(struct loop *loop, loop_fn fn, void *ctx)
{
    struct deferred *call = mem_alloc(sizeof *call);
    *call = (struct deferred){NULL, fn, ctx};
    if (loop->skips_waits) {
        call->timer = loop_timer_new(loop, call_deferred, call);
        loop_timer_set(call->timer, 0);
        return;
    }
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
    timer->loop = loop;
    timer->fn = fn;
    timer->ctx = ctx;
    timer->event = evtimer_new(loop->base, on_timer, timer);
    return timer;
}

void loop_timer_set(struct loop_timer *timer, int64_t delay_ms)
{
    int64_t delay = MAX(delay_ms, 0);
    if (timer->loop->skips_waits) {
        list(timer, delay);
        return;
    }
    struct timeval tv = {.tv_sec = delay / 1000, .tv_usec = delay % 1000 * 1000};
    evtimer_add(timer->event, &tv);
}

void loop_timer_clear(struct loop_timer *timer)
{
    unlist(timer);
    evtimer_del(timer->event);
}

bool loop_timer_is_set(const struct loop_timer *timer)
{
    return timer->is_listed || evtimer_pending(timer->event, NULL);
}

void loop_timer_free(struct loop_timer *timer)
{
    if (!timer)
        return;
    unlist(timer);
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

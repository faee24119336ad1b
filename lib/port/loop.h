#ifndef PORT_LOOP_H
#define PORT_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The event loop (libevent). One per process; everything in it runs on one thread, so a
 * callback is never interrupted by another. No callback may block.
 *
 *     loop_new → loop_timer_new … → loop_run → loop_stop (in a callback) → loop_free
 *
 * Timers, watches and signals are freed by their makers, before the loop; each may be freed
 * inside its own callback.
 */
struct loop;
struct loop_timer;
struct loop_fd;
struct loop_signal;

typedef void (*loop_fn)(void *ctx);

bool loop_new(struct loop **ret_loop, struct err *err) MUST_CHECK;
void loop_free(struct loop *loop);

void loop_run(struct loop *loop);  /* until loop_stop */
void loop_stop(struct loop *loop); /* the current callback ends first */

/*
 * Runs the loop until *flag is true or `timeout_ms` has passed (-1: no limit); returns *flag.
 * For commands that do one thing after another. Not from inside a callback.
 */
bool loop_run_until(struct loop *loop, const bool *flag, int64_t timeout_ms);

/*
 * From here on nobody waits: time stands still while a callback runs, and where nothing is due
 * it jumps to the next timer. Both clocks (base/clock.h) are the loop's until loop_free; the
 * wall clock begins at `wall_ms`. For a loop without descriptors and signals, before its first
 * timer, run by loop_run_until without a limit, which returns where no timer is set either.
 */
void loop_skip_waits(struct loop *loop, int64_t wall_ms);

/* Calls fn once, from the loop, after the current callback. Cannot be taken back. */
void loop_defer(struct loop *loop, loop_fn fn, void *ctx);

/* A timer is created idle. Setting it again moves it; it fires once per setting. */
struct loop_timer *loop_timer_new(struct loop *loop, loop_fn fn, void *ctx) MUST_CHECK;
void loop_timer_set(struct loop_timer *timer, int64_t delay_ms);
void loop_timer_clear(struct loop_timer *timer);
bool loop_timer_is_set(const struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer); /* NULL is fine */

enum loop_events { LOOP_READ = 1, LOOP_WRITE = 2 };

typedef void (*loop_fd_fn)(void *ctx, int events);

/* Watches a descriptor, level-triggered; idle until loop_fd_set. Does not own it. */
struct loop_fd *loop_fd_new(struct loop *loop, int fd, loop_fd_fn fn, void *ctx) MUST_CHECK;
void loop_fd_set(struct loop_fd *watch, int events); /* 0: nothing */
void loop_fd_free(struct loop_fd *watch);            /* NULL is fine; before close(fd) */

struct loop_signal *loop_signal_new(struct loop *loop, int signo, loop_fn fn,
                                    void *ctx) MUST_CHECK;
void loop_signal_free(struct loop_signal *watch);

/* libevent's base, for the ports that hang onto it; nobody else. */
void *loop_base(struct loop *loop);

#endif

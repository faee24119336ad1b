#ifndef SCHEDULER_SCHEDULER_H
#define SCHEDULER_SCHEDULER_H

#include <stdbool.h>

#include "base/err.h"
#include "config/settings.h"
#include "port/loop.h"
#include "port/pg.h"

/*
 * The scheduler: stores the definitions of its folder, turns due ticks and reload messages into
 * runs, publishes jobs on the queue, and repairs what a crash left. Any number may run; what
 * they do is decided in PostgreSQL.
 *
 *     scheduler_new → scheduler_start → scheduler_free
 */
struct scheduler;

/*
 * Connects in the background, and again after each loss. `settings` is borrowed as long as the
 * scheduler lives. ERR_CONFIG: an URL of a server cannot be read.
 */
bool scheduler_new(struct loop *loop, const struct settings *settings, struct str installation,
                   struct scheduler **ret_scheduler, struct err *err) MUST_CHECK;
void scheduler_start(struct scheduler *scheduler); /* once; the schema must be there */
void scheduler_free(struct scheduler *scheduler);  /* NULL is fine */

/* Reads the folder of definitions again, now: SIGHUP. */
void scheduler_reapply(struct scheduler *scheduler);

/* Something that a server refuses, though it is up; NULL: nothing. */
const struct refusal *scheduler_refusal(const struct scheduler *scheduler);
/* Both servers are connected: for /readyz. */
bool scheduler_is_ready(const struct scheduler *scheduler);

/* For /metrics. */
struct scheduler_stats {
    bool pg_up, redis_up;
    const struct refusals *refusals; /* borrowed as long as the scheduler lives */
};
struct scheduler_stats scheduler_stats(const struct scheduler *scheduler);

/* Its session, for short questions of its owner; borrowed. */
struct pg *scheduler_session(const struct scheduler *scheduler);

#endif

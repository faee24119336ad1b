#ifndef WORKER_PACE_THROTTLE_H
#define WORKER_PACE_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/stream.h"
#include "port/loop.h"

/*
 * When requests may start, over all jobs of a process: the rate limits of definitions, the
 * pauses that APIs ask for, and a pause of 30 s for a peer that failed five times in a row.
 * With throttle_share the first two hold for all processes together.
 *
 * A rate limit is GCRA (ITU-T I.371, annex A): a request may start when the limit's theoretical
 * arrival time is no further ahead than its burst. Times are monotonic milliseconds and given
 * by the caller.
 *
 *     [throttle_take → not THROTTLE_GO: wait]… → THROTTLE_GO → the request → throttle_give
 *
 * A pass that is given up before throttle_give goes through throttle_drop.
 */
struct throttle;

enum {
    THROTTLE_FAILURES = 5,
    THROTTLE_PAUSE_MS = 30000,
    THROTTLE_AHEAD_MS = 10000, /* a place further ahead than this is not kept */
};

/*
 * `on_free` is called when a request has ended and another was refused with THROTTLE_FULL, from
 * inside throttle_give or throttle_drop, and when Redis has answered. Free with throttle_free,
 * when no pass is in use.
 */
struct throttle *throttle_new(void (*on_free)(void *ctx), void *ctx) MUST_CHECK;
void throttle_free(struct throttle *throttle); /* NULL is fine */

/*
 * From now on the limits are those of all processes, in Redis (core/limit.h): places and slots
 * are asked for there, pauses are told, and throttle_hear has those of others. While Redis is
 * away each process keeps to its part (throttle_crowd). `secret` keys the hash by which a
 * credential is known there: it must not stand in Redis. Before the first pass.
 */
struct limits;
struct limits_news;
void throttle_share(struct throttle *throttle, struct loop *loop, struct limits *limits,
                    struct str secret);
void throttle_hear(struct throttle *throttle, const struct limits_news *news,
                   int64_t now_mono_ms);

/* So many processes, this one too, read from the source now; those not named: one. */
struct throttle_crowd {
    struct str source;
    int64_t workers;
};
void throttle_crowd(struct throttle *throttle, const struct throttle_crowd *crowds,
                    size_t count);

/* The key under which a server's Retry-After is shared: host and credential. */
struct throttle_peer_key {
    struct str host; /* host:port */
    uint64_t credential;
};

/* One request's way through; zeroed at first, kept by the caller, used again for the next. */
struct throttle_pass {
    struct throttle_peer *peer;
    uint64_t key; /* of `peer`: a hash for this process alone; the peer's own is dear */
    struct throttle_limit *limits[RATE_LIMITS_MAX];
    size_t limit_count;
    struct throttle_group *group; /* limits that are shared; NULL: not, or not any more */
    int64_t ready_mono_ms;        /* the place kept in the limits */
    bool has_place, is_sent;
    bool wants_place; /* counted in the group */
};

enum throttle_wait {
    THROTTLE_GO,      /* it is counted as in flight: throttle_give must follow */
    THROTTLE_FULL,    /* too many are in flight, or Redis is asked: ask again after `on_free` */
    THROTTLE_LIMITED, /* the rate limit: ask again in *ret_wait_ms */
    THROTTLE_PAUSED,  /* the peer asked for a wait: ask again in *ret_wait_ms */
    THROTTLE_FAILING, /* the peer failed too often: ask again in *ret_wait_ms */
};

/* *ret_wait_ms is above 0 with the last three, and means nothing with the others. */
enum throttle_wait throttle_take(struct throttle *throttle, struct throttle_pass *pass,
                                 const struct stream *stream,
                                 const struct throttle_peer_key *key, int64_t now_mono_ms,
                                 int64_t *ret_wait_ms) MUST_CHECK;

/* The request has ended. `has_failed`: no answer, or a 5xx. */
void throttle_give(struct throttle *throttle, struct throttle_pass *pass, bool has_failed,
                   int64_t now_mono_ms);

/* The answer to this pass asked for a wait: nothing is sent to its peer until it is over. */
void throttle_pause(struct throttle *throttle, struct throttle_pass *pass, int64_t now_mono_ms,
                    int64_t wait_ms);

/* Gives back what the pass holds and zeroes it. Fine for a pass that was never used. */
void throttle_drop(struct throttle *throttle, struct throttle_pass *pass);

#endif

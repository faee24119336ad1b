#ifndef WORKER_PACE_THROTTLE_INTERNAL_H
#define WORKER_PACE_THROTTLE_INTERNAL_H

#include "base/arena.h"
#include "base/rng.h"
#include "core/limit.h"
#include "port/loop.h"
#include "worker/pace/throttle.h"

/* The inside of a throttle: throttle.c has passes, pauses and the rates of one process, share.c
 * the limits that processes share. */

/* Peers and limits are few and stay as long as the process. */
enum { THROTTLE_TABLE_SIZE = 256, THROTTLE_NAME_BYTES = 160 };

/* A peer: an API as one credential sees it. */
struct throttle_peer {
    struct throttle_peer *next;
    uint64_t id;
    int64_t paused_until_mono_ms;  /* because it asked for a wait */
    int64_t failing_until_mono_ms; /* because it failed too often */
    int failures;                  /* in a row */
};

struct throttle_limit {
    struct throttle_limit *next;
    uint64_t id;
    char name[THROTTLE_NAME_BYTES]; /* in Redis: whose it is, and the id */
    struct str source;              /* the begin of the name */
    int64_t interval_us, burst;     /* of the definition; interval 0: no rate */
    int64_t tat_us;                 /* theoretical arrival time of the next request */
    int64_t concurrency;            /* of the definition; 0: no bound */
    int64_t in_flight, kept;        /* requests; places of Redis that are not used yet */
    int64_t crowd;                  /* processes that have a part each; 1: it is ours alone */
    bool is_wanted; /* a pass was refused for `concurrency` since the last end */
    bool is_shared; /* tat_us is that of all processes, as Redis said last */
    bool is_asked;  /* a question about it is under way */
};

struct throttle {
    struct throttle_peer *peers[THROTTLE_TABLE_SIZE];
    struct throttle_limit *limits[THROTTLE_TABLE_SIZE];
    struct throttle_peer *latest; /* whose id is at hand; NULL: none */
    uint64_t latest_key;          /* as that of a pass */
    void (*on_free)(void *ctx);
    void *ctx;
    struct str secret;     /* heap */
    struct arena *crowded; /* of `crowds` */
    struct throttle_crowd *crowds;
    size_t crowd_count;
    struct share *share; /* NULL: nothing is shared */
    struct rng rng;      /* keeps processes apart that begin at the same time */
};

/* Is Redis asked now? */
bool share_is_on(const struct throttle *throttle);

/*
 * A place for the pass, under all of its limits: GO: ready_mono_ms is set. Else as
 * throttle_take: FULL while Redis is asked or has no slot, LIMITED where the next place is too
 * far ahead.
 */
enum throttle_wait share_take_place(struct throttle *throttle, struct throttle_pass *pass,
                                    int64_t now_mono_ms, int64_t *ret_wait_ms);
void share_sent(struct throttle_pass *pass);
void share_ended(struct throttle_pass *pass);
/* Without a place or the wish for one. */
void share_leave(struct throttle_pass *pass);
/* A slot of the limit of that name is free. */
void share_hear_free(struct throttle *throttle, struct str name);
void share_tell(struct throttle *throttle, const struct throttle_peer *peer, int64_t wait_ms);
void share_free(struct throttle *throttle);

#endif

#ifndef CORE_LIMIT_H
#define CORE_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "port/loop.h"

/*
 * Rate limits that processes share, in Redis and on its clock: docs/limits.md has keys and
 * script. A question is one script; nothing waits for it but who asked. What is told here (a
 * pause) is heard by all processes, this one too.
 *
 *     limits_new → [limits_ask → its callback, once]… → limits_free
 *                  limits_listen, when the second connection has come up
 */
struct limits;
struct redis;

enum { LIMITS_PLACES_MAX = 256, LIMITS_RULES_MAX = 8, LIMITS_AWAY_MS = 1000 };

/* What others are told. Strings are borrowed for the call. */
struct limits_news {
    struct str free;  /* a slot of the limit of that name; or empty, and … */
    uint64_t peer;    /* … nothing is sent to this peer */
    int64_t pause_ms; /* … for so long from now on */
};

struct limits_options {
    struct loop *loop;
    struct redis *redis; /* both borrowed; `told` waits for news, and is used by nothing else */
    struct redis *told;
    struct str prefix; /* "pagetide" */
    struct str worker; /* who holds slots: the id of the process */
    int64_t lease_ms;  /* slots are free so long after their owner was heard of last */
    void (*on_news)(void *ctx, const struct limits_news *news);
    void (*on_answer)(void *ctx, const char *what, const struct err *err); /* as queue.h's */
    void *ctx;
};

struct limits *limits_new(const struct limits_options *options) MUST_CHECK;
void limits_free(struct limits *limits); /* callbacks will not come any more; NULL is fine */

/* Redis is there, and has not failed for LIMITS_AWAY_MS. */
bool limits_is_up(const struct limits *limits);

struct limits_rule {
    struct str name;               /* of the limit: part of its key */
    int64_t interval_us, burst_us; /* GCRA; interval 0: no rate */
    int64_t concurrency, held;     /* slots, 0: no bound; and how many are ours */
    int64_t ahead_us; /* how far its theoretical arrival time is known to be ahead: a
                                     Redis that has lost it learns it again … */
    bool is_alone;    /* … and one that was away, too */
};

struct limits_grant {
    const int64_t *in_us; /* when each place is, from now on; `count` of them */
    size_t count;
    const int64_t *ahead_us; /* of each rule: how far its arrival time is ahead now */
    bool is_full;            /* fewer than were wanted, for want of slots */
    int64_t wait_us;         /* … or because the next is so far ahead; else 0 */
};

typedef void (*limits_fn)(void *ctx, const struct limits_grant *grant, const struct err *err);

/*
 * Asks for `want` places, each under all of the rules, and says what is held: so 0 is fine, and
 * gives back. Never calls back before it returns. The same question asked twice takes places
 * twice, and slots once.
 */
void limits_ask(struct limits *limits, const struct limits_rule *rules, size_t count,
                int64_t want, limits_fn fn, void *ctx);

/* A peer asked for a wait. */
void limits_tell_pause(struct limits *limits, uint64_t peer, int64_t wait_ms);

/* `told` has come up: hears what was told before, and what will be. */
void limits_listen(struct limits *limits);

#endif

#include "worker/pace/throttle.h"

#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/units.h"
#include "port/digest.h"
#include "port/hash.h"
#include "worker/pace/throttle_internal.h"

/*
 * Three things can keep a request back. They are asked in this order:
 *
 *     pause        the peer asked for a wait (Retry-After): nothing is sent to it until then
 *     failing      THROTTLE_FAILURES requests to the peer failed in a row, over all jobs: it is
 *                  left alone for THROTTLE_PAUSE_MS. Then the next failure counts as the first
 *     concurrency  as many requests as a limit allows are in flight
 *     rate         the slowest of the stream's rate limits
 *
 * A rate is GCRA. A limit of `requests` per `per_ms` lets a request pass every
 * interval = per_ms / requests, and remembers one number: tat, when the next request would
 * arrive if all kept to the interval. A burst lets requests come earlier than that:
 *
 *     a request may start at  max(now, tat + interval - interval * burst)
 *     and then                tat = max(tat, start) + interval
 *
 * E.g. 10 requests a second (interval 100 ms), burst 3, at rest until t = 1000:
 *
 *     asks at 1000   may start at 1000   tat becomes 1100
 *     asks at 1000                1000               1200
 *     asks at 1000                1000               1300
 *     asks at 1000                1100               1400     the burst is used up
 *     asks at 5000                5000               5100     and full again: 3 at once
 *
 * A request that must wait keeps its place: tat moves when the place is given, not when the
 * request starts, so that jobs that wait do not all come at the same moment. A place further
 * ahead than THROTTLE_AHEAD_MS is not given; the job asks again. A pause takes kept places
 * back, because all of them would be due at its end.
 *
 * A limit that processes share is kept by Redis, and only its tat is remembered (share.c).
 * Where Redis is away, each of `crowd` processes keeps to its part: an interval that is so much
 * longer, from that tat on.
 *
 * Invariants: in_flight of a limit is the number of passes with is_sent that hold it; a pass
 * has a place or is sent, never both.
 */

struct throttle *throttle_new(void (*on_free)(void *ctx), void *ctx)
{
    struct throttle *throttle = mem_alloc(sizeof *throttle);
    *throttle = (struct throttle){.on_free = on_free, .ctx = ctx, .crowded = arena_new()};
    rng_seed_random(&throttle->rng);
    return throttle;
}

void throttle_free(struct throttle *throttle)
{
    if (!throttle)
        return;
    share_free(throttle);
    for (size_t i = 0; i < THROTTLE_TABLE_SIZE; i++) {
        for (struct throttle_peer *peer = throttle->peers[i], *next; peer; peer = next) {
            next = peer->next;
            mem_free(peer);
        }
        for (struct throttle_limit *limit = throttle->limits[i], *next; limit; limit = next) {
            next = limit->next;
            mem_free(limit);
        }
    }
    arena_free(throttle->crowded);
    mem_free((char *)(uintptr_t)throttle->secret.ptr);
    mem_free(throttle);
}

static struct throttle_peer *find_peer(struct throttle *throttle, uint64_t id)
{
    struct throttle_peer **slot = &throttle->peers[id % THROTTLE_TABLE_SIZE], *peer = *slot;
    while (peer && peer->id != id)
        peer = peer->next;
    if (peer)
        return peer;
    peer = mem_alloc(sizeof *peer);
    *peer = (struct throttle_peer){.next = *slot, .id = id};
    return *slot = peer;
}

/* Streams of a source share a limit only where they give the same numbers for it. */
static uint64_t limit_id(uint64_t key, const struct stream *stream, size_t index)
{
    const struct rate_limit *limit = &stream->rate_limits[index];
    struct str owner = limit->is_per_stream ? stream->name : stream->source;
    uint64_t id = hash_fold(key, hash_bytes(owner, index));
    id = hash_fold(id, (uint64_t)limit->requests);
    id = hash_fold(id, (uint64_t)limit->per_ms);
    id = hash_fold(id, (uint64_t)limit->burst);
    return hash_fold(id, (uint64_t)limit->concurrency);
}

static int64_t crowd_of(const struct throttle *throttle, struct str source)
{
    for (size_t i = 0; i < throttle->crowd_count; i++)
        if (str_eq(throttle->crowds[i].source, source))
            return MAX(throttle->crowds[i].workers, 1);
    return 1;
}

void throttle_crowd(struct throttle *throttle, const struct throttle_crowd *crowds,
                    size_t count)
{
    arena_reset(throttle->crowded);
    throttle->crowds = ARENA_ARRAY(throttle->crowded, struct throttle_crowd, MAX(count, 1));
    throttle->crowd_count = count;
    for (size_t i = 0; i < count; i++)
        throttle->crowds[i] = (struct throttle_crowd){
            arena_str(throttle->crowded, crowds[i].source), crowds[i].workers};
    for (size_t i = 0; i < THROTTLE_TABLE_SIZE; i++)
        for (struct throttle_limit *limit = throttle->limits[i]; limit; limit = limit->next)
            limit->crowd = crowd_of(throttle, limit->source);
}

static void fill_limit(const struct throttle *throttle, struct throttle_limit *limit,
                       const struct stream *stream, const struct rate_limit *from)
{
    struct str owner = from->is_per_stream ? stream->name : stream->source;
    snprintf(limit->name, sizeof limit->name, "%.*s:%016jx", STR_ARG(owner),
             (uintmax_t)limit->id);
    limit->source = (struct str){limit->name, MIN(stream->source.len, owner.len)};
    limit->crowd = crowd_of(throttle, limit->source);
    limit->concurrency = from->concurrency;
    limit->burst = MAX(from->burst, 1);
    if (!from->requests)
        return;
    limit->interval_us = (from->per_ms * 1000 + from->requests - 1) / from->requests;
    limit->burst =
        MIN(limit->burst, UNITS_LONGEST_MS * 1000 / limit->interval_us); /* 64 bits */
}

static struct throttle_limit *find_limit(struct throttle *throttle, uint64_t id,
                                         const struct stream *stream,
                                         const struct rate_limit *from)
{
    struct throttle_limit **slot = &throttle->limits[id % THROTTLE_TABLE_SIZE], *limit = *slot;
    while (limit && limit->id != id)
        limit = limit->next;
    if (limit)
        return limit;
    limit = mem_alloc(sizeof *limit);
    *limit = (struct throttle_limit){.next = *slot, .id = id};
    fill_limit(throttle, limit, stream, from);
    return *slot = limit;
}

/* What others may see: a credential is in it by a keyed hash alone. */
static uint64_t peer_id(const struct throttle *throttle, const struct throttle_peer_key *key)
{
    unsigned char mac[DIGEST_SHA256_BYTES];
    char text[512];
    uint64_t id;
    int len = snprintf(text, sizeof text, "%016jx %.*s", (uintmax_t)key->credential,
                       STR_ARG(key->host));
    digest_hmac_sha256(throttle->secret, str_slice(str_from(text), 0, (size_t)len), mac);
    memcpy(&id, mac, sizeof id);
    return id;
}

static void find_all(struct throttle *throttle, struct throttle_pass *pass,
                     const struct stream *stream, const struct throttle_peer_key *key)
{
    uint64_t known = hash_bytes(key->host, key->credential);
    if (throttle->latest && throttle->latest_key == known)
        pass->peer = throttle->latest;
    else if (!pass->peer || pass->key != known)
        pass->peer = find_peer(throttle, peer_id(throttle, key));
    throttle->latest = pass->peer;
    throttle->latest_key = known;
    pass->key = known;
    uint64_t id = pass->peer->id;
    pass->limit_count = stream->rate_limit_count;
    for (size_t i = 0; i < pass->limit_count; i++)
        pass->limits[i] =
            find_limit(throttle, limit_id(id, stream, i), stream, &stream->rate_limits[i]);
}

/* --- the limits of one process --- */

/* Of its part, where it is one of several. */
static int64_t interval_us(const struct throttle_limit *limit)
{
    return limit->interval_us * limit->crowd;
}

static int64_t burst_us(const struct throttle_limit *limit)
{
    return interval_us(limit) * MAX(limit->burst / limit->crowd, 1);
}

static int64_t concurrency(const struct throttle_limit *limit)
{
    return limit->concurrency ? MAX(limit->concurrency / limit->crowd, 1) : 0;
}

/* Redis is away: all go on from the arrival time that it said last, each a little later. */
static void part(struct throttle *throttle, struct throttle_limit *limit, int64_t now_us)
{
    if (!limit->is_shared)
        return;
    limit->is_shared = false;
    limit->tat_us = MAX(limit->tat_us, now_us);
    if (limit->crowd > 1 && limit->interval_us)
        limit->tat_us += (int64_t)rng_below(&throttle->rng, (uint64_t)interval_us(limit));
}

/* When the next request may start, by the slowest of the limits. */
static int64_t ready_us(struct throttle *throttle, const struct throttle_pass *pass,
                        int64_t now_us)
{
    int64_t ready = now_us;
    for (size_t i = 0; i < pass->limit_count; i++) {
        struct throttle_limit *limit = pass->limits[i];
        part(throttle, limit, now_us);
        if (limit->interval_us)
            ready = MAX(ready, limit->tat_us + interval_us(limit) - burst_us(limit));
    }
    return ready;
}

static void take_place(struct throttle_pass *pass, int64_t at_us)
{
    for (size_t i = 0; i < pass->limit_count; i++) {
        struct throttle_limit *limit = pass->limits[i];
        if (limit->interval_us)
            limit->tat_us = MAX(limit->tat_us, at_us) + interval_us(limit);
    }
    pass->has_place = true;
    pass->ready_mono_ms = (at_us + 999) / 1000;
}

static bool is_full(struct throttle_pass *pass)
{
    for (size_t i = 0; i < pass->limit_count; i++) {
        struct throttle_limit *limit = pass->limits[i];
        if (limit->concurrency && limit->in_flight >= concurrency(limit))
            return limit->is_wanted = true;
    }
    return false;
}

static enum throttle_wait start(struct throttle_pass *pass)
{
    share_sent(pass);
    for (size_t i = 0; i < pass->limit_count; i++)
        pass->limits[i]->in_flight++;
    pass->has_place = false;
    pass->is_sent = true;
    return THROTTLE_GO;
}

static enum throttle_wait take_own_place(struct throttle *throttle, struct throttle_pass *pass,
                                         int64_t now_mono_ms, int64_t *ret_wait_ms)
{
    if (!pass->has_place)
        share_leave(pass);
    if (is_full(pass))
        return THROTTLE_FULL;
    if (pass->has_place)
        return THROTTLE_GO;
    int64_t at_us = ready_us(throttle, pass, now_mono_ms * 1000);
    *ret_wait_ms = (at_us + 999) / 1000 - now_mono_ms;
    if (*ret_wait_ms > THROTTLE_AHEAD_MS)
        return THROTTLE_LIMITED;
    take_place(pass, at_us);
    return THROTTLE_GO;
}

enum throttle_wait throttle_take(struct throttle *throttle, struct throttle_pass *pass,
                                 const struct stream *stream,
                                 const struct throttle_peer_key *key, int64_t now_mono_ms,
                                 int64_t *ret_wait_ms)
{
    assert(!pass->is_sent);
    find_all(throttle, pass, stream, key);
    int64_t paused_ms = pass->peer->paused_until_mono_ms - now_mono_ms;
    int64_t failing_ms = pass->peer->failing_until_mono_ms - now_mono_ms;
    if (paused_ms > 0 || failing_ms > 0) {
        /* Places kept from before a pause would all come due at its end. */
        share_leave(pass);
        *ret_wait_ms = MAX(paused_ms, failing_ms);
        return paused_ms >= failing_ms ? THROTTLE_PAUSED : THROTTLE_FAILING;
    }
    enum throttle_wait why = share_is_on(throttle) && pass->limit_count
                                 ? share_take_place(throttle, pass, now_mono_ms, ret_wait_ms)
                                 : take_own_place(throttle, pass, now_mono_ms, ret_wait_ms);
    if (why != THROTTLE_GO)
        return why;
    *ret_wait_ms = pass->ready_mono_ms - now_mono_ms;
    return *ret_wait_ms > 0 ? THROTTLE_LIMITED : start(pass);
}

/* The request is no longer in flight, if it was. */
static void end(struct throttle *throttle, struct throttle_pass *pass)
{
    bool is_wanted = false;
    for (size_t i = 0; pass->is_sent && i < pass->limit_count; i++) {
        struct throttle_limit *limit = pass->limits[i];
        assert(limit->in_flight > 0);
        limit->in_flight--;
        is_wanted |= limit->is_wanted;
        limit->is_wanted = false;
    }
    if (pass->is_sent)
        share_ended(pass);
    pass->is_sent = false;
    if (is_wanted)
        throttle->on_free(throttle->ctx);
}

void throttle_give(struct throttle *throttle, struct throttle_pass *pass, bool has_failed,
                   int64_t now_mono_ms)
{
    struct throttle_peer *peer = pass->peer;
    assert(pass->is_sent);
    end(throttle, pass);
    peer->failures = has_failed ? peer->failures + 1 : 0;
    if (peer->failures < THROTTLE_FAILURES)
        return;
    peer->failures = 0;
    peer->failing_until_mono_ms = now_mono_ms + THROTTLE_PAUSE_MS;
}

void throttle_pause(struct throttle *throttle, struct throttle_pass *pass, int64_t now_mono_ms,
                    int64_t wait_ms)
{
    int64_t until = now_mono_ms + wait_ms;
    assert(pass->peer);
    share_tell(throttle, pass->peer, wait_ms);
    pass->peer->paused_until_mono_ms = MAX(pass->peer->paused_until_mono_ms, until);
}

void throttle_drop(struct throttle *throttle, struct throttle_pass *pass)
{
    end(throttle, pass);
    share_leave(pass);
    *pass = (struct throttle_pass){.peer = NULL};
}

void throttle_hear(struct throttle *throttle, const struct limits_news *news,
                   int64_t now_mono_ms)
{
    if (news->free.len) {
        share_hear_free(throttle, news->free);
        return;
    }
    struct throttle_peer *peer = find_peer(throttle, news->peer);
    peer->paused_until_mono_ms = MAX(peer->paused_until_mono_ms, now_mono_ms + news->pause_ms);
}

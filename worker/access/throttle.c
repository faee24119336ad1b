#include "worker/access/throttle.h"

#include "base/mem.h"
#include "port/hash.h"

/* Peers and limits are few and stay as long as the process. */
enum { TABLE_SIZE = 256 };

/* A peer: an API as one credential sees it. */
struct throttle_peer {
    struct throttle_peer *next;
    uint64_t id;
    int64_t paused_until_mono_ms;  /* it asked for it */
    int64_t failing_until_mono_ms; /* we leave it alone */
    int failures;                  /* in a row */
};

struct throttle_limit {
    struct throttle_limit *next;
    uint64_t id;
    int64_t interval_us, burst_us; /* interval 0: no rate */
    int64_t tat_us;                /* theoretical arrival time of the next request */
    int64_t concurrency, in_flight;
    bool is_wanted; /* somebody was refused for `concurrency` */
};

struct throttle {
    struct throttle_peer *peers[TABLE_SIZE];
    struct throttle_limit *limits[TABLE_SIZE];
    void (*on_free)(void *ctx);
    void *ctx;
};

struct throttle *throttle_new(void (*on_free)(void *ctx), void *ctx)
{
    struct throttle *throttle = mem_alloc(sizeof *throttle);
    *throttle = (struct throttle){.on_free = on_free, .ctx = ctx};
    return throttle;
}

void throttle_free(struct throttle *throttle)
{
    if (!throttle)
        return;
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        for (struct throttle_peer *peer = throttle->peers[i], *next; peer; peer = next) {
            next = peer->next;
            mem_free(peer);
        }
        for (struct throttle_limit *limit = throttle->limits[i], *next; limit; limit = next) {
            next = limit->next;
            mem_free(limit);
        }
    }
    mem_free(throttle);
}

static struct throttle_peer *find_peer(struct throttle *throttle, uint64_t id)
{
    struct throttle_peer **slot = &throttle->peers[id % TABLE_SIZE], *peer = *slot;
    while (peer && peer->id != id)
        peer = peer->next;
    if (peer)
        return peer;
    peer = mem_alloc(sizeof *peer);
    *peer = (struct throttle_peer){.next = *slot, .id = id};
    return *slot = peer;
}

/* Streams that share a limit say the same about it; who says something else has his own. */
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

static struct throttle_limit *find_limit(struct throttle *throttle, uint64_t id,
                                         const struct rate_limit *from)
{
    struct throttle_limit **slot = &throttle->limits[id % TABLE_SIZE], *limit = *slot;
    while (limit && limit->id != id)
        limit = limit->next;
    if (limit)
        return limit;
    limit = mem_alloc(sizeof *limit);
    *limit = (struct throttle_limit){.next = *slot, .id = id, .concurrency = from->concurrency};
    if (from->requests) {
        limit->interval_us = (from->per_ms * 1000 + from->requests - 1) / from->requests;
        limit->burst_us = limit->interval_us * MAX(from->burst, 1);
    }
    return *slot = limit;
}

static void aim(struct throttle *throttle, struct throttle_pass *pass,
                const struct stream *stream, const struct throttle_peer_key *key)
{
    uint64_t id = hash_bytes(key->host, key->credential);
    pass->peer = find_peer(throttle, id);
    pass->limit_count = stream->rate_limit_count;
    for (size_t i = 0; i < pass->limit_count; i++)
        pass->limits[i] =
            find_limit(throttle, limit_id(id, stream, i), &stream->rate_limits[i]);
}

/* When the next request may start, by the slowest of the limits. */
static int64_t ready_us(const struct throttle_pass *pass, int64_t now_us)
{
    int64_t ready = now_us;
    for (size_t i = 0; i < pass->limit_count; i++) {
        const struct throttle_limit *limit = pass->limits[i];
        if (limit->interval_us)
            ready = MAX(ready, limit->tat_us + limit->interval_us - limit->burst_us);
    }
    return ready;
}

static void take_place(struct throttle_pass *pass, int64_t at_us)
{
    for (size_t i = 0; i < pass->limit_count; i++) {
        struct throttle_limit *limit = pass->limits[i];
        if (limit->interval_us)
            limit->tat_us = MAX(limit->tat_us, at_us) + limit->interval_us;
    }
    pass->has_place = true;
    pass->ready_mono_ms = (at_us + 999) / 1000;
}

static bool is_full(struct throttle_pass *pass)
{
    for (size_t i = 0; i < pass->limit_count; i++) {
        struct throttle_limit *limit = pass->limits[i];
        if (limit->concurrency && limit->in_flight >= limit->concurrency)
            return limit->is_wanted = true;
    }
    return false;
}

static enum throttle_wait go(struct throttle_pass *pass)
{
    for (size_t i = 0; i < pass->limit_count; i++)
        pass->limits[i]->in_flight++;
    pass->has_place = false;
    pass->is_sent = true;
    return THROTTLE_GO;
}

enum throttle_wait throttle_take(struct throttle *throttle, struct throttle_pass *pass,
                                 const struct stream *stream,
                                 const struct throttle_peer_key *key, int64_t now_mono_ms,
                                 int64_t *ret_wait_ms)
{
    aim(throttle, pass, stream, key);
    int64_t paused_ms = pass->peer->paused_until_mono_ms - now_mono_ms;
    int64_t failing_ms = pass->peer->failing_until_mono_ms - now_mono_ms;
    if (paused_ms > 0 || failing_ms > 0) {
        /* Places kept from before a pause would all come due at its end. */
        pass->has_place = false;
        *ret_wait_ms = MAX(paused_ms, failing_ms);
        return paused_ms >= failing_ms ? THROTTLE_PAUSED : THROTTLE_FAILING;
    }
    if (is_full(pass))
        return THROTTLE_FULL;
    if (!pass->has_place) {
        int64_t at_us = ready_us(pass, now_mono_ms * 1000);
        *ret_wait_ms = (at_us + 999) / 1000 - now_mono_ms;
        if (*ret_wait_ms > THROTTLE_AHEAD_MS)
            return THROTTLE_LIMITED;
        take_place(pass, at_us);
    }
    *ret_wait_ms = pass->ready_mono_ms - now_mono_ms;
    return *ret_wait_ms > 0 ? THROTTLE_LIMITED : go(pass);
}

static void leave(struct throttle *throttle, struct throttle_pass *pass)
{
    bool is_wanted = false;
    for (size_t i = 0; pass->is_sent && i < pass->limit_count; i++) {
        struct throttle_limit *limit = pass->limits[i];
        limit->in_flight--;
        is_wanted |= limit->is_wanted;
        limit->is_wanted = false;
    }
    pass->is_sent = false;
    if (is_wanted)
        throttle->on_free(throttle->ctx);
}

void throttle_give(struct throttle *throttle, struct throttle_pass *pass, bool has_failed,
                   int64_t now_mono_ms)
{
    struct throttle_peer *peer = pass->peer;
    leave(throttle, pass);
    peer->failures = has_failed ? peer->failures + 1 : 0;
    if (peer->failures < THROTTLE_FAILURES)
        return;
    peer->failures = 0;
    peer->failing_until_mono_ms = now_mono_ms + THROTTLE_PAUSE_MS;
}

void throttle_pause(struct throttle_pass *pass, int64_t now_mono_ms, int64_t wait_ms)
{
    int64_t until = now_mono_ms + wait_ms;
    pass->peer->paused_until_mono_ms = MAX(pass->peer->paused_until_mono_ms, until);
}

void throttle_drop(struct throttle *throttle, struct throttle_pass *pass)
{
    leave(throttle, pass);
    *pass = (struct throttle_pass){.peer = NULL};
}

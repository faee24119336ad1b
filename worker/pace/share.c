#include "worker/pace/throttle_internal.h"

#include <assert.h>

#include "base/clock.h"
#include "base/mem.h"

/*
 * Limits that processes share. Passes under the same limits are a group. A pass that wants a
 * place is counted in its group, and refused with FULL; the group asks Redis for as many places
 * as are wanted, one question at a time, so that those who come meanwhile are in the next one.
 * The answer's places are kept in the group, and all who wait are woken to take them:
 *
 *     share_take_place → FULL ─→ ask ─→ on_grant ─→ on_free ─→ share_take_place → GO
 *                         ↑                │
 *                         └─ no slot ──────┘ asked again when one is told free, or in AGAIN_MS
 *
 * `kept` of a limit counts the places that are given and not used. With in_flight that is what
 * the process holds, and each question says it anew: a slot is free when the next one says
 * less, at once after the end of a request, or when nothing was heard for a lease. A place is a
 * moment of Redis' clock: it is used when its time comes, or lapses.
 */
enum {
    AGAIN_MS = 500,  /* for a slot, where nobody tells that one is free */
    TELL_MS = 2,     /* an end of a request waits so long for others, or for the next begin */
    LAPSES_MS = 200, /* a place that nobody came for */
    RENEWS_MS = 5000,
};

struct throttle_group {
    struct throttle_group *next;
    struct throttle *throttle;
    struct throttle_limit *limits[RATE_LIMITS_MAX];
    size_t limit_count;
    int64_t *places; /* when, monotonic ms, in their order; from `place_from` on */
    size_t place_from, place_count, place_capacity;
    int64_t wanted; /* passes */
    int64_t not_before_mono_ms;
    bool is_asking, is_full;
    bool has_news; /* of what is held, for Redis */
};

struct share {
    struct limits *limits;
    struct throttle_group *groups;
    struct loop_timer *tell, *again, *renew;
};

bool share_is_on(const struct throttle *throttle)
{
    return throttle->share && limits_is_up(throttle->share->limits);
}

/* --- places --- */

static void count_kept(struct throttle_group *group, int64_t by)
{
    for (size_t i = 0; i < group->limit_count; i++) {
        group->limits[i]->kept += by;
        assert(group->limits[i]->kept >= 0);
    }
}

static bool has_slots(const struct throttle_group *group)
{
    for (size_t i = 0; i < group->limit_count; i++)
        if (group->limits[i]->concurrency)
            return true;
    return false;
}

static void note_news(struct throttle_group *group)
{
    if (!has_slots(group))
        return;
    group->has_news = true;
    if (!loop_timer_is_set(group->throttle->share->tell))
        loop_timer_set(group->throttle->share->tell, TELL_MS);
}

static void drop_lapsed(struct throttle_group *group, int64_t now_mono_ms)
{
    size_t count = 0;
    while (group->place_from + count < group->place_count &&
           group->places[group->place_from + count] + LAPSES_MS < now_mono_ms)
        count++;
    if (!count)
        return;
    group->place_from += count;
    count_kept(group, -(int64_t)count);
    note_news(group);
}

static void keep_places(struct throttle_group *group, const struct limits_grant *grant,
                        int64_t now_us)
{
    size_t left = group->place_count - group->place_from;
    for (size_t i = 0; i < left; i++)
        group->places[i] = group->places[group->place_from + i];
    group->place_from = 0;
    group->place_count = left;
    for (size_t i = 0; i < grant->count; i++) {
        MEM_GROW(group->places, group->place_count, group->place_capacity);
        group->places[group->place_count++] = (now_us + grant->in_us[i] + 999) / 1000;
    }
    count_kept(group, (int64_t)grant->count);
}

static void take_place(struct throttle_group *group, struct throttle_pass *pass)
{
    pass->ready_mono_ms = group->places[group->place_from++];
    pass->has_place = true;
}

/* --- questions --- */

static void on_grant(void *ctx, const struct limits_grant *grant, const struct err *err);

/* Another group's question about one of the limits says what is held, too. */
static bool is_asked(const struct throttle_group *group)
{
    for (size_t i = 0; i < group->limit_count; i++)
        if (group->limits[i]->is_asked)
            return true;
    return false;
}

static void set_asked(struct throttle_group *group, bool is_asking)
{
    group->is_asking = is_asking;
    for (size_t i = 0; i < group->limit_count; i++)
        group->limits[i]->is_asked = is_asking;
}

/* For a Redis that knows less: each of the others has had a place since we heard last, say. */
static int64_t ahead_us(const struct throttle_limit *limit, int64_t now_us)
{
    return limit->tat_us - now_us + limit->interval_us * (limit->crowd - 1);
}

static void ask(struct throttle_group *group)
{
    struct limits_rule rules[LIMITS_RULES_MAX];
    int64_t now_us = clock_mono_ms() * 1000;
    if (group->is_asking)
        return;
    if (has_slots(group) && is_asked(group)) {
        note_news(group);
        return;
    }
    drop_lapsed(group, now_us / 1000);
    int64_t left = (int64_t)(group->place_count - group->place_from);
    for (size_t i = 0; i < group->limit_count; i++) {
        const struct throttle_limit *limit = group->limits[i];
        rules[i] = (struct limits_rule){.name = str_from(limit->name),
                                        .interval_us = limit->interval_us,
                                        .burst_us = limit->interval_us * limit->burst,
                                        .concurrency = limit->concurrency,
                                        .held = limit->in_flight + limit->kept,
                                        .ahead_us = ahead_us(limit, now_us),
                                        .is_alone = !limit->is_shared};
    }
    set_asked(group, true);
    group->has_news = false;
    limits_ask(group->throttle->share->limits, rules, group->limit_count,
               MAX(group->wanted - left, 0), on_grant, group);
}

/* The rest of those who want a place wait for a slot, or for a time that is not near. */
static void note_rest(struct throttle_group *group, const struct limits_grant *grant,
                      int64_t now_us)
{
    group->is_full = grant->is_full;
    if (grant->is_full)
        loop_timer_set(group->throttle->share->again, AGAIN_MS);
    if (grant->wait_us)
        group->not_before_mono_ms = (now_us + grant->wait_us + 999) / 1000;
}

static void on_grant(void *ctx, const struct limits_grant *grant, const struct err *err)
{
    struct throttle_group *group = ctx;
    struct throttle *throttle = group->throttle;
    int64_t now_us = clock_mono_ms() * 1000;
    set_asked(group, false);
    if (!err) {
        keep_places(group, grant, now_us);
        note_rest(group, grant, now_us);
        for (size_t i = 0; i < group->limit_count; i++) {
            group->limits[i]->is_shared = true;
            group->limits[i]->tat_us = now_us + grant->ahead_us[i];
        }
    }
    if (group->wanted)
        throttle->on_free(throttle->ctx);
}

/* --- passes --- */

static bool is_of(const struct throttle_group *group, const struct throttle_pass *pass)
{
    return group->limit_count == pass->limit_count &&
           !memcmp(group->limits, pass->limits, pass->limit_count * sizeof *pass->limits);
}

static struct throttle_group *find_group(struct throttle *throttle,
                                         const struct throttle_pass *pass)
{
    struct throttle_group *group = throttle->share->groups;
    while (group && !is_of(group, pass))
        group = group->next;
    if (group)
        return group;
    group = mem_alloc(sizeof *group);
    *group = (struct throttle_group){.next = throttle->share->groups,
                                     .throttle = throttle,
                                     .limit_count = pass->limit_count};
    memcpy(group->limits, pass->limits, pass->limit_count * sizeof *pass->limits);
    return throttle->share->groups = group;
}

/* It is counted until it has a place, or goes. */
static void want(struct throttle_group *group, struct throttle_pass *pass, bool wants)
{
    if (pass->wants_place != wants)
        group->wanted += wants ? 1 : -1;
    pass->wants_place = wants;
}

enum throttle_wait share_take_place(struct throttle *throttle, struct throttle_pass *pass,
                                    int64_t now_mono_ms, int64_t *ret_wait_ms)
{
    struct throttle_group *group = find_group(throttle, pass);
    if (pass->group != group)
        share_leave(pass);
    pass->group = group;
    if (pass->has_place)
        return THROTTLE_GO;
    drop_lapsed(group, now_mono_ms);
    if (group->place_from < group->place_count) {
        take_place(group, pass);
        want(group, pass, false);
        return THROTTLE_GO;
    }
    *ret_wait_ms = group->not_before_mono_ms - now_mono_ms;
    if (*ret_wait_ms > THROTTLE_AHEAD_MS) {
        want(group, pass, false);
        return THROTTLE_LIMITED;
    }
    want(group, pass, true);
    if (!group->is_full)
        ask(group);
    return THROTTLE_FULL;
}

void share_sent(struct throttle_pass *pass)
{
    if (pass->group)
        count_kept(pass->group, -1);
}

void share_ended(struct throttle_pass *pass)
{
    if (pass->group)
        note_news(pass->group);
    pass->group = NULL;
}

void share_leave(struct throttle_pass *pass)
{
    if (pass->group) {
        want(pass->group, pass, false);
        if (pass->has_place) {
            count_kept(pass->group, -1);
            note_news(pass->group);
        }
    }
    pass->group = NULL;
    pass->has_place = false;
}

/* --- news --- */

/* What has ended meanwhile is told; where others want a place, their question tells it. */
static void on_tell(void *ctx)
{
    struct throttle *throttle = ctx;
    struct throttle_group *group = throttle->share->groups;
    for (; group && share_is_on(throttle); group = group->next) {
        if (group->has_news && is_asked(group))
            loop_timer_set(throttle->share->tell, TELL_MS);
        else if (group->has_news)
            ask(group);
    }
}

static void on_again(void *ctx)
{
    struct throttle *throttle = ctx;
    for (struct throttle_group *group = throttle->share->groups; group; group = group->next)
        group->is_full = false;
    throttle->on_free(throttle->ctx);
}

/* Slots that are held for long are held on. */
static void on_renew(void *ctx)
{
    struct throttle *throttle = ctx;
    for (struct throttle_group *group = throttle->share->groups; group; group = group->next)
        for (size_t i = 0; i < group->limit_count; i++)
            if (group->limits[i]->in_flight + group->limits[i]->kept)
                note_news(group);
    loop_timer_set(throttle->share->renew, RENEWS_MS);
}

void share_hear_free(struct throttle *throttle, struct str name)
{
    bool is_mine = false;
    for (struct throttle_group *group = throttle->share->groups; group; group = group->next)
        for (size_t i = 0; i < group->limit_count; i++)
            if (group->is_full && str_is(name, group->limits[i]->name))
                group->is_full = false, is_mine = true;
    if (is_mine)
        throttle->on_free(throttle->ctx);
}

void share_tell(struct throttle *throttle, const struct throttle_peer *peer, int64_t wait_ms)
{
    if (throttle->share)
        limits_tell_pause(throttle->share->limits, peer->id, wait_ms);
}

/* --- life --- */

void throttle_share(struct throttle *throttle, struct loop *loop, struct limits *limits,
                    struct str secret)
{
    struct share *share = mem_alloc(sizeof *share);
    assert(!throttle->share);
    *share = (struct share){.limits = limits,
                            .tell = loop_timer_new(loop, on_tell, throttle),
                            .again = loop_timer_new(loop, on_again, throttle),
                            .renew = loop_timer_new(loop, on_renew, throttle)};
    throttle->share = share;
    throttle->secret = (struct str){mem_dup(secret.ptr, secret.len), secret.len};
    loop_timer_set(share->renew, RENEWS_MS);
}

void share_free(struct throttle *throttle)
{
    struct share *share = throttle->share;
    if (!share)
        return;
    for (struct throttle_group *group = share->groups, *next; group; group = next) {
        next = group->next;
        mem_free(group->places);
        mem_free(group);
    }
    loop_timer_free(share->tell);
    loop_timer_free(share->again);
    loop_timer_free(share->renew);
    mem_free(share);
}

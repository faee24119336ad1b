#include "core/limit.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/script.h"

/*
 * Two connections. By the first the script is sent (script.h), and what others are told. An
 * answer that does not come costs places, never the rate.
 *
 * On the second an XREAD waits, two seconds at a time, for what is told. It begins with all
 * that the stream holds, since a process that has just come does not know of a pause. An
 * entry's id is Redis' time, so that time is asked for first:
 *
 *     limits_listen → TIME → XREAD 0 → news… → XREAD last → …
 *                      ↑                 │
 *                      └── in 5 s ───────┘ refused; a connection that broke begins anew
 */
enum {
    ANSWER_MS = 2000, /* so long a request waits at most for a Redis that hangs */
    BLOCK_MS = 2000,
    DEAF_MS = 5000,
    TOLD_EXPIRES_S = 86400,
    PAUSE_MS_MAX = 7 * 86400 * 1000,
    ID_BYTES = 44,
    RULE_FIELDS = 7,
    OWN_ARGS = 4, /* prefix, worker, lease, want */
    ANSWER_FIELDS = 2,
};

struct limits {
    struct limits_options options;
    struct arena *arena;
    struct str prefix, told_key, lease_ms;
    struct scripts asks;
    struct script script;
    int64_t away_until_mono_ms;
    char last_id[ID_BYTES];
    int64_t redis_ahead_ms; /* of our monotonic clock */
    bool is_listening;
    struct loop_timer *deaf;
};

/* A question. */
struct asking {
    struct script_ask redis;
    struct limits *limits;
    size_t rules;
    limits_fn fn;
    void *ctx;
};

/* --- questions --- */

static struct asking *asking_new(struct limits *limits, script_answer_fn fn)
{
    struct asking *asking = script_ask_new(&limits->asks, sizeof *asking, fn);
    asking->limits = limits;
    return asking;
}

static struct asking *asking_of(struct script_ask *redis)
{
    return (struct asking *)redis; /* its first member */
}

static bool read_numbers(const struct redis_reply *reply, size_t rules, int64_t *ret_numbers)
{
    if (reply->type != REDIS_ARRAY || reply->count < ANSWER_FIELDS + rules)
        return false;
    for (size_t i = 0; i < reply->count; i++) {
        if (reply->items[i]->type != REDIS_INTEGER)
            return false;
        ret_numbers[i] = reply->items[i]->integer;
    }
    return true;
}

static void on_grant(struct script_ask *redis, const struct redis_reply *reply,
                     const struct err *err)
{
    struct asking *asking = asking_of(redis);
    struct err bug = ERR_INIT;
    int64_t *numbers = reply ? ARENA_ARRAY(redis->arena, int64_t, reply->count + 1) : NULL;
    if (!err && !read_numbers(reply, asking->rules, numbers)) {
        script_ask_distrust(redis, &bug);
        err = &bug;
    }
    if (err) {
        asking->limits->away_until_mono_ms = clock_mono_ms() + LIMITS_AWAY_MS;
        asking->fn(asking->ctx, NULL, err);
        return;
    }
    size_t head = ANSWER_FIELDS + asking->rules;
    const struct limits_grant grant = {.is_full = numbers[0] != 0,
                                       .wait_us = numbers[1],
                                       .ahead_us = numbers + ANSWER_FIELDS,
                                       .in_us = numbers + head,
                                       .count = reply->count - head};
    asking->fn(asking->ctx, &grant, NULL);
}

static void put_rule(struct script_ask *ask, struct str *fields, const struct limits_rule *rule)
{
    fields[0] = arena_str(ask->arena, rule->name);
    fields[1] = script_ask_number(ask, rule->interval_us);
    fields[2] = script_ask_number(ask, rule->burst_us);
    fields[3] = script_ask_number(ask, rule->concurrency);
    fields[4] = script_ask_number(ask, rule->held);
    fields[5] = script_ask_number(ask, MAX(rule->ahead_us, 0));
    fields[6] = rule->is_alone ? STR("1") : STR("0");
}

void limits_ask(struct limits *limits, const struct limits_rule *rules, size_t count,
                int64_t want, limits_fn fn, void *ctx)
{
    struct asking *asking = asking_new(limits, on_grant);
    struct script_ask *ask = &asking->redis;
    size_t arg_count = OWN_ARGS + count * RULE_FIELDS;
    struct str *args = ARENA_ARRAY(ask->arena, struct str, arg_count);
    assert(count <= LIMITS_RULES_MAX);
    asking->rules = count;
    asking->fn = fn;
    asking->ctx = ctx;
    args[0] = limits->prefix;
    args[1] = limits->options.worker;
    args[2] = limits->lease_ms;
    args[3] = script_ask_number(ask, MIN(want, LIMITS_PLACES_MAX));
    for (size_t i = 0; i < count; i++)
        put_rule(ask, args + OWN_ARGS + i * RULE_FIELDS, &rules[i]);
    script_ask_send(ask, &limits->script, args, arg_count);
}

/* --- telling --- */

/* Where it fails nobody else hears it; this process knows, and what is refused is told. */
static void on_told(struct script_ask *ask, const struct redis_reply *reply,
                    const struct err *err)
{
    (void)ask, (void)reply, (void)err;
}

static void tell(struct limits *limits, const struct str *args, size_t count)
{
    struct asking *asking = asking_new(limits, on_told);
    script_ask_command(&asking->redis, limits->options.redis, args, count, ANSWER_MS);
}

void limits_tell_pause(struct limits *limits, uint64_t peer, int64_t wait_ms)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct str add[] = {STR("XADD"),   limits->told_key,
                              STR("MAXLEN"), STR("~"),
                              STR("1000"),   STR("*"),
                              STR("pause"),  arena_printf(arena, "%016jx", (uintmax_t)peer),
                              STR("ms"),     arena_printf(arena, "%jd", (intmax_t)wait_ms)};
    int64_t expires_s = MAX(wait_ms / 1000 + 1, TOLD_EXPIRES_S);
    const struct str expire[] = {STR("EXPIRE"), limits->told_key,
                                 arena_printf(arena, "%jd", (intmax_t)expires_s)};
    tell(limits, add, COUNT_OF(add));
    tell(limits, expire, COUNT_OF(expire));
}

/* --- listening --- */

static void listen_on(struct limits *limits);

static void hear_pause(struct limits *limits, struct str id, struct str peer, struct str ms)
{
    struct str at;
    int64_t at_ms, pause_ms;
    char digits[17] = "", *end;
    str_split(id, '-', &at);
    if (!str_to_int64(at, &at_ms) || !str_to_int64(ms, &pause_ms) || peer.len != 16)
        return;
    memcpy(digits, peer.ptr, peer.len);
    struct limits_news news = {.peer = strtoull(digits, &end, 16)};
    int64_t ago_ms = clock_mono_ms() + limits->redis_ahead_ms - at_ms;
    news.pause_ms = MIN(pause_ms, (int64_t)PAUSE_MS_MAX) - MAX(ago_ms, 0);
    if (!*end && news.pause_ms > 0)
        limits->options.on_news(limits->options.ctx, &news);
}

/* An entry is [id, [name, value, …]]. What another version tells is passed over. */
static void hear(struct limits *limits, const struct redis_reply *entry)
{
    if (entry->type != REDIS_ARRAY || entry->count != 2 ||
        entry->items[1]->type != REDIS_ARRAY || entry->items[0]->text.len >= ID_BYTES)
        return;
    const struct redis_reply *free = redis_reply_find(entry->items[1], STR("free")),
                             *pause = redis_reply_find(entry->items[1], STR("pause")),
                             *ms = redis_reply_find(entry->items[1], STR("ms"));
    snprintf(limits->last_id, sizeof limits->last_id, "%.*s", STR_ARG(entry->items[0]->text));
    if (free)
        limits->options.on_news(limits->options.ctx, &(struct limits_news){.free = free->text});
    else if (pause && ms)
        hear_pause(limits, entry->items[0]->text, pause->text, ms->text);
}

static void hear_all(struct limits *limits, const struct redis_reply *reply)
{
    if (reply->type != REDIS_ARRAY || reply->count != 1 ||
        reply->items[0]->type != REDIS_ARRAY || reply->items[0]->count != 2)
        return;
    const struct redis_reply *entries = reply->items[0]->items[1];
    for (size_t i = 0; entries->type == REDIS_ARRAY && i < entries->count; i++)
        hear(limits, entries->items[i]);
}

/* A connection that broke begins anew by limits_listen. */
static void go_deaf(struct limits *limits)
{
    limits->is_listening = false;
    if (redis_is_up(limits->options.told))
        loop_timer_set(limits->deaf, DEAF_MS);
}

static void on_read(struct script_ask *ask, const struct redis_reply *reply,
                    const struct err *err)
{
    struct limits *limits = asking_of(ask)->limits;
    if (err) {
        go_deaf(limits);
        return;
    }
    hear_all(limits, reply);
    listen_on(limits);
}

static void listen_on(struct limits *limits)
{
    char block[24];
    snprintf(block, sizeof block, "%d", BLOCK_MS);
    const struct str args[] = {
        STR("XREAD"),    STR("COUNT"),   STR("1000"),      STR("BLOCK"),
        str_from(block), STR("STREAMS"), limits->told_key, str_from(limits->last_id)};
    script_ask_command(&asking_new(limits, on_read)->redis, limits->options.told, args,
                       COUNT_OF(args), BLOCK_MS + 2 * ANSWER_MS);
}

static void on_time(struct script_ask *ask, const struct redis_reply *reply,
                    const struct err *err)
{
    struct limits *limits = asking_of(ask)->limits;
    int64_t now_s, now_us;
    if (err || reply->type != REDIS_ARRAY || reply->count != 2 ||
        !str_to_int64(reply->items[0]->text, &now_s) ||
        !str_to_int64(reply->items[1]->text, &now_us)) {
        go_deaf(limits);
        return;
    }
    limits->redis_ahead_ms = now_s * 1000 + now_us / 1000 - clock_mono_ms();
    listen_on(limits);
}

void limits_listen(struct limits *limits)
{
    const struct str time = STR("TIME");
    if (limits->is_listening)
        return;
    limits->is_listening = true;
    snprintf(limits->last_id, sizeof limits->last_id, "0");
    script_ask_command(&asking_new(limits, on_time)->redis, limits->options.told, &time, 1,
                       ANSWER_MS);
}

static void on_deaf(void *ctx)
{
    limits_listen(ctx);
}

/* --- life --- */

struct limits *limits_new(const struct limits_options *options)
{
    struct limits *limits = mem_alloc(sizeof *limits);
    struct arena *arena = arena_new();
    *limits = (struct limits){.options = *options, .arena = arena};
    limits->script = (struct script){.name = "limit", .text = script_text("limit.lua")};
    scripts_init(&limits->asks, options->redis, ANSWER_MS, options->on_answer, options->ctx);
    limits->prefix = arena_printf(arena, "%.*s:", STR_ARG(options->prefix));
    limits->told_key = arena_printf(arena, "%.*s:told", STR_ARG(options->prefix));
    limits->lease_ms = arena_printf(arena, "%jd", (intmax_t)options->lease_ms);
    limits->options.worker = arena_str(arena, options->worker);
    limits->deaf = loop_timer_new(options->loop, on_deaf, limits);
    return limits;
}

void limits_free(struct limits *limits)
{
    if (!limits)
        return;
    scripts_done(&limits->asks);
    loop_timer_free(limits->deaf);
    arena_free(limits->arena);
    mem_free(limits);
}

bool limits_is_up(const struct limits *limits)
{
    return redis_is_up(limits->options.redis) && clock_mono_ms() >= limits->away_until_mono_ms;
}

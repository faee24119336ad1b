#include "core/limit.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/embedded.h"
#include "base/mem.h"
#include "port/redis.h"

/*
 * Two connections. By the first the script is sent: as EVALSHA once Redis has said its digest,
 * as EVAL until then and after NOSCRIPT, which says that it did not run. An answer that does
 * not come costs places, never the rate.
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
    SHA_BYTES = 40,
    ID_BYTES = 44,
    RULE_FIELDS = 7,
    OWN_ARGS = 7, /* command, script, number of keys, prefix, worker, lease, want */
    ANSWER_FIELDS = 2,
};

struct limits {
    struct limits_options options;
    struct arena *arena;
    struct str prefix, told_key, lease_ms, text;
    char sha[SHA_BYTES + 1];
    int64_t away_until_mono_ms;
    struct asking *asked; /* without an answer so far */
    char last_id[ID_BYTES];
    int64_t redis_ahead_ms; /* of our monotonic clock */
    bool is_listening;
    struct loop_timer *deaf;
    struct listening *listening;
};

/* A question; it outlives its limits until the answer comes. */
struct asking {
    struct limits *limits; /* NULL: freed */
    struct asking *next, **link;
    struct arena *arena;
    struct str *args;
    size_t count, rules;
    limits_fn fn; /* NULL: SCRIPT LOAD */
    void *ctx;
};

/* The same for the listener. */
struct listening {
    struct limits *limits;
};

/* --- questions --- */

static struct asking *asking_new(struct limits *limits, limits_fn fn, void *ctx)
{
    struct asking *asking = mem_alloc(sizeof *asking);
    *asking = (struct asking){.limits = limits,
                              .next = limits->asked,
                              .link = &limits->asked,
                              .arena = arena_new(),
                              .fn = fn,
                              .ctx = ctx};
    if (asking->next)
        asking->next->link = &asking->next;
    limits->asked = asking;
    return asking;
}

static void asking_free(struct asking *asking)
{
    if (asking->limits) {
        *asking->link = asking->next;
        if (asking->next)
            asking->next->link = asking->link;
    }
    arena_free(asking->arena);
    mem_free(asking);
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

static void give_answer(struct asking *asking, const struct redis_reply *reply,
                        const struct err *err)
{
    struct err bug = ERR_INIT;
    int64_t *numbers = reply ? ARENA_ARRAY(asking->arena, int64_t, reply->count + 1) : NULL;
    if (!err && !read_numbers(reply, asking->rules, numbers) &&
        !err_set(&bug, ERR_BUG, "limit", 0, "limit.lua: not an answer of this script"))
        err = &bug;
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

static void on_reply(void *ctx, const struct redis_reply *reply, const struct err *err);

static void send_asking(struct asking *asking)
{
    redis_call(asking->limits->options.redis, asking->args, asking->count, ANSWER_MS, on_reply,
               asking);
}

static void take_sha(struct limits *limits, const struct redis_reply *reply)
{
    if (reply && reply->text.len == SHA_BYTES)
        memcpy(limits->sha, reply->text.ptr, SHA_BYTES);
}

static void on_reply(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    struct asking *asking = ctx;
    struct limits *limits = asking->limits;
    bool is_unknown = err && str_starts(str_from(err->text), STR("NOSCRIPT"));
    if (limits && is_unknown && str_is(asking->args[0], "EVALSHA")) {
        asking->args[0] = STR("EVAL");
        asking->args[1] = limits->text;
        send_asking(asking);
        return;
    }
    if (limits && asking->fn) {
        limits->options.on_answer(limits->options.ctx, "limit", err);
        give_answer(asking, reply, err);
    } else if (limits) {
        take_sha(limits, reply);
    }
    asking_free(asking);
}

static void ask_for_sha(struct limits *limits)
{
    struct asking *asking = asking_new(limits, NULL, NULL);
    asking->count = 3;
    asking->args = ARENA_ARRAY(asking->arena, struct str, 3);
    asking->args[0] = STR("SCRIPT");
    asking->args[1] = STR("LOAD");
    asking->args[2] = limits->text;
    send_asking(asking);
}

static struct str number(struct asking *asking, int64_t value)
{
    return arena_printf(asking->arena, "%jd", (intmax_t)value);
}

static void put_rule(struct asking *asking, const struct limits_rule *rule)
{
    const struct str fields[RULE_FIELDS] = {
        arena_str(asking->arena, rule->name), number(asking, rule->interval_us),
        number(asking, rule->burst_us),       number(asking, rule->concurrency),
        number(asking, rule->held),           number(asking, MAX(rule->ahead_us, 0)),
        rule->is_alone ? STR("1") : STR("0")};
    for (size_t i = 0; i < RULE_FIELDS; i++)
        asking->args[asking->count++] = fields[i];
}

void limits_ask(struct limits *limits, const struct limits_rule *rules, size_t count,
                int64_t want, limits_fn fn, void *ctx)
{
    struct asking *asking = asking_new(limits, fn, ctx);
    bool has_sha = limits->sha[0] != '\0';
    assert(count <= LIMITS_RULES_MAX);
    if (!has_sha)
        ask_for_sha(limits);
    asking->rules = count;
    asking->args = ARENA_ARRAY(asking->arena, struct str, OWN_ARGS + count * RULE_FIELDS);
    asking->args[0] = has_sha ? STR("EVALSHA") : STR("EVAL");
    asking->args[1] = has_sha ? str_from(limits->sha) : limits->text;
    asking->args[2] = STR("1");
    asking->args[3] = limits->prefix;
    asking->args[4] = limits->options.worker;
    asking->args[5] = limits->lease_ms;
    asking->args[6] = number(asking, MIN(want, LIMITS_PLACES_MAX));
    asking->count = OWN_ARGS;
    for (size_t i = 0; i < count; i++)
        put_rule(asking, &rules[i]);
    send_asking(asking);
}

/* --- telling --- */

static void on_told(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    (void)ctx, (void)reply, (void)err; /* nobody else hears it, then; this process knows */
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
    redis_call(limits->options.redis, add, COUNT_OF(add), ANSWER_MS, on_told, NULL);
    redis_call(limits->options.redis, expire, COUNT_OF(expire), ANSWER_MS, on_told, NULL);
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

static void on_read(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    struct listening *listening = ctx;
    struct limits *limits = listening->limits;
    if (!limits) {
        mem_free(listening);
        return;
    }
    limits->options.on_answer(limits->options.ctx, "XREAD", err);
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
    redis_call(limits->options.told, args, COUNT_OF(args), BLOCK_MS + 2 * ANSWER_MS, on_read,
               limits->listening);
}

static void on_time(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    struct listening *listening = ctx;
    struct limits *limits = listening->limits;
    int64_t now_s, now_us;
    if (!limits) {
        mem_free(listening);
        return;
    }
    limits->options.on_answer(limits->options.ctx, "TIME", err);
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
    redis_call(limits->options.told, &time, 1, ANSWER_MS, on_time, limits->listening);
}

static void on_deaf(void *ctx)
{
    limits_listen(ctx);
}

/* --- life --- */

static struct str find_text(void)
{
    for (const struct embedded *file = embedded_lua; file->name; file++)
        if (!strcmp(file->name, "limit.lua"))
            return str_from(file->text);
    abort(); /* it is not in the binary */
}

struct limits *limits_new(const struct limits_options *options)
{
    struct limits *limits = mem_alloc(sizeof *limits);
    struct arena *arena = arena_new();
    *limits = (struct limits){.options = *options, .arena = arena, .text = find_text()};
    limits->prefix = arena_printf(arena, "%.*s:", STR_ARG(options->prefix));
    limits->told_key = arena_printf(arena, "%.*s:told", STR_ARG(options->prefix));
    limits->lease_ms = arena_printf(arena, "%jd", (intmax_t)options->lease_ms);
    limits->options.worker = arena_str(arena, options->worker);
    limits->deaf = loop_timer_new(options->loop, on_deaf, limits);
    limits->listening = mem_alloc(sizeof *limits->listening);
    limits->listening->limits = limits;
    return limits;
}

void limits_free(struct limits *limits)
{
    if (!limits)
        return;
    for (struct asking *asking = limits->asked; asking; asking = asking->next)
        asking->limits = NULL;
    limits->listening->limits = NULL;
    if (!limits->is_listening)
        mem_free(limits->listening);
    loop_timer_free(limits->deaf);
    arena_free(limits->arena);
    mem_free(limits);
}

bool limits_is_up(const struct limits *limits)
{
    return redis_is_up(limits->options.redis) && clock_mono_ms() >= limits->away_until_mono_ms;
}

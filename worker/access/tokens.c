#include "worker/access/tokens.h"

#include <assert.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/redact.h"
#include "worker/access/token_fetch.h"

/*
 * What is known of a token, and until when (monotonic):
 *
 *     fetch          the request for it is under way: everybody waits for it
 *     again_at       the last one failed, and may be made again then (attempt, wait_is_told)
 *     refused_until  the last one failed for good: nobody asks before
 *     text           the token: sent until renew_at, and where it cannot be renewed now,
 *                    until expires_at
 *
 * An entry stays while TOKENS_MAX are not surpassed: then the one goes that was asked for the
 * longest time ago.
 */
struct entry {
    struct entry *next;
    struct tokens *tokens;
    uint64_t id;
    char *text; /* NULL: none */
    size_t len;
    uint64_t number;
    int64_t renew_at_mono_ms, expires_at_mono_ms; /* INT64_MAX: it does not say */
    char *refresh; /* a newer refresh token than the definition's; NULL: none */
    bool is_refresh_kept;
    struct token_fetch *fetch;
    struct retry_policy retry;
    int attempt; /* that failed in a row */
    bool wait_is_told;
    int64_t again_at_mono_ms, refused_until_mono_ms;
    struct err err; /* of the last failure */
    uint64_t asked; /* when it was asked for, by tokens->clock */
};

enum { LACK_MS = 1000 }; /* after what was no attempt (base/lack.h) */

struct waiter {
    struct waiter *next;
    uint64_t id;
    void (*fn)(void *ctx);
    void *ctx;
};

struct tokens {
    struct loop *loop;
    struct http *http;
    struct rng *rng;
    struct entry *entries;
    size_t count;
    uint64_t clock, last_number;
    struct waiter *waiters;
};

struct tokens *tokens_new(struct loop *loop, struct http *http, struct rng *rng)
{
    struct tokens *tokens = mem_alloc(sizeof *tokens);
    *tokens = (struct tokens){.loop = loop, .http = http, .rng = rng};
    return tokens;
}

static void entry_free(struct entry *entry)
{
    token_fetch_free(entry->fetch);
    mem_free(entry->text);
    mem_free(entry->refresh);
    mem_free(entry);
}

void tokens_free(struct tokens *tokens)
{
    if (!tokens)
        return;
    for (struct entry *entry = tokens->entries, *next; entry; entry = next) {
        next = entry->next;
        entry_free(entry);
    }
    for (struct waiter *waiter = tokens->waiters, *next; waiter; waiter = next) {
        next = waiter->next;
        mem_free(waiter);
    }
    mem_free(tokens);
}

/* --- the entries --- */

static struct entry *find(const struct tokens *tokens, uint64_t id)
{
    struct entry *entry = tokens->entries;
    while (entry && entry->id != id)
        entry = entry->next;
    return entry;
}

static void drop_oldest(struct tokens *tokens)
{
    struct entry **oldest = NULL;
    for (struct entry **link = &tokens->entries; *link; link = &(*link)->next)
        if (!(*link)->fetch && (!oldest || (*link)->asked < (*oldest)->asked))
            oldest = link;
    if (!oldest)
        return;
    struct entry *entry = *oldest;
    *oldest = entry->next;
    entry_free(entry);
    tokens->count--;
}

static struct entry *find_or_add(struct tokens *tokens, uint64_t id)
{
    struct entry *entry = find(tokens, id);
    if (!entry) {
        if (tokens->count >= TOKENS_MAX)
            drop_oldest(tokens);
        entry = mem_alloc(sizeof *entry);
        *entry = (struct entry){.next = tokens->entries, .tokens = tokens, .id = id};
        tokens->entries = entry;
        tokens->count++;
    }
    entry->asked = ++tokens->clock;
    return entry;
}

/* --- those who wait --- */

static void wait_for(struct tokens *tokens, uint64_t id, void (*fn)(void *ctx), void *ctx)
{
    struct waiter *waiter = mem_alloc(sizeof *waiter);
    *waiter = (struct waiter){.next = tokens->waiters, .id = id, .fn = fn, .ctx = ctx};
    tokens->waiters = waiter;
}

/* A callback may ask again, and forget others: the list is looked at anew each time. */
static void wake(struct tokens *tokens, uint64_t id)
{
    struct waiter **link = &tokens->waiters;
    while (*link) {
        struct waiter *waiter = *link;
        if (waiter->id != id) {
            link = &waiter->next;
            continue;
        }
        *link = waiter->next;
        void (*fn)(void *ctx) = waiter->fn;
        void *ctx = waiter->ctx;
        mem_free(waiter);
        fn(ctx);
        link = &tokens->waiters;
        if (find(tokens, id) && find(tokens, id)->fetch)
            return;
    }
}

void tokens_forget(struct tokens *tokens, const void *ctx)
{
    for (struct waiter **link = &tokens->waiters; *link;) {
        struct waiter *waiter = *link;
        if (waiter->ctx != ctx) {
            link = &waiter->next;
            continue;
        }
        *link = waiter->next;
        mem_free(waiter);
    }
}

/* --- fetching --- */

static void keep(struct entry *entry, const struct token_answer *answer)
{
    int64_t now = clock_mono_ms();
    bool is_told = answer->life_ms >= 0;
    mem_free(entry->text);
    entry->text = mem_dup(answer->token.ptr, answer->token.len);
    entry->len = answer->token.len;
    entry->number = ++entry->tokens->last_number;
    entry->renew_at_mono_ms = is_told ? now + answer->life_ms / 10 * 8 : INT64_MAX;
    entry->expires_at_mono_ms = is_told ? now + answer->life_ms : INT64_MAX;
    entry->attempt = 0;
    entry->again_at_mono_ms = entry->refused_until_mono_ms = 0;
}

static void note_failure(struct entry *entry, const struct err *err, int64_t wait_ms)
{
    int64_t now = clock_mono_ms();
    int64_t delay_ms = -1;
    entry->err = *err;
    entry->wait_is_told = wait_ms >= 0;
    if (err->is_lack)
        delay_ms = LACK_MS;
    else if (err->kind == ERR_AGAIN && entry->wait_is_told)
        delay_ms = wait_ms;
    else if (err->kind == ERR_AGAIN)
        delay_ms = retry_delay_ms(&entry->retry, ++entry->attempt, entry->tokens->rng);
    if (delay_ms >= 0) {
        entry->again_at_mono_ms = now + delay_ms;
        return;
    }
    if (entry->attempt > 1)
        err_wrap(&entry->err, "given up after %d attempts", entry->attempt);
    entry->attempt = 0;
    entry->again_at_mono_ms = 0;
    entry->refused_until_mono_ms = now + TOKENS_PAUSE_MS;
}

static void keep_refresh(struct entry *entry, const struct token_fetched *fetched)
{
    if (!fetched->refresh.len) {
        entry->is_refresh_kept |= fetched->is_kept;
        return;
    }
    mem_free(entry->refresh);
    entry->refresh = mem_printf("%.*s", STR_ARG(fetched->refresh));
    entry->is_refresh_kept = fetched->is_kept;
}

static void on_fetched(void *ctx, const struct token_fetched *fetched)
{
    struct entry *entry = ctx;
    struct tokens *tokens = entry->tokens;
    keep_refresh(entry, fetched);
    if (fetched->answer)
        keep(entry, fetched->answer);
    else
        note_failure(entry, fetched->err, fetched->wait_ms);
    token_fetch_free(TAKE(entry->fetch));
    wake(tokens, entry->id);
}

/* A token that is signed here comes from nowhere. */
static void make(struct entry *entry, const struct token_want *want)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct token_answer answer = {.life_ms = want->jwt.ttl_ms};
    struct err err = ERR_INIT;
    if (jwt_make(&want->jwt, clock_wall_ms() * 1000, arena, &answer.token, &err))
        keep(entry, &answer);
    else
        note_failure(entry, &err, -1);
}

/* --- asking --- */

static struct tokens_reply send_it(const struct entry *entry)
{
    struct str text = {entry->text, entry->len};
    redact_add_passing(text);
    bool is_lost = entry->refresh && !entry->is_refresh_kept;
    return (struct tokens_reply){
        .state = TOKENS_HERE,
        .token = text,
        .number = entry->number,
        .note = is_lost ? "auth: the API has given a new refresh token, which this process "
                          "alone knows: name a refresh_store"
                        : NULL};
}

static struct tokens_reply hold(const struct entry *entry, int64_t now, struct err *err)
{
    *err = entry->err;
    if (entry->refused_until_mono_ms > now)
        return (struct tokens_reply){.state = TOKENS_FAILED};
    return (struct tokens_reply){.state = TOKENS_LATER,
                                 .wait_ms = entry->again_at_mono_ms - now,
                                 .is_told = entry->wait_is_told};
}

struct tokens_reply tokens_ask(struct tokens *tokens, const struct token_want *want,
                               void (*fn)(void *ctx), void *ctx, struct err *err)
{
    struct entry *entry = find_or_add(tokens, want->id);
    int64_t now = clock_mono_ms();
    bool must_wait = entry->again_at_mono_ms > now || entry->refused_until_mono_ms > now;
    bool is_alive = entry->text && now < entry->expires_at_mono_ms;
    if (is_alive && (now < entry->renew_at_mono_ms || must_wait))
        return send_it(entry);
    if (must_wait)
        return hold(entry, now, err);
    if (want->is_made) {
        make(entry, want);
        return entry->text ? send_it(entry) : hold(entry, now, err);
    }
    entry->retry = want->retry;
    const struct token_known known = {str_from(entry->refresh), entry->is_refresh_kept};
    if (!entry->fetch)
        entry->fetch =
            token_fetch_new(tokens->loop, tokens->http, want, &known, on_fetched, entry);
    wait_for(tokens, entry->id, fn, ctx);
    return (struct tokens_reply){.state = TOKENS_ASKED};
}

bool tokens_find(struct tokens *tokens, const struct token_want *want,
                 struct tokens_reply *ret_reply)
{
    struct entry *entry = find(tokens, want->id);
    if (!entry || !entry->text || clock_mono_ms() >= entry->renew_at_mono_ms)
        return false;
    entry->asked = ++tokens->clock;
    *ret_reply = send_it(entry);
    return true;
}

void tokens_refuse(struct tokens *tokens, const struct token_want *want, uint64_t number)
{
    struct entry *entry = find(tokens, want->id);
    if (!entry || entry->number != number)
        return;
    mem_free(TAKE(entry->text));
    entry->len = 0;
}

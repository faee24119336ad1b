#ifndef WORKER_ACCESS_TOKENS_H
#define WORKER_ACCESS_TOKENS_H

#include "port/loop.h"
#include "worker/access/token_want.h"

/*
 * The tokens of a process. Each is fetched by one request, however many jobs ask for it, and
 * kept in memory alone.
 *
 *     tokens_ask → TOKENS_HERE: send it
 *                → TOKENS_ASKED: `fn` comes, from the loop, when there is news: ask again
 *                → TOKENS_LATER: ask again in wait_ms
 *                → TOKENS_FAILED: *err says why
 *
 *     the API refuses it (401): tokens_refuse, and ask again
 *
 * A token is renewed when 80 % of its life are over; where that fails for now, it is used as
 * long as it lives. What may pass (no answer, 429, 5xx) is tried again by the definition's
 * `retry`. What will not is not asked again for TOKENS_PAUSE_MS: an account is locked by too
 * many wrong passwords.
 */
struct tokens;

enum { TOKENS_MAX = 256, TOKENS_PAUSE_MS = 30000 };

struct tokens *tokens_new(struct loop *loop, struct http *http, struct rng *rng) MUST_CHECK;
void tokens_free(struct tokens *tokens); /* before its http; NULL is fine */

enum tokens_state { TOKENS_HERE, TOKENS_ASKED, TOKENS_LATER, TOKENS_FAILED };

struct tokens_reply {
    enum tokens_state state;
    struct str token; /* HERE; borrowed until the loop's next turn */
    uint64_t number;  /* HERE: which one it is, from 1 */
    const char *note; /* HERE: what a person should know; NULL: nothing */
    int64_t wait_ms;  /* LATER */
    bool is_told;     /* LATER: the server asked for the wait */
};

/* `fn` and `ctx` are forgotten when `fn` is called, and by tokens_forget. *err is filled with
 * LATER and FAILED. */
struct tokens_reply tokens_ask(struct tokens *tokens, const struct token_want *want,
                               void (*fn)(void *ctx), void *ctx, struct err *err);

/* The token, where it is at hand; nothing is fetched. */
bool tokens_find(struct tokens *tokens, const struct token_want *want,
                 struct tokens_reply *ret_reply) MUST_CHECK;

void tokens_forget(struct tokens *tokens, const void *ctx); /* its fn will not come */

/* The API does not take the token of this number; nothing happens where it is not the last. */
void tokens_refuse(struct tokens *tokens, const struct token_want *want, uint64_t number);

#endif

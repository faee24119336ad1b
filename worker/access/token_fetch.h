#ifndef WORKER_ACCESS_TOKEN_FETCH_H
#define WORKER_ACCESS_TOKEN_FETCH_H

#include "port/loop.h"
#include "worker/access/token_answer.h"

/*
 * One request for a token, from the beginning to its end:
 *
 *     token_fetch_new → token_fetch_fn (once, from the loop, unless it is freed before)
 *                     → token_fetch_free
 *
 * With a refresh_store (refresh_store.h) it waits for its lock before, and what the answer has
 * is given on when the new refresh token is on the disk.
 */
struct token_fetch;

struct token_fetched {
    const struct token_answer *answer; /* NULL: it failed, and `err` says why */
    const struct err *err;             /* ERR_AGAIN: another try makes sense */
    int64_t wait_ms;                   /* what the server asks for before that; -1: nothing */
    struct str refresh;                /* a new refresh token; empty: none */
    bool is_kept;                      /* … that is in a refresh_store */
};

/* All is borrowed for the call. */
typedef void (*token_fetch_fn)(void *ctx, const struct token_fetched *fetched);

/* What the process knows of an earlier fetch: copied, as `want` is. */
struct token_known {
    struct str refresh; /* a refresh token that is newer than the definition's; empty: none */
    bool is_kept;       /* the store has it, or a newer one */
};

struct token_fetch *token_fetch_new(struct loop *loop, struct http *http,
                                    const struct token_want *want,
                                    const struct token_known *known, token_fetch_fn fn,
                                    void *ctx) MUST_CHECK;
void token_fetch_free(struct token_fetch *fetch); /* NULL is fine; also inside the callback */

#endif

#ifndef WORKER_ACCESS_TOKEN_FETCH_H
#define WORKER_ACCESS_TOKEN_FETCH_H

#include "port/loop.h"
#include "worker/access/token_answer.h"

/*
 * One request for a token, from the beginning to its end:
 *
 *     token_fetch_new → token_fetch_fn (once, from the loop, unless it is freed before)
 *                     → token_fetch_free
 */
struct token_fetch;

/* Either `answer` or `err`, whose kind says whether another try makes sense. `wait_ms` is what
 * the server asks us to wait before that; -1: nothing. All are borrowed for the call. */
typedef void (*token_fetch_fn)(void *ctx, const struct token_answer *answer,
                               const struct err *err, int64_t wait_ms);

/* `want` is copied. */
struct token_fetch *token_fetch_new(struct loop *loop, struct http *http,
                                    const struct token_want *want, token_fetch_fn fn,
                                    void *ctx) MUST_CHECK;
void token_fetch_free(struct token_fetch *fetch); /* NULL is fine; also inside the callback */

#endif

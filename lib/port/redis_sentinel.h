#ifndef PORT_REDIS_SENTINEL_H
#define PORT_REDIS_SENTINEL_H

#include "base/err.h"
#include "port/loop.h"
#include "port/redis_url.h"

/*
 * Asks Redis' Sentinels which server is the primary now: one after another, from one chosen by
 * chance on, a few seconds for each, until one knows it.
 */
struct sentinel;

/*
 * Either `primary` (borrowed until the callback returns) or `err`, what was wrong with the last
 * one: ERR_AGAIN, or ERR_CONFIG where it refuses us or does not know the name.
 */
typedef void (*sentinel_fn)(void *ctx, const struct redis_host *primary, const struct err *err);

/*
 * `url` has Sentinels, and stays until the callback, which comes once and never before this
 * returns. The sentinel is then gone.
 */
struct sentinel *sentinel_ask(struct loop *loop, const struct redis_url *url, sentinel_fn fn,
                              void *ctx) MUST_CHECK;
void sentinel_cancel(struct sentinel *sentinel); /* no callback will come; NULL is fine */

#endif

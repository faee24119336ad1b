#ifndef PORT_REDIS_REPLY_H
#define PORT_REDIS_REPLY_H

#include "base/arena.h"
#include "port/redis.h"

/*
 * hiredis' parser of the protocol, made to build replies in an arena. What it builds lives
 * until the arena is reset; arrays are at most 2^20 items, whatever length the server claims.
 */
struct redisReader; /* hiredis' own tag */

/* Freed with redisReaderFree, before the arena. */
struct redisReader *redis_reply_reader(struct arena *arena) MUST_CHECK;

/*
 * What redisReaderGetReply gave: the reply, or NULL for an error reply, which is then in
 * *ret_err, its kind by its first word (port/redis.h).
 */
const struct redis_reply *redis_reply_open(const void *object, struct err *ret_err);

#endif

#ifndef PORT_REDIS_H
#define PORT_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "port/loop.h"

/*
 * One connection to Redis: hiredis' protocol over our own non-blocking socket. It connects at
 * once and again after every loss (0.1 s to 5 s, with jitter), resolving the name off the loop.
 * Commands are pipelined in the order of their calls; nothing is ever sent twice.
 *
 *     redis_open → redis_call … → redis_reply_fn (exactly once each) → redis_close
 */
struct redis;

enum redis_type { REDIS_NIL, REDIS_STATUS, REDIS_STRING, REDIS_INTEGER, REDIS_ARRAY };

struct redis_reply {
    enum redis_type type;
    struct str text;                        /* STATUS, STRING */
    int64_t integer;                        /* INTEGER */
    const struct redis_reply *const *items; /* ARRAY */
    size_t count;
};

/*
 * Either `reply` (borrowed until the callback returns) or `err`. ERR_AGAIN: not connected, the
 * connection broke, the deadline passed (the connection is then dropped), LOADING, MISCONF,
 * OOM, READONLY, BUSY, TRYAGAIN, MASTERDOWN: whether the command ran is unknown except for the
 * refusals. ERR_CONFIG: WRONGPASS, NOAUTH, NOPERM. ERR_INPUT: any other error reply; its
 * first word (e.g. "NOSCRIPT") begins err->text.
 */
enum { REDIS_REFUSED = -1 }; /* err->code of every error reply: Redis is there, and says no */
typedef void (*redis_reply_fn)(void *ctx, const struct redis_reply *reply,
                               const struct err *err);

/*
 * Called when it comes up, goes down, or stays down for another kind of reason; `err`: why it
 * is down (NULL while up).
 */
typedef void (*redis_state_fn)(void *ctx, bool is_up, const struct err *err);

/*
 * `url`: as redis_url.h has it; ERR_CONFIG where it is none. `name` becomes CLIENT SETNAME.
 * Does not wait: `fn` hears the state later.
 */
bool redis_open(struct loop *loop, const char *url, const char *name, redis_state_fn fn,
                void *ctx, struct redis **ret_redis, struct err *err) MUST_CHECK;
/*
 * Pending callbacks come with ERR_STOPPED before it returns; they must not call on this
 * connection again. May be called from any callback of its own. NULL is fine.
 */
void redis_close(struct redis *redis);
bool redis_is_up(const struct redis *redis);

/*
 * Sends one command. `fn` may be NULL. Never calls back before it returns. While down the call
 * fails (ERR_AGAIN) at the next turn of the loop: nothing is queued for a connection to come.
 */
void redis_call(struct redis *redis, const struct str *args, size_t count, int64_t timeout_ms,
                redis_reply_fn fn, void *ctx);

/* Of a list of names and values, such as HGETALL's: the value of `name`, or NULL. */
const struct redis_reply *redis_reply_find(const struct redis_reply *list, struct str name);

#endif

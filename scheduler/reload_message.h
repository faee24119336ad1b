#ifndef SCHEDULER_RELOAD_MESSAGE_H
#define SCHEDULER_RELOAD_MESSAGE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"
#include "port/redis.h"

/*
 * A reload message as it is in the Redis stream: field-value pairs from anything that can reach
 * Redis. Only its form is judged here: UTF-8 without NUL, at most 4 KiB of names and values
 * together, no field twice, a field "stream". What the fields say is judged by pagetide.reload.
 */
enum { RELOAD_MESSAGE_BYTES_MAX = 4096 };

struct reload_message {
    struct str id;     /* the sender's, else the entry's */
    struct str stream; /* what to reload */
    struct str fields; /* all of them as one JSON object */
};

/*
 * `entry` is the entry's own id, the message's where it names none. False: *ret_refusal says
 * why (static), and of *ret_message only the id is set: the sender's where it can be read. All
 * else borrows from the pairs and the arena.
 */
bool reload_message_read(struct arena *arena, struct str entry, const struct redis_reply *pairs,
                         struct reload_message *ret_message,
                         struct str *ret_refusal) MUST_CHECK;

#endif

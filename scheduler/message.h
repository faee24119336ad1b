#ifndef SCHEDULER_MESSAGE_H
#define SCHEDULER_MESSAGE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"
#include "port/redis.h"

/*
 * A reload message as it stands in the Redis stream: field-value pairs from anything that can
 * reach Redis. Here only its form is judged; what the fields say, pagetide.reload judges.
 */
enum { MESSAGE_BYTES_MAX = 4096 };

struct reload_message {
    struct str id;     /* the sender's, else the entry's */
    struct str stream; /* what to reload */
    struct str fields; /* all of them as one JSON object */
};

/*
 * `entry` is the entry's own id. False: *ret_refusal says why (static), ret_message->id is an
 * id under which that can be told. All else borrows from the pairs and the arena.
 */
bool message_read(struct arena *arena, struct str entry, const struct redis_reply *pairs,
                  struct reload_message *ret_message, struct str *ret_refusal) MUST_CHECK;

#endif

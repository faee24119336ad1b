#ifndef CONFIG_KEY_READ_H
#define CONFIG_KEY_READ_H

#include "config/key.h"

/*
 * The reader of a type whose value is in one node; NULL for those that hold other keys or none
 * (KEY_MOVED, STRUCT, STRUCTS, UNION, CUSTOM: keys.c). It fills the key's member of the target,
 * or adds a problem and leaves the member alone.
 */
key_read_fn key_reader(enum key_type type);

#endif

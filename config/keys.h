#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include "config/key.h"

/*
 * Reads a map into `target`. What is wrong goes to the problems, and the members it concerns
 * are left as they were. A key that is absent and one that is null are the same: the default
 * is read, or nothing where there is none.
 */
void keys_read(struct reader *reader, const struct keys *keys, const struct yaml_node *map,
               void *target);

/* One member alone, from a node that need not be in a map. */
void keys_read_one(struct reader *reader, const struct key *key, const struct yaml_node *node,
                   void *target);

/* The node of a key: what is given, else its default, else NULL. */
const struct yaml_node *keys_get(struct arena *arena, const struct key *key,
                                 const struct yaml_node *map);

/* The key of that name, NULL if there is none. */
const struct key *keys_find(const struct keys *keys, struct str name);

/* The variant that a union's node names, NULL if none; no problem is added. */
const struct variant *keys_variant(const struct key *key, const struct yaml_node *node);

/* Unknown keys and keys that are not for this `level` (0: any), as problems. */
void keys_check(struct reader *reader, const struct keys *keys, const struct yaml_node *map,
                unsigned level);

#endif

#ifndef CONFIG_AUTH_KEYS_H
#define CONFIG_AUTH_KEYS_H

#include "config/key.h"
#include "config/stream.h"

/* The keys of `auth`, by its type; they fill the auth of a struct stream. */
extern const struct variant auth_variants[];

/* Which keys go together, and that none holds a secret. `map` is the whole definition. */
void auth_check(struct reader *reader, const struct yaml_node *map, struct stream *stream);

#endif

#ifndef CONFIG_WITH_H
#define CONFIG_WITH_H

#include "config/key.h"
#include "config/stream.h"

/* Reader of the key `with`: an open map of fields, each a path or an expression. */
void with_read(struct reader *reader, const struct key *key, const struct yaml_node *node,
               void *target);

/*
 * Where the paths of `with` begin: fills `anchor` and `from` of each field, once merge_path and
 * the strategy are known. `map` is the stream's merged map.
 */
void with_check(struct reader *reader, const struct yaml_node *map, struct merge *merge);

#endif

#ifndef CONFIG_PAGINATION_H
#define CONFIG_PAGINATION_H

#include "config/key.h"
#include "config/stream.h"

/* The keys of `pagination`, by type. They fill struct stream: their offsets are into it. */
/* The methods that a definition may name. */
extern const struct choice method_choices[];

extern const struct variant pagination_variants[];

/* Ends that are missing, and keys that need others. `map` is the stream's merged map. */
void pagination_check(struct reader *reader, const struct yaml_node *map,
                      const struct stream *stream);

#endif

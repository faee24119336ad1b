#ifndef CONFIG_LIMITS_H
#define CONFIG_LIMITS_H

#include "config/key.h"
#include "config/stream.h"

/* The keys of one `rate_limit`. */
extern const struct keys rate_limit_keys;

/* How fast requests go, and to which other hosts: `rate_limit` and `allow_hosts`. */
void limits_check(struct reader *reader, const struct yaml_node *map,
                  const struct stream *stream);

#endif

#ifndef CONFIG_SPEC_H
#define CONFIG_SPEC_H

#include "base/arena.h"
#include "port/yaml.h"

/*
 * The stored form of a stream's merged map: compact JSON, the keys in the order of their lists,
 * defaults filled in. Empty if it is longer than 4 MiB.
 */
struct str spec_write(struct arena *arena, const struct yaml_node *map);

#endif

#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config/key.h"
#include "config/stream.h"

/*
 * Problems that take more than one key to see, and what follows from several keys. `map` is the
 * merged map that `stream` was read from; it is complete only if no problem was added before.
 */
void check_definition(struct reader *reader, const struct yaml_node *map,
                      struct stream *stream);

#endif

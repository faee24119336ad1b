#ifndef CONFIG_TABLES_H
#define CONFIG_TABLES_H

#include "config/key.h"
#include "config/stream.h"

/*
 * `tables` of a stream that is read and checked itself: makes parts of what was read
 * (stream.h), and checks them. `map` is what the stream was read from.
 */
void tables_check(struct reader *reader, const struct yaml_node *map, struct stream *stream);

#endif

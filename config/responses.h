#ifndef CONFIG_RESPONSES_H
#define CONFIG_RESPONSES_H

#include "config/key.h"
#include "config/stream.h"

/* The keys of one of `responses`. */
extern const struct keys response_keys;

/* Conditions, and which keys go together; fills what follows: reads_body, wait.ms. */
void responses_check(struct reader *reader, const struct yaml_node *map, struct stream *stream);

#endif

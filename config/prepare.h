#ifndef CONFIG_PREPARE_H
#define CONFIG_PREPARE_H

#include "config/key.h"
#include "config/stream.h"

/* The keys of `prepare`. */
extern const struct keys prepare_keys;

/* `body_type` of its requests, and of the stream's. */
extern const struct choice body_type_choices[];

/*
 * Which keys go together; fills what follows from others. `map` is the stream's merged map.
 * Where requests go, check_request.h says.
 */
void prepare_check(struct reader *reader, const struct yaml_node *map, struct stream *stream);

/* An expression names `submitted`, or this member of it. */
void prepare_keep(struct arena *arena, struct prepare *prepare, const struct expr_use *use);

#endif

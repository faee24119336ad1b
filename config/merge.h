#ifndef CONFIG_MERGE_H
#define CONFIG_MERGE_H

#include "config/key.h"

/*
 * The map of one stream: its own keys over `defaults` over the source's, and these over those
 * of the catalogue's entry (reader->like). Maps with KEY_BY_KEY are merged key by key. Nodes
 * are shared, so each still knows where it was written. `stream` may be NULL: what the source
 * says alone.
 */
struct yaml_node *merge_stream(struct reader *reader, const struct yaml_node *source,
                               const struct yaml_node *stream);

/* Adds a problem where `loop` is not {pagination: …}, or is given beside pagination. */
void merge_check_loop(struct reader *reader, const struct yaml_node *map);

/* `merge_path` and `merge_strategy` may be in `pagination`: moves them to the stream's map. */
void merge_lift(struct reader *reader, struct yaml_node *map);

/*
 * A `rate_limit` that a stream (or `defaults`) brings is its own: it gets scope `stream` if it
 * has none.
 */
void merge_own_limits(struct reader *reader, const struct yaml_node *source,
                      const struct yaml_node *stream, struct yaml_node *map);

/* Adds a member to a map that merge_stream made, or that began empty: one of the parser has no
 * room. The member keeps the place that it knows. */
void merge_put(struct arena *arena, struct yaml_node *map, struct yaml_node *item);

/* Adds a member that the file does not have, in the name of the map's place. */
void merge_add_text(struct arena *arena, struct yaml_node *map, const char *key,
                    struct str text);

#endif

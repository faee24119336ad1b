#ifndef CONFIG_PLACE_H
#define CONFIG_PLACE_H

#include "base/arena.h"
#include "config/stream.h"
#include "port/yaml.h"

/*
 * Where a file says a key of a stream: after it was read, for what only an answer of the API
 * can show. `key` is a path in the stream, "pagination.next_path", "key.0"; what the stream
 * inherits is found under `defaults` and at the top of the file. Where a part of the path is
 * written in a short form, its place is that of the short form.
 *
 * "sources/shop.yaml:12:5", of the key; empty where the file has nothing of it (it comes from
 * the catalogue, or the file is not as it was).
 */
struct str place_find(struct arena *arena, struct str file, const struct yaml_node *root,
                      const struct stream *stream, struct str key);

#endif

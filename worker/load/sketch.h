#ifndef WORKER_LOAD_SKETCH_H
#define WORKER_LOAD_SKETCH_H

#include "base/buf.h"
#include "config/stream.h"
#include "worker/load/map.h"

/*
 * A column map without a database: what pagetide.extend_table (schema/sql/0004) would make of
 * an empty one. For preview.
 */
struct map *sketch_map(void) MUST_CHECK;

/* A new map: the old one's columns, the declared ones, the shape's fields. */
struct map *sketch_extend(const struct map *old, const struct stream *stream,
                          const struct shape *shape) MUST_CHECK;

/* The statements that would make the stream's table, each ended by ";\n". */
void sketch_put_ddl(struct buf *buf, const struct stream *stream,
                    const struct columns *columns);

#endif

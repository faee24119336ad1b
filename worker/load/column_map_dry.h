#ifndef WORKER_LOAD_COLUMN_MAP_DRY_H
#define WORKER_LOAD_COLUMN_MAP_DRY_H

#include "base/buf.h"
#include "config/stream.h"
#include "worker/load/column_map.h"

/*
 * A column map without a database: what pagetide.extend_table (schema/functions/columns.sql)
 * would make of an empty one. For preview. If you change one, change the other and
 * tests/tables/rules/columns.txt.
 */
struct column_map *column_map_dry_new(const struct stream *stream) MUST_CHECK;

/* A new map: the old one's columns, the declared ones, the new fields', of one table. */
struct column_map *column_map_dry_extend(const struct column_map *old,
                                         const struct stream *stream,
                                         const struct new_fields *fields) MUST_CHECK;

/* The same of a stream and its parts; NULL in `fields`: nothing is new in that table. */
struct column_map *column_map_dry_extend_all(const struct column_map *old,
                                             const struct stream *stream,
                                             const struct new_fields *const *fields) MUST_CHECK;

/* The statements that would make the stream's table, each ended by ";\n". */
void column_map_dry_put_ddl(struct buf *buf, const struct stream *stream,
                            const struct columns *columns);

#endif

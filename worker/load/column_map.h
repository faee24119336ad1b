#ifndef WORKER_LOAD_COLUMN_MAP_H
#define WORKER_LOAD_COLUMN_MAP_H

#include "base/arena.h"
#include "base/buf.h"
#include "config/stream.h"
#include "port/pg.h"
#include "worker/rows/columns.h"
#include "worker/rows/new_fields.h"

/*
 * One version of a stream's column map, as PostgreSQL gave it. It never changes once rows may
 * have been cut by it (except its may_widen). References are counted: a batch cut by an older
 * map keeps that map until it is committed.
 */
struct column_map {
    struct arena *arena;
    struct columns columns;
    bool is_dressed; /* the table has the indexes and comments of the run's definition */
    unsigned number; /* unlike any other in this process; > 0 */
    int references;
    struct column_map **parts; /* of the stream's `tables`: its own, and of its version */
    size_t part_count;
};

/* From a result of pagetide.columns() or extend_table(). `stream` must outlive the map. */
struct column_map *column_map_new(const struct pg_result *result,
                                  const struct stream *stream) MUST_CHECK;
/* Without columns and table; the caller adds columns and calls columns_index. */
struct column_map *column_map_blank(void) MUST_CHECK;
/* A column as this stream's definition sees it; keeps the texts. */
struct column column_map_column(const struct stream *stream, struct str field, struct str name,
                                struct str sql_type);
/* A map of these: the first is the stream's own, and takes the others as its parts. */
struct column_map *column_map_join(struct column_map *const *maps, size_t count) MUST_CHECK;
/* Of the stream's own table (0), or of a part. */
const struct column_map *column_map_at(const struct column_map *map, size_t i);
/* The columns of each part, in the arena; NULL: there are none. */
const struct columns **column_map_parts(const struct column_map *map, struct arena *arena);
struct column_map *column_map_ref(struct column_map *map);
void column_map_unref(struct column_map *map); /* NULL is fine */

/* The same columns of the same types, and the same of the table. */
bool column_map_is_same(const struct column_map *a, const struct column_map *b);
/* Every column of `part` is in `whole`, whatever its type. */
bool column_map_covers(const struct column_map *whole, const struct column_map *part);
/* All declared columns are there, of types that are written as the declared ones are. */
bool column_map_has_declared(const struct column_map *map, const struct table *table);

/* The plan that extend_table() wants. `fields` may be NULL: declared columns and key alone; a
 * table that is not there is made blank then. */
void column_map_put_plan(struct buf *buf, const struct stream *stream, int64_t run,
                         const struct new_fields *fields);

/* Name of the staging table, and the statement that empties or (re)makes it in a session. */
void column_map_put_stage_name(struct buf *buf, unsigned loader);
void column_map_put_stage_sql(struct buf *buf, const struct column_map *map, unsigned loader,
                              bool is_there);

/* Does PostgreSQL's error say that the definition and the table do not go together? Its kind is
 * ERR_CONFIG then. */
bool column_map_is_refused(const struct err *err);

#endif

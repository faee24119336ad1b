#ifndef WORKER_LOAD_MAP_H
#define WORKER_LOAD_MAP_H

#include "base/arena.h"
#include "base/buf.h"
#include "config/stream.h"
#include "port/pg.h"
#include "worker/rows/columns.h"

/*
 * One version of a stream's column map, as PostgreSQL gave it. Never changes once rows may have
 * been cut by it (but for may_widen); counted, because batches outlive its being current.
 */
struct map {
    struct arena *arena;
    struct columns columns;
    unsigned number; /* unlike any other in this process; > 0 */
    int references;
};

/* From a result of pagetide.columns() or extend_table(). `stream` must outlive the map. */
struct map *map_new(const struct pg_result *result, const struct stream *stream) MUST_CHECK;
/* Without columns and table; columns_index is the caller's. */
struct map *map_blank(void) MUST_CHECK;
/* How a field's column is used by this stream; the texts are kept. */
struct column map_column(const struct stream *stream, struct str field, struct str name,
                         struct str sql_type);
struct map *map_ref(struct map *map);
void map_unref(struct map *map); /* NULL is fine */

/* The same columns of the same types, and a table or none alike. */
bool map_is_same(const struct map *a, const struct map *b);
/* Every column of `part` is in `whole`, whatever its type. */
bool map_covers(const struct map *whole, const struct map *part);
bool map_has_declared(const struct map *map, const struct table *table);

/* The plan that extend_table() wants. `shape` may be NULL: declared columns and key alone. */
void map_put_plan(struct buf *buf, const struct stream *stream, int64_t run,
                  const struct shape *shape);

/* Name of the staging table, and the statement that empties or (re)makes it in a session. */
void map_put_stage_name(struct buf *buf, unsigned loader);
void map_put_stage_sql(struct buf *buf, const struct map *map, unsigned loader, bool is_there);

/* "name" with quotes, as SQL wants identifiers. */
void map_put_identifier(struct buf *buf, struct str name);

#endif

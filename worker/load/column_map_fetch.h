#ifndef WORKER_LOAD_COLUMN_MAP_FETCH_H
#define WORKER_LOAD_COLUMN_MAP_FETCH_H

#include "base/err.h"
#include "config/stream.h"
#include "worker/load/column_map.h"
#include "worker/load/sessions.h"

/*
 * Asks PostgreSQL for a stream's column map, with those of its parts, one table after another,
 * extending it first where that is wanted, and making all tables where one is there. The
 * extension of a table is one transaction of its own (pagetide.extend_table); locks that are
 * not given and lost sessions are tried again here.
 */
struct column_map_fetch;

/* From the loop, once. The map is the callee's; or a final err: ERR_CONFIG where the definition
 * or the table must change. */
typedef void (*column_map_fetch_fn)(void *ctx, struct column_map *map, const struct err *err);

/* Reads. A table that is there but lacks declared columns, or indexes and comments of the
 * definition, or whose key must be sure of its index, is extended without fields. */
struct column_map_fetch *column_map_fetch_start(struct sessions *sessions,
                                                const struct stream *stream, int64_t run,
                                                int64_t give_up_ms, column_map_fetch_fn fn,
                                                void *ctx) MUST_CHECK;

/*
 * `fields` has those of each table of the stream, its own first, and of a table that is only to
 * be read NULL. They are copied into the plans before this returns. NULL instead of all: none
 * has come, and each table shall be there.
 */
struct column_map_fetch *column_map_fetch_extend(struct sessions *sessions,
                                                 const struct stream *stream, int64_t run,
                                                 const struct new_fields *const *fields,
                                                 int64_t give_up_ms, column_map_fetch_fn fn,
                                                 void *ctx) MUST_CHECK;

/* In or after its callback, or after sessions_close. NULL is fine. */
void column_map_fetch_free(struct column_map_fetch *fetch);

#endif

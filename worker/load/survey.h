#ifndef WORKER_LOAD_SURVEY_H
#define WORKER_LOAD_SURVEY_H

#include "base/err.h"
#include "config/stream.h"
#include "worker/load/map.h"
#include "worker/load/sessions.h"

/*
 * Asks PostgreSQL for a stream's column map, extending the table first where that is wanted.
 * The extension is one transaction of its own (pagetide.extend_table); locks that are not given
 * and lost sessions are tried again here.
 */
struct survey;

/* From the loop, once. The map is the callee's; or a final err: ERR_CONFIG where the definition
 * or the table must change. */
typedef void (*survey_fn)(void *ctx, struct map *map, const struct err *err);

/* Reads. A table that is there but lacks declared columns, or whose key must be sure of its
 * index, is extended without fields. */
struct survey *survey_read(struct sessions *sessions, const struct stream *stream, int64_t run,
                           int64_t give_up_ms, survey_fn fn, void *ctx) MUST_CHECK;

/* The shape is copied into the plan before this returns. */
struct survey *survey_extend(struct sessions *sessions, const struct stream *stream,
                             int64_t run, const struct shape *shape, int64_t give_up_ms,
                             survey_fn fn, void *ctx) MUST_CHECK;

/* In or after its callback, or after sessions_close. NULL is fine. */
void survey_free(struct survey *survey);

#endif

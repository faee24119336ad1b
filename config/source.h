#ifndef CONFIG_SOURCE_H
#define CONFIG_SOURCE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/outline.h"
#include "config/stream.h"

/*
 * The top of config: a file's text, or a stored definition, becomes struct stream. All that is
 * returned lives in the arena; the texts may go afterwards.
 */
struct source {
    struct str name, file;
    struct stream **streams; /* NULL where only outlines were asked for */
    struct outline *outlines;
    size_t count; /* of both */
};

/*
 * Reads one file's text (YAML or JSON). `file` is for messages. On failure every error of the
 * file is in `errors`, one a line: `shop.yaml:12:7: streams.orders.pagination.typ: unknown
 * key; did you mean "type"?`, and err holds the first with the count of the others
 * (ERR_CONFIG).
 */
bool source_parse(struct arena *arena, struct str file, struct str text,
                  struct source **ret_source, struct buf *errors, struct err *err) MUST_CHECK;

/* The same, of which the outlines are kept alone: of the streams there is one at a time. */
bool source_outline(struct arena *arena, struct str file, struct str text,
                    struct source **ret_source, struct buf *errors, struct err *err) MUST_CHECK;

/* Reads a definition that was stored with a run (stream.spec) back. ERR_CONFIG. */
bool source_parse_spec(struct arena *arena, struct str spec, struct stream **ret_stream,
                       struct err *err) MUST_CHECK;

/* The stream of that name (source.stream), NULL if there is none. */
struct stream *source_find_stream(struct source *const *sources, size_t count, struct str name);

#endif

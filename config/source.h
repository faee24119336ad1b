#ifndef CONFIG_SOURCE_H
#define CONFIG_SOURCE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/stream.h"

struct source {
    struct str name, file;
    struct stream **streams;
    size_t count;
};

/*
 * Reads one file's text (YAML or JSON). `file` is for messages. On failure every error of the
 * file stands in `errors`, one a line: `shop.yaml:12:7: streams.orders.pagination.typ: unknown
 * key; did you mean "type"?`, and err holds the first with the count of the others
 * (ERR_CONFIG).
 */
bool source_parse(struct arena *arena, struct str file, struct str text,
                  struct source **ret_source, struct buf *errors, struct err *err) MUST_CHECK;

/*
 * Reads every sources/ *.yaml, *.yml and *.json of a configuration folder, in the order of the
 * names; also checks what spans files (two streams for one table, two sources of a name). Good
 * files are in *ret_sources even where others are broken (then it returns false).
 */
bool source_load_dir(struct arena *arena, const char *dir, struct source ***ret_sources,
                     size_t *ret_count, struct buf *errors, struct err *err) MUST_CHECK;

/* Reads a stored spec back. */
bool stream_from_spec(struct arena *arena, struct str spec, struct stream **ret_stream,
                      struct err *err) MUST_CHECK;

struct stream *source_find_stream(struct source *const *sources, size_t count, struct str name);

#endif

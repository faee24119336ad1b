#ifndef WORKER_ROWS_MET_H
#define WORKER_ROWS_MET_H

#include "base/json_out.h"
#include "config/stream.h"
#include "worker/records/reshape.h"
#include "worker/records/with.h"
#include "worker/rows/row.h"

/*
 * The places that a definition names in the records of a table, and whether any record had
 * something there: `where` (a record that it keeps), columns, paths of `with`, `flatten` and
 * `exclude`, in this order. A run says at its end of which places no record of it had anything
 * (schema/functions/places.sql).
 *
 *     for each page: met_of_page of each table, then met_tell of each
 *
 * A page without records says nothing. What was told of a place is not told again, so that but
 * few pages tell anything.
 */
enum met_state {
    MET_UNKNOWN,
    MET_NOWHERE, /* there were records, and none had anything there */
    MET_YES,
};

/* What a page's records went through. */
struct met_from {
    const struct stream *stream; /* the table's */
    const struct row_writer *writer;
    const struct with *with;
    const struct reshape *reshape;
    int64_t kept, dropped; /* records, by `where` */
    int64_t stored;        /* of those kept */
};

/* A state for each place, in the arena; NULL: the definition names none. */
enum met_state *met_of_page(const struct met_from *from, struct arena *arena);

/*
 * Puts a member {words: was it met} for each place of which the page says more than what was
 * told before, and notes that in `told`: met_count(stream) states, which begin as zeroes.
 * `of_page`: met_of_page, or NULL. `is_part`: the stream is one of another's `tables`.
 */
void met_tell(enum met_state *told, const struct stream *stream, bool is_part,
              const enum met_state *of_page, struct json_out *out);
size_t met_count(const struct stream *stream);

#endif

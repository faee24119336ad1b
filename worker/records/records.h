#ifndef WORKER_RECORDS_RECORDS_H
#define WORKER_RECORDS_RECORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "core/path.h"
#include "core/value.h"
#include "worker/records/record.h"

/*
 * The records of a page: one pass over the body, no tree. Finds the records at the merge path,
 * gives each as its own bytes with its top-level fields, and validates the whole body strictly
 * (RFC 8259, RFC 3629) on the way.
 *
 *     records_start → records_next … (until RECORDS_END or RECORDS_BAD) → records_skipped
 *
 * Slices point into the body, except field names that were written with escapes (arena). What
 * records_next returns stays until the next call. Depth counts from the body's root, as in
 * value_parse. A key of the merge path that stands twice in its object is RECORDS_BAD: by the
 * usual reading the second would replace records that are already out.
 */
enum records_result {
    RECORDS_ONE,
    RECORDS_END, /* the body was valid to its last byte */
    RECORDS_BAD, /* err: ERR_INPUT with byte, line, column; `truncated` tells a cut body */
};

enum records_found { /* valid at RECORDS_END: what stood at the merge path, at the last place */
                     RECORDS_MISSING, /* or at any place of several nothing did */
                     RECORDS_NULL,    /* or a wildcard with nothing to stand for */
                     RECORDS_LIST,
                     RECORDS_SINGLE, /* anything else: one record */
};

struct records; /* opaque */

/*
 * Lives in the arena; keeps `body` and `path`. An empty path is the whole body. Of a path that
 * ends in a wildcard every element is a record. At the end of any other, null is none, each
 * element of a list is one, and everything else is one.
 */
struct records *records_start(struct arena *arena, struct str body,
                              const struct path *path) MUST_CHECK;

/* Before the first records_next: an element that is a list is taken apart in its turn; or not
 * even the outermost is. */
void records_extend(struct records *records);
void records_keep_whole(struct records *records);

enum records_result records_next(struct records *records, struct record *ret_record,
                                 struct err *err) MUST_CHECK;
enum records_found records_found(const struct records *records);
/* How many steps of the path led to something; RECORDS_MISSING: the index of the absent one. */
size_t records_reached(const struct records *records);
/* RECORDS_MISSING: nothing but the last key or index of the path was absent, at every place. */
bool records_lack_only_last(const struct records *records);
bool records_truncated(const struct records *records); /* after RECORDS_BAD */
/* Where the records stand in the body: what value_parse jumps over. */
struct value_skipped records_skipped(const struct records *records);

/*
 * What stands around the record last read, for paths that share wildcards with the merge path.
 * It must be asked for before the first records_next: then the body (step -1), or the element
 * of the wildcard at a step of the path, is read ahead.
 *
 *   records_place     changes whenever one of the wildcards has moved on
 *   records_element   the element's text; step -1: the body's
 *   records_member    its name, where the wildcard is `.*`: as written, with quotes
 */
void records_watch(struct records *records, ptrdiff_t step);
size_t records_place(const struct records *records);
struct str records_element(const struct records *records, ptrdiff_t step);
struct str records_member(const struct records *records, size_t step);

/* A string field's text without quotes and escapes; the slice itself if it has none. */
struct str records_decode(struct arena *arena, const struct record_field *field);

#endif

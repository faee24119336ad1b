#ifndef WORKER_RECORDS_RECORDS_H
#define WORKER_RECORDS_RECORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "config/stream.h"
#include "core/path.h"
#include "core/value.h"
#include "worker/records/record.h"

/*
 * This room, worker/records, turns the bytes of an answer into records: it finds them
 * (records.h, path_walk.h), reads their fields (record.h, fields.h), drops and reshapes them as
 * the definition says (where.h, reshape.h), and looks values up in their text (jsontext.h,
 * bookmark_high.h). It knows nothing of columns, and nothing of HTTP.
 *
 * The records of a page: one pass over the body, no tree. Finds the records at the merge path,
 * gives each as its own bytes with its top-level fields, and validates the whole body strictly
 * (RFC 8259, RFC 3629) on the way.
 *
 *     records_start → records_next … (until RECORDS_END or RECORDS_BAD) → records_skipped
 *
 * Slices point into the body, except field names that were written with escapes (arena), and
 * records whose names stand elsewhere (named.h): only their `sent` does. What records_next
 * returns stays until the next call. Depth counts from the body's root, as in
 * value_parse. A key of the merge path that occurs twice in its object is RECORDS_BAD: by the
 * usual reading the second would replace records that were already given.
 */
enum records_result {
    RECORDS_ONE,
    RECORDS_END, /* the body was valid to its last byte */
    RECORDS_BAD, /* err: ERR_INPUT with byte, line, column; records_is_truncated() says more, or
                    records_is_misshapen() */
};

/* The value at the merge path; of several places, the last. Valid at RECORDS_END. */
enum records_found {
    RECORDS_MISSING, /* the path led to no value, here or at another of its places */
    RECORDS_NULL,    /* null, or a wildcard that met no element */
    RECORDS_LIST,
    RECORDS_SINGLE, /* any other value: one record */
};

/*
 * A body that is nothing but records, one behind the other: lines, rows. records_open opens
 * one where the format is such, and reads the body by it instead of along a path.
 *
 * `next` gives the records as records_next does, with their position, `raw` and `sent`. What
 * stands where a record should be, and is none, is given too: `sent` is its bytes, `problem`
 * says why. RECORDS_BAD (err, ERR_INPUT): of such a body no end can be found.
 */
struct record_source {
    enum records_result (*next)(struct record_source *source, struct record *ret_record,
                                struct err *err);
    struct str header;   /* names that the body itself has, for people; empty: not known yet */
    size_t header_count; /* of those */
    const struct field_names *names; /* of the fields, where rows have none; NULL: not known */
    bool is_truncated;               /* after RECORDS_BAD */
};

struct field_names;
struct records; /* opaque */

/*
 * Lives in the arena; borrows `body` and `path` as long as it is used. An empty path means the
 * whole body. Where the path ends in a wildcard, every element is a record. Where it ends
 * otherwise: null and "" are no record, of a list each element is one, any other value is one.
 */
struct records *records_start(struct arena *arena, struct str body,
                              const struct path *path) MUST_CHECK;

/*
 * The same of a stream's answer, in its format, at its merge_path, with the shape that it names
 * and `before` (records_expect). A format without a path (ndjson) has RECORDS_LIST, or
 * RECORDS_NULL where there is none. What is no record there is given as well, with its
 * `problem`.
 */
struct records *records_open(struct arena *arena, struct str body, const struct stream *stream,
                             enum page_shape before) MUST_CHECK;

/*
 * Before the first records_next, how many levels of lists are taken apart: one more (an element
 * that is a list gives its elements), or none (a list is one record).
 */
void records_extend(struct records *records);
void records_keep_whole(struct records *records);

/*
 * Before the first records_next: what an object at the path is, and what stood there in the
 * pages before. Where a value has another shape than the one before it, records_next gives
 * RECORDS_BAD, and records_is_misshapen is true. Not where the path ends in a wildcard.
 */
void records_expect(struct records *records, enum shape_rule rule, enum page_shape before);
bool records_is_misshapen(const struct records *records);
/* At the end: of all values so far, those of the pages before among them. */
enum page_shape records_shape(const struct records *records);

/*
 * Names of fields that stand in the body itself (a header of csv, `shape.names`), for people;
 * empty: there are none. Known with the first record, or at the end. A text that is no CSV
 * looks like a header alone: where names of csv lack one that the definition reads, it is
 * RECORDS_BAD, and records_is_misshapen is true; so is a lone header of one name that the
 * definition does not read, or of another number of names than it gives. records_expect_names,
 * before the first records_next: those of the pages before. Other ones are RECORDS_BAD, and
 * records_is_misshapen is true.
 */
void records_expect_names(struct records *records, struct str before);
struct str records_names(const struct records *records);
/* A header of csv that is one name; empty: it has several, or there is none. */
struct str records_lone_name(const struct records *records);

enum records_result records_next(struct records *records, struct record *ret_record,
                                 struct err *err) MUST_CHECK;
enum records_found records_found(const struct records *records);
/* Number of leading steps of the path that exist in the body: all of them, or, where it is
 * RECORDS_MISSING, those before the first that was not found. */
size_t records_reached(const struct records *records);
/* RECORDS_MISSING: the first place where the path led nowhere, and what is there:
 * "orders[1].lines is an object", "the body has no \"data\"". In the arena. */
struct str records_absence(const struct records *records);
/* RECORDS_MISSING: true if, wherever the path failed, there was nothing: no such key or
 * element, or null, "", [] or {} before it. False if another kind of value stood there. */
bool records_is_only_missing(const struct records *records);
/* After RECORDS_BAD: the text was valid, but ended too early. */
bool records_is_truncated(const struct records *records);

/* The part of the body that holds the records; value_parse can leave it out. */
struct value_skipped records_skipped(const struct records *records);

/*
 * The elements around the record last read, for paths that share wildcards with the merge path.
 * An element must be asked for before the first records_next, by the step of its wildcard (-1:
 * the body), because it is read ahead of the walk.
 *
 *   records_place     changes whenever one of the wildcards has moved on
 *   records_element   the element's text; step -1: the body's
 *   records_member    its name, where the wildcard is `.*`: as written, with quotes
 */
void records_watch(struct records *records, ptrdiff_t step);
size_t records_place(const struct records *records);
struct str records_element(const struct records *records, ptrdiff_t step);
struct str records_member(const struct records *records, size_t step);

#endif

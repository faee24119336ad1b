#ifndef WORKER_RECORDS_H
#define WORKER_RECORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "core/path.h"
#include "core/value.h"

/*
 * The records of a page: one pass over the body, no tree. Finds the records at the merge path,
 * gives each as its own bytes with its top-level fields, and validates the whole body strictly
 * (RFC 8259, RFC 3629) on the way.
 *
 *     records_start → records_next … (until RECORDS_END or RECORDS_BAD) → records_hole
 *
 * Slices point into the body, except field names that were written with escapes (arena). What
 * records_next returns stays until the next call. Depth counts from the body's root, as in
 * value_parse. A key of the merge path that stands twice in its object is RECORDS_BAD: by the
 * usual reading the second would replace records that are already out.
 */
enum record_kind {
    RECORD_NULL,
    RECORD_TRUE,
    RECORD_FALSE,
    RECORD_NUMBER,
    RECORD_STRING,
    RECORD_OBJECT,
    RECORD_LIST,
};

enum record_flaw { /* why a value or record cannot be stored as it is; the rest of the page can
                    */
                   FLAW_NONE,
                   FLAW_BAD_UTF8,
                   FLAW_LONE_SURROGATE,
                   FLAW_NUL,        /* \u0000 */
                   FLAW_TOO_DEEP,   /* deeper than 512 */
                   FLAW_BIG_NUMBER, /* over 1,000 digits or an exponent over 400 */
                   FLAW_TOO_WIDE,   /* more than 4,096 fields */
};

struct record_field {
    struct str name; /* decoded */
    enum record_kind kind;
    enum record_flaw flaw;
    bool has_escapes; /* STRING: a backslash inside */
    struct str raw;   /* as written; STRING: with its quotes */
};

struct record {
    enum record_kind kind;
    enum record_flaw flaw; /* as a whole: names, depth, width; fields may have their own */
    struct str raw;
    struct record_field *fields; /* OBJECT: of equal names only the last */
    size_t count;
    size_t position; /* from 0 in the page */
};

enum records_result {
    RECORDS_ONE,
    RECORDS_END, /* the body was valid to its last byte */
    RECORDS_BAD, /* err: ERR_INPUT with byte, line, column; `truncated` tells a cut body */
};

enum records_found { /* valid at RECORDS_END: what stood at the merge path */
                     RECORDS_MISSING,
                     RECORDS_NULL,
                     RECORDS_LIST,
                     RECORDS_SINGLE, /* anything else: one record */
};

enum { RECORDS_FIELDS_MAX = 4096, RECORDS_PAGE_MAX = 1000000, RECORDS_DEPTH_MAX = 512 };

struct records; /* opaque */

/*
 * Lives in the arena; keeps `body` and `path`. `path` without wildcards; an empty one is the
 * whole body.
 */
struct records *records_start(struct arena *arena, struct str body,
                              const struct path *path) MUST_CHECK;
enum records_result records_next(struct records *records, struct record *ret_record,
                                 struct err *err) MUST_CHECK;
enum records_found records_found(const struct records *records);
/* How many steps of the path led to something; RECORDS_MISSING: the index of the absent one. */
size_t records_reached(const struct records *records);
bool records_truncated(const struct records *records); /* after RECORDS_BAD */
/* Where the records stand in the body: what value_parse jumps over. */
struct value_hole records_hole(const struct records *records);

/* A string field's text without quotes and escapes; the slice itself if it has none. */
struct str records_decode(struct arena *arena, const struct record_field *field);

#endif

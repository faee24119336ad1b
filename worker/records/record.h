#ifndef WORKER_RECORDS_RECORD_H
#define WORKER_RECORDS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "core/scan.h"

/*
 * One record: its own bytes and its top-level fields, as slices of the body. Field names that
 * were written with escapes are decoded into the scan's arena.
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

/* Why a value or a record cannot be stored as it is. The rest of the page can. */
enum record_flaw {
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
    struct str raw;        /* a JSON text, unless there is a `problem` */
    struct str sent;       /* its bytes in the body */
    struct str problem;    /* why what was sent is no record; empty: it is one */
    struct record_field *fields; /* OBJECT: of equal names only the last */
    size_t count;
    size_t position;  /* from 0 in the page */
    bool is_reshaped; /* the fields are no longer those of `raw`: flatten, exclude */
    bool has_hash;
    uint64_t hash; /* record_keep_hash (record_id.h) */
};

enum { RECORDS_FIELDS_MAX = 4096, RECORDS_PAGE_MAX = 1000000, RECORDS_DEPTH_MAX = 512 };

struct fields;

/*
 * Reads the value at the scan as a record, with `depth` containers open around it; `fields` is
 * kept from record to record, and holds the fields until the next. False: the scan's problem.
 * The position is the caller's.
 */
bool record_read(struct scan *scan, struct fields *fields, size_t depth,
                 struct record *ret) MUST_CHECK;

/* Reads one member of an object, from its name on. ret->flaw is the value's own flaw, *ret_flaw
 * the one that the member gives to the whole record. */
bool record_read_member(struct scan *scan, size_t depth, struct record_field *ret,
                        enum record_flaw *ret_flaw) MUST_CHECK;

/* Reads a value, of which *ret gets all but the name. */
bool record_read_value(struct scan *scan, size_t depth, struct record_field *ret) MUST_CHECK;

/* The field of this name; NULL if the record has none. */
const struct record_field *record_find(const struct record *record, struct str name);

/* Of a field that may be absent (NULL): is it that, or null? */
static inline bool record_is_null(const struct record_field *field)
{
    return !field || field->kind == RECORD_NULL;
}

/* The kind of a JSON value that begins with this byte. */
enum record_kind record_kind_of(int first);

/* For people; NULL for FLAW_NONE. Static. */
const char *record_flaw_text(enum record_flaw flaw);

/* Does the flaw leave no text that PostgreSQL could keep in `_pt_aside`? */
bool record_flaw_is_fatal(enum record_flaw flaw);

/* A string field's text without quotes and escapes; the slice itself if it has none. */
struct str record_decode(struct arena *arena, const struct record_field *field);

/* The value of a text that is valid JSON, as a field without a name. */
struct record_field record_field_of(struct arena *arena, struct str raw);

#endif

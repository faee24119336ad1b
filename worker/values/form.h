#ifndef WORKER_VALUES_FORM_H
#define WORKER_VALUES_FORM_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

/*
 * Values of an OTHER column on two ways (load/way.h): its table takes them in the binary form
 * of its type, a staging table as text, from which the merge casts them.
 *
 *     form_put ── false ──► form_put_odd      a row is cut
 *     form_spell                              it goes to a staging table after all
 *
 * form_put writes only what it reads exactly as PostgreSQL's own input would: a number as JSON
 * writes it, for numeric without an exponent, so that what form_spell writes is what was sent;
 * a time as plain_time.h has it; an interval of ISO 8601 in whole numbers or as HH:MM:SS; bytes
 * as \x and digits; an address without abbreviations; a list of one dimension. Any other text
 * is odd: it is kept as it is, with a mark before it that begins no value of these types, and a
 * batch that holds one is staged. What form_spell writes is read as the same value.
 *
 * Sources: PostgreSQL, src/backend/utils/adt: float.c, datetime.c, network.c, arrayfuncs.c, and
 * the *_recv functions.
 */
enum column_form {
    FORM_NONE, /* text on both ways: PostgreSQL alone knows the type */
    FORM_SMALLINT,
    FORM_INTEGER,
    FORM_REAL,
    FORM_DOUBLE,
    FORM_INSTANT, /* timestamptz; timestamp, in UTC */
    FORM_DAY,     /* date, in UTC */
    FORM_CLOCK,   /* time */
    FORM_ZONED,   /* timetz */
    FORM_SPAN,    /* interval */
    FORM_BYTES,   /* bytea */
    FORM_ADDRESS, /* inet */
    FORM_TEXTS,   /* text[], of lists alone: form_put_list */
    FORM_BIGINTS, /* bigint[], likewise */
    FORM_NUMERIC, /* with a precision, to which PostgreSQL rounds on both ways */
    FORM_TEXT,    /* varchar: the bytes, and PostgreSQL refuses what is too long */
};

/* Of a type's name in SQL, long or short, in either case of letters. */
enum column_form form_of_type(struct str sql_type);

/* A field of a tuple (encode.h). False: the text is odd, nothing was put. Not for FORM_NONE. */
bool form_put(enum column_form form, struct buf *rows, struct str text) MUST_CHECK;
/* The same for a JSON list (`raw`, which has been read before), of any form. */
bool form_put_list(enum column_form form, struct arena *arena, struct buf *rows,
                   struct str raw) MUST_CHECK;
void form_put_odd(struct buf *rows, struct str text);

/* Of the bytes of a field: what form_put_odd has put, without its mark. */
bool form_is_odd(struct str bytes, struct str *ret_text);

bool form_changes(enum column_form form); /* is text something else than the binary form? */

/* The bytes of a field that one of them has put, as the field that the staging table takes. */
void form_spell(enum column_form form, struct str bytes, struct buf *rows);

#endif

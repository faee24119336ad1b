#ifndef WORKER_ROWS_COLUMN_INFER_H
#define WORKER_ROWS_COLUMN_INFER_H

#include <stdbool.h>

#include "worker/records/record.h"
#include "worker/rows/column_type.h"

/*
 * The type that a new field's column gets, from the values that one page showed. Every value is
 * of one kind; the kinds of all values together decide:
 *
 *     only nulls                   no type yet         only one kind     its type
 *     an object or list among them jsonb               anything else     text
 *     integers and other numbers   numeric
 *
 * An integer is a number without point and exponent that has 64 bits. A string is a timestamp,
 * date or uuid only if it is wholly written as one (RFC 3339 with offset, YYYY-MM-DD,
 * 8-4-4-4-12 hexadecimal digits); any other string, "17" and "true" among them, is text.
 */

/* The kind of this value as one bit of a set, to be joined by `|`; 0 for null. */
unsigned column_infer_kind(const struct record_field *field);

/* The kind of all values of a column that was inferred. Joined with that of a value which does
 * not fit it gives the type that takes both. 0 for OTHER, which is never inferred. */
unsigned column_infer_kind_of_type(enum column_type type);

/* False for an empty set: the page showed only nulls, so the field gets no column yet. */
bool column_infer_type(unsigned kinds, enum column_type *ret_type) MUST_CHECK;

#endif

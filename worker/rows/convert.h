#ifndef WORKER_ROWS_CONVERT_H
#define WORKER_ROWS_CONVERT_H

#include "worker/records/record.h"
#include "worker/rows/columns.h"

/*
 * A declared column's `from:`: the value as the column takes it, a string. Instants become RFC
 * 3339 in UTC, or the day where the column is a date; base64 becomes the bytes, which a text
 * column takes where they are UTF-8, and bytea in any case.
 *
 * False: the value is not written that way. Null is not for here.
 */
bool convert_value(struct arena *arena, const struct column *column,
                   const struct record_field *field, struct record_field *ret) MUST_CHECK;

#endif

#ifndef WORKER_ROWS_CONVERT_H
#define WORKER_ROWS_CONVERT_H

#include "worker/records/record.h"
#include "worker/rows/columns.h"

/*
 * A declared column's `from:`, the first of its forms that the value has: the value as the
 * column takes it, a string. Instants become RFC 3339 in UTC, or the day where the column is a
 * date; base64 becomes the bytes, which a text column takes where they are UTF-8, and bytea in
 * any case; a number with a decimal comma gets a point; yes and no become true and false.
 *
 * The column is declared, with a `from`, and the field is neither null nor flawed. False: the
 * value is written in none of these ways. The result lives in the arena; its flaw may be
 * FLAW_NUL.
 */
bool convert_value(struct arena *arena, const struct column *column,
                   const struct record_field *field, struct record_field *ret) MUST_CHECK;

#endif

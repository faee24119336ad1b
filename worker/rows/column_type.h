#ifndef WORKER_ROWS_COLUMN_TYPE_H
#define WORKER_ROWS_COLUMN_TYPE_H

#include "base/str.h"

/*
 * The types that a column can have here: for each but OTHER, encode.h knows the binary form.
 * Which of them a new field's column gets is decided in column_infer.c.
 */
enum column_type {
    COLUMN_BOOLEAN,
    COLUMN_BIGINT,
    COLUMN_NUMERIC,
    COLUMN_TIMESTAMPTZ,
    COLUMN_DATE,
    COLUMN_UUID,
    COLUMN_TEXT,
    COLUMN_JSONB,
    COLUMN_OTHER, /* declared with another type: staged as text, cast by the merge */
};

/* The type of this name in SQL, long or short ("timestamp with time zone", "timestamptz"),
 * in either case of letters; OTHER for any other name. */
enum column_type column_type_from_sql(struct str sql_type);

/* The long name; "text" for OTHER. Static. */
const char *column_type_sql(enum column_type type);

#endif

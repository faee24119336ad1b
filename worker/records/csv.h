#ifndef WORKER_RECORDS_CSV_H
#define WORKER_RECORDS_CSV_H

#include "config/stream.h"
#include "worker/records/records.h"

/*
 * CSV (RFC 4180): rows that end with CRLF or LF, the last one also with the body; fields in
 * quotes may hold delimiters, line ends and doubled quotes. Rows without a byte are skipped,
 * as is a byte order mark. The first row has the names, unless the form says otherwise; names
 * that are empty become "column_N", and a name that stands there twice is RECORDS_BAD, as is a
 * quote that is never closed.
 *
 * A row is an object of texts; a field without quotes that is the form's `null` is null. With
 * `infers` a field without quotes that JSON would write alike is a number, true or false. A row
 * with more or fewer fields than there are names, or with bytes behind a closing quote, is
 * given with its `problem`.
 *
 * A first line `sep=;`, as spreadsheets write it, is no row: its byte goes before the form's
 * delimiter. It is looked for where a header is.
 *
 * Lives in the arena; borrows `body` and `form`. What it gives stays until the next but one.
 */
struct record_source *csv_open(struct arena *arena, struct str body,
                               const struct csv_form *form) MUST_CHECK;

/* The byte of a first line `sep=;`, '\0' where there is none. Behind a byte order mark. */
char csv_separator(struct str body);

#endif

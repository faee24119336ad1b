#ifndef WORKER_ROWS_GATHER_H
#define WORKER_ROWS_GATHER_H

#include "worker/rows/row.h"

/*
 * The first half of row_put: looks which value of a record goes to which column, what becomes
 * of fields that the map does not know, and whether the key is there. Fills `values`, `pending`
 * and `unknown` of the writer with slices of the record.
 *
 * ROW_PUT: go on. ROW_REJECTED, ROW_FAILED: *ret_reason says why.
 */
enum row_result gather_record(struct row_writer *writer, const struct record *record,
                              const char **ret_reason) MUST_CHECK;

/* A value of this record that is to stand in `_pt_aside` under the name. */
void gather_aside(struct row_writer *writer, struct str name, struct str text, bool is_misfit);

/* For people; NULL for FLAW_NONE. */
const char *gather_flaw_text(enum record_flaw flaw);
/* Flaws that leave no text PostgreSQL could keep beside the row. */
bool gather_is_fatal(enum record_flaw flaw);

#endif

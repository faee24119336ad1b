#ifndef WORKER_ROWS_ROW_H
#define WORKER_ROWS_ROW_H

#include "worker/records/jsontext.h"
#include "worker/records/records.h"
#include "worker/rows/batch.h"
#include "worker/rows/bind.h"
#include "worker/rows/misfits.h"
#include "worker/rows/new_fields.h"

/*
 * One record as one COPY BINARY tuple (PostgreSQL manual, COPY, "Binary Format"). Values go in
 * binary where we know the type: boolean, bigint, numeric, timestamptz, date, uuid, text, jsonb
 * (keys in jsonb's own order). A value that does not fit its column is null there and is kept
 * in `_pt_aside` as {column: source text}.
 *
 * What fits: text takes every value (a string's text, anything else as JSON); jsonb every value
 * too; numeric every number; bigint integers of 64 bits; the others only what is written that
 * way. A declared column takes what PostgreSQL's own input takes (input.h), and where that
 * cannot be seen here, the cast of the merge says it. JSON's null is SQL's.
 *
 *     row_start → row_put … (the records of one page)
 *
 * Of several results for one record the last in this list counts.
 */
enum row_result {
    ROW_PUT,
    ROW_ASIDE,    /* put, with at least one value aside */
    ROW_UNKNOWN,  /* `new_fields` has what the map lacks: fields, or wider columns */
    ROW_REJECTED, /* *ret_reason says why; nothing was put */
    ROW_FAILED,   /* the same for `on_mismatch: fail`, `on_new_field: fail`, and a key that does
                     not fit its column */
};

struct row_writer;

/*
 * Sees each record that was bound to the columns, with its result and, where it was rejected,
 * why. All is borrowed for the call.
 */
typedef void (*row_seen_fn)(void *ctx, const struct row_writer *writer,
                            const struct record *record, enum row_result result,
                            const char *reason);

struct row_writer {
    /* in */
    struct batch *batch;
    struct binder binder;  /* its members under `in` */
    bool is_deleted;       /* the next record says that it is gone: its row has no hash */
    bool has_texts_alone;  /* a new field's text is of type text, whatever it looks like */
    row_seen_fn on_record; /* may be NULL */
    void *on_record_ctx;
    /* out */
    struct new_fields new_fields;
    struct misfits misfits; /* values that did not fit, in all rows put */
    bool *met;              /* for each column: has any record something there? */

    /* Scratch that is kept from row to row. */
    struct bound bound;
    struct jsontext_sorter sorter;
    struct str record; /* the one that is being put */
    uint64_t extras_hash;
};

void row_start(struct row_writer *writer);

/* To be called when the values of the binder's extras are others than at row_start. */
void row_extras_changed(struct row_writer *writer);

/*
 * With ROW_UNKNOWN nothing was put; the caller goes on through the page to complete new_fields,
 * then extends the map and cuts the page again. The record is not kept; a reason lives as long
 * as the arena.
 */
enum row_result row_put(struct row_writer *writer, const struct record *record,
                        const char **ret_reason) MUST_CHECK;

/*
 * The row that says: what comes behind it in the batch is all that this parent has. It holds
 * the values that name the parent, one of `fields` each, and no hash. Nothing is put where one
 * of them has no column yet, is null or does not fit.
 */
void row_put_parent(struct row_writer *writer, const struct record_field *fields, size_t count,
                    size_t position);

#endif

#ifndef WORKER_ROWS_ROW_H
#define WORKER_ROWS_ROW_H

#include "worker/records/jsontext.h"
#include "worker/records/records.h"
#include "worker/rows/batch.h"
#include "worker/rows/columns.h"
#include "worker/rows/new_fields.h"

/*
 * One record as one COPY BINARY tuple (PostgreSQL manual, COPY, "Binary Format"). Values go in
 * binary where we know the type: boolean, bigint, numeric, timestamptz, date, uuid, text,
 * jsonb (keys in jsonb's own order). A value that does not fit its column is null there and
 * stands in `_pt_aside` as {column: source text}.
 *
 * What fits: text takes every value (a string's text, anything else as JSON); jsonb every value
 * too; numeric every number; bigint integers of 64 bits; the others only what is written that
 * way. A declared column also reads a string that holds a number or true/false. JSON's null is
 * SQL's.
 *
 *     row_start → row_put … (the records of one page)
 */
enum row_result {
    ROW_PUT,
    ROW_ASIDE,    /* put, with at least one value aside */
    ROW_REJECTED, /* *ret_reason says why; nothing was put */
    ROW_UNKNOWN,  /* `new_fields` has fields that the map lacks, or a bigint to widen */
    ROW_FAILED, /* `on_mismatch: fail` or `on_new_field: fail`: *ret_reason; nothing was put */
};

struct row_extra { /* what `with` adds, evaluated for this page or record */
    struct str name;
    struct record_field field; /* its name is set by row_start */
};

struct row_aside {
    struct str name; /* the column's, or the field's where it has none */
    struct str text;
    bool is_misfit; /* it was to have a column; else it stands aside as it should */
};

/* How many values of a column went aside in the rows put. */
struct row_misfits {
    struct str name;
    int64_t count;
};

/*
 * Sees every record that row_put was given, with its result and, where it was rejected, why.
 * All is borrowed for the call.
 */
struct row_writer;
typedef void (*row_seen_fn)(void *ctx, const struct row_writer *writer,
                            const struct record *record, enum row_result result,
                            const char *reason);

struct row_writer {
    /* in */
    struct batch *batch;
    const struct columns *columns;
    const struct table *table;
    struct row_extra *extras;
    size_t extra_count;
    struct arena *arena;   /* the page's: scratch, reasons, new_fields */
    bool is_extended;      /* the map was extended for this page: what it lacks goes aside */
    row_seen_fn on_record; /* may be NULL */
    void *on_record_ctx;
    /* out */
    struct new_fields new_fields;
    int64_t asides;              /* values that did not fit, in all rows put */
    struct row_misfits *misfits; /* the same by column */
    size_t misfit_count, misfit_capacity;

    /* Scratch that is kept from row to row. */
    const struct record_field **values; /* one for each column; NULL: absent */
    struct record_field *deep_values;   /* one for each of columns->deep */
    struct record_field record_value;   /* `columns: none`: the whole record */
    uint16_t *guesses; /* by position in the record: the use that was there last time */
    size_t guess_count, guess_capacity;
    const struct record_field **unknown; /* fields of this record that want a column */
    size_t unknown_count, unknown_capacity;
    struct row_aside *pending; /* values of this record that go aside */
    size_t pending_count, pending_capacity;
    struct jsontext_sorter sorter;
    uint64_t extras_hash;
    size_t record_column; /* `columns: none`; else the count of columns */
};

void row_start(struct row_writer *writer);
/* To be called when the values of the extras are others than at row_start. */
void row_extras_changed(struct row_writer *writer);

/*
 * With ROW_UNKNOWN nothing was put; the caller goes on through the page to complete new_fields,
 * then extends the map and cuts the page again. The record is not kept; a reason lives as long
 * as the arena.
 */
enum row_result row_put(struct row_writer *writer, const struct record *record,
                        const char **ret_reason) MUST_CHECK;

#endif

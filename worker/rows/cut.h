#ifndef WORKER_ROWS_CUT_H
#define WORKER_ROWS_CUT_H

#include "config/stream.h"
#include "core/xml_json.h"
#include "worker/records/bookmark_high.h"
#include "worker/records/own_ids.h"
#include "worker/records/records.h"
#include "worker/rows/columns.h"
#include "worker/rows/mark.h"
#include "worker/rows/met.h"
#include "worker/rows/row.h"

/*
 * This room, worker/rows, makes rows of records: COPY bytes in a batch. cut.h drives a page
 * through it; bind.h finds the columns of a record's fields, row.h and encode.h write the
 * bytes, batch.h and mark.h hold what is to be committed; columns.h is the column map, and
 * column_*.h say what a new field's column is. It knows PostgreSQL's formats, but talks to no
 * server.
 *
 * Cuts a page's body into rows of the batch. For every record:
 *
 *     records_next → the limit on records → flatten → where → exclude → with → row_put
 *
 * `replace` and `collect` make one record of the whole body, and only count the records at
 * merge_path. With `replace` the record of every page is put: the caller drops it if more pages
 * follow.
 *
 * A stream's `tables` are cut from the same body, one behind the other, each into its part of
 * the batch, by a struct cut of its own: what that says of its records is the part's. The page
 * is in the batch with all of them or not at all.
 */
enum cut_result {
    CUT_DONE,       /* the page's rows are in the open page of the batch */
    CUT_MORE,       /* the slice is over: cut_page goes on where it was, cut_drop gives up */
    CUT_NEW_FIELDS, /* the map must be extended by `new_fields` first (none: the table is to be
                       made); the batch is as before. Then cut again with `is_extended` */
    CUT_BAD, /* err; the batch is as before; `is_truncated` if the body ended too early */
};

/* The code of an error of CUT_BAD that says: the page is too large, whatever is in it. */
enum { CUT_TOO_LARGE = -1 };

struct cut {
    /* in */
    struct str body;
    const struct stream *stream;
    const struct columns *columns;
    const struct expr_scope *scope; /* for `with` and `where`; NULL if it has none */
    int64_t max_records;            /* take no more than these; -1: all */
    enum page_shape shape_before;   /* at merge_path, in the pages before */
    struct str bookmark_since;      /* bookmark_high.since */
    struct str names_before;        /* records_names of the pages before */
    bool is_extended; /* the map was extended for this page: CUT_NEW_FIELDS does not come again,
                            what the map still lacks goes aside */
    int64_t slice_ms; /* after about so long it pauses; 0: never */
    size_t max_bytes; /* of what the page becomes, rows and scratch; 0: as the batch has it */
    struct arena *arena;            /* the page's */
    const struct answer_form *form; /* in which the records were sent; NULL: the stream's */
    struct str sent; /* of a body that was XML: what it was, and where its records are */
    const struct xml_span *sent_records;
    size_t sent_count;
    /*
     * The first records of the page are such as came before, and not put: `again_max` of them,
     * or as long as they are those of `tail` (ids), whose last one is the last of them.
     */
    size_t again_max;
    const uint64_t *tail; /* NULL: it is known that they are */
    size_t tail_count;
    row_seen_fn on_record;      /* sees every record; may be NULL */
    row_seen_fn on_part_record; /* sees those of the parts; may be NULL */
    void *on_record_ctx;        /* of both */
    struct cut *parts; /* for each of the stream's: the members above, but for the stream */
    size_t part_count;
    /* out */
    struct new_fields new_fields;
    bool wants_fields; /* CUT_NEW_FIELDS: this is the table that is to be extended */
    int64_t seen;      /* what the paging counts: records at merge_path in the page */
    int64_t again;     /* records that came before; they are not among those seen */
    bool is_shifted;   /* others than `tail` stand there */
    int64_t taken;     /* of those; fewer if max_records ended within the page */
    int64_t records;   /* to be stored: those taken that `where` keeps, or the one response */
    int64_t dropped;   /* those taken that `where` does not keep */
    int64_t rejects, asides;
    const enum met_state *met; /* places of the definition (met.h); NULL: it names none */
    enum page_shape shape;     /* at merge_path, up to this page */
    struct str names;          /* records_names */
    uint64_t *ids;             /* what tells the records taken apart (record_id.h), in order */
    size_t id_count, id_capacity;
    uint64_t records_hash;  /* of those */
    struct own_ids own_ids; /* without a key: what the records call themselves */
    struct value_skipped skipped;
    struct str last;          /* bytes of the last record taken, kept or not */
    struct str misfits;       /* JSON {column: values aside}; empty: none */
    struct str misfit_notes;  /* JSON {column: {label, position, what, wider}} (misfits.h) */
    struct str bookmark_high; /* greatest value at bookmark.path, as sent */
    struct bookmark_counts bookmark;
    struct str warning; /* empty: none */
    bool is_truncated;
    bool is_merge_error; /* CUT_BAD: none or another value at the merge path, not broken JSON */
    bool is_refused;     /* CUT_BAD: by `fail`, or a key of another type */
    bool is_eval_error;  /* CUT_BAD: an expression of `where`, `deleted` or `with` failed */

    struct mark_part *part_counts; /* for the page's mark; NULL: there are no parts */

    /* private */
    struct cutting *cutting; /* what is under way after CUT_MORE */
    struct batch *batch;     /* of the page under way; NULL: none is */
    size_t at;               /* the table that is being cut: 0 the stream's own */
    bool is_part;
};

/*
 * Begins the batch's page itself; after CUT_DONE the caller ends it by batch_mark or
 * batch_page_drop. Errors: ERR_INPUT for the body, `with`, what `fail` forbids, and a page that
 * becomes more than it may. After CUT_MORE it is called again with the same batch, in which no
 * other page may have begun.
 */
enum cut_result cut_page(struct cut *cut, struct batch *batch, struct err *err) MUST_CHECK;

/* After CUT_MORE: leaves the batch as it was before the page. Nothing where none is under
 * way. */
void cut_drop(struct cut *cut);
bool cut_is_under_way(const struct cut *cut);

/*
 * What a page of the stream begins with for its parts, in the arena: part i gets what `whole`
 * has, and the columns of `columns[i]`.
 */
void cut_add_parts(struct cut *whole, const struct columns *const *columns);

#endif

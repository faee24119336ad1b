#ifndef WORKER_ROWS_BATCH_H
#define WORKER_ROWS_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "worker/records/records.h"
#include "worker/rows/columns.h"
#include "worker/rows/mark.h"
#include "worker/values/encode.h"

/*
 * Pages of one stream, committed in one transaction with their marks: the rows as COPY BINARY
 * tuples for the staging table, the rejected records, the marks.
 *
 *     batch_page_begin → row_put | batch_reject … → batch_keep_body → batch_mark   it is in
 *                                                 → batch_page_drop  as if it had not begun
 *
 * The tuples are: one field per column of the map, in its order, then `_pt_hash int8`,
 * `_pt_aside jsonb`, `_pt_mark int8` (index of the page's mark), `_pt_ord int8` (position in
 * the batch). Columns with a form (form.h) hold what the table takes, until batch_spell. The
 * header and trailer of COPY are the batch's, so `rows` can be sent as it is after batch_close.
 * For a COPY into the table itself batch_aim_at_table makes of the last two
 * fields what the table has there: `_pt_run int8` and `_pt_at timestamptz`.
 *
 * The rows of the stream's `tables` are in batches of their own, its parts: one for each. Pages
 * begin, end and are dropped with those of the whole, which alone has bodies, and all of a mark
 * but what it says of the part. Rejects are in the part.
 */
struct batch {
    struct arena *arena; /* strings of marks and rejects */
    struct buf rows;
    size_t rows_max;     /* ceiling of `rows`, but for what batch_spell makes of them */
    size_t *row_starts;  /* where each row begins, for finding a bad one */
    uint32_t *row_marks; /* and of which mark and position in its page it is */
    uint32_t *row_positions;
    struct str *row_raws;   /* the record as it was sent: a slice of a body, below */
    struct str *row_addeds; /* what `with` adds to it, JSON; in the arena */
    size_t row_count, row_capacity;
    struct buf *bodies; /* of the pages that have rows, until the batch is committed */
    size_t body_count, body_capacity;
    size_t body_bytes; /* memory of all of them */
    struct mark *marks;
    size_t mark_count, mark_capacity;
    struct batch_reject_record *rejects;
    size_t reject_count, reject_capacity;
    size_t column_count; /* of the map when the first row was put; a batch has one map */
    bool may_wait; /* in: most rows will not be sent, so long values need not be written */
    size_t
        waiting_bytes; /* what values that wait (encode.h) become, at most; 0: there are none */
    bool has_deleted;  /* a row says that its record is gone: its `_pt_hash` is null */
    bool has_odd;      /* a row has, or had, a value that is to be staged (form.h) */
    bool is_spelled;   /* batch_spell; no page may begin */
    bool is_closed;    /* the trailer is written; no page may begin */
    int64_t opened_mono_ms; /* when the first page came; 0 while empty */
    size_t page_row_count, page_rows_len, page_reject_count; /* where the open page began */
    struct str added;                                        /* batch_set_added */
    struct batch **parts;
    size_t part_count;
};

enum { BATCH_REJECT_BYTES_MAX = 64 << 10 }; /* more is cut off */

struct batch_reject_record {
    size_t mark;
    size_t position;
    struct str reason;
    struct str record; /* as much of it as is kept */
    struct str added;  /* what `with` adds to it, JSON; empty: nothing, or over 64 KiB */
};

/* `max_bytes` is the ceiling of `rows`; past it, rows.has_overflowed is set until the page is
 * dropped. */
struct batch *batch_new(size_t max_bytes) MUST_CHECK;
/* With so many parts, of the same ceiling. */
struct batch *batch_new_whole(size_t max_bytes, size_t part_count) MUST_CHECK;
/* The stream's own rows (0), or those of a part. */
struct batch *batch_at(struct batch *batch, size_t i);
void batch_free(struct batch *batch);
void batch_reset(struct batch *batch);     /* keeps the memory of a usual batch */
void batch_give_back(struct batch *batch); /* of one that is empty: what batch_reset kept */

void batch_page_begin(struct batch *batch);
/* The open page has a body of so many bytes: the rows of a large one are not in the heap. */
void batch_expect(struct batch *batch, size_t body_bytes);
void batch_page_drop(struct batch *batch);

/* A row is what is put into `rows` from batch_row_begin on; batch_row_drop takes the last row
 * of the open page back. `position`: of the record in its page; `raw`: its bytes as they were
 * sent, borrowed until batch_keep_body or the end of the page. */
void batch_row_begin(struct batch *batch, size_t position, struct str raw);
void batch_row_drop(struct batch *batch);

/* What `with` adds to the records of the open page from here on (with_format), for those that
 * are rejected; copied. Nothing at the beginning of a page. */
void batch_set_added(struct batch *batch, struct str added);

/*
 * The body that the rows of the open page were cut from becomes the batch's, so that a row
 * which PostgreSQL refuses can be kept as it was sent. Nothing is copied: `body` is empty
 * afterwards, unless no row needs it. What is no slice of it is copied, as much as a reject
 * keeps.
 */
void batch_keep_body(struct batch *batch, struct buf *body);

/* A field of the row that is being put, which need not be there before batch_settle. `raw` is a
 * slice of the row's raw text. */
void batch_put_later(struct batch *batch, enum later how, struct str raw);

/* All fields are what COPY takes. batch_close sees to it, and batch_put_part for its rows. */
void batch_settle(struct batch *batch);

void batch_reject(struct batch *batch, size_t position, struct str reason, struct str record);
void batch_mark(struct batch *batch, const struct mark *mark); /* copies; ends the page */
void batch_close(struct batch *batch);                         /* writes COPY's trailer, once */

/*
 * For rows that PostgreSQL refuses, of pages that are in: the row becomes a reject of its
 * page's mark. The rows are taken out afterwards, all at once; `rows` are their indexes in
 * ascending order. The trailer goes too, so the batch must be closed again.
 */
void batch_reject_row(struct batch *batch, size_t row, struct str reason);
void batch_remove_rows(struct batch *batch, const size_t *rows, size_t count);

/* The bytes of a row, without the header and trailer; borrowed. */
struct str batch_row(const struct batch *batch, size_t row);

/*
 * The fields of a row, one after another:
 *
 *     struct str rest = batch_row_fields(batch, row), bytes;
 *     struct str field = batch_take_field(&rest, &bytes);
 *
 * A field comes with its length; *ret_bytes is without it, and NULL where the field is null or
 * waits (encode.h).
 */
enum { BATCH_COUNT_BYTES = 2 }; /* before the first field */
struct str batch_row_fields(const struct batch *batch, size_t row);
struct str batch_take_field(struct str *rest, struct str *ret_bytes);

/* COPY's data for these rows alone, with its header and trailer; `spelled`: as batch_spell
 * writes them, whose columns these are, or NULL. */
void batch_put_part(const struct batch *batch, const size_t *rows, size_t count,
                    const struct columns *spelled, struct buf *out);

/*
 * What the last two fields of every row are; the stage's again after batch_aim_at_stage.
 * `at_us`: microseconds since 2000-01-01 UTC.
 */
void batch_aim_at_table(struct batch *batch, int64_t at_us);
void batch_aim_at_stage(struct batch *batch);

/*
 * The fields of columns with a form (form.h) as the staging table takes them. The columns are
 * those of the map; the trailer goes, so the batch must be closed again. Once is enough.
 */
void batch_spell(struct batch *batch, const struct columns *columns);

bool batch_is_empty(const struct batch *batch); /* no mark */
size_t batch_bytes(const struct batch *batch);  /* memory held */

/* Of the whole: has it any row; rows of pages that are in, and bytes of these rows. */
bool batch_has_rows(const struct batch *batch);
size_t batch_settled_rows(const struct batch *batch);
size_t batch_settled_bytes(const struct batch *batch);

#endif

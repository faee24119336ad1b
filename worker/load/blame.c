#include "worker/load/blame.h"

#include <assert.h>

#include "base/mem.h"
#include "base/wire.h"
#include "worker/load/column_map.h"
#include "worker/rows/set_aside.h"

/*
 * COPY stops at the first row that it refuses and does not say which by our count. So the
 * batch is halved: a range that is refused is split in two, a range of one row that is refused
 * is to blame. `ranges` is a stack with the first range on top, so bad rows are noted in
 * ascending order. One bad row among n costs about 2·log₂ n tries; nothing of them is
 * committed.
 *
 *     [0,8) refused → [0,4) taken, [4,8) refused → [4,6) refused → [4] taken, [5] is to blame
 *                   → [6,8) taken
 *
 * The merge is searched by PostgreSQL itself, which names rows by `_pt_ord`. Values come first:
 * one that does not fit its type goes aside, and the rest of its record is stored.
 */
enum { COPY_TIMEOUT_MS = 60000, SEARCH_TIMEOUT_MS = 600000 };

struct range {
    size_t from, to; /* rows; `to` excluded */
};

struct blame {
    struct blame_options options;
    struct pg *pg;
    struct batch *batch;
    blame_fn fn;
    void *ctx;
    struct range *ranges; /* not tried yet, the first one last */
    size_t range_count, range_capacity;
    struct range tried;
    struct buf data; /* of the try under way */
    size_t *bad;     /* rows, ascending */
    size_t bad_count, bad_capacity;
    struct misfit *misfits; /* values, in ascending order of rows */
    size_t misfit_count, misfit_capacity;
};

static void try_next(struct blame *blame);

void blame_put_copy_sql(struct buf *buf, unsigned loader)
{
    buf_puts(buf, "copy pg_temp.");
    column_map_put_stage_name(buf, loader);
    buf_puts(buf, " from stdin (format binary)");
}

static void note_bad(struct blame *blame, size_t row, struct str reason)
{
    if (blame->bad_count && blame->bad[blame->bad_count - 1] == row)
        return;
    MEM_GROW(blame->bad, blame->bad_count, blame->bad_capacity);
    blame->bad[blame->bad_count++] = row;
    batch_reject_row(blame->batch, row, reason);
}

static void finish(struct blame *blame)
{
    size_t count = blame->bad_count + blame->misfit_count;
    if (blame->misfit_count)
        set_aside(blame->batch, blame->options.columns, blame->misfits, blame->misfit_count);
    batch_remove_rows(blame->batch, blame->bad, blame->bad_count);
    blame->fn(blame->ctx, count, NULL);
}

static struct blame *blame_new(const struct blame_options *options, blame_fn fn, void *ctx)
{
    struct blame *blame = mem_alloc(sizeof *blame);
    *blame = (struct blame){
        .options = *options, .pg = options->pg, .batch = options->batch, .fn = fn, .ctx = ctx};
    buf_init(&blame->data, options->batch->rows.len + KIB(1));
    return blame;
}

void blame_free(struct blame *blame)
{
    if (!blame)
        return;
    buf_done(&blame->data);
    mem_free(blame->ranges);
    mem_free(blame->bad);
    mem_free(blame->misfits);
    mem_free(blame);
}

/* --- in COPY --- */

static void push_range(struct blame *blame, size_t from, size_t to)
{
    MEM_GROW(blame->ranges, blame->range_count, blame->range_capacity);
    blame->ranges[blame->range_count++] = (struct range){from, to};
}

static void on_tried(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct blame *blame = ctx;
    struct range range = blame->tried;
    assert(range.from < range.to);
    (void)result;
    if (err && err->kind != ERR_INPUT) {
        /* The rows noted as bad must be gone when the batch is sent again. */
        batch_remove_rows(blame->batch, blame->bad, blame->bad_count);
        blame->fn(blame->ctx, 0, err);
        return;
    }
    size_t middle = range.from + (range.to - range.from) / 2;
    if (err && range.to - range.from == 1) {
        note_bad(blame, range.from, str_from(err->text));
    } else if (err) {
        push_range(blame, middle, range.to);
        push_range(blame, range.from, middle);
    }
    try_next(blame);
}

static void try_next(struct blame *blame)
{
    if (blame->range_count == 0) {
        finish(blame);
        return;
    }
    const struct batch *batch = blame->batch;
    blame->tried = blame->ranges[--blame->range_count];
    buf_reset(&blame->data);
    buf_put(&blame->data, str_slice(buf_str(&batch->rows), 0, batch->row_starts[0]));
    for (size_t row = blame->tried.from; row < blame->tried.to; row++)
        buf_put(&blame->data, batch_row(batch, row));
    buf_puts(&blame->data, "\377\377");
    AUTO_BUF(sql, KIB(1));
    blame_put_copy_sql(&sql, blame->options.loader);
    pg_copy(blame->pg, sql.ptr, buf_str(&blame->data), COPY_TIMEOUT_MS, on_tried, blame);
}

struct blame *blame_copy(const struct blame_options *options, blame_fn fn, void *ctx)
{
    struct blame *blame = blame_new(options, fn, ctx);
    push_range(blame, 0, options->batch->row_count);
    try_next(blame);
    return blame;
}

/* --- in the merge --- */

/* `_pt_ord` is the last field of the tuple. */
static int64_t row_ord(const struct batch *batch, size_t row)
{
    struct str bytes = batch_row(batch, row);
    return wire_int8(bytes.ptr + bytes.len - sizeof(int64_t));
}

/* The row of this `_pt_ord`, from row `from` on; the count of rows if it is not there. */
static size_t find_row(const struct batch *batch, size_t from, int64_t ord)
{
    while (from < batch->row_count && row_ord(batch, from) < ord)
        from++;
    return from;
}

static const char search_sql[] =
    "select ord, reason from pagetide.find_bad_rows($1) order by ord";
enum search_column { SEARCH_ORD, SEARCH_REASON, SEARCH_COLUMNS };

static void on_searched(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct blame *blame = ctx;
    if (err) {
        blame->fn(blame->ctx, 0, err);
        return;
    }
    assert(pg_columns(result) == SEARCH_COLUMNS);
    size_t row = 0;
    for (size_t i = 0; i < pg_rows(result); i++) {
        row = find_row(blame->batch, row, pg_get_int(result, i, SEARCH_ORD));
        if (row < blame->batch->row_count)
            note_bad(blame, row++, pg_get_str(result, i, SEARCH_REASON));
    }
    finish(blame);
}

/* --- values first --- */

static const char misfits_sql[] =
    "select ord, name, reason from pagetide.find_misfits($1) order by ord";
enum misfit_column { MISFIT_ORD, MISFIT_NAME, MISFIT_REASON, MISFIT_COLUMNS };

static void search(struct blame *blame, const char *sql, pg_done_fn fn)
{
    struct pg_value param = pg_text(blame->options.message);
    pg_query(blame->pg, sql, &param, 1, SEARCH_TIMEOUT_MS, fn, blame);
}

static size_t find_column(const struct columns *columns, struct str name)
{
    size_t i = 0;
    while (i < columns->count && !str_eq(columns->items[i].name, name))
        i++;
    return i;
}

static void note_misfit(struct blame *blame, size_t row, struct str name, struct str reason)
{
    const struct columns *columns = blame->options.columns;
    size_t column = find_column(columns, name);
    assert(column < columns->count);
    if (columns->items[column].is_key || blame->options.on_mismatch != MISMATCH_ASIDE) {
        AUTO_ARENA struct arena *arena = arena_new();
        const char *what = columns->items[column].is_key ? "key" : "column";
        note_bad(
            blame, row,
            arena_printf(arena, "%s \"%.*s\": %.*s", what, STR_ARG(name), STR_ARG(reason)));
        return;
    }
    MEM_GROW(blame->misfits, blame->misfit_count, blame->misfit_capacity);
    blame->misfits[blame->misfit_count++] = (struct misfit){row, column};
}

static void on_misfits(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct blame *blame = ctx;
    if (err) {
        blame->fn(blame->ctx, 0, err);
        return;
    }
    assert(pg_columns(result) == MISFIT_COLUMNS);
    size_t row = 0;
    for (size_t i = 0; i < pg_rows(result); i++) {
        row = find_row(blame->batch, row, pg_get_int(result, i, MISFIT_ORD));
        if (row < blame->batch->row_count)
            note_misfit(blame, row, pg_get_str(result, i, MISFIT_NAME),
                        pg_get_str(result, i, MISFIT_REASON));
    }
    if (blame->bad_count || blame->misfit_count)
        finish(blame);
    else
        search(blame, search_sql, on_searched);
}

struct blame *blame_merge(const struct blame_options *options, blame_fn fn, void *ctx)
{
    struct blame *blame = blame_new(options, fn, ctx);
    search(blame, misfits_sql, on_misfits);
    return blame;
}

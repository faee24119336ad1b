#include "worker/rows/batch.h"

#include <assert.h>
#include <endian.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/spill.h"
#include "base/wire.h"

/* What an empty batch keeps: it counts as memory in use, and each stream has two. */
enum { ROWS_KEPT_BYTES = 8 << 20, SMALL_ROWS_BYTES = 256 << 10 };

/* A batch that is full, and the page that has filled it, are in the heap. */
enum { ROWS_SPILL_BYTES = 2 * BUF_SPILL_BYTES };

/* PostgreSQL manual, COPY, "Binary Format": signature, flags, length of the extension. */
#define COPY_HEADER  STR("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0")
#define COPY_TRAILER STR("\377\377")

struct batch *batch_new(size_t max_bytes)
{
    struct batch *batch = mem_alloc(sizeof *batch);
    batch->arena = arena_new();
    batch->rows_max = max_bytes;
    buf_init(&batch->rows, max_bytes);
    batch->rows.spill_at = ROWS_SPILL_BYTES;
    buf_put(&batch->rows, COPY_HEADER);
    return batch;
}

struct batch *batch_new_whole(size_t max_bytes, size_t part_count)
{
    struct batch *batch = batch_new(max_bytes);
    batch->parts = mem_alloc(MAX(part_count, 1) * sizeof *batch->parts);
    batch->part_count = part_count;
    for (size_t i = 0; i < part_count; i++)
        batch->parts[i] = batch_new(max_bytes);
    return batch;
}

struct batch *batch_at(struct batch *batch, size_t i)
{
    return i ? batch->parts[i - 1] : batch;
}

static void drop_bodies(struct batch *batch)
{
    for (size_t i = 0; i < batch->body_count; i++)
        buf_done(&batch->bodies[i]);
    batch->body_count = batch->body_bytes = 0;
}

void batch_free(struct batch *batch)
{
    if (!batch)
        return;
    arena_free(batch->arena);
    buf_done(&batch->rows);
    mem_free(batch->row_starts);
    mem_free(batch->row_marks);
    mem_free(batch->row_positions);
    mem_free(batch->row_raws);
    mem_free(batch->row_addeds);
    drop_bodies(batch);
    mem_free(batch->bodies);
    mem_free(batch->marks);
    mem_free(batch->rejects);
    for (size_t i = 0; i < batch->part_count; i++)
        batch_free(batch->parts[i]);
    mem_free(batch->parts);
    mem_free(batch);
}

void batch_reset(struct batch *batch)
{
    arena_reset(batch->arena);
    if (batch->rows.capacity > ROWS_KEPT_BYTES)
        buf_done(&batch->rows);
    buf_reset(&batch->rows);
    batch->rows.max = batch->rows_max;
    batch->rows.spill_at = ROWS_SPILL_BYTES;
    buf_put(&batch->rows, COPY_HEADER);
    drop_bodies(batch);
    batch->row_count = batch->mark_count = batch->reject_count = 0;
    batch->column_count = 0;
    batch->is_closed = batch->has_odd = batch->has_deleted = batch->is_spelled = false;
    batch->may_wait = false;
    batch->waiting_bytes = 0;
    batch->opened_mono_ms = 0;
    batch->page_row_count = batch->page_rows_len = batch->page_reject_count = 0;
    batch->added = STR_NONE;
    for (size_t i = 0; i < batch->part_count; i++)
        batch_reset(batch->parts[i]);
}

void batch_give_back(struct batch *batch)
{
    assert(!batch->row_count);
    if (batch->rows.capacity > SMALL_ROWS_BYTES) {
        buf_done(&batch->rows);
        buf_put(&batch->rows, COPY_HEADER);
    }
    for (size_t i = 0; i < batch->part_count; i++)
        batch_give_back(batch->parts[i]);
}

void batch_page_begin(struct batch *batch)
{
    assert(!batch->is_closed && !batch->is_spelled);
    batch->page_row_count = batch->row_count;
    batch->page_rows_len = batch->rows.len;
    batch->page_reject_count = batch->reject_count;
    batch->added = STR_NONE;
    if (!batch->opened_mono_ms)
        batch->opened_mono_ms = clock_mono_ms();
    for (size_t i = 0; i < batch->part_count; i++)
        batch_page_begin(batch->parts[i]);
}

void batch_expect(struct batch *batch, size_t body_bytes)
{
    if (body_bytes > BUF_SPILL_BYTES)
        batch->rows.spill_at = BUF_SPILL_BYTES;
}

void batch_page_drop(struct batch *batch)
{
    buf_truncate(&batch->rows, batch->page_rows_len);
    batch->rows.has_overflowed = false;
    batch->row_count = batch->page_row_count;
    batch->reject_count = batch->page_reject_count;
    if (batch_is_empty(batch))
        batch->opened_mono_ms = 0;
    for (size_t i = 0; i < batch->part_count; i++)
        batch_page_drop(batch->parts[i]);
}

static void rows_grow(struct batch *batch)
{
    size_t grown = batch->row_capacity ? batch->row_capacity * 2 : 256;
    batch->row_starts = mem_realloc(batch->row_starts, grown * sizeof *batch->row_starts);
    batch->row_marks = mem_realloc(batch->row_marks, grown * sizeof *batch->row_marks);
    batch->row_positions =
        mem_realloc(batch->row_positions, grown * sizeof *batch->row_positions);
    batch->row_raws = mem_realloc(batch->row_raws, grown * sizeof *batch->row_raws);
    batch->row_addeds = mem_realloc(batch->row_addeds, grown * sizeof *batch->row_addeds);
    batch->row_capacity = grown;
}

void batch_row_begin(struct batch *batch, size_t position, struct str raw)
{
    assert(!batch->is_closed);
    if (batch->row_count == batch->row_capacity)
        rows_grow(batch);
    batch->row_starts[batch->row_count] = batch->rows.len;
    batch->row_marks[batch->row_count] = (uint32_t)batch->mark_count;
    batch->row_positions[batch->row_count] = (uint32_t)position;
    batch->row_raws[batch->row_count] = raw;
    batch->row_addeds[batch->row_count] = batch->added;
    batch->row_count++;
}

void batch_row_drop(struct batch *batch)
{
    assert(batch->row_count > batch->page_row_count);
    batch->row_count--;
    buf_truncate(&batch->rows, batch->row_starts[batch->row_count]);
}

void batch_set_added(struct batch *batch, struct str added)
{
    bool is_kept = added.len <= BATCH_REJECT_BYTES_MAX;
    batch->added = is_kept ? arena_str(batch->arena, added) : STR_NONE;
}

static bool is_slice_of(struct str text, const struct buf *whole)
{
    uintptr_t begin = (uintptr_t)whole->ptr, at = (uintptr_t)text.ptr;
    return whole->ptr && at >= begin && at - begin <= whole->len;
}

/* What waits is in the body, or it can wait no longer. */
static void settle_strangers(struct batch *batch, const struct buf *body)
{
    for (size_t i = batch->page_row_count; i < batch->row_count; i++)
        if (!is_slice_of(batch->row_raws[i], body)) {
            batch_settle(batch);
            return;
        }
}

/* True: rows of the open page are slices of it. What is none is copied. */
static bool keep_raws(struct batch *batch, const struct buf *body)
{
    bool is_needed = false;
    settle_strangers(batch, body);
    for (size_t i = batch->page_row_count; i < batch->row_count; i++) {
        struct str *raw = &batch->row_raws[i];
        if (is_slice_of(*raw, body))
            is_needed = true;
        else
            *raw = arena_str(batch->arena, str_slice(*raw, 0, BATCH_REJECT_BYTES_MAX));
    }
    return is_needed;
}

void batch_keep_body(struct batch *batch, struct buf *body)
{
    bool is_needed = keep_raws(batch, body);
    for (size_t i = 0; i < batch->part_count; i++)
        is_needed |= keep_raws(batch->parts[i], body);
    if (!is_needed)
        return;
    MEM_GROW(batch->bodies, batch->body_count, batch->body_capacity);
    batch->bodies[batch->body_count++] = *body;
    batch->body_bytes += body->capacity;
    buf_init(body, body->max);
}

struct str batch_row(const struct batch *batch, size_t row)
{
    assert(row < batch->row_count);
    size_t end = batch->rows.len - (batch->is_closed ? COPY_TRAILER.len : 0);
    if (row + 1 < batch->row_count)
        end = batch->row_starts[row + 1];
    spill_touched(end - batch->row_starts[row]);
    return str_slice(buf_str(&batch->rows), batch->row_starts[row], end);
}

struct str batch_row_fields(const struct batch *batch, size_t row)
{
    struct str tuple = batch_row(batch, row);
    return str_slice(tuple, BATCH_COUNT_BYTES, tuple.len);
}

struct str batch_take_field(struct str *rest, struct str *ret_bytes)
{
    assert(rest->len >= sizeof(int32_t));
    int32_t len = wire_int4(rest->ptr);
    size_t size =
        sizeof len + (encode_is_later(len) ? (size_t)LATER_BYTES : (size_t)MAX(len, 0));
    assert(size <= rest->len);
    struct str field = {rest->ptr, size};
    *ret_bytes = len < 0 ? STR_NONE : (struct str){field.ptr + sizeof len, size - sizeof len};
    *rest = (struct str){rest->ptr + size, rest->len - size};
    return field;
}

static void add_reject(struct batch *batch, struct batch_reject_record reject)
{
    MEM_GROW(batch->rejects, batch->reject_count, batch->reject_capacity);
    reject.reason = arena_str(batch->arena, reject.reason);
    reject.record =
        arena_str(batch->arena, str_slice(reject.record, 0, BATCH_REJECT_BYTES_MAX));
    batch->rejects[batch->reject_count++] = reject;
}

void batch_reject(struct batch *batch, size_t position, struct str reason, struct str record)
{
    add_reject(batch, (struct batch_reject_record){batch->mark_count, position, reason, record,
                                                   batch->added});
}

void batch_reject_row(struct batch *batch, size_t row, struct str reason)
{
    size_t mark = batch->row_marks[row];
    assert(row < batch->row_count && mark < batch->mark_count);
    add_reject(batch,
               (struct batch_reject_record){mark, batch->row_positions[row], reason,
                                            batch->row_raws[row], batch->row_addeds[row]});
    batch->marks[mark].rejects++;
}

void batch_remove_rows(struct batch *batch, const size_t *rows, size_t count)
{
    size_t kept = 0, removed = 0, end = COPY_HEADER.len;
    for (size_t row = 0; row < batch->row_count; row++) {
        struct str bytes = batch_row(batch, row);
        if (removed < count && rows[removed] == row) {
            removed++;
            continue;
        }
        memmove(batch->rows.ptr + end, bytes.ptr, bytes.len);
        batch->row_marks[kept] = batch->row_marks[row];
        batch->row_positions[kept] = batch->row_positions[row];
        batch->row_raws[kept] = batch->row_raws[row];
        batch->row_addeds[kept] = batch->row_addeds[row];
        batch->row_starts[kept++] = end;
        end += bytes.len;
    }
    assert(removed == count);
    batch->row_count = kept;
    buf_truncate(&batch->rows, end);
    batch->is_closed = false;
}

/* Of a part's mark only the run and the counts are read. */
static void mark_part(struct batch *part, const struct mark *mark,
                      const struct mark_part *counts)
{
    struct mark of_part = {.run = mark->run};
    if (counts) {
        of_part.records = counts->records;
        of_part.rejects = counts->rejects;
    }
    batch_mark(part, &of_part);
}

void batch_mark(struct batch *batch, const struct mark *mark)
{
    MEM_GROW(batch->marks, batch->mark_count, batch->mark_capacity);
    struct mark *copy = &batch->marks[batch->mark_count++];
    *copy = *mark;
    copy->parts = NULL;
    for (size_t i = 0; i < batch->part_count; i++)
        mark_part(batch->parts[i], mark, mark->parts ? &mark->parts[i] : NULL);
    struct str *const texts[] = {&copy->checkpoint,    &copy->misfits,      &copy->misfit_notes,
                                 &copy->bookmark_high, &copy->warning,      &copy->paging,
                                 &copy->error,         &copy->complete_why, &copy->waiting_for,
                                 &copy->asked,         &copy->why,          &copy->ranges,
                                 &copy->places};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = arena_str(batch->arena, *texts[i]);
    if (!batch->opened_mono_ms)
        batch->opened_mono_ms = clock_mono_ms();
    batch_page_begin(batch);
}

void batch_put_later(struct batch *batch, enum later how, struct str raw)
{
    encode_later(&batch->rows, how, raw);
    batch->waiting_bytes += raw.len + LATER_GROWTH_MAX;
}

/* Puts a row as COPY takes it; `spelled`: into a staging table, else NULL. */
static void put_settled(struct jsontext_sorter *sorter, struct buf *out, struct str tuple,
                        const struct columns *spelled)
{
    struct str rest = str_slice(tuple, BATCH_COUNT_BYTES, tuple.len), bytes;
    buf_put(out, str_slice(tuple, 0, BATCH_COUNT_BYTES));
    for (size_t i = 0; rest.len; i++) {
        struct str field = batch_take_field(&rest, &bytes);
        int32_t len = wire_int4(field.ptr);
        if (encode_is_later(len))
            encode_waited(sorter, out, len, field.ptr + sizeof len);
        else if (bytes.ptr && spelled && i < spelled->count &&
                 form_changes(spelled->items[i].form))
            form_spell(spelled->items[i].form, bytes, out);
        else
            buf_put(out, field);
    }
}

/* All rows once more, into at most so many bytes; `spelled` as put_settled has it. */
static void rewrite(struct batch *batch, const struct columns *spelled, size_t max_bytes)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct jsontext_sorter sorter = {.arena = arena};
    struct buf rows;
    buf_init(&rows, max_bytes);
    rows.spill_at = batch->rows.spill_at;
    buf_put(&rows, COPY_HEADER);
    for (size_t row = 0; row < batch->row_count; row++) {
        struct str tuple = batch_row(batch, row);
        size_t begin = rows.len;
        put_settled(&sorter, &rows, tuple, spelled);
        if (row == batch->page_row_count)
            batch->page_rows_len = begin;
        batch->row_starts[row] = begin;
    }
    if (batch->page_row_count == batch->row_count)
        batch->page_rows_len = rows.len;
    assert(!rows.has_overflowed);
    buf_done(&batch->rows);
    batch->rows = rows;
    batch->waiting_bytes = 0;
    batch->is_closed = false;
}

void batch_settle(struct batch *batch)
{
    if (!batch->waiting_bytes)
        return;
    rewrite(batch, NULL, batch->rows.len + batch->waiting_bytes + COPY_TRAILER.len);
    batch->rows.max = MAX(batch->rows_max, batch->rows.len + COPY_TRAILER.len);
}

void batch_close(struct batch *batch)
{
    batch_settle(batch);
    if (!batch->is_closed)
        buf_put(&batch->rows, COPY_TRAILER);
    batch->is_closed = true;
}

void batch_put_part(const struct batch *batch, const size_t *rows, size_t count,
                    const struct columns *spelled, struct buf *out)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct jsontext_sorter sorter = {.arena = arena};
    bool is_changed = batch->waiting_bytes || (spelled && !batch->is_spelled);
    buf_put(out, COPY_HEADER);
    for (size_t i = 0; i < count; i++)
        if (is_changed)
            put_settled(&sorter, out, batch_row(batch, rows[i]),
                        batch->is_spelled ? NULL : spelled);
        else
            buf_put(out, batch_row(batch, rows[i]));
    buf_put(out, COPY_TRAILER);
}

/* Two fields of an int8 each end a row: length, value, length, value. */
static void put_tail(struct batch *batch, size_t row, int64_t first, int64_t second)
{
    struct str bytes = batch_row(batch, row);
    uint64_t wire[] = {htobe64((uint64_t)first), htobe64((uint64_t)second)};
    size_t end = batch->row_starts[row] + bytes.len;
    memcpy(batch->rows.ptr + end - sizeof wire[1], &wire[1], sizeof wire[1]);
    memcpy(batch->rows.ptr + end - 12 - sizeof wire[0], &wire[0], sizeof wire[0]);
}

void batch_aim_at_table(struct batch *batch, int64_t at_us)
{
    for (size_t row = 0; row < batch->row_count; row++)
        put_tail(batch, row, batch->marks[batch->row_marks[row]].run, at_us);
}

void batch_aim_at_stage(struct batch *batch)
{
    for (size_t row = 0; row < batch->row_count; row++)
        put_tail(batch, row, batch->row_marks[row], (int64_t)row);
}

/* --- to a staging table --- */

static bool has_forms(const struct columns *columns)
{
    for (size_t i = 0; i < columns->count; i++)
        if (form_changes(columns->items[i].form))
            return true;
    return false;
}

/* A value is at most 64 bytes as text, and of 63 digits a numeric has 24 with its length; of
 * other types there are 31 in 8, or less. */
void batch_spell(struct batch *batch, const struct columns *columns)
{
    enum { GROWTH_MAX = 8 };
    if (batch->is_spelled)
        return;
    if (has_forms(columns))
        rewrite(batch, columns, batch->rows_max * GROWTH_MAX + batch->waiting_bytes);
    batch->is_spelled = true;
}

bool batch_is_empty(const struct batch *batch)
{
    return batch->mark_count == 0;
}

size_t batch_bytes(const struct batch *batch)
{
    size_t per_row = sizeof *batch->row_starts + sizeof *batch->row_marks +
                     sizeof *batch->row_positions + sizeof *batch->row_raws +
                     sizeof *batch->row_addeds;
    size_t of_parts = 0;
    for (size_t i = 0; i < batch->part_count; i++)
        of_parts += batch_bytes(batch->parts[i]);
    return of_parts + arena_bytes(batch->arena) + batch->rows.capacity + batch->body_bytes +
           batch->row_capacity * per_row + batch->mark_capacity * sizeof *batch->marks +
           batch->reject_capacity * sizeof *batch->rejects;
}

bool batch_has_rows(const struct batch *batch)
{
    bool has_rows = batch->row_count > 0;
    for (size_t i = 0; i < batch->part_count; i++)
        has_rows |= batch->parts[i]->row_count > 0;
    return has_rows;
}

size_t batch_settled_rows(const struct batch *batch)
{
    size_t rows = batch->page_row_count;
    for (size_t i = 0; i < batch->part_count; i++)
        rows += batch->parts[i]->page_row_count;
    return rows;
}

size_t batch_settled_bytes(const struct batch *batch)
{
    size_t bytes = batch->page_rows_len;
    for (size_t i = 0; i < batch->part_count; i++)
        bytes += batch->parts[i]->page_rows_len;
    return bytes;
}

#include "worker/rows/set_aside.h"

#include "base/json_out.h"
#include "core/value.h"
#include "worker/values/encode.h"

/* After the columns of the map: `_pt_hash`, then `_pt_aside` (batch.h). */
enum { ASIDE_AFTER = 1 };

/* One tuple being written anew. */
struct rewriting {
    struct buf *out;
    struct buf asides; /* the members of `_pt_aside`, with a comma before each but the first */
    const struct columns *columns;
    struct str rest; /* of the tuple: the fields to come */
};

static void add_aside(struct rewriting *rewriting, struct str name, struct str text)
{
    AUTO_BUF(source, SIZE_MAX / 2);
    if (encode_is_number(text))
        buf_put(&source, text);
    else
        json_out_quote(&source, text);
    if (rewriting->asides.len)
        buf_put_byte(&rewriting->asides, ',');
    json_out_quote(&rewriting->asides, name);
    buf_put_byte(&rewriting->asides, ':');
    json_out_quote(&rewriting->asides, buf_str(&source));
}

/* What went aside before, a jsonb of a version and an object, comes after the new members. */
static void put_asides(struct rewriting *rewriting, struct str before)
{
    size_t begin = encode_begin(rewriting->out);
    buf_put_byte(rewriting->out, ENCODE_JSONB_VERSION);
    buf_put_byte(rewriting->out, '{');
    buf_put(rewriting->out, buf_str(&rewriting->asides));
    if (before.len > 3) {
        buf_put_byte(rewriting->out, ',');
        buf_put(rewriting->out, str_slice(before, 2, before.len - 1));
    }
    buf_put_byte(rewriting->out, '}');
    encode_end(rewriting->out, begin);
}

static bool is_misfit(size_t column, const struct misfit *misfits, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (misfits[i].column == column)
            return true;
    return false;
}

static void rewrite_row(struct buf *out, const struct columns *columns, struct str tuple,
                        const struct misfit *misfits, size_t count)
{
    struct rewriting rewriting = {.out = out, .columns = columns, .rest = tuple};
    struct str bytes;
    buf_init(&rewriting.asides, SIZE_MAX / 2);
    buf_put(out, str_slice(tuple, 0, BATCH_COUNT_BYTES));
    rewriting.rest = str_slice(tuple, BATCH_COUNT_BYTES, tuple.len);
    for (size_t i = 0; i < columns->count; i++) {
        struct str field = batch_take_field(&rewriting.rest, &bytes);
        if (is_misfit(i, misfits, count) && bytes.ptr) {
            add_aside(&rewriting, columns->items[i].name, bytes);
            encode_null(out);
        } else {
            buf_put(out, field);
        }
    }
    for (size_t i = 0; i < ASIDE_AFTER; i++)
        buf_put(out, batch_take_field(&rewriting.rest, &bytes));
    (void)batch_take_field(&rewriting.rest, &bytes);
    put_asides(&rewriting, bytes);
    buf_put(out, rewriting.rest);
    buf_done(&rewriting.asides);
}

/* --- the counts of the marks --- */

static struct str count_more(struct arena *arena, struct str counts, struct str name,
                             int64_t more)
{
    AUTO_BUF(buf, MIB(1));
    struct json_out out = {.buf = &buf};
    struct value map = UNDEFINED_VALUE;
    struct err ignored = ERR_INIT;
    int64_t before = 0;
    bool has_any = counts.len && value_parse(arena, counts, VALUE_WHOLE, &map, &ignored);
    json_out_open(&out, NULL, '{');
    for (size_t i = 0; has_any && i < map.map->count; i++) {
        const struct value_member *member = &map.map->members[i];
        if (str_eq(member->key, name) && str_to_int64(member->value.text, &before))
            continue;
        json_out_name(&out, member->key);
        value_put(&out, NULL, member->value);
    }
    json_out_name(&out, name);
    json_out_int(&out, NULL, before + more);
    json_out_close(&out, '}');
    return buf.has_overflowed ? counts : arena_str(arena, buf_str(&buf));
}

/* Of one column, by mark. */
static void count_column(struct batch *batch, const struct columns *columns, size_t column,
                         const struct misfit *misfits, size_t count)
{
    for (size_t i = 0; i < count;) {
        size_t mark = batch->row_marks[misfits[i].row];
        int64_t found = 0;
        for (; i < count && batch->row_marks[misfits[i].row] == mark; i++)
            found += misfits[i].column == column;
        if (!found)
            continue;
        batch->marks[mark].asides += found;
        batch->marks[mark].misfits = count_more(batch->arena, batch->marks[mark].misfits,
                                                columns->items[column].name, found);
    }
}

void set_aside(struct batch *batch, const struct columns *columns, const struct misfit *misfits,
               size_t count)
{
    struct buf rows;
    buf_init(&rows, batch->rows.max);
    buf_put(&rows, str_slice(buf_str(&batch->rows), 0, batch->row_starts[0]));
    for (size_t row = 0, at = 0; row < batch->row_count; row++) {
        struct str tuple = batch_row(batch, row);
        size_t first = at;
        while (at < count && misfits[at].row == row)
            at++;
        batch->row_starts[row] = rows.len;
        if (at > first)
            rewrite_row(&rows, columns, tuple, misfits + first, at - first);
        else
            buf_put(&rows, tuple);
    }
    for (size_t i = 0; i < columns->count; i++)
        count_column(batch, columns, i, misfits, count);
    buf_done(&batch->rows);
    batch->rows = rows;
    batch->is_closed = false;
}

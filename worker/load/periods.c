#include "worker/load/periods.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/date.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "base/wire.h"
#include "worker/values/encode.h"
#include "worker/values/plain_time.h"

/*
 * Of the times of a batch that are in no known period each hour or day is sent once: no period
 * is shorter. A text that is no plain time is sent as it is, for PostgreSQL reads more forms
 * than this process, unless it is too long to be one.
 */
enum { TEXT_BYTES_MAX = 64, TIMES_MAX = 100000 };
static const int64_t hour_us = INT64_C(3600000000), day_us = INT64_C(86400000000);

void periods_reset(struct periods *periods)
{
    periods->count = 0;
}

void periods_done(struct periods *periods)
{
    mem_free(periods->known);
    *periods = (struct periods){0};
}

/* --- what is known --- */

/* The first that does not end before; where there is none, their count. */
static size_t find_period(const struct periods *periods, int64_t us)
{
    size_t low = 0, high = periods->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (periods->known[middle].to_us <= us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_known(const struct periods *periods, int64_t us)
{
    size_t at = find_period(periods, us);
    return at < periods->count && periods->known[at].from_us <= us;
}

bool periods_add(struct periods *periods, int64_t from_us, int64_t to_us)
{
    size_t at = find_period(periods, from_us);
    if (is_known(periods, from_us))
        return false;
    MEM_GROW(periods->known, periods->count, periods->capacity);
    memmove(&periods->known[at + 1], &periods->known[at],
            (periods->count - at) * sizeof *periods->known);
    periods->known[at] = (struct period){from_us, to_us};
    periods->count++;
    return true;
}

/* --- the times of a batch --- */

struct times {
    const struct periods *periods;
    int64_t unit_us;
    int64_t *units; /* whole hours or days that are not known */
    size_t count, capacity;
    struct json_out out; /* the list */
    size_t text_count;
};

static void note_time(struct times *times, int64_t us)
{
    if (is_known(times->periods, us))
        return;
    int64_t unit = (us >= 0 ? us : us - (times->unit_us - 1)) / times->unit_us;
    if (times->count && times->units[times->count - 1] == unit)
        return;
    MEM_GROW(times->units, times->count, times->capacity);
    times->units[times->count++] = unit;
}

static void note_day(struct times *times, struct str bytes)
{
    int64_t us;
    if (!__builtin_mul_overflow(wire_integer(bytes), day_us, &us))
        note_time(times, us);
}

/* What is no ASCII is no time, and may be what JSON or PostgreSQL refuse. */
static bool is_sendable(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] > '~')
            return false;
    return text.len && text.len <= TEXT_BYTES_MAX;
}

static void note_text(struct times *times, struct str text)
{
    int64_t us;
    if (plain_time_read(text, &us)) {
        note_time(times, us - ENCODE_EPOCH_US);
        return;
    }
    if (!is_sendable(text) || times->text_count >= TIMES_MAX)
        return;
    json_out_str(&times->out, NULL, text);
    times->text_count++;
}

/* As the batch holds it: in the form that the table takes, or as text. */
static void note_field(struct times *times, const struct column *column, bool is_spelled,
                       struct str bytes)
{
    struct str text;
    if (!bytes.ptr)
        return;
    if (column->type == COLUMN_TIMESTAMPTZ)
        note_time(times, wire_integer(bytes));
    else if (column->type == COLUMN_DATE)
        note_day(times, bytes);
    else if (column->form == FORM_NONE || is_spelled)
        note_text(times, bytes);
    else if (form_is_odd(bytes, &text))
        note_text(times, text);
    else if (column->form == FORM_INSTANT)
        note_time(times, wire_integer(bytes));
    else if (column->form == FORM_DAY)
        note_day(times, bytes);
}

static void note_rows(struct times *times, const struct columns *columns, size_t at,
                      const struct batch *batch)
{
    for (size_t row = 0; row < batch->row_count; row++) {
        struct str rest = batch_row_fields(batch, row), bytes = STR_NONE;
        for (size_t i = 0; i <= at; i++)
            (void)batch_take_field(&rest, &bytes);
        note_field(times, &columns->items[at], batch->is_spelled, bytes);
    }
}

static int compare_units(const void *a, const void *b)
{
    const int64_t *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

static void put_units(struct times *times)
{
    if (times->count)
        qsort(times->units, times->count, sizeof *times->units, compare_units);
    size_t put = 0;
    for (size_t i = 0; i < times->count && put < TIMES_MAX; i++) {
        AUTO_BUF(text, 64);
        if (i && times->units[i] == times->units[i - 1])
            continue;
        date_format_rfc3339(&text, times->units[i] * times->unit_us + ENCODE_EPOCH_US);
        json_out_str(&times->out, NULL, buf_str(&text));
        put++;
    }
}

static size_t find_column(const struct columns *columns, struct str field)
{
    size_t i = 0;
    while (i < columns->count && !str_eq(columns->items[i].field, field))
        i++;
    return i;
}

bool periods_put_missing(const struct periods *periods, const struct table *table,
                         const struct columns *columns, const struct batch *batch,
                         struct buf *ret_times)
{
    const struct table_partition *partition = &table->partition;
    if (!partition->range.len || !batch->row_count)
        return false;
    struct times times = {.periods = periods,
                          .unit_us = partition->every == EVERY_HOUR ? hour_us : day_us,
                          .out = {.buf = ret_times}};
    size_t at = find_column(columns, partition->range);
    json_out_open(&times.out, NULL, '[');
    if (str_is(partition->range, PARTITION_STORED_AT))
        note_time(&times, clock_wall_ms() * 1000 - ENCODE_EPOCH_US);
    else if (at < columns->count)
        note_rows(&times, columns, at, batch);
    put_units(&times);
    json_out_close(&times.out, ']');
    bool is_missing = times.count || times.text_count;
    mem_free(times.units);
    return is_missing;
}

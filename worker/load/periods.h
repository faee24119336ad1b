#ifndef WORKER_LOAD_PERIODS_H
#define WORKER_LOAD_PERIODS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/stream.h"
#include "worker/rows/batch.h"
#include "worker/rows/columns.h"

/*
 * Which periods of a table with `partition_by` need no partition any more, as far as this
 * process knows, and which of the rows of a batch are in others. PostgreSQL makes those that
 * are missing, before the rows are sent (pagetide.make_partitions,
 * schema/functions/table_partitions.sql), and says which periods are settled then:
 *
 *     periods_put_missing ── false ──► the batch goes its way
 *       ▲  │ true: make_partitions
 *       │  ▼
 *     periods_add, for each that it tells
 *
 * Nothing is lost where this is wrong: what has no partition goes to the default one.
 */
struct periods {
    struct period *known; /* in ascending order */
    size_t count, capacity;
};

struct period {
    int64_t from_us, to_us; /* since 2000-01-01 UTC; `to` excluded */
};

/* Nothing is known: of a new run, or of another table. */
void periods_reset(struct periods *periods);
void periods_done(struct periods *periods);

/* False: all rows are in known periods, or the table has no `partition_by`. Else the times that
 * are not, as JSON: a list of texts. */
bool periods_put_missing(const struct periods *periods, const struct table *table,
                         const struct columns *columns, const struct batch *batch,
                         struct buf *ret_times);

/* From `from_us` to before `to_us`. False: that was known. */
bool periods_add(struct periods *periods, int64_t from_us, int64_t to_us);

#endif

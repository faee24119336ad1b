#ifndef WORKER_LOAD_BLAME_H
#define WORKER_LOAD_BLAME_H

#include "base/buf.h"
#include "base/err.h"
#include "port/pg.h"
#include "worker/rows/batch.h"

/*
 * After a data error: which values, or which rows, of a batch are to blame. Values that their
 * column's type refuses go aside, as the definition's `on_mismatch` says. Other rows leave the
 * batch and become rejects of their pages. Nothing is committed by the search.
 */
struct blame;

/* So many values or rows were to blame; or an err that is not about the data. From the loop. */
typedef void (*blame_fn)(void *ctx, size_t count, const struct err *err);

struct blame_options {
    struct pg *pg;
    struct batch *batch;
    unsigned loader;
    const struct columns *columns; /* by which the rows were cut; borrowed, like the rest */
    enum mismatch_mode on_mismatch;
    struct str message; /* blame_merge: that of the commit, borrowed until the callback */
};

/* COPY refused: halves of halves are copied until single rows are found. */
struct blame *blame_copy(const struct blame_options *options, blame_fn fn,
                         void *ctx) MUST_CHECK;

/* The merge refused: PostgreSQL looks through the staging table itself, for values that cannot
 * be cast (find_misfits), and where there are none for rows (find_bad_rows). */
struct blame *blame_merge(const struct blame_options *options, blame_fn fn,
                          void *ctx) MUST_CHECK;

/* Before its callback, too: then the session must be dropped as well. NULL is fine. */
void blame_free(struct blame *blame);

/* COPY … FROM STDIN into the staging table of the loader. */
void blame_put_copy_sql(struct buf *buf, unsigned loader);

#endif

#ifndef WORKER_LOAD_BLAME_H
#define WORKER_LOAD_BLAME_H

#include "base/buf.h"
#include "base/err.h"
#include "port/pg.h"
#include "worker/rows/batch.h"

/*
 * After a data error: which rows of a batch are to blame. They leave the batch and become
 * rejects of their pages. Nothing is committed by the search.
 */
struct blame;

/* `count` rows have left the batch; or an err that is not about the data. From the loop. */
typedef void (*blame_fn)(void *ctx, size_t count, const struct err *err);

/* COPY refused: halves of halves are copied until single rows are found. */
struct blame *blame_copy(struct pg *pg, struct batch *batch, unsigned loader, blame_fn fn,
                         void *ctx) MUST_CHECK;

/* The merge refused: PostgreSQL looks through the staging table itself (find_bad_rows). The
 * message is borrowed until the callback. */
struct blame *blame_merge(struct pg *pg, struct batch *batch, struct str message, blame_fn fn,
                          void *ctx) MUST_CHECK;
/* Before its callback, too: then the session must be dropped as well. NULL is fine. */
void blame_free(struct blame *blame);

/* COPY … FROM STDIN into the staging table of the loader. */
void blame_put_copy_sql(struct buf *buf, unsigned loader);

#endif

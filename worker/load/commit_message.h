#ifndef WORKER_LOAD_COMMIT_MESSAGE_H
#define WORKER_LOAD_COMMIT_MESSAGE_H

#include "base/buf.h"
#include "config/stream.h"
#include "port/pg.h"
#include "worker/load/column_map.h"
#include "worker/load/row_keys.h"
#include "worker/rows/batch.h"

enum {
    COMMIT_STAGE_TIMEOUT_MS = 60000, /* what comes before the rows */
    COMMIT_COPY_TIMEOUT_MS = 60000,  /* without a byte moved */
    COMMIT_TIMEOUT_MS = 600000,      /* one statement: the merge of a whole batch; or a lock */
    COMMIT_WHOLE_TIMEOUT_MS = 6 * 3600000, /* it may end a run that compares its whole table */
    COMMIT_MESSAGE_BYTES_MAX = 512 << 20,  /* half of what PostgreSQL takes as a parameter */
    COMMIT_HASHES_BYTES_MAX = 1 << 30,
};

/* The call that the message and the hashes are the arguments of: a row for each mark. What
 * comes first in a row is in commit_read_verdict (commit.c). */
#define COMMIT_BATCH                                                                           \
    "select n, verdict, ended, state, run_ended, run_state, warnings, reason, error "          \
    "from pagetide.commit_batch($1, $2) order by n"
enum { COMMIT_PARAMS = 2 };

/* Where the rows of the batch are when the message is sent. */
enum commit_rows {
    ROWS_STAGED,   /* all of them in the staging table */
    ROWS_IN_TABLE, /* in the stream's table, as they are to stay */
    ROWS_IN_PART,  /* in the staging table those that the stream's table lacks */
    ROWS_THERE,    /* the stream's table has them all, and none was sent */
};

/* All borrowed. */
struct commit_message {
    const char *worker; /* its name */
    const struct batch *batch;
    const struct stream *stream;  /* NULL: the definition cannot be read; all marks are ends */
    const struct column_map *map; /* NULL: the batch has no rows, and nothing is merged */
    unsigned loader;              /* names the staging table */
    const char *way;              /* that the rows take, in a word (way.h); NULL: no rows */
    enum commit_rows rows;
    bool is_indivisible; /* some of it is written already: all marks are applied, or none */
    const struct row_keys *keys;    /* of the rows; NULL: the server reads them where it can */
    const struct column_map *whole; /* with the maps of the stream's parts, whose rows are in
                                       staging tables; NULL: no part has any */
};

/* The same where the rows of one table alone are to be looked at: `part` of the stream. */
void commit_message_put_part(struct buf *buf, const struct commit_message *message,
                             size_t part);

/* A batch's marks and rejects, the tables to merge from and into, and how many hashes of keys
 * each mark has, as the JSON that pagetide.commit_batch() reads. */
void commit_message_put(struct buf *buf, const struct commit_message *message);

/* Those hashes, as a bigint[] in binary format; nothing where there are none to send. */
void commit_message_put_hashes(struct buf *buf, const struct commit_message *message);

/* The parameters of COMMIT_BATCH from what the two have put. */
void commit_message_params(const struct buf *message, const struct buf *hashes,
                           struct pg_value params[COMMIT_PARAMS]);

/* What `write` is called in a message. */
struct str commit_write_mode(const struct table *table);

#endif

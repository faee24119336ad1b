#ifndef WORKER_LOAD_LOADER_H
#define WORKER_LOAD_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/stream.h"
#include "port/loop.h"
#include "port/pg.h"
#include "worker/rows/batch.h"
#include "worker/rows/columns.h"
#include "worker/rows/new_fields.h"

/*
 * This room, worker/load, brings batches into PostgreSQL. loader.h is its door: a crawl asks
 * here for the map and for the batch to cut its pages into. The room knows nothing of HTTP.
 * Below this file are:
 *
 *     batch_pair.h                          the two batches of a loader
 *     commit.h, commit_message.h, blame.h   the way of one batch
 *     column_map.h and two ways to get one  the column map
 *     sessions.h, attempt.h                 the pool of sessions; when work is tried again
 *
 * A batch goes by COPY into a session-temporary staging table; then one message brings the
 * fence, the merge, the checkpoints and the ledger (pagetide.commit_batch). There is one
 * loader for each stream definition in use in the process; at most one of its batches is being
 * committed while the next one fills.
 *
 *     loaders_get → loader_prepare → [loader_batch, cut, loader_mark]… → outcomes → loader_put
 *
 * The loader owns the parsed definition; the crawls of the stream share it.
 */
struct loaders;
struct loader;

struct loaders_options {
    struct loop *loop;
    const char *database_url; /* NULL: nothing is written; the map is kept in memory */
    const char *name;         /* application_name */
    int64_t connections, batch_records, batch_bytes, batch_age_ms;
    int64_t give_up_ms; /* how long a batch is tried while the database is away; -1: for ever */
    void (*on_committed)(void *ctx); /* a batch is done and its memory free; may be NULL */
    /* No session that loads is up any more, or none came up, and why; may be NULL. */
    void (*on_away)(void *ctx, const struct err *err);
    void (*on_answer)(void *ctx, const struct err *err); /* of each session: port/pg.h */
    void *ctx;
};

/* The outcome of each mark, exactly once, in the order of the marks; never from inside a call
 * of loader_mark. */
typedef void (*loader_outcome_fn)(void *mark_ctx, const struct mark_outcome *outcome);

bool loaders_new(const struct loaders_options *options, loader_outcome_fn fn,
                 struct loaders **ret_loaders, struct err *err) MUST_CHECK;
void loaders_free(struct loaders *loaders);
size_t loaders_sessions(const struct loaders *loaders); /* that are connected */
size_t loaders_bytes(const struct loaders *loaders);    /* memory of all batches */
void loaders_doubt(struct loaders *loaders);            /* sessions_doubt */
void loaders_flush_oldest(struct loaders *loaders);     /* memory is short */
bool loaders_is_idle(const struct loaders *loaders);    /* nothing open or being committed */

/*
 * The loader of this definition (by its text and the run that asks), made and parsed where it
 * is new; counted. ERR_CONFIG where the spec cannot be read: *ret_loader is set all the same,
 * but without a definition; only ends may be marked there. loader_put gives it back.
 */
bool loaders_get(struct loaders *loaders, struct str spec, struct loader **ret_loader,
                 struct err *err) MUST_CHECK;
void loader_put(struct loader *loader);
const struct stream *loader_stream(const struct loader *loader);
const struct columns *loader_columns(const struct loader *loader);
/* Those of the stream's parts, in the arena; NULL: it has none. */
const struct columns **loader_part_columns(const struct loader *loader, struct arena *arena);

typedef void (*loader_ready_fn)(void *ctx, const struct err *err);

/* Reads the column map; calls back at once (from the loop) where it is known. */
void loader_prepare(struct loader *loader, int64_t run, loader_ready_fn fn, void *ctx);

/*
 * Adds the fields to the tables and the map, in a transaction of its own for each. `fields` has
 * those of each table of the stream, its own first, NULL where nothing is new. They are copied.
 * NULL instead of all: no record has come, but tables there shall be; only where
 * loader_lacks_table.
 * Retries locks and lost sessions itself; the error is final.
 */
void loader_extend(struct loader *loader, int64_t run, const struct new_fields *const *fields,
                   loader_ready_fn fn, void *ctx);

/* Is one of the tables not there, so that no query could read it? Where nothing is written none
 * is lacking. */
bool loader_lacks_table(const struct loader *loader);

/*
 * The batch to cut the next page into, or NULL while one is being committed and the open one
 * is full: fn is then called once when there is room.
 */
struct batch *loader_batch(struct loader *loader, loader_ready_fn fn, void *ctx);

/* The batch that loader_batch gave, while the page that was cut into it is not marked yet. */
struct batch *loader_open_batch(const struct loader *loader);

/*
 * Ends the page that was cut into the open batch (or adds an end without a page) and sees to
 * its commit: when the batch is full, old enough, or `flush` is set.
 */
void loader_mark(struct loader *loader, const struct mark *mark, bool flush);

/* While a page is cut with pauses: batch_pair_hold and _release. */
void loader_hold(struct loader *loader);
void loader_release(struct loader *loader);

/* No callback of loader_prepare, loader_extend and loader_batch to this ctx will come. Marks
 * already given still have their outcomes. */
void loader_forget(struct loader *loader, void *ctx);

#endif

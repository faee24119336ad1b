#ifndef WORKER_LOAD_BATCH_PAIR_H
#define WORKER_LOAD_BATCH_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/stream.h"
#include "port/loop.h"
#include "worker/load/column_map.h"
#include "worker/load/sessions.h"
#include "worker/rows/batch.h"

/*
 * The two batches of a loader: one is open and fills with pages while the other one is being
 * committed, or is spare. When a batch leaves for PostgreSQL, and what the outcome of each mark
 * is, is decided here. Which column map is in force is kept here too, because rows cut by two
 * maps may not share a batch.
 *
 *     batch_pair_new → batch_pair_set_map → [batch_pair_take, cut, batch_pair_mark]… →
 *     outcomes, on_committed → batch_pair_free
 */
struct batch_pair;

struct batch_pair_options {
    struct loop *loop;
    struct sessions *sessions;   /* NULL: nothing is written, every mark is applied */
    const char *worker;          /* name for the message; borrowed, like the stream */
    const struct stream *stream; /* NULL: cannot be read; only ends may be marked */
    unsigned loader;             /* number: names the staging table; the parts' are the next */
    int64_t batch_records, batch_bytes, batch_age_ms; /* at which the open batch leaves */
    int64_t give_up_ms;
    /* The outcome of a mark, by the mark's own ctx. */
    void (*on_outcome)(void *mark_ctx, const struct mark_outcome *outcome);
    /* A batch is done and its outcomes are out; the pair may be freed in this call. */
    void (*on_committed)(void *ctx);
    void *ctx;
};

typedef void (*batch_pair_ready_fn)(void *ctx, const struct err *err);

struct batch_pair *batch_pair_new(const struct batch_pair_options *options) MUST_CHECK;
void batch_pair_free(struct batch_pair *pair); /* no callback comes any more */

/* The map in force; NULL before the first. Borrowed until the next one is set. */
struct column_map *batch_pair_map(const struct batch_pair *pair);

/*
 * Installs a new column map, which becomes the pair's. An equal map is dropped, because the
 * open batch would have to leave for it.
 */
void batch_pair_set_map(struct batch_pair *pair, struct column_map *map);

/*
 * The open batch, for the next page. NULL while it is full and the other one is being
 * committed: `fn` is then called once, from the loop, when there is room.
 */
struct batch *batch_pair_take(struct batch_pair *pair, batch_pair_ready_fn fn, void *ctx);

/* The open batch as it is, also where it is full: for the page that is being cut into it. */
struct batch *batch_pair_open(const struct batch_pair *pair);

/* Ends the page that was cut into the open batch, or adds an end without a page; `is_last`: the
 * batch leaves as soon as it can. */
void batch_pair_mark(struct batch_pair *pair, const struct mark *mark, bool is_last);

/*
 * A page that takes long is cut with pauses in between. From the first pause on until it is
 * marked or dropped the open batch is held. It does not leave then, nobody else takes it, and
 * ends that are marked meanwhile wait.
 */
void batch_pair_hold(struct batch_pair *pair);
void batch_pair_release(struct batch_pair *pair); /* just before the mark, or after the drop */

/* The open batch leaves as soon as it can. */
void batch_pair_flush(struct batch_pair *pair);

/* No callback of batch_pair_take to this ctx will come. */
void batch_pair_forget(struct batch_pair *pair, const void *ctx);

bool batch_pair_is_loading(const struct batch_pair *pair); /* one is being committed */
bool batch_pair_is_idle(const struct batch_pair *pair);    /* nothing open or being committed */
bool batch_pair_is_telling(
    const struct batch_pair *pair); /* callbacks of a commit are under way */
size_t batch_pair_bytes(const struct batch_pair *pair);              /* memory of both */
void batch_pair_limit(struct batch_pair *pair, int64_t batch_bytes); /* from now on */

#endif

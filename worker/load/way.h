#ifndef WORKER_LOAD_WAY_H
#define WORKER_LOAD_WAY_H

#include <stdbool.h>
#include <stddef.h>

#include "config/stream.h"
#include "worker/load/column_map.h"
#include "worker/load/row_keys.h"

/*
 * Which way the rows of a batch take. This is the only place where it is decided; what
 * PostgreSQL refuses of a way goes by the staging table (commit.h).
 *
 *     WAY_DIRECT  COPY into the stream's table itself
 *     WAY_PROBE   PostgreSQL says first which rows it lacks; nothing else is sent
 *     WAY_STAGED  COPY into a staging table, from which all rows are merged
 *
 * Rows that are appended meet no other: they go direct, where every column is of a type whose
 * binary form is ours (rows/encode.h, rows/form.h), no value is odd, and no key must be hashed
 * by the server. An upsert remembers what became
 * of the batches before:
 *
 *     probe ── all new ──────► direct, for a while ── a conflict ──► probe
 *       │ ▲                      └── then ──► probe
 *       │ └─────────── then ─────────────┐
 *       └── most are new or changed ──► staged, for a while
 *
 * "A while" is one batch, and twice as many after each probe that says the same again, up to
 * WAY_PATIENCE_MAX: a first load is probed now and then, a re-load batch by batch. After a
 * conflict no batch goes direct unasked for WAY_CAUTION probes, so that a load in which new
 * and old records take turns does not pay for COPYs that are rolled back.
 *
 * With `write: replace` the rows that the table has already are noted by their hashes, and all
 * others are kept elsewhere until the run's end (replace.sql): none is copied into the table.
 *
 * Staged without being asked are `merge: fill`, whose records come in pieces; keys of types
 * that the worker cannot compare; and a batch with two rows of one key, of which the later is
 * to win.
 */
enum way { WAY_STAGED, WAY_DIRECT, WAY_PROBE };
enum { WAY_PATIENCE_MAX = 64, WAY_CAUTION = 16 };

/* Of a stream in this process. All zeros at first. */
struct way_memory {
    enum way unasked; /* the way of the next batches, while `left` is not 0 */
    unsigned left;    /* how many of them are not probed */
    unsigned
        patience;     /* what `left` was set to the last time; 0: the last probe was worth it */
    bool is_same;     /* most rows need not be sent, as the last probe said, or way_begin */
    unsigned caution; /* probes to come after which no batch goes direct unasked */
};

/* Whether the worker hashes the keys of these rows (row_keys.h): `merge: fill` has no use for
 * that. */
bool way_hashes_keys(const struct stream *stream, const struct column_map *map);

/* Whether all rows of the batch are to be in the table, with values in the binary form that it
 * takes. */
bool way_is_binary(const struct column_map *map, const struct batch *batch);

/* Whether rows that the table lacks may be copied into it. */
bool way_may_copy(const struct stream *stream, const struct column_map *map,
                  const struct batch *batch);

/*
 * Before the first batch: of a table that is there already an upsert is expected to bring most
 * rows as they are, unless it asks for what is new since its bookmark.
 */
void way_begin(struct way_memory *memory, const struct stream *stream,
               const struct column_map *map);

/* `keys`: where way_hashes_keys, else NULL. */
enum way way_choose(struct way_memory *memory, const struct stream *stream,
                    const struct column_map *map, const struct batch *batch,
                    const struct row_keys *keys);

/* A probe of so many rows has said that `fresh` of them are new and `changed` are others. */
void way_note_probe(struct way_memory *memory, size_t rows, size_t fresh, size_t changed,
                    bool may_copy);
/* A row that was sent direct has met its key. */
void way_note_conflict(struct way_memory *memory);

const char *way_name(enum way way);

#endif

#ifndef WORKER_RECORDS_JSONTEXT_H
#define WORKER_RECORDS_JSONTEXT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "core/path.h"
#include "worker/records/records.h"

/*
 * Walks in the text of one JSON value that the scanner has already found valid, at most
 * RECORDS_DEPTH_MAX deep: nothing here checks the grammar again.
 */

/*
 * The value at the steps of `path` from `from_step` on, as a field whose raw text is a slice
 * of `raw`; its name is left empty, its flaw FLAW_NONE. False where the path leads to no
 * value. Not for paths with wildcards. Of equal keys the last counts.
 */
bool jsontext_find(struct arena *arena, struct str raw, const struct path *path,
                   size_t from_step, struct record_field *ret_field) MUST_CHECK;

/* A field of this text: kind and has_escapes are read off it. */
struct record_field jsontext_field(struct str name, struct str raw);

/*
 * Writes values for jsonb: without white space, the keys of every object in jsonb's own order
 * (length, then bytes), of equal keys the last, so that the server has nothing to sort. The
 * time is that of the length, however deep the objects are. Keeps its scratch memory in the
 * arena from one value to the next. Begins as {.arena = …}.
 */
struct jsontext_sorter {
    struct arena *arena;
    struct jsontext_member *members; /* a stack: those of all open objects */
    size_t count, capacity;
    char *scratch;
    size_t scratch_bytes;
    struct jsontext_patch *patches; /* of the value under way, as are their spans */
    size_t patch_count, patch_capacity;
    struct jsontext_span *spans;
    size_t span_count, span_capacity;
};

/* Appends; never longer than `raw`. */
void jsontext_put_sorted(struct jsontext_sorter *sorter, struct buf *buf, struct str raw);

#endif

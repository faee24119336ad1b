#ifndef SCHEDULER_APPLY_H
#define SCHEDULER_APPLY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/source.h"
#include "port/pg.h"

/*
 * Storing definitions in PostgreSQL (pagetide.define): each stream whose definition or schedule
 * differs from what this process stored last.
 *
 *     apply_new → apply_dir → apply_fn → [apply_dir …] → apply_free
 */
struct apply;

struct apply_result {
    struct source *const *sources; /* what was read, outlines alone; until fn returns */
    size_t source_count;
    size_t streams; /* good ones, all stored */
    size_t changed; /* of those, new or different */
    const struct buf
        *errors;           /* of broken files and refused streams, one a line; empty if none */
    const struct err *err; /* the database failed, or a file for a lack; NULL if not */
};

typedef void (*apply_fn)(void *ctx, const struct apply_result *result);

struct apply *apply_new(struct pg *pg) MUST_CHECK; /* remembers what it stored */
void apply_free(struct apply *apply); /* its callback will not come; NULL is fine */
bool apply_is_busy(const struct apply *apply);

/*
 * Stores every stream of DIR/sources, one after the other, and calls back once (from within
 * this call where nothing has changed). A broken file keeps its last good version, and so does
 * a stream that PostgreSQL refuses, for its time zone say (pagetide.define_refusal); after an
 * error of the database the rest is not tried. Not while it is busy. `dir` is read at once.
 */
void apply_dir(struct apply *apply, const char *dir, apply_fn fn, void *ctx);

#endif

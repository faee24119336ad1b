#ifndef SCHEDULER_PARTITIONS_H
#define SCHEDULER_PARTITIONS_H

#include "base/arena.h"
#include "port/loop.h"
#include "port/pg.h"

/*
 * Asks for the partitions of runs, where a definition has them from SQL, and gives the runs
 * their jobs (schema/functions/partitions.sql). The definition's query runs in a session of its
 * own, which can only read and lasts as long as there is something to ask for; a query may take
 * 60 s.
 *
 *     partitions_new → partitions_list → partitions_fn → [again …] → partitions_free
 *
 * What is wrong with a query, or with what it gives, is the end of its run and no error here.
 */
struct partitions;

struct partitions_options {
    struct loop *loop;
    struct pg *pg; /* the caller's, for all that is written */
    const char *database_url, *name;
};

/* So many runs have their lists. `err`: a server is away (ERR_AGAIN), and the runs that are
 * left wait; NULL if not. */
typedef void (*partitions_fn)(void *ctx, size_t listed, const struct err *err);

struct partitions *partitions_new(const struct partitions_options *options) MUST_CHECK;
void partitions_free(
    struct partitions *partitions); /* its callback will not come; NULL is fine */

/* Of one run, or (0) of all that no `sync` keeps. Nothing happens while it is busy. */
void partitions_list(struct partitions *partitions, int64_t run, partitions_fn fn, void *ctx);

/*
 * Asks for no run, in a session that can only read: the rows of the query, `most` of them, as a
 * list in JSON. Runs the loop. In `arena`.
 */
bool partitions_look(struct loop *loop, const char *database_url, struct str sql, int64_t most,
                     struct arena *arena, struct str *ret_list, struct err *err) MUST_CHECK;

#endif

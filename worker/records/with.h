#ifndef WORKER_RECORDS_WITH_H
#define WORKER_RECORDS_WITH_H

#include "config/stream.h"
#include "core/template.h"
#include "worker/records/records.h"

/*
 * `with`: the fields that are added to each record. Expressions are evaluated once for the
 * page; a path is read again whenever its anchor has moved on.
 *
 *     with_start → records_start → with_watch → with_update before every row_put
 *
 * with_format gives those that are not read in the record itself, as a JSON object: what a
 * record that is rejected needs besides its own bytes. A value that PostgreSQL could not keep
 * is left out.
 */
struct with {
    const struct merge *merge;
    struct arena *arena;
    /* out */
    struct record_field *fields;
    size_t count;
    bool *met; /* for each of merge->with: has anything stood there? Of an expression: true */
    bool has_moved; /* with_update has read one that is not in the record itself */
    /* private */
    const struct with_field **paths; /* of these fields; NULL: an expression */
    struct str *read_in;             /* where each path was read last; not read: no bytes */
    size_t path_count;
    bool follows_record; /* one of them is read in the record itself */
    size_t place;        /* records_place() when the paths were read */
};

/* Evaluates the expressions; paths are null still. False: err, of the expression. */
bool with_start(struct with *with, const struct expr_scope *scope, struct err *err) MUST_CHECK;

/* Has `records` keep what the paths will be read in. */
void with_watch(const struct with *with, struct records *records);

/* Reads the paths for this record. True: they were read, so values may have changed. */
bool with_update(struct with *with, const struct records *records,
                 const struct record *record) MUST_CHECK;

/* In with->arena; empty: there are none. */
struct str with_format(const struct with *with);

/*
 * The elements around the records of one of `tables` that has a `parent_key`, in the order of
 * the body, those without any record among them:
 *
 *     parents_open → for each record: parents_next … until false → at the end likewise
 *
 * So a parent is given before its records, and after those of the parent before it.
 */
struct parents {
    struct with with; /* its fields name the parent that was given last */
    struct record record;
    /* private */
    struct records *records; /* NULL: none are asked for */
    bool is_waiting;         /* the one read last was not given yet */
};

/* `merge` NULL: there is no parent_key, and there are none. The rest is borrowed. */
void parents_open(struct parents *parents, const struct merge *merge, struct str body,
                  struct arena *arena);

/*
 * The next parent, where it begins before `place` in the body (NULL: wherever). False: there is
 * none, or the body cannot be read on, which who reads the records is told.
 */
bool parents_next(struct parents *parents, const char *place) MUST_CHECK;

#endif

#ifndef SCHEMA_MIGRATE_H
#define SCHEMA_MIGRATE_H

#include "base/arena.h"
#include "base/err.h"
#include "port/pg.h"

/*
 * The control schema in PostgreSQL, and the two parts that it is made of (schema/README.md):
 *
 *   schema/tables       state: tables, types, sequences, indexes. Forward only; each file is
 *                       applied once, and its number is the version that it came with.
 *   schema/functions    code: functions, aggregates, views. Applied as a whole where their
 *                       digest is not the one in pagetide.meta (schema/apply.sql).
 *
 * pagetide.migration has a row for each version that changed the schema. A migration is one
 * transaction under an advisory lock: any number of processes may migrate at once, and one that
 * fails leaves nothing.
 *
 * All calls run the loop until they are done: for commands, not for callbacks. Errors of the
 * server come as they are; refusals are ERR_CONFIG with origin "schema" and say what to do.
 */
enum {
    /* Raise it with every change of a file in schema/tables or schema/functions. */
    SCHEMA_VERSION = 105,

    /* The oldest version whose processes may work on this schema. Raise it, to the version that
     * brought the new call, where a call or a result that older processes use goes away. */
    SCHEMA_SERVES = 10,
};

enum schema_state {
    SCHEMA_MISSING, /* nothing there, or nothing finished */
    SCHEMA_OLDER,   /* than this binary, or of its version with other functions */
    SCHEMA_CURRENT,
    SCHEMA_SERVING, /* newer than this binary, and made to serve it too */
    SCHEMA_NEWER,
};

bool schema_read_state(struct pg *pg, enum schema_state *ret_state, struct err *err) MUST_CHECK;

/* Brings the schema to this version. *ret_applied is the number of files that this call
 * applied: 0 where it was current. A newer schema is refused, also one that serves us. */
bool schema_migrate(struct pg *pg, int *ret_applied, struct err *err) MUST_CHECK;

/* True where the processes of this binary may work: the schema is current or serves it. */
bool schema_check(struct pg *pg, struct err *err) MUST_CHECK;

/* The same, after bringing a missing or older schema to this version. */
bool schema_prepare(struct pg *pg, struct err *err) MUST_CHECK;

/* SHA-256 of all files of schema/tables and schema/functions: hexadecimal text in `arena`. */
struct str schema_digest(struct arena *arena);

#endif

#ifndef SCHEMA_MIGRATE_H
#define SCHEMA_MIGRATE_H

#include "base/err.h"
#include "port/pg.h"

/*
 * The control schema's version: the number of the last file of schema/sql that was applied,
 * kept in pagetide.migration. Files only go forward; each is one transaction with its entry
 * there, under an advisory lock, so any number of processes may migrate at once.
 *
 * All calls run the loop until they are done: for commands, not for callbacks.
 */
enum schema_state {
    SCHEMA_MISSING, /* nothing there, or nothing finished */
    SCHEMA_OLDER,   /* than this binary */
    SCHEMA_CURRENT,
    SCHEMA_NEWER,
};

bool schema_read_state(struct pg *pg, enum schema_state *ret_state, struct err *err) MUST_CHECK;

/* Applies what is missing; *ret_applied is the number of files this call applied. Leaves a
 * newer schema alone: ERR_CONFIG. */
bool schema_migrate(struct pg *pg, int *ret_applied, struct err *err) MUST_CHECK;

/* ERR_CONFIG with origin "schema" and what to do unless the state is SCHEMA_CURRENT. */
bool schema_check(struct pg *pg, struct err *err) MUST_CHECK;

#endif

#ifndef PORT_PG_POOLER_H
#define PORT_PG_POOLER_H

#include "port/pg.h"

/*
 * Is this session one session? A pooler in transaction mode (PgBouncer's pool_mode =
 * transaction) gives each transaction whatever session is free: settings, temporary tables and
 * LISTEN of one client are then found by another. Statement mode is the same, for each
 * statement. ERR_CONFIG says so, with what to do.
 *
 *   pg    a session that is up
 *   url   the one it was opened with: where a pooler answers, a second session is opened by it
 *         for a moment
 *
 * True also where it cannot be found out, as where the server takes no second session. Runs the
 * loop until it is done: for commands, not for callbacks.
 */
bool pg_pooler_check(struct loop *loop, struct pg *pg, const char *url,
                     struct err *err) MUST_CHECK;

#endif

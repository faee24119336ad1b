#ifndef PORT_SQLSTATE_H
#define PORT_SQLSTATE_H

#include <stdbool.h>

#include "base/err.h"

/*
 * What PostgreSQL's five characters mean for the caller (PostgreSQL manual, appendix A). The
 * first two are the class.
 *
 *     class or code                kind         what went wrong
 *
 *     none                         ERR_AGAIN    the connection was refused or lost
 *     08                           ERR_AGAIN    the connection
 *     40                           ERR_AGAIN    the transaction was rolled back: deadlock
 *     53 55 57 58                  ERR_AGAIN    resources, locks, a shutdown, the disk
 *     25006                        ERR_AGAIN    it is read-only: a replica, for now
 *
 *     22, but not 22P03 and 22P04  ERR_INPUT    a value
 *     23                           ERR_INPUT    a constraint
 *     54                           ERR_INPUT    too long, too many
 *     P0001                        ERR_INPUT    raised by one of our functions, or a trigger
 *
 *     28                           ERR_CONFIG   the login
 *     3D 3F                        ERR_CONFIG   no such database, no such schema
 *     42                           ERR_CONFIG   names, rights, definitions
 *     0A                           ERR_CONFIG   not supported
 *     22P03 22P04                  ERR_CONFIG   the COPY data do not fit the table's types
 *
 *     all others                   ERR_BUG
 *
 * ERR_INPUT is also in SQL: if you change it, change pagetide.is_data_error and
 * tests/tables/rules/sqlstates.txt.
 */
enum err_kind sqlstate_kind(const char *sqlstate);

/*
 * Has a trigger of somebody's raised it, of the row that it was given? ERR_INPUT then, whatever
 * sqlstate_kind says of the code. Not where it says to try again (40, 53, 25006, 55P03), nor of
 * 57014, which no handler in PL/pgSQL catches, of ERR_CONFIG, or of our own codes (PT).
 * `source`: the function in PostgreSQL's own code that made the error; of the statement RAISE
 * it is `exec_stmt_raise`.
 */
bool sqlstate_is_refusal(const char *sqlstate, const char *source);

/*
 * What the server refuses although it answers, and would to anybody: "writes", "more disk
 * space". NULL: the error is of another kind.
 */
const char *sqlstate_refuses(const char *sqlstate);

/* Definition and catalogue no longer agree (42, 0A, 22P03, 22P04): read the catalogue again. */
bool sqlstate_is_schema(const char *sqlstate);

#endif

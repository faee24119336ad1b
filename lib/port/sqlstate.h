#ifndef PORT_SQLSTATE_H
#define PORT_SQLSTATE_H

#include <stdbool.h>

#include "base/err.h"

/*
 * What PostgreSQL's five characters mean for the caller (PostgreSQL manual, appendix A). The
 * first two are the class. An empty code is a lost or refused connection: ERR_AGAIN.
 *
 *   08 40 53 55 57 58        ERR_AGAIN    connection, rollback, resources, locks, shutdown,
 * disk 22 23 54 P0001           ERR_INPUT    the data; but 22P03 and 22P04 → ERR_CONFIG 0A 28
 * 3D 3F 42           ERR_CONFIG   rights, names, definitions others                   ERR_BUG
 */
enum err_kind sqlstate_kind(const char *sqlstate);

/* Definition and catalogue no longer agree (42, 0A, 22P03, 22P04): read the catalogue again. */
bool sqlstate_is_schema(const char *sqlstate);

#endif

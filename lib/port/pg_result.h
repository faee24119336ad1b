#ifndef PORT_PG_RESULT_H
#define PORT_PG_RESULT_H

#include "port/pg.h"

/* What the session asks of a result; what callers ask is in pg.h. */

/* The statement failed, or the answer is not one of a finished statement. */
bool pg_result_is_error(const struct pg_result *result);

/* Of such a result: what the server said, its kind by SQLSTATE (port/sqlstate.h). */
void pg_result_error(const struct pg_result *result, struct err *err);

#endif

#ifndef PORT_PG_CONNECT_H
#define PORT_PG_CONNECT_H

#include "base/err.h"
#include "port/loop.h"
#include "port/pg.h"

/*
 * Makes connections of one database URL: tries its addresses one after another, each within the
 * URL's connect_timeout (10 s where it has none).
 *
 *     pg_connect_new → (pg_connect_start → pg_connect_fn, once)… → pg_connect_free
 */
struct pg_connect;

struct pg_conn; /* libpq's own tag of its PGconn */

/*
 * Either `conn`, logged in, in non-blocking mode and the callee's from now on, or `err`: of all
 * addresses' errors an ERR_CONFIG if there was one (only a person can mend it), else the last.
 * Never comes before pg_connect_start returns, except with an error; after it the connect is
 * not touched again, so that it may be started anew or freed.
 */
typedef void (*pg_connect_fn)(void *ctx, struct pg_conn *conn, const struct err *err);

/* options->setup_sql is not run here. ERR_CONFIG for a URL that cannot be used. */
bool pg_connect_new(struct loop *loop, const struct pg_options *options, pg_connect_fn fn,
                    void *ctx, struct pg_connect **ret_connect, struct err *err) MUST_CHECK;
void pg_connect_free(struct pg_connect *connect); /* NULL is fine */

/* Only when none is under way. */
void pg_connect_start(struct pg_connect *connect);
void pg_connect_cancel(struct pg_connect *connect); /* the callback will not come */

#endif

#ifndef PORT_PG_URL_H
#define PORT_PG_URL_H

#include "base/arena.h"
#include "base/err.h"

/*
 * The database URL, or key=value pairs, as libpq reads it. It may hold a password anywhere:
 * before an `@`, in the query, or where libpq takes a part of a password for a host or a port
 * because its `@` or `/` was not encoded. So it is parsed, never cut, and only what was
 * understood is shown.
 */
struct _PQconninfoOption; /* libpq's own tag of its PQconninfoOption */

/*
 * To be freed by PQconninfoFree. ERR_CONFIG, with a text that shows no part of the URL: libpq
 * cannot read it, a port is no number, or an `@` is where a password would end.
 */
bool pg_url_parse(const char *url, struct _PQconninfoOption **ret_options,
                  struct err *err) MUST_CHECK;

/* The value of a keyword; NULL: not given. Lives as long as the options. */
const char *pg_url_option(const struct _PQconninfoOption *options, const char *keyword);

/* Hosts, ports and database alone: "postgresql://h:5432/d"; for messages. In the arena. */
const char *pg_url_shown(struct arena *arena, const char *url);

#endif

#ifndef PORT_REDIS_URL_H
#define PORT_REDIS_URL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Where a Redis is and how to log in:
 *
 *     redis://[[user]:password@]host[:port][/db]      unix:///path
 *
 * User and password may be percent-encoded (RFC 3986, section 2.1). Strings end with NUL and
 * are in the arena.
 */
struct redis_url {
    struct str path; /* of a Unix socket; empty: host and port hold */
    struct str host;
    int port;
    struct str user, password; /* empty: not given */
    int db;
};

/* ERR_CONFIG with a text that shows no part of the URL: it may hold a password. */
bool redis_url_parse(struct arena *arena, struct str url, struct redis_url *ret_url,
                     struct err *err) MUST_CHECK;

/* Where it is, without user and password; for messages. In the arena. */
const char *redis_url_shown(struct arena *arena, const char *url);

#endif

#ifndef PORT_REDIS_URL_H
#define PORT_REDIS_URL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "port/stream.h"

enum { REDIS_SENTINELS_MAX = 16 };

struct redis_host {
    struct str name; /* or an address, without brackets */
    int port;
};

/*
 * Where a Redis is and how to log in:
 *
 *     redis://[LOGIN]host[:port][/db]            rediss://… the same with TLS
 *     redis+unix://[LOGIN]/path[?db=2]           unix://… the same
 *     redis+sentinel://[LOGIN]host[:port],host…/NAME[/db]     rediss+sentinel://… with TLS
 *
 *     LOGIN      [user]:password@
 *     behind `?`, joined by `&`: ca, cert, key (files) and verify (full, ca, none) with TLS;
 *     sentinel_user, sentinel_password: the login of the Sentinels themselves
 *
 * Every part may be percent-encoded (RFC 3986, section 2.1), and a `%` has to be; so user and
 * password may be any bytes. Strings end with NUL and are in the arena.
 */
struct redis_url {
    struct str path;        /* of a Unix socket; empty: host holds, or the Sentinels do */
    struct redis_host host; /* empty name: the Sentinels say it */
    struct str primary;     /* its name among the Sentinels; empty: there are none */
    struct redis_host sentinels[REDIS_SENTINELS_MAX];
    size_t sentinel_count;
    struct str user, password; /* empty: not given */
    struct str sentinel_user, sentinel_password;
    int db;
    bool has_tls;
    struct stream_tls tls;
};

/* ERR_CONFIG with a text that shows no part of the URL: it may hold a password. */
bool redis_url_parse(struct arena *arena, struct str url, struct redis_url *ret_url,
                     struct err *err) MUST_CHECK;

/* Where it is, without user, password and files; for messages. In the arena. */
const char *redis_url_shown(struct arena *arena, const char *url);

#endif

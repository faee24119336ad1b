#ifndef PORT_HTTP_PROXY_H
#define PORT_HTTP_PROXY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "port/http_url.h"

/*
 * Whether a proxy may be given to libcurl: [scheme://][user:password@]host[:port], the scheme
 * one of http, https, socks4, socks4a, socks5, socks5h. ERR_CONFIG shows no part of it, because
 * it may hold a password.
 */
bool http_proxy_check(struct str proxy, struct err *err) MUST_CHECK;

/*
 * The proxy that a request to `url` takes, checked; empty: none.
 *
 *   setting   a proxy; empty; or "env", what the environment says: https_proxy or http_proxy
 *             by the URL's scheme, else all_proxy, and no_proxy for those that take none. Lower
 *             case comes before upper case, and what is empty is not there.
 *
 * A Unix socket takes none. The proxy's credentials are kept out of what is shown from now on
 * (base/redact.h). The result is `setting` or in the arena. ERR_CONFIG as above.
 */
bool http_proxy_choose(struct arena *arena, struct str setting, const struct http_url *url,
                       struct str *ret_proxy, struct err *err) MUST_CHECK;

/*
 * Whether a list as in NO_PROXY names the host: entries between commas or blanks, each a name
 * (those below it, too, with or without a dot before it), an address, or a network
 * ("10.0.0.0/8", "fd00::/8"), the first two perhaps with ":port"; or "*" for all.
 */
bool http_proxy_leaves_out(struct str list, struct str host, int port);

#endif

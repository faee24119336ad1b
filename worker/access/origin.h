#ifndef WORKER_ACCESS_ORIGIN_H
#define WORKER_ACCESS_ORIGIN_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/stream.h"
#include "port/http.h"

/*
 * The room access/ says who we are to an API, where we may go, and how fast: secrets finds the
 * values of credentials, origin says which hosts may be asked and which of them get the
 * credentials, retry_after reads how long a server asks us to wait, and throttle keeps rate
 * limits and pauses. It knows nothing of pages.
 *
 * A stream's origin is the scheme, host and port of its own URL (`home_url`, without params).
 * Its credentials go there and nowhere else. Links and redirects may lead to other hosts where
 * allow_hosts names them, and go without.
 */

/*
 * May `url` be asked? *ret_is_home says whether credentials go along. ERR_INPUT where it goes
 * to a host that allow_hosts does not name, or leaves https for http; ERR_CONFIG where it is
 * not an http(s) URL.
 */
bool origin_check(const struct stream *stream, struct arena *arena, struct str home_url,
                  struct str url, bool *ret_is_home, struct err *err) MUST_CHECK;

/*
 * A literal address or `localhost` that the definition itself names may be asked although it is
 * not public; the same address in a link of another host, or found by a name, may not.
 */
bool origin_names_private(struct arena *arena, struct str home_url, struct str url);

/* "host:port" of a URL, in the arena; empty where it is not a URL. */
struct str origin_host(struct arena *arena, struct str url);

/*
 * A URL that came from the API, without the credentials that are parameters: they are added to
 * each request anew, and must not be in a checkpoint. The other bytes stay as they are. The
 * result is `url` itself or in the arena.
 */
struct str origin_clean(const struct stream *stream, struct arena *arena, struct str url);

#endif

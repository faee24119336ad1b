#ifndef WORKER_ACCESS_ORIGIN_H
#define WORKER_ACCESS_ORIGIN_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/stream.h"
#include "port/http.h"

/*
 * A stream's origin is the scheme, host and port of its own URL (`own`, without params). Its
 * credentials go there and nowhere else. Links and redirects may lead to other hosts where
 * allow_hosts names them, and go without.
 */

/*
 * May `url` be asked? *ret_is_own tells whether credentials go along. ERR_INPUT where it leaves
 * the origin unasked, or leaves https for http; ERR_CONFIG where it is no http(s) URL.
 */
bool origin_check(const struct stream *stream, struct arena *arena, struct str own,
                  struct str url, bool *ret_is_own, struct err *err) MUST_CHECK;

/*
 * A literal address or `localhost` that the definition itself names may be asked although it is
 * not public; the same address behind a link or a name may not.
 */
bool origin_names_private(struct arena *arena, struct str own, struct str url);

/* "host:port" of a URL; empty where it is none. */
struct str origin_host(struct arena *arena, struct str url);

/*
 * A URL that came from the API, without the credentials that are parameters: they are added to
 * each request anew, and must not stand in a checkpoint. The other bytes stay as they are.
 */
struct str origin_clean(const struct stream *stream, struct arena *arena, struct str url);

#endif

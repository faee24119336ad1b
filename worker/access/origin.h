#ifndef WORKER_ACCESS_ORIGIN_H
#define WORKER_ACCESS_ORIGIN_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/stream.h"
#include "port/http.h"

/*
 * The room access/ says who we are to an API, where we may go, and how fast. It knows nothing
 * of pages.
 *
 *     secrets       the values of credentials
 *     tokens        credentials that an answer gave: token_want (what is asked with),
 *                   token_fetch (the request), token_answer (what it says)
 *     origin        which hosts may be asked, and which of them get the credentials
 *     retry_after   how long a server asks us to wait
 *     throttle      rate limits and pauses
 *
 * A stream's origin is the scheme, host and port of its own URL (`home_url`, without
 * params), as the definition alone makes it. Its credentials go there and nowhere else: what
 * names a secret, and what goes by the name of a credential (base/secret_name.h).
 *
 * An answer may have had a hand in a URL: a link, a redirect, `url` made of the response. Such
 * a URL may lead to other hosts where allow_hosts names them, and goes without credentials.
 */

/*
 * May `url` be asked? *ret_is_home says whether credentials go along. ERR_INPUT where it goes
 * to a host that allow_hosts does not name, or to a Unix socket that is not its own, or leaves
 * https for http; ERR_CONFIG where it is no URL.
 */
bool origin_check(const struct stream *stream, struct arena *arena, struct str home_url,
                  struct str url, bool *ret_is_home, struct err *err) MUST_CHECK;

/*
 * A link of an answer: `reference` is resolved on the page's URL. With rebase_links a link to
 * another origin, but for those of allow_hosts, is taken on our own; and so is, at a Unix
 * socket, a link to http://localhost. Then origin_check, and the credentials that are
 * parameters are left out: those of env and secrets, which are added to each request anew and
 * must not be in a checkpoint, and on the way to another origin literal ones too. The other
 * bytes stay as they are. A file may be at a place that signs its links: elsewhere a parameter
 * of its URL is left out only where it has a secret's value too. The result is in the arena.
 * Also ERR_CONFIG where it is no URL.
 */
struct origin_link {
    struct str page_url, home_url, reference;
    bool is_to_file;
};
bool origin_follow(const struct stream *stream, struct arena *arena,
                   const struct origin_link *link, struct str *ret_url, bool *ret_is_home,
                   struct err *err) MUST_CHECK;

/*
 * A literal address or `localhost` that the definition itself names may be asked although it is
 * not public, and a Unix socket too; the same address in a link of another host, or found by a
 * name, may not.
 */
bool origin_names_private(struct arena *arena, struct str home_url, struct str url);

/* "host:port" of a URL, or its Unix socket, in the arena; empty where it is not a URL. */
struct str origin_host(struct arena *arena, struct str url);

#endif

#ifndef WORKER_EXCHANGE_REQUEST_URL_H
#define WORKER_EXCHANGE_REQUEST_URL_H

#include "worker/exchange/request_draft.h"

/*
 * Where a request goes: the link that the pager has, or the stream's url, path and params with
 * what the pager puts into the query. Fills home_url and is_home of the draft; *ret_url is
 * without credentials. A `url` that an answer had a hand in (it names response, http,
 * pager.cursor, accumulated or bookmark) is like a link: home_url is then what the definition
 * alone makes of it, and the URL may leave that only by allow_hosts, without credentials.
 *
 * ERR_INPUT: an expression failed, a value does not fit into a path, the URL is too long or
 * leaves its origin, or would leave it with a cursor that is a credential. ERR_CONFIG: a link
 * is not an http(s) URL.
 */
bool request_url_fill(struct request_draft *draft, struct str *ret_url,
                      struct err *err) MUST_CHECK;

/* The URL with more parameters at its end; `query` is encoded, and may be empty. */
struct str request_url_with_query(struct arena *arena, struct str url, struct str query);

#endif

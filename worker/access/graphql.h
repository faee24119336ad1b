#ifndef WORKER_ACCESS_GRAPHQL_H
#define WORKER_ACCESS_GRAPHQL_H

#include "base/arena.h"
#include "port/http.h"

/*
 * What an answer to a stream with `graphql` says beside its data: its errors (GraphQL,
 * October 2021, 7.1.2), and what the API has left for us (Shopify's `extensions.cost`).
 *
 *     errors       as they are written; empty: absent, null, or an empty list
 *     throttled    one has a code or type of a quota that is spent (THROTTLED, RATE_LIMITED …),
 *                  or Retry-After comes with them
 *     passing      one has a code of the server's own trouble (INTERNAL_SERVER_ERROR …)
 *     wait_ms      until there is enough for the same query again: (requestedQueryCost −
 *                  currentlyAvailable) / restoreRate; where an error names a time, or
 *                  Retry-After does, that. -1: nothing is said, or there is enough
 *     is_too_dear  it costs more than there can ever be
 */
struct graphql_says {
    struct str errors;
    bool is_throttled, is_passing, is_too_dear;
    int64_t wait_ms;
};

/* Cannot fail: what is not of that form says nothing. Waits are at most `max_ms`. The errors
 * are borrowed from the answer. */
void graphql_read(const struct http_answer *answer, int64_t now_us, int64_t max_ms,
                  struct arena *arena, struct graphql_says *ret);

#endif

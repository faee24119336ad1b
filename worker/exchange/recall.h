#ifndef WORKER_EXCHANGE_RECALL_H
#define WORKER_EXCHANGE_RECALL_H

#include "worker/exchange/scope.h"

/*
 * What the stream's own request (url, path, params, headers, body, auth) reads of the answer
 * before it, so that a job which goes on at a checkpoint asks what it would have asked:
 *
 *     {"response": {"next": "…"}, "status": 200, "headers": {"x-next": "…"}}
 *
 * Of `response` these are whole members of the body; the body itself where an expression names
 * none. It is JSON that jsonb takes, of at most RECALL_BYTES_MAX; what is more is not kept.
 */
enum { RECALL_BYTES_MAX = 64 * 1024 };

/* Does the request read an answer at all? */
bool recall_is_needed(const struct stream *stream);

/* Of the answer that the scope has; undefined: nothing is read, or it is too much. In
 * `arena`. */
struct value recall_take(const struct stream *stream, const struct scope *scope,
                         struct arena *arena);

/* Makes it the scope's answer again; borrowed. */
void recall_give(struct value answer, struct arena *arena, struct scope *scope);

#endif

#ifndef WORKER_CRAWL_PREPARE_REQUEST_H
#define WORKER_CRAWL_PREPARE_REQUEST_H

#include "worker/exchange/request.h"

/*
 * The requests of `prepare`, as if they were those of a stream of their own: what is not
 * theirs (credentials, limits, time-outs, headers) is that of the stream. Of its params and
 * headers those go along that do not name what is only known later.
 */
enum { PREPARE_BODY_BYTES_MAX = 16 << 20 }; /* of an answer */

/* The stream that begins the work, or asks about it. In `arena`; borrows from `stream`. */
const struct stream *prepare_stream(const struct stream *stream, bool is_poll,
                                    struct arena *arena);

/*
 * `poll_url`: where to ask, if the API has said it. The scope has no answer then, and the state
 * before a first page, in `arena`. Errors as request_build.
 */
bool prepare_request_build(const struct stream *asked, struct str poll_url, struct str accept,
                           struct scope *scope, struct arena *arena,
                           struct request *ret_request, struct err *err) MUST_CHECK;

#endif

#ifndef WORKER_EXCHANGE_COUNT_REQUEST_H
#define WORKER_EXCHANGE_COUNT_REQUEST_H

#include "worker/exchange/request.h"

/*
 * The request of `total`: the list's own first request by HEAD, one to another path, or one to
 * the list's path without the parameters of paging. The stream's params, headers and
 * credentials go along, by the rules of any request; those of `total` are set over them, and
 * null leaves one out. With POST its body goes along, or where it has none the stream's.
 *
 * Expressions see what they see before the first page: *scope is put there for good, since no
 * page follows. Errors as request_build.
 */
bool count_request_build(const struct stream *stream, struct scope *scope, struct arena *arena,
                         struct request *ret_request, struct err *err) MUST_CHECK;

#endif

#ifndef WORKER_EXCHANGE_REQUEST_H
#define WORKER_EXCHANGE_REQUEST_H

#include "base/arena.h"
#include "base/err.h"
#include "config/stream.h"
#include "port/http.h"
#include "worker/exchange/scope.h"
#include "worker/paging/pager.h"

/*
 * The request for the next page: the stream's own, with what the pager puts into it, and its
 * credentials.
 */
struct request {
    struct http_request http; /* everything in the arena */
    struct str url;           /* without a credential in the query: for people, and links */
    uint64_t hash;            /* of method, url, body and pagination headers: loop guard */
    struct str own;           /* the stream's own URL, without params: where credentials go */
    struct str host;          /* "host:port" that it goes to */
    uint64_t credential;      /* hash of what it says about us */
    /* credentials: parameters, and the headers behind the first `public_header_count` */
    struct str secret_query;
    size_t public_header_count, header_count;
};

/*
 * Names and values of params are encoded once. Lists are repeated parameters, null leaves the
 * parameter out. ERR_INPUT: an expression failed, a value cannot stand where it should;
 * ERR_CONFIG: no URL comes out.
 */
bool request_build(const struct stream *stream, const struct pager *pager,
                   const struct scope *scope, struct arena *arena, struct request *ret_request,
                   struct err *err) MUST_CHECK;

/*
 * The same request to another URL, after a redirect: with its credentials on its own origin,
 * without them elsewhere. ERR_INPUT, ERR_CONFIG: it may not go there.
 */
bool request_redirect(const struct stream *stream, struct arena *arena, struct str location,
                      struct request *request, struct err *err) MUST_CHECK;

#endif

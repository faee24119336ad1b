#ifndef WORKER_REQUEST_H
#define WORKER_REQUEST_H

#include "base/arena.h"
#include "base/err.h"
#include "config/source.h"
#include "port/http.h"
#include "worker/pager.h"
#include "worker/scope.h"

/*
 * The request for the next page: the stream's own, with what the pager puts into it, and its
 * credentials.
 */
struct request {
    struct http_request http; /* everything in the arena */
    struct str url;           /* without a credential in the query: for people, and links */
    uint64_t hash;            /* of method, url, body and pagination headers: loop guard */
};

/*
 * Names and values of params are encoded once. Lists are repeated parameters, null leaves the
 * parameter out. ERR_INPUT: an expression failed, a value cannot stand where it should;
 * ERR_CONFIG: no URL comes out.
 */
bool request_build(const struct stream *stream, const struct pager *pager,
                   const struct scope *scope, struct arena *arena, struct request *ret_request,
                   struct err *err) MUST_CHECK;

/* The same request to another URL of the same origin, after a redirect. */
void request_redirect(struct request *request, struct str url);

#endif

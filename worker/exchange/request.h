#ifndef WORKER_EXCHANGE_REQUEST_H
#define WORKER_EXCHANGE_REQUEST_H

#include "base/arena.h"
#include "base/err.h"
#include "config/stream.h"
#include "port/http.h"
#include "worker/exchange/scope.h"
#include "worker/signs/pager.h"

/*
 * The room exchange/ makes one request and judges its answer. request builds it from the
 * definition and the paging state; scope is what the expressions in a definition can name;
 * judge says what to do with an answer, by the rules that a definition gives (rules) and the
 * general ones. It sends nothing itself: worker/crawl/step.c does, through port/http.h.
 *
 * The request for the next page: the stream's own, with what the pager puts into it, and its
 * credentials.
 */
struct request {
    struct http_request http;    /* everything in the arena */
    const struct stream *stream; /* whose it is: for `total` and `prepare` made for them */
    struct str url;              /* without a credential in the query: for people, and links */
    uint64_t hash;               /* of all but credentials and literal headers: loop guard */
    struct str home_url;     /* the stream's own URL, without params: where credentials go */
    struct str host;         /* "host:port" that it goes to */
    uint64_t credential;     /* hash of the credentials: who the API takes us for */
    bool hides_query;        /* its query is a credential of its own: `url` is without it */
    bool is_home;            /* it goes to the stream's own origin, with them */
    bool is_body_secret;     /* the body holds a credential, and stays there */
    struct str secret_query; /* credentials that are parameters */
    struct str cert_file, key_file;           /* ours, for that origin; empty: none */
    size_t public_header_count, header_count; /* those after the public ones are credentials */
};

/*
 * Borrows the stream. Names and values of params are encoded once. Lists are repeated
 * parameters, null leaves the parameter out. Everything is in `arena`. ERR_INPUT: an expression
 * failed, a value does not fit where it should go, or a credential would go to another origin;
 * ERR_CONFIG: a link is not an http(s) URL. Whether the stream's own URL is one, http_send
 * finds.
 */
bool request_build(const struct stream *stream, const struct pager *pager,
                   const struct scope *scope, struct arena *arena, struct request *ret_request,
                   struct err *err) MUST_CHECK;

/*
 * The same request to another URL, after a redirect: with its credentials on the stream's own
 * origin, without them elsewhere. `location` may be relative. On failure *request stays as it
 * was. ERR_INPUT, ERR_CONFIG: it may not go there.
 */
bool request_redirect(struct arena *arena, struct str location, struct request *request,
                      struct err *err) MUST_CHECK;

#endif

#ifndef WORKER_EXCHANGE_REQUEST_INTERNAL_H
#define WORKER_EXCHANGE_REQUEST_INTERNAL_H

#include "worker/exchange/request.h"

/*
 * The inside of request_build, shared by request.c (what is sent), request_url.c (where to) and
 * request_secret.c (who asks).
 */
enum { REQUEST_URL_MAX = 64 * 1024, REQUEST_HEADERS_MAX = 256 };

struct draft {
    const struct stream *stream;
    const struct expr_scope *scope;
    struct arena *arena;
    const struct pager *pager;
    struct pager_params params; /* the pager's */
    struct buf query, secret_query;
    struct str own; /* the stream's own URL, without params */
    bool is_own;    /* it goes to that origin; else without credentials */
    struct http_header headers[REQUEST_HEADERS_MAX];
    size_t header_count;
    uint64_t hash, credential;
};

/* A scalar as the text of a parameter or header; lists and objects as JSON. */
struct str request_text(struct arena *arena, struct value value);
/* null, omit and undefined */
bool request_leaves_out(struct value value);

void request_put_pair(struct draft *draft, struct buf *query, struct str name,
                      struct value value);
/* A list is a repeated parameter. */
void request_put_param(struct draft *draft, struct buf *query, struct str name,
                       struct value value);
bool request_put_header(struct draft *draft, struct str name, struct str value,
                        struct err *err) MUST_CHECK;
/* Does the pager set it, over the stream's own of that name? */
bool request_pager_sets(const struct draft *draft, enum placement place, struct str name);
struct str request_with_query(struct arena *arena, struct str url, struct str query);

/* The stream's own params and headers, those that are credentials or the others. */
bool request_put_params(struct draft *draft, bool secret, struct err *err) MUST_CHECK;
bool request_put_headers(struct draft *draft, bool secret, struct err *err) MUST_CHECK;

/* request_url.c: `own` of the draft, and the URL without credentials. */
bool request_fill_url(struct draft *draft, struct str *ret_url, struct err *err) MUST_CHECK;

/* request_secret.c: everything that says who asks, for our own origin alone. */
bool request_fill_secrets(struct draft *draft, struct request *request,
                          struct err *err) MUST_CHECK;

#endif

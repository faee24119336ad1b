#ifndef WORKER_CRAWL_AUTHORISE_H
#define WORKER_CRAWL_AUTHORISE_H

#include "worker/access/tokens.h"
#include "worker/exchange/request.h"

/*
 * Who a crawl's requests come from, where that is found only when they are sent: a token of
 * `auth`, which others of the process may have fetched already.
 *
 *     authorise → AUTHORISE_GO: *ret_token, until the loop's next turn → request_sign
 *     the answer is a 401, or `then: login` → authorise_anew → true: send it again
 */
struct crawl;

struct authorised {
    void (*resume)(struct crawl *crawl);
    bool is_ready;   /* `want` is filled: once for a leg whose auth has a token */
    bool is_waiting; /* for a token that is being fetched */
    struct token_want want;
    uint64_t number; /* of the token that went with the request; 0: none */
    int renewals;    /* because the API refused it, of the page being read */
};

enum authorise {
    AUTHORISE_GO,
    AUTHORISE_PAUSE, /* the crawl is resumed when there is news */
    AUTHORISE_LATER, /* in wait_ms; crawl->err says why */
    AUTHORISE_FAIL,  /* crawl->err says why */
};

struct authorise_reply {
    enum authorise what;
    struct tokens_reply token; /* GO: empty where none is needed. LATER */
    bool is_auth;              /* FAIL: no token comes, else an expression failed */
};
struct authorise_reply authorise(struct crawl *crawl, const struct request *request);

/* The same without waiting: false where the token is not at hand. */
bool authorise_now(struct crawl *crawl, const struct request *request,
                   struct tokens_reply *ret_token);

/* False: another token was tried already, or there is none. */
bool authorise_anew(struct crawl *crawl);

/* Whom the API takes the request for: the peer of its rate limits. */
uint64_t authorise_credential(const struct crawl *crawl, const struct request *request);

void authorise_drop(struct crawl *crawl); /* nothing comes back */

#endif

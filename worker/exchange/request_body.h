#ifndef WORKER_EXCHANGE_REQUEST_BODY_H
#define WORKER_EXCHANGE_REQUEST_BODY_H

#include "worker/exchange/request_draft.h"

/*
 * The body of a request, and its Content-Type where no header says it: what response_based
 * made, or the stream's `body` with what a link merges into it, and the pager's parameters set
 * in it. No body where it is null, or where the pager asks by GET.
 *
 * ERR_INPUT: an expression failed, the body is over 16 MiB, or it is a credential and would
 * leave its origin (draft->is_home is asked, so the URL comes first).
 */
bool request_body_fill(struct request_draft *draft, struct http_request *http,
                       struct err *err) MUST_CHECK;

/*
 * May the body go to another origin? ERR_INPUT where it holds a credential: put there by the
 * definition or the pager (`is_secret`), or a secret's value, whoever put that there.
 */
bool request_body_may_leave(const struct http_request *http, bool is_secret,
                            struct err *err) MUST_CHECK;

#endif

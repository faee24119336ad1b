#ifndef WORKER_EXCHANGE_REQUEST_AUTH_H
#define WORKER_EXCHANGE_REQUEST_AUTH_H

#include "worker/exchange/request_draft.h"

/*
 * Everything in a request that says who asks: the auth header or parameter, and those of the
 * stream's own params and headers, and of next_page, that use env or secrets. They go to the
 * stream's own origin alone, so nothing is added where draft->is_home is false. Comes after all
 * other headers: it sets public_header_count. ERR_INPUT: an expression failed, or a value does
 * not fit into a header.
 */
bool request_auth_fill(struct request_draft *draft, struct err *err) MUST_CHECK;

#endif

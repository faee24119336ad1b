#ifndef WORKER_ACCESS_TOKEN_ANSWER_H
#define WORKER_ACCESS_TOKEN_ANSWER_H

#include "worker/access/token_want.h"

/* What an answer to a request for a token says. */
struct token_answer {
    struct str token;
    int64_t life_ms;    /* of the token, from now on; -1: not said */
    struct str refresh; /* refresh_token; empty: none */
};

/*
 * ERR_AGAIN: 408, 425, 429 and 5xx; *ret_wait_ms is then what the server asks us to wait, or
 * -1. ERR_INPUT: everything else that has no token, with what the answer says of it (RFC 6749,
 * section 5.2), redacted. A redirect is not followed: it would take the credentials along.
 * Texts are in `arena` or borrowed from the answer. What looks like a credential in the answer
 * is registered with the redactor.
 */
bool token_answer_read(const struct token_want *want, const struct http_answer *answer,
                       struct arena *arena, struct token_answer *ret, int64_t *ret_wait_ms,
                       struct err *err) MUST_CHECK;

#endif

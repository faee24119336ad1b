#ifndef WORKER_EXCHANGE_RULES_H
#define WORKER_EXCHANGE_RULES_H

#include "worker/access/retry_after.h"
#include "worker/exchange/scope.h"

/*
 * The rules that a definition gives for answers (`responses:`), against one answer, and what
 * its `rate_limit` reads there. The body is parsed only where something reads it.
 */
struct ruling {
    const struct response_rule *rule; /* the first that fits; NULL: none */
    size_t index;                     /* its place in the list, from 0 */
    int64_t delay_ms;                 /* `wait` as the definition has it; -1: not so */
    int64_t server_wait_ms;           /* `wait` as the answer has it; -1: not so */
    struct str message;               /* STR_NONE: none */
};

/*
 * Cannot fail: a condition that cannot be evaluated does not hold, such as one that compares
 * what is undefined. Waits are at most the stream's max_wait. `response` and `http` in the
 * scope become the answer's (`response` stays undefined unless something reads it). *ret_ruling
 * and *ret_quota are in `arena`, or borrow from the answer.
 */
void rules_find(const struct stream *stream, const struct http_answer *answer,
                struct scope *scope, struct arena *arena, struct ruling *ret_ruling,
                struct retry_after_quota *ret_quota);

#endif

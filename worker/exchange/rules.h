#ifndef WORKER_EXCHANGE_RULES_H
#define WORKER_EXCHANGE_RULES_H

#include "worker/access/retry_after.h"
#include "worker/exchange/judge.h"

/*
 * `responses:` against one answer, and what `rate_limit` reads in it. The body is parsed only
 * where something reads it.
 */
struct ruling {
    const struct response_rule *rule; /* the first that fits; NULL: none */
    size_t index;                     /* its place in the list */
    int64_t delay_ms;                 /* `wait` as the definition says it; -1: not so */
    int64_t server_wait_ms;           /* `wait` as the answer tells it; -1: not so */
    struct str message;               /* STR_NONE: none */
};

/* Cannot fail: a condition that cannot be evaluated does not hold. */
void rules_find(const struct judge_case *judge, struct ruling *ret_ruling,
                struct retry_after_quota *ret_quota);

#endif

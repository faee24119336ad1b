#ifndef WORKER_EXCHANGE_JUDGE_H
#define WORKER_EXCHANGE_JUDGE_H

#include "config/stream.h"
#include "core/job.h"
#include "port/http.h"
#include "worker/exchange/scope.h"

/* What to do with an answer, before a byte of its body is cut into records. */
enum judge_verdict {
    JUDGE_ACCEPT,   /* a page, if its body parses */
    JUDGE_EMPTY,    /* 204, or a rule says so: a page without records */
    JUDGE_END,      /* a rule says so: the same, and no page follows */
    JUDGE_REDIRECT, /* to `location`, which is not checked yet */
    JUDGE_RETRY,    /* try again: in server_wait_ms, or by the retry policy where that is -1 */
    JUDGE_LOGIN,    /* with another token, once; else FAIL */
    JUDGE_RESET,    /* a rule says so: the paging begins anew; else FAIL */
    JUDGE_FAIL,     /* trying again would change nothing */
};

struct judgement {
    enum judge_verdict verdict;
    enum job_reason reason; /* RETRY (when tries run out), FAIL */
    int64_t server_wait_ms; /* the server's own wait; -1: none. On a page: before the next */
    int64_t delay_ms;       /* RETRY: a rule's wait, instead of the policy's; -1: none */
    bool is_by_rule;        /* `responses` said so */
    size_t rule;            /* … by the rule at this place of the list, from 0 */
    struct str location;    /* REDIRECT: borrowed from the answer */
    struct str unread;      /* a told time that cannot be read, in the case's arena */
};

/* What is judged. */
struct judge_case {
    const struct stream *stream;
    struct scope *scope; /* `response` and `http` in it become the answer's */
    struct arena *arena; /* scratch */
    /* exactly one of them, as http_done_fn has it; the other is NULL */
    const struct http_answer *answer;
    const struct err *failed;
    bool has_records; /* the body holds a record at merge_path; only asked for at status 202 */
    const struct answer_form *form; /* of a page's body */
    bool is_bare; /* the answer has no body, as HEAD has none: its headers count */
};

/*
 * First the stream's `responses` in their order, then the general rules. RETRY and FAIL fill
 * *err with what happened, and a preview of the body (200 bytes, printable) where there is one.
 * ACCEPT says that the body can be a page (answer_body.h). Whether it is JSON, the cut finds.
 */
struct judgement judge_answer(const struct judge_case *judge, struct err *err);

#endif

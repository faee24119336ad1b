#include "worker/exchange/judge.h"

#include <assert.h>

#include "base/clock.h"
#include "base/redact.h"
#include "worker/access/graphql.h"
#include "worker/access/retry_after.h"
#include "worker/exchange/answer_body.h"
#include "worker/exchange/rules.h"

/*
 * An answer is judged by the first of these that applies:
 *
 *     no answer     (timeout, DNS, reset, a ceiling)    RETRY if the error may pass (ERR_AGAIN)
 *                                                       and the request may be sent twice, else
 *                                                       FAIL
 *     `responses:`  the stream's rules, in their order  what the first that fits says
 *     `graphql:`    errors of a quota, or of the server's     RETRY, after the time that is
 *                   own trouble                               told
 *                   others, in a 2xx                          FAIL, whatever data is beside
 *     408 425 429   temporary, like every 5xx; and 403  RETRY if the request may be sent twice,
 *                   with a wait or a spent quota        else FAIL; 429 always RETRY: it was
 *                                                       refused before anything was done
 *     401           to a request with a token           LOGIN
 *     other 4xx                                         FAIL
 *     301 302 303 307 308 with a Location, to a GET     REDIRECT
 *                   or HEAD
 *     other 1xx, 3xx                                    FAIL
 *     204                                               EMPTY
 *     202           without records: not ready yet      RETRY if the request may be sent twice,
 *                                                       else FAIL
 *     other 2xx     (or `then: page`)                   ACCEPT if the body can be a page, and
 *                                                       holds no errors of GraphQL; else FAIL
 *
 * `then: page` takes what the last two lines would refuse, but nothing can make a page of a
 * body that is no JSON. A wait that the server asks for (access/retry_after.h) goes with RETRY,
 * and with a page: then the next request waits.
 *
 * E.g. GET, 503, Retry-After: 30. No rule fits. 503 is temporary and a GET may be sent twice:
 * RETRY in 30 s. With `responses: [{status: 503, then: fail}]` it is FAIL, and with
 * `then: retry, wait: 5` RETRY in 5 s, since what the definition says comes before the header.
 */
static bool fail_status(const struct http_answer *answer, enum err_kind kind, const char *hint,
                        struct err *err)
{
    char text[ANSWER_PREVIEW_BYTES + 1];
    answer_preview(answer->body, text);
    return err_set(err, kind, "http", answer->status, "status %d%s%s%s", answer->status, hint,
                   *text ? ": " : "", text);
}

static const struct judgement accepted = {
    .verdict = JUDGE_ACCEPT, .reason = REASON_HTTP, .server_wait_ms = -1, .delay_ms = -1};

/* Of the request that was answered. */
static struct str method_of(const struct judge_case *judge)
{
    const struct pager *pager = judge->scope ? judge->scope->pager : NULL;
    return pager && pager->method.len ? pager->method : judge->stream->method;
}

static bool is_repeatable(const struct judge_case *judge)
{
    return stream_is_repeatable(judge->stream, method_of(judge));
}

static struct judgement judge_failure(const struct judge_case *judge, struct err *err)
{
    struct judgement judgement = accepted;
    *err = *judge->failed;
    bool again = err->kind == ERR_AGAIN && is_repeatable(judge);
    judgement.verdict = again ? JUDGE_RETRY : JUDGE_FAIL;
    return judgement;
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static struct judgement judge_redirect(const struct judge_case *judge, struct err *err)
{
    struct judgement judgement = accepted;
    const struct http_answer *answer = judge->answer;
    const struct http_header *location = http_header_find(answer, STR("location"));
    bool may = str_is(method_of(judge), "GET") || str_is(method_of(judge), "HEAD");
    if (is_redirect(answer->status) && location && may) {
        judgement.verdict = JUDGE_REDIRECT;
        judgement.location = location->value;
        return judgement;
    }
    judgement.verdict = JUDGE_FAIL;
    fail_status(answer, ERR_INPUT, " is no page", err);
    return judgement;
}

static bool is_temporary(int status)
{
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

static bool is_auth(int status)
{
    return status == 401 || status == 403;
}

static struct judgement judge_error(const struct judge_case *judge, int64_t server_wait_ms,
                                    bool is_spent, struct err *err)
{
    int status = judge->answer->status;
    struct judgement judgement = accepted;
    bool temporary =
        is_temporary(status) || (status == 403 && (server_wait_ms >= 0 || is_spent));
    bool may = status == 429 || is_repeatable(judge);
    bool is_refused = status == 401 && auth_has_token(&judge->stream->auth);
    judgement.verdict = temporary && may ? JUDGE_RETRY : is_refused ? JUDGE_LOGIN : JUDGE_FAIL;
    judgement.server_wait_ms = temporary ? server_wait_ms : -1;
    judgement.reason = is_auth(status) ? REASON_AUTH : REASON_HTTP;
    fail_status(judge->answer, temporary ? ERR_AGAIN : ERR_INPUT,
                is_auth(status) && !temporary ? " (check the stream's auth)" : "", err);
    return judgement;
}

static bool fail_by_rule(const struct judge_case *judge, const struct ruling *ruling,
                         enum err_kind kind, struct err *err)
{
    char text[ANSWER_PREVIEW_BYTES + 1];
    answer_preview(ruling->message.ptr ? ruling->message : judge->answer->body, text);
    return err_set(err, kind, "http", judge->answer->status, "status %d (responses[%zu])%s%s",
                   judge->answer->status, ruling->index, *text ? ": " : "", text);
}

static void refuse_body(bool is_good, struct judgement *judgement)
{
    if (is_good)
        return;
    judgement->verdict = JUDGE_FAIL;
    judgement->reason = REASON_BODY;
}

/* 202: what was asked for is being made. It is asked for again, unless that would start
 * more. */
static struct judgement judge_unready(const struct judge_case *judge, int64_t server_wait_ms,
                                      struct err *err)
{
    struct judgement judgement = accepted;
    bool may = is_repeatable(judge);
    judgement.verdict = may ? JUDGE_RETRY : JUDGE_FAIL;
    judgement.server_wait_ms = server_wait_ms;
    fail_status(judge->answer, may ? ERR_AGAIN : ERR_INPUT,
                may ? " without records: the answer is not ready"
                    : " without records: the answer is not ready, and this method is not sent "
                      "twice (`idempotent: true` allows it)",
                err);
    return judgement;
}

static struct judgement judge_page(const struct judge_case *judge, int64_t server_wait_ms,
                                   struct err *err)
{
    struct judgement judgement = accepted;
    const struct http_answer *answer = judge->answer;
    judgement.server_wait_ms = server_wait_ms;
    if (answer->status == 204)
        judgement.verdict = JUDGE_EMPTY;
    else if (answer->status == 202 && !judge->has_records)
        return judge_unready(judge, server_wait_ms, err);
    else
        refuse_body(judge->is_bare || (answer_body_check(answer, judge->form, err) &&
                                       answer_errors_check(answer, judge->stream, err)),
                    &judgement);
    return judgement;
}

/* --- GraphQL --- */

static void put_errors(const struct judge_case *judge, const struct graphql_says *says,
                       bool may_pass, struct err *err)
{
    AUTO_BUF(messages, KIB(4));
    size_t count = answer_put_errors(judge->arena, says->errors, &messages);
    err_set(err, may_pass ? ERR_AGAIN : ERR_INPUT, "body", judge->answer->status,
            "status %d, but the answer holds errors (%zu): %.*s%s", judge->answer->status,
            count, STR_ARG(buf_str(&messages)),
            says->is_throttled && says->is_too_dear
                ? " (the query costs more than the API ever has for it: ask for fewer records)"
                : "");
}

/* A page waits for what the next one costs. */
static struct judgement judge_graphql_page(const struct judge_case *judge,
                                           const struct graphql_says *says,
                                           int64_t server_wait_ms, struct err *err)
{
    return judge_page(judge, MAX(server_wait_ms, says->is_too_dear ? -1 : says->wait_ms), err);
}

static struct judgement judge_graphql(const struct judge_case *judge,
                                      const struct graphql_says *says, int64_t server_wait_ms,
                                      struct err *err)
{
    struct judgement judgement = accepted;
    bool may_pass =
        (says->is_throttled && !says->is_too_dear) || (!says->is_throttled && says->is_passing);
    judgement.verdict = may_pass && is_repeatable(judge) ? JUDGE_RETRY : JUDGE_FAIL;
    judgement.reason = REASON_BODY;
    if (says->is_throttled)
        judgement.server_wait_ms = MAX(says->wait_ms, server_wait_ms);
    put_errors(judge, says, may_pass, err);
    return judgement;
}

static struct judgement judge_by_rule(const struct judge_case *judge,
                                      const struct ruling *ruling, int64_t server_wait_ms,
                                      struct err *err)
{
    struct judgement judgement = accepted;
    judgement.is_by_rule = true;
    judgement.rule = ruling->index;
    judgement.reason = is_auth(judge->answer->status) ? REASON_AUTH : REASON_HTTP;
    switch (ruling->rule->then) {
    case RESPONSE_RETRY:
        judgement.verdict = JUDGE_RETRY;
        judgement.delay_ms = ruling->delay_ms;
        judgement.server_wait_ms = ruling->server_wait_ms >= 0 ? ruling->server_wait_ms
                                   : ruling->delay_ms >= 0     ? -1
                                                               : server_wait_ms;
        fail_by_rule(judge, ruling, ERR_AGAIN, err);
        break;
    case RESPONSE_FAIL:
        judgement.verdict = JUDGE_FAIL;
        fail_by_rule(judge, ruling, ERR_INPUT, err);
        break;
    case RESPONSE_LOGIN:
        judgement.verdict = JUDGE_LOGIN;
        judgement.reason = REASON_AUTH;
        fail_by_rule(judge, ruling, ERR_INPUT, err);
        break;
    case RESPONSE_RESET:
        judgement.verdict = JUDGE_RESET;
        fail_by_rule(judge, ruling, ERR_INPUT, err);
        break;
    case RESPONSE_END:
        judgement.verdict = JUDGE_END;
        break;
    case RESPONSE_EMPTY:
        judgement.verdict = JUDGE_EMPTY;
        break;
    case RESPONSE_PAGE:
        judgement.server_wait_ms = server_wait_ms;
        refuse_body(judge->is_bare || answer_body_check(judge->answer, judge->form, err),
                    &judgement);
        break;
    }
    return judgement;
}

static struct str find_unread(const struct judge_case *judge,
                              const struct retry_after_quota *quota)
{
    struct str name, value;
    if (!retry_after_unread(judge->answer, quota, clock_wall_ms() * 1000, &name, &value))
        return STR_NONE;
    return arena_printf(judge->arena, "%.*s tells no time that can be read: %.*s",
                        STR_ARG(name), STR_ARG(redact_cut(judge->arena, value, 100)));
}

static struct judgement judge_status(const struct judge_case *judge,
                                     const struct ruling *ruling,
                                     const struct retry_after_quota *quota, struct err *err)
{
    int status = judge->answer->status;
    bool is_spent = retry_after_is_spent(judge->answer, quota);
    int64_t server_wait_ms = retry_after_in_answer(judge->answer, quota, clock_wall_ms() * 1000,
                                                   judge->stream->max_wait_ms);
    if (ruling->rule)
        return judge_by_rule(judge, ruling, server_wait_ms, err);
    struct graphql_says says = {.wait_ms = -1};
    if (judge->stream->is_graphql)
        graphql_read(judge->answer, clock_wall_ms() * 1000, judge->stream->max_wait_ms,
                     judge->arena, &says);
    bool is_page = status >= 200 && status < 300;
    if (says.errors.len && (is_page || (says.is_throttled && status != 401)))
        return judge_graphql(judge, &says, server_wait_ms, err);
    if (status >= 400)
        return judge_error(judge, server_wait_ms, is_spent, err);
    if (!is_page)
        return judge_redirect(judge, err);
    return judge_graphql_page(judge, &says, server_wait_ms, err);
}

struct judgement judge_answer(const struct judge_case *judge, struct err *err)
{
    struct ruling ruling;
    struct retry_after_quota quota;
    assert(!judge->answer != !judge->failed);
    if (judge->failed)
        return judge_failure(judge, err);
    rules_find(judge->stream, judge->answer, judge->scope, judge->arena, &ruling, &quota);
    struct judgement judgement = judge_status(judge, &ruling, &quota, err);
    judgement.unread = find_unread(judge, &quota);
    return judgement;
}

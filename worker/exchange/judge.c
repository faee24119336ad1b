#include "worker/exchange/judge.h"

#include <assert.h>

#include "base/clock.h"
#include "base/redact.h"
#include "worker/access/retry_after.h"
#include "worker/exchange/rules.h"

/*
 * An answer is judged by the first of these that applies:
 *
 *     no answer     (timeout, DNS, reset, a ceiling)    RETRY if the error may pass (ERR_AGAIN)
 *                                                       and the request may be sent twice, else
 *                                                       FAIL
 *     `responses:`  the stream's rules, in their order  what the first that fits says
 *     408 425 429   temporary, like every 5xx; and 403  RETRY if the request may be sent twice,
 *                   with a wait or a spent quota        else FAIL; 429 always RETRY: it was
 *                                                       refused before anything was done
 *     other 4xx                                         FAIL
 *     301 302 303 307 308 with a Location, to a GET     REDIRECT
 *     other 1xx, 3xx                                    FAIL
 *     204                                               EMPTY
 *     other 2xx                                         ACCEPT
 *
 * Only then is the body looked at, by judge_body. A wait that the server asks for
 * (access/retry_after.h) goes with RETRY, and with a page: then the next request waits.
 *
 * E.g. GET, 503, Retry-After: 30. No rule fits. 503 is temporary and a GET may be sent twice:
 * RETRY in 30 s. With `responses: [{status: 503, then: fail}]` it is FAIL, and with
 * `then: retry, wait: 5` RETRY in 5 s, since what the definition says comes before the header.
 */
enum { PREVIEW_BYTES = 200, REDACTED_BYTES = 8 * 1024 };

/*
 * The beginning of a body on one line: controls and broken characters become spaces or '?'.
 * Secrets are replaced first: cut in the middle they would not be known again.
 */
static void preview(struct str body, char ret_text[PREVIEW_BYTES + 1])
{
    AUTO_ARENA struct arena *arena = arena_new();
    size_t len = 0;
    struct str text = redact_str(arena, str_slice(str_trim(body), 0, REDACTED_BYTES));
    for (size_t i = 0; i < text.len && len < PREVIEW_BYTES; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool space = c <= ' ' || c == 0x7F;
        if (space && len && ret_text[len - 1] == ' ')
            continue;
        ret_text[len++] = space ? ' ' : (char)c;
    }
    while (len && !str_is_utf8((struct str){ret_text, len}) &&
           ((unsigned char)ret_text[len - 1] & 0x80))
        len--;
    ret_text[len] = '\0';
    if (!str_is_utf8((struct str){ret_text, len}))
        for (size_t i = 0; i < len; i++)
            if ((unsigned char)ret_text[i] & 0x80)
                ret_text[i] = '?';
}

static bool fail_status(const struct http_answer *answer, enum err_kind kind, const char *hint,
                        struct err *err)
{
    char text[PREVIEW_BYTES + 1];
    preview(answer->body, text);
    return err_set(err, kind, "http", answer->status, "status %d%s%s%s", answer->status, hint,
                   *text ? ": " : "", text);
}

bool judge_body(const struct http_answer *answer, struct err *err)
{
    char text[PREVIEW_BYTES + 1];
    const struct http_header *type = http_header_find(answer, STR("content-type"));
    struct str type_text = type ? type->value : STR("none");
    bool is_html =
        str_find(type_text, STR("html")) >= 0 || str_find(type_text, STR("HTML")) >= 0;
    struct str body = str_trim(answer->body);
    if (body.len == 0)
        return err_set(err, ERR_INPUT, "body", answer->status,
                       "status %d with an empty body, where JSON was expected", answer->status);
    if (!is_html && body.ptr[0] != '<')
        return true;
    preview(body, text);
    return err_set(err, ERR_INPUT, "body", answer->status,
                   "status %d, but the body is no JSON (Content-Type: %.*s): %s",
                   answer->status, STR_ARG(type_text), text);
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
    return stream_method_is_repeatable(judge->stream, method_of(judge));
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
    if (is_redirect(answer->status) && location && str_is(method_of(judge), "GET")) {
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
    judgement.verdict = temporary && may ? JUDGE_RETRY : JUDGE_FAIL;
    judgement.server_wait_ms = temporary ? server_wait_ms : -1;
    judgement.reason = is_auth(status) ? REASON_AUTH : REASON_HTTP;
    fail_status(judge->answer, temporary ? ERR_AGAIN : ERR_INPUT,
                is_auth(status) && !temporary ? " (check the stream's auth)" : "", err);
    return judgement;
}

static bool fail_by_rule(const struct judge_case *judge, const struct ruling *ruling,
                         enum err_kind kind, struct err *err)
{
    char text[PREVIEW_BYTES + 1];
    preview(ruling->message.ptr ? ruling->message : judge->answer->body, text);
    return err_set(err, kind, "http", judge->answer->status, "status %d (responses[%zu])%s%s",
                   judge->answer->status, ruling->index, *text ? ": " : "", text);
}

static struct judgement judge_by_rule(const struct judge_case *judge,
                                      const struct ruling *ruling, int64_t server_wait_ms,
                                      struct err *err)
{
    struct judgement judgement = accepted;
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
    case RESPONSE_END:
        judgement.verdict = JUDGE_END;
        break;
    case RESPONSE_EMPTY:
        judgement.verdict = JUDGE_EMPTY;
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
    struct judgement judgement = accepted;
    int status = judge->answer->status;
    bool is_spent = retry_after_is_spent(judge->answer, quota);
    int64_t server_wait_ms = retry_after_in_answer(judge->answer, quota, clock_wall_ms() * 1000,
                                                   judge->stream->max_wait_ms);
    if (ruling->rule)
        return judge_by_rule(judge, ruling, server_wait_ms, err);
    if (status >= 400)
        return judge_error(judge, server_wait_ms, is_spent, err);
    if (status < 200 || status >= 300)
        return judge_redirect(judge, err);
    judgement.verdict = status == 204 ? JUDGE_EMPTY : JUDGE_ACCEPT;
    judgement.server_wait_ms = server_wait_ms;
    return judgement;
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

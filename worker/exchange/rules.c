#include "worker/exchange/rules.h"

#include "base/clock.h"

/* The answer's body, once something reads it; undefined where it is no JSON. */
static void need_body(const struct judge_case *judge, bool *has_body)
{
    struct err ignored = ERR_INIT;
    struct value *response = &judge->scope->response;
    if (*has_body)
        return;
    *has_body = true;
    if (!value_parse(judge->arena, judge->answer->body, VALUE_WHOLE, response, &ignored))
        *response = UNDEFINED_VALUE;
}

static bool fits_status(const struct response_rule *rule, int status)
{
    for (size_t i = 0; i < rule->status_count; i++)
        if (status >= rule->statuses[i].from && status <= rule->statuses[i].to)
            return true;
    return rule->status_count == 0;
}

static bool holds(const struct judge_case *judge, const struct template *when)
{
    struct value value;
    struct err ignored = ERR_INIT;
    struct expr_scope scope = judge->scope->expr;
    scope.is_strict = true;
    return !when || (template_fill(when, &scope, true, judge->arena, &value, &ignored) &&
                     value_holds(value));
}

static struct value locate(const struct judge_case *judge, const struct locator *locator)
{
    struct value value = UNDEFINED_VALUE;
    struct err ignored = ERR_INIT;
    if (locator->kind == LOCATOR_NONE ||
        !locator_read(locator, &judge->scope->expr, judge->arena, &value, &ignored))
        return UNDEFINED_VALUE;
    return value;
}

static struct str message_of(const struct judge_case *judge, const struct template *message)
{
    struct value value;
    struct err ignored = ERR_INIT;
    if (!message ||
        !template_fill(message, &judge->scope->expr, true, judge->arena, &value, &ignored))
        return STR_NONE;
    if (value.kind == VALUE_STRING)
        return value.text;
    AUTO_BUF(buf, KIB(4));
    value_format(&buf, value);
    return arena_str(judge->arena, buf_str(&buf));
}

static void fill(const struct judge_case *judge, struct ruling *ruling)
{
    const struct response_rule *rule = ruling->rule;
    const struct response_wait *wait = &rule->wait;
    int64_t max_ms = judge->stream->max_wait_ms;
    ruling->message = message_of(judge, rule->message);
    ruling->delay_ms = wait->ms >= 0 ? MIN(wait->ms, max_ms) : -1;
    ruling->server_wait_ms = retry_after_in_value(
        judge->answer, locate(judge, &wait->server_wait), clock_wall_ms() * 1000, max_ms);
}

static void read_quota(const struct judge_case *judge, bool *has_body,
                       struct retry_after_quota *ret_quota)
{
    const struct stream *stream = judge->stream;
    *ret_quota = (struct retry_after_quota){UNDEFINED_VALUE, UNDEFINED_VALUE};
    for (size_t i = 0; i < stream->rate_limit_count; i++) {
        const struct rate_limit *limit = &stream->rate_limits[i];
        if (limit->reset.kind == LOCATOR_NONE)
            continue;
        if (limit->remaining.kind == LOCATOR_BODY || limit->reset.kind == LOCATOR_BODY)
            need_body(judge, has_body);
        ret_quota->remaining = locate(judge, &limit->remaining);
        ret_quota->reset = locate(judge, &limit->reset);
        return;
    }
}

void rules_find(const struct judge_case *judge, struct ruling *ret_ruling,
                struct retry_after_quota *ret_quota)
{
    const struct stream *stream = judge->stream;
    const struct http_answer *answer = judge->answer;
    bool has_body = false;
    *ret_ruling = (struct ruling){.rule = NULL, .delay_ms = -1, .server_wait_ms = -1};
    judge->scope->status = answer->status;
    judge->scope->headers = answer->headers;
    judge->scope->header_count = answer->header_count;
    judge->scope->response = UNDEFINED_VALUE;
    read_quota(judge, &has_body, ret_quota);
    for (size_t i = 0; i < stream->response_count && !ret_ruling->rule; i++) {
        const struct response_rule *rule = &stream->responses[i];
        if (!fits_status(rule, answer->status))
            continue;
        if (rule->reads_body)
            need_body(judge, &has_body);
        if (!holds(judge, rule->when))
            continue;
        ret_ruling->rule = rule;
        ret_ruling->index = i;
        fill(judge, ret_ruling);
    }
}

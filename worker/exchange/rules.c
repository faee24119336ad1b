#include "worker/exchange/rules.h"

#include "base/clock.h"

struct reading {
    const struct stream *stream;
    const struct http_answer *answer;
    struct scope *scope;
    struct arena *arena;
    bool has_body; /* it was parsed, or tried to be */
};

/* Makes the answer's body `response`; undefined where it is not JSON. */
static void need_body(struct reading *reading)
{
    struct err ignored = ERR_INIT;
    struct value *response = &reading->scope->response;
    if (reading->has_body)
        return;
    reading->has_body = true;
    if (!value_parse(reading->arena, reading->answer->body, VALUE_WHOLE, response, &ignored))
        *response = UNDEFINED_VALUE;
}

static bool fits_status(const struct response_rule *rule, int status)
{
    for (size_t i = 0; i < rule->status_count; i++)
        if (status >= rule->statuses[i].from && status <= rule->statuses[i].to)
            return true;
    return rule->status_count == 0;
}

static bool is_type(struct str wanted, struct str type)
{
    bool is_kind = str_ends(wanted, STR("/*"));
    struct str kind = str_slice(wanted, 0, wanted.len - (is_kind ? 1 : 0));
    return is_kind ? str_eq_nocase(str_slice(type, 0, kind.len), kind)
                   : str_eq_nocase(type, wanted);
}

/* An answer without the header is of no type. */
static bool fits_type(const struct response_rule *rule, const struct http_answer *answer)
{
    const struct http_header *header = http_header_find(answer, STR("content-type"));
    struct str type = STR_NONE;
    if (header)
        str_split(header->value, ';', &type);
    type = str_trim(type);
    for (size_t i = 0; i < rule->content_type_count; i++)
        if (type.len && is_type(rule->content_types[i], type))
            return true;
    return rule->content_type_count == 0;
}

static bool holds(const struct reading *reading, const struct template *when)
{
    struct value value;
    struct err ignored = ERR_INIT;
    struct expr_scope scope = reading->scope->expr;
    scope.is_strict = true;
    return !when || (template_fill(when, &scope, true, reading->arena, &value, &ignored) &&
                     value_holds(value));
}

static struct value locate(const struct reading *reading, const struct locator *locator)
{
    struct value value = UNDEFINED_VALUE;
    struct err ignored = ERR_INIT;
    if (locator->kind == LOCATOR_NONE ||
        !locator_read(locator, &reading->scope->expr, reading->arena, &value, &ignored))
        return UNDEFINED_VALUE;
    return value;
}

static struct str message_of(const struct reading *reading, const struct template *message)
{
    struct value value;
    struct err ignored = ERR_INIT;
    if (!message ||
        !template_fill(message, &reading->scope->expr, true, reading->arena, &value, &ignored))
        return STR_NONE;
    if (value.kind == VALUE_STRING)
        return value.text;
    AUTO_BUF(buf, KIB(4));
    value_format(&buf, value);
    return arena_str(reading->arena, buf_str(&buf));
}

static void fill(const struct reading *reading, struct ruling *ruling)
{
    const struct response_rule *rule = ruling->rule;
    const struct response_wait *wait = &rule->wait;
    int64_t max_ms = reading->stream->max_wait_ms;
    ruling->message = message_of(reading, rule->message);
    ruling->delay_ms = wait->ms >= 0 ? MIN(wait->ms, max_ms) : -1;
    ruling->server_wait_ms = retry_after_in_value(
        reading->answer, locate(reading, &wait->server_wait), clock_wall_ms() * 1000, max_ms);
}

static void read_quota(struct reading *reading, struct retry_after_quota *ret_quota)
{
    const struct stream *stream = reading->stream;
    *ret_quota = (struct retry_after_quota){UNDEFINED_VALUE, UNDEFINED_VALUE};
    for (size_t i = 0; i < stream->rate_limit_count; i++) {
        const struct rate_limit *limit = &stream->rate_limits[i];
        if (limit->reset.kind == LOCATOR_NONE)
            continue;
        if (limit->remaining.kind == LOCATOR_BODY || limit->reset.kind == LOCATOR_BODY)
            need_body(reading);
        ret_quota->remaining = locate(reading, &limit->remaining);
        ret_quota->reset = locate(reading, &limit->reset);
        return;
    }
}

void rules_find(const struct stream *stream, const struct http_answer *answer,
                struct scope *scope, struct arena *arena, struct ruling *ret_ruling,
                struct retry_after_quota *ret_quota)
{
    struct reading reading = {stream, answer, scope, arena, false};
    *ret_ruling = (struct ruling){.rule = NULL, .delay_ms = -1, .server_wait_ms = -1};
    scope->status = answer->status;
    scope->headers = answer->headers;
    scope->header_count = answer->header_count;
    scope->response = UNDEFINED_VALUE;
    read_quota(&reading, ret_quota);
    for (size_t i = 0; i < stream->response_count && !ret_ruling->rule; i++) {
        const struct response_rule *rule = &stream->responses[i];
        if (!fits_status(rule, answer->status) || !fits_type(rule, answer))
            continue;
        if (rule->reads_body)
            need_body(&reading);
        if (!holds(&reading, rule->when))
            continue;
        ret_ruling->rule = rule;
        ret_ruling->index = i;
        fill(&reading, ret_ruling);
    }
}

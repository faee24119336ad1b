#include "worker/after/webhook.h"

#include "worker/access/origin.h"
#include "worker/exchange/scope.h"

enum { ANSWER_BYTES_MAX = 64 << 10, CONNECT_MS = 10000 };

static bool fill_text(const struct template *template, const struct scope *scope,
                      struct arena *arena, struct str *ret_text, struct err *err)
{
    struct value value;
    if (!template_fill(template, &scope->expr, true, arena, &value, err))
        return false;
    if (value.kind != VALUE_STRING && value.kind != VALUE_NUMBER)
        return err_set(err, ERR_INPUT, "webhook", 0, "must be a text, not %s",
                       value_kind_name(value.kind));
    *ret_text = value.text;
    return true;
}

static bool fill_headers(const struct webhook *hook, const struct scope *scope,
                         struct arena *arena, struct http_request *request, struct err *err)
{
    struct http_header *headers =
        ARENA_ARRAY(arena, struct http_header, hook->header_count + 1);
    headers[0] = (struct http_header){STR("Content-Type"), STR("application/json")};
    for (size_t i = 0; i < hook->header_count; i++) {
        headers[i + 1].name = hook->headers[i].name;
        if (!fill_text(&hook->headers[i].template, scope, arena, &headers[i + 1].value, err))
            return err_wrap(err, "headers.%.*s", STR_ARG(hook->headers[i].name));
    }
    request->headers = headers;
    request->header_count = hook->header_count + 1;
    return true;
}

/* The stream as the scope has to know it: only secrets that the webhook names are read. */
static struct stream as_stream(const struct stream *stream)
{
    const struct webhook *hook = &stream->after.webhook;
    return (struct stream){.name = stream->name,
                           .url = *hook->url,
                           .headers = hook->headers,
                           .header_count = hook->header_count,
                           .vars = stream->vars,
                           .var_count = stream->var_count};
}

bool webhook_make(struct arena *arena, const struct stream *stream, const char *secrets_dir,
                  const struct webhook_run *run, struct http_request *ret_request,
                  struct err *err)
{
    const struct webhook *hook = &stream->after.webhook;
    struct stream *known = ARENA_NEW(arena, struct stream);
    struct scope *scope = ARENA_NEW(arena, struct scope);
    const struct job job = {
        .run = run->run, .stream = stream->name, .started_us = run->started_us};
    struct http_request request = {
        .method = STR("POST"),
        .body = run->event,
        .has_body = true,
        .is_once = true,
        .timeouts = {.connect_ms = MIN(CONNECT_MS, run->timeout_ms),
                     .total_ms = run->timeout_ms},
        .max_body_bytes = ANSWER_BYTES_MAX,
        .allow_http = stream->allows_http,
    };
    *known = as_stream(stream);
    if (!scope_init(scope, &job, known, secrets_dir, arena, err))
        return false;
    if (!fill_text(hook->url, scope, arena, &request.url, err))
        return err_wrap(err, "url");
    if (!fill_headers(hook, scope, arena, &request, err))
        return false;
    request.allow_private =
        stream->allows_private || origin_names_private(arena, request.url, request.url);
    *ret_request = request;
    return true;
}

bool webhook_judge(int status, struct err *err)
{
    bool is_again = status >= 500 || status == 408 || status == 425 || status == 429;
    if (status >= 200 && status < 300)
        return true;
    return err_set(err, is_again ? ERR_AGAIN : ERR_INPUT, "webhook", status, "status %d",
                   status);
}

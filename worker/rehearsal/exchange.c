#include "worker/rehearsal/exchange.h"

#include "base/redact.h"
#include "base/secret_name.h"

void exchange_take_request(struct arena *arena, const struct request *request,
                           struct exchange *exchange)
{
    const struct http_request *http = &request->http;
    struct http_header *headers =
        ARENA_ARRAY(arena, struct http_header, MAX(request->public_header_count, 1));
    size_t count = 0;
    for (size_t i = 0; i < request->public_header_count; i++)
        if (!secret_name_is(http->headers[i].name))
            headers[count++] = (struct http_header){arena_str(arena, http->headers[i].name),
                                                    arena_str(arena, http->headers[i].value)};
    *exchange = (struct exchange){.method = arena_str(arena, http->method),
                                  .url = arena_str(arena, request->url),
                                  .headers = headers,
                                  .header_count = count,
                                  .body = arena_str(arena, http->body),
                                  .has_body = http->has_body};
}

static const struct http_header *hide_headers(struct arena *arena,
                                              const struct http_header *headers, size_t count)
{
    struct http_header *hidden = ARENA_ARRAY(arena, struct http_header, MAX(count, 1));
    for (size_t i = 0; i < count; i++)
        hidden[i] = (struct http_header){redact_str(arena, headers[i].name),
                                         redact_str(arena, headers[i].value)};
    return hidden;
}

void exchange_hide(struct arena *arena, struct exchange *exchange)
{
    exchange->url = redact_str(arena, exchange->url);
    exchange->body = redact_str(arena, exchange->body);
    exchange->headers = hide_headers(arena, exchange->headers, exchange->header_count);
    exchange->answer_headers =
        hide_headers(arena, exchange->answer_headers, exchange->answer_header_count);
    exchange->answer_body = redact_str(arena, exchange->answer_body);
    exchange->error = redact_str(arena, exchange->error);
}

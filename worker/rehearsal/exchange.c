#include "worker/rehearsal/exchange.h"

#include "base/buf.h"
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

/* XML has elements of these names, which stay: so in a recording redaction has others. */
static const struct {
    struct str redacted, aside, recorded;
} words[] = {
    {STR_INIT("<token>"), STR_INIT("<\1token>"), STR_INIT("<hidden-token>")},
    {STR_INIT("<secret>"), STR_INIT("<\1secret>"), STR_INIT("<hidden-secret>")},
};

static struct str replaced(struct arena *arena, struct str text, struct str old, struct str new)
{
    ptrdiff_t at = str_find(text, old);
    if (at < 0)
        return text;
    AUTO_BUF(out, SIZE_MAX / 2);
    for (; at >= 0; at = str_find(text, old)) {
        buf_put(&out, str_slice(text, 0, (size_t)at));
        buf_put(&out, new);
        text = str_slice(text, (size_t)at + old.len, text.len);
    }
    buf_put(&out, text);
    return arena_str(arena, buf_str(&out));
}

static struct str hide(struct arena *arena, struct str text)
{
    for (size_t i = 0; i < COUNT_OF(words); i++)
        text = replaced(arena, text, words[i].redacted, words[i].aside);
    text = redact_str(arena, text);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        text = replaced(arena, text, words[i].redacted, words[i].recorded);
        text = replaced(arena, text, words[i].aside, words[i].redacted);
    }
    return text;
}

static const struct http_header *hide_headers(struct arena *arena,
                                              const struct http_header *headers, size_t count)
{
    struct http_header *hidden = ARENA_ARRAY(arena, struct http_header, MAX(count, 1));
    for (size_t i = 0; i < count; i++)
        hidden[i] =
            (struct http_header){hide(arena, headers[i].name), hide(arena, headers[i].value)};
    return hidden;
}

void exchange_hide(struct arena *arena, struct exchange *exchange)
{
    exchange->url = hide(arena, exchange->url);
    exchange->body = hide(arena, exchange->body);
    exchange->headers = hide_headers(arena, exchange->headers, exchange->header_count);
    exchange->answer_headers =
        hide_headers(arena, exchange->answer_headers, exchange->answer_header_count);
    exchange->answer_body = hide(arena, exchange->answer_body);
    exchange->error = hide(arena, exchange->error);
}

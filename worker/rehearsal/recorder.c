#include "worker/rehearsal/recorder.h"

#include "base/clock.h"
#include "base/secret_name.h"
#include "worker/rehearsal/hidden.h"
#include "worker/rehearsal/matching.h"

/* What connections, caches and browsers are told, and no definition reads. */
static const char *const noise[] = {
    "accept-ranges",
    "age",
    "alt-svc",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-security-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "etag",
    "expect-ct",
    "expires",
    "keep-alive",
    "nel",
    "p3p",
    "permissions-policy",
    "pragma",
    "referrer-policy",
    "report-to",
    "reporting-endpoints",
    "server",
    "server-timing",
    "strict-transport-security",
    "transfer-encoding",
    "vary",
    "via",
    "x-content-type-options",
    "x-frame-options",
    "x-powered-by",
    "x-request-id",
    "x-runtime",
    "x-xss-protection",
};

static const struct str noise_prefixes[] = {STR_INIT("access-control-"), STR_INIT("cf-"),
                                            STR_INIT("x-amz-cf-"), STR_INIT("x-cache")};

void recorder_open(struct recorder *recorder, struct arena *arena, const struct stream *stream,
                   int64_t began_at_ms)
{
    *recorder = (struct recorder){.arena = arena, .stream = stream, .began_at_ms = began_at_ms};
}

/* --- the watch --- */

/* As it is: what a secret is may only be known later. */
static void on_request(void *ctx, const struct request *request)
{
    struct recorder *recorder = ctx;
    struct arena *arena = recorder->arena;
    ARENA_GROW(arena, recorder->exchanges, recorder->count, recorder->capacity);
    exchange_take_request(arena, request, &recorder->exchanges[recorder->count]);
}

static bool is_noise(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(noise); i++)
        if (str_is(name, noise[i]))
            return true;
    for (size_t i = 0; i < COUNT_OF(noise_prefixes); i++)
        if (str_starts(name, noise_prefixes[i]))
            return true;
    return secret_name_is(name);
}

static void keep_headers(struct recorder *recorder, const struct http_answer *answer,
                         struct exchange *exchange)
{
    struct http_header *headers =
        ARENA_ARRAY(recorder->arena, struct http_header, MAX(answer->header_count, 1));
    size_t count = 0;
    for (size_t i = 0; i < answer->header_count; i++)
        if (!is_noise(answer->headers[i].name))
            headers[count++] =
                (struct http_header){arena_str(recorder->arena, answer->headers[i].name),
                                     arena_str(recorder->arena, answer->headers[i].value)};
    exchange->answer_headers = headers;
    exchange->answer_header_count = count;
}

static void keep_failure(struct recorder *recorder, const struct err *failed,
                         struct exchange *exchange)
{
    exchange->failed = recording_failure(failed->kind) ? failed->kind : ERR_INPUT;
    exchange->code = failed->code;
    exchange->error = arena_str(recorder->arena, str_from(failed->text));
}

static void on_answer(void *ctx, const struct http_answer *answer, const struct err *failed)
{
    struct recorder *recorder = ctx;
    struct exchange *exchange = &recorder->exchanges[recorder->count];
    recorder->bytes += exchange->body.len + (answer ? answer->body.len : 0);
    recorder->is_too_large |=
        recorder->bytes > RECORDER_BYTES_MAX || recorder->count >= RECORDING_EXCHANGES_MAX;
    if (recorder->is_too_large)
        return;
    exchange->after_ms = MAX(clock_wall_ms() - recorder->began_at_ms, 0);
    recorder->count++;
    if (failed) {
        keep_failure(recorder, failed, exchange);
        return;
    }
    exchange->status = answer->status;
    exchange->answer_body = arena_str(recorder->arena, answer->body);
    exchange->is_end_told = answer->is_end_told;
    keep_headers(recorder, answer, exchange);
}

static void on_page_end(void *ctx, const struct crawl_page *page)
{
    (void)ctx, (void)page;
}

struct crawl_watch recorder_watch(struct recorder *recorder)
{
    return (struct crawl_watch){.on_request = on_request,
                                .on_answer = on_answer,
                                .on_page_end = on_page_end,
                                .ctx = recorder};
}

/* --- the end --- */

static bool has_login_rule(const struct stream *stream)
{
    for (size_t i = 0; i < stream->response_count; i++)
        if (stream->responses[i].then == RESPONSE_LOGIN)
            return true;
    return false;
}

/* A token was refused, and the request made again with the next one: who tries the definition
 * has no token. */
static bool is_renewal(const struct recorder *recorder, size_t at)
{
    const struct exchange *exchange = &recorder->exchanges[at];
    bool is_refusal = exchange->status == 401 ||
                      (exchange->status == 403 && has_login_rule(recorder->stream));
    return is_refusal && auth_has_token(&recorder->stream->auth) && at + 1 < recorder->count &&
           matching_is_same(exchange, exchange + 1);
}

static void leave_out_renewals(struct recorder *recorder)
{
    size_t kept = 0;
    for (size_t i = 0; i < recorder->count; i++)
        if (!is_renewal(recorder, i))
            recorder->exchanges[kept++] = recorder->exchanges[i];
    recorder->count = kept;
}

static bool find_hidden(struct hidden *hidden, const struct exchange *exchange, struct err *err)
{
    for (size_t i = 0; i < exchange->answer_header_count; i++)
        hidden_find_params(hidden, exchange->answer_headers[i].value);
    return hidden_find(hidden, exchange->answer_body, err);
}

bool recorder_end(struct recorder *recorder, struct recording *recording, int *ret_hidden,
                  struct err *err)
{
    struct hidden hidden = {.stream = recorder->stream};
    if (recorder->is_too_large)
        return err_set(err, ERR_INPUT, "record", 0,
                       "the bodies are over %d MiB, or the requests over %d: take fewer pages, "
                       "or a smaller page size",
                       RECORDER_BYTES_MAX >> 20, RECORDING_EXCHANGES_MAX);
    leave_out_renewals(recorder);
    for (size_t i = 0; i < recorder->count; i++)
        if (!find_hidden(&hidden, &recorder->exchanges[i], err))
            return false;
    for (size_t i = 0; i < recorder->count; i++)
        exchange_hide(recorder->arena, &recorder->exchanges[i]);
    recording->exchanges = recorder->exchanges;
    recording->count = recorder->count;
    *ret_hidden = hidden.count;
    return true;
}

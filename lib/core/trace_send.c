#include "core/trace_send.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/redact.h"
#include "base/secret_name.h"
#include "core/metrics.h"
#include "port/http.h"
#include "port/http_url.h"

/*
 * One body at a time: sent, and where that fails in a way that may pass sent again after 1, 2,
 * 4, 8 seconds; then it is dropped. OTLP 1.0, "Failures": 429, 502, 503, 504 may pass.
 */
enum {
    TRIES_MAX = 5,
    PAUSE_MS = 1000,
    TIMEOUT_MS = 10000,
    ANSWER_BYTES_MAX = 64 << 10,
    HEADERS_MAX = 16,
};

struct trace_send {
    struct trace_options options;
    struct arena *arena; /* as long as it lives */
    struct http *http;
    struct http_call *call; /* NULL: none is under way */
    struct loop_timer *again;
    struct str url;
    struct http_header headers[HEADERS_MAX];
    size_t header_count;
    struct buf body;
    size_t spans; /* in the body; 0: idle */
    int tries;
    bool is_away; /* and that was said */
};

/* --- the environment --- */

static struct str environment(const char *name)
{
    return str_trim(str_from(getenv(name)));
}

static struct str find_url(struct arena *arena)
{
    if (str_eq_nocase(environment("OTEL_SDK_DISABLED"), STR("true")))
        return STR_NONE;
    struct str traces = environment("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    struct str all = environment("OTEL_EXPORTER_OTLP_ENDPOINT");
    if (traces.len || !all.len)
        return traces;
    while (str_ends(all, STR("/")))
        all.len--;
    return arena_printf(arena, "%.*s/v1/traces", STR_ARG(all));
}

/* A header says who we are: what it holds is a secret, and so is what follows its scheme. */
static void hide(struct str value)
{
    struct str scheme, credential = secret_name_split(value, &scheme);
    redact_add(STR("env.OTEL_EXPORTER_OTLP_HEADERS"), value);
    if (scheme.len)
        redact_add(STR("env.OTEL_EXPORTER_OTLP_HEADERS"), credential);
}

static void read_headers(struct trace_send *send)
{
    struct str rest = environment("OTEL_EXPORTER_OTLP_HEADERS"), item, name;
    send->headers[send->header_count++] =
        (struct http_header){STR("Content-Type"), STR("application/json")};
    while (rest.len && send->header_count < HEADERS_MAX) {
        rest = str_split(rest, ',', &item);
        struct str value = str_trim(str_split(item, '=', &name));
        value = http_url_decode(send->arena, value);
        if (!str_trim(name).len || !value.len)
            continue;
        hide(value);
        send->headers[send->header_count++] =
            (struct http_header){arena_str(send->arena, str_trim(name)), value};
    }
}

/* --- sending --- */

static void say(struct trace_send *send, const struct err *err)
{
    if (send->is_away == (err != NULL))
        return;
    send->is_away = err != NULL;
    if (send->options.on_state)
        send->options.on_state(send->options.ctx, err);
}

static void end_body(struct trace_send *send, struct str state)
{
    metrics_add(METRIC_SPANS, METRIC_OF(state), (int64_t)send->spans);
    send->spans = 0;
    send->tries = 0;
    buf_reset(&send->body);
}

static bool may_pass(const struct http_answer *answer, const struct err *err)
{
    if (!answer)
        return err->kind == ERR_AGAIN;
    int status = answer->status;
    return status == 429 || (status >= 502 && status <= 504);
}

static void on_answer(void *ctx, const struct http_answer *answer, const struct err *err)
{
    struct trace_send *send = ctx;
    struct err failed = err ? *err : (struct err)ERR_INIT;
    send->call = NULL;
    if (answer && answer->status >= 200 && answer->status < 300) {
        end_body(send, STR("sent"));
        say(send, NULL);
        return;
    }
    if (answer)
        err_set(&failed, ERR_AGAIN, "trace", answer->status, "status %d", answer->status);
    struct str shown; /* a key may follow */
    (void)str_split(send->url, '?', &shown);
    err_wrap(&failed, "%.*s", STR_ARG(shown));
    say(send, &failed);
    if (may_pass(answer, err) && ++send->tries < TRIES_MAX)
        loop_timer_set(send->again, PAUSE_MS << (send->tries - 1));
    else
        end_body(send, STR("dropped"));
}

static void send_now(void *ctx)
{
    struct trace_send *send = ctx;
    const struct http_request request = {
        .method = STR("POST"),
        .url = send->url,
        .headers = send->headers,
        .header_count = send->header_count,
        .body = buf_str(&send->body),
        .has_body = true,
        .timeouts = {.total_ms = TIMEOUT_MS},
        .max_body_bytes = ANSWER_BYTES_MAX,
        .allow_private = true, /* it is the operator who names it */
        .allow_http = true,
    };
    send->call = http_send(send->http, &request, on_answer, send);
}

void trace_send_body(struct trace_send *send, struct buf *body, size_t spans)
{
    struct buf empty = send->body;
    send->body = *body;
    *body = empty;
    send->spans = spans;
    send_now(send);
}

bool trace_send_is_idle(const struct trace_send *send)
{
    return send->spans == 0;
}

/* --- life --- */

bool trace_send_new(const struct trace_options *options, struct trace_send **ret_send,
                    struct err *err)
{
    AUTO_ARENA struct arena *scratch = arena_new();
    struct str url = find_url(scratch);
    *ret_send = NULL;
    if (!url.len)
        return true;
    if (!str_starts(url, STR("http://")) && !str_starts(url, STR("https://")))
        return err_set(err, ERR_CONFIG, "trace", 0,
                       "OTEL_EXPORTER_OTLP_ENDPOINT: '%.*s' is no http:// or https:// URL",
                       STR_ARG(redact_str(scratch, url)));
    struct http *http;
    if (!http_new(options->loop, &http, err))
        return false;
    struct trace_send *send = mem_alloc(sizeof *send);
    *send = (struct trace_send){.options = *options, .arena = arena_new(), .http = http};
    send->url = arena_str(send->arena, url);
    read_headers(send);
    send->again = loop_timer_new(options->loop, send_now, send);
    *ret_send = send;
    return true;
}

void trace_send_free(struct trace_send *send)
{
    if (!send)
        return;
    if (send->spans)
        end_body(send, STR("dropped"));
    http_free(send->http);
    loop_timer_free(send->again);
    buf_done(&send->body);
    arena_free(send->arena);
    mem_free(send);
}

#include <inttypes.h>

#include "tests/support/mock_gzip.h"
#include "tests/support/mock_server.h"

/* What the kinds of fault do to an answer, before and after it becomes bytes. */

static void put_long_headers(struct buf *headers, int64_t bytes)
{
    for (int64_t i = 0; (int64_t)headers->len < bytes; i++)
        buf_printf(headers, "X-Long-%lld: %0500d\r\n", (long long)i, 0);
}

/* What a fault changes in the answer before it becomes bytes. */
static void spoil_reply(const json_t *fault, const char *kind, struct mock_reply *reply)
{
    char value[512];
    const json_t *given = json_object_get(fault, "value");
    snprintf(value, sizeof value, "%s", mock_text_of(fault, "value"));
    if (json_is_integer(given))
        snprintf(value, sizeof value, "%" PRId64, (int64_t)json_integer_value(given));
    if (!strcmp(kind, "status") || !strcmp(kind, "retry_after") || !strcmp(kind, "redirect")) {
        reply->status = kind[0] == 's' ? 500 : !strcmp(kind, "redirect") ? 302 : 429;
        buf_reset(&reply->body);
        buf_reset(&reply->headers);
        buf_puts(&reply->body, "{\"error\":\"mock\"}");
    }
    if (!strcmp(kind, "retry_after"))
        buf_printf(&reply->headers, "Retry-After: %s\r\n", value);
    if (!strcmp(kind, "redirect"))
        buf_printf(&reply->headers, "Location: %s\r\n", value);
    if (!strcmp(kind, "empty") || !strcmp(kind, "html"))
        buf_reset(&reply->body);
    if (!strcmp(kind, "html")) {
        reply->type = "text/html";
        buf_puts(&reply->body, "<html><title>Log in</title><form></form></html>");
    }
    if (!strcmp(kind, "headers"))
        put_long_headers(&reply->headers, mock_int_of(fault, "bytes", 300000));
    if (!strcmp(kind, "header"))
        buf_printf(&reply->headers, "X-Long: %0*d\r\n",
                   (int)mock_int_of(fault, "bytes", 300000), 0);
    mock_put_answer(fault, reply);
}

static void put_members(struct buf *out, struct str body, int64_t members)
{
    size_t at = 0;
    for (int64_t i = members; i > 0; i--) {
        size_t to = i == 1 ? body.len : at + (body.len - at) / (size_t)i;
        mock_gzip(out, str_slice(body, at, to));
        at = to;
    }
}

static void pack(const json_t *fault, const char *kind, struct mock_reply *reply)
{
    bool bomb = !strcmp(kind, "bomb");
    bool is_file = mock_int_of(fault, "file", 0);
    if (!bomb && strcmp(kind, "gzip") && strcmp(kind, "cut_gzip"))
        return;
    if (is_file)
        reply->type = "application/gzip";
    for (int64_t i = mock_int_of(fault, "layers", 1); i > 0; i--) {
        struct buf packed;
        buf_init(&packed, MOCK_BYTES_MAX);
        if (bomb)
            mock_gzip_bomb(&packed, mock_int_of(fault, "bytes", 64 << 20));
        else
            put_members(&packed, buf_str(&reply->body), mock_int_of(fault, "members", 1));
        for (int64_t j = mock_int_of(fault, "zeros", 0); j > 0; j--)
            buf_put_byte(&packed, '\0');
        if (!is_file)
            buf_puts(&reply->headers, "Content-Encoding: gzip\r\n");
        buf_done(&reply->body);
        reply->body = packed;
    }
    if (!strcmp(kind, "cut_gzip"))
        buf_truncate(&reply->body, reply->body.len - 12);
}

static void cut(const json_t *fault, const char *kind, const struct mock_reply *reply,
                struct mock_plan *plan)
{
    int64_t body = (int64_t)reply->body.len, all = (int64_t)plan->bytes.len;
    bool half = !strcmp(kind, "truncate") || !strcmp(kind, "cut_chunk") ||
                !strcmp(kind, "close_delimited");
    if (half) {
        int64_t lost = body - mock_int_of(fault, "bytes", body / 2);
        lost += !strcmp(kind, "cut_chunk") ? (int64_t)strlen("\r\n0\r\n\r\n") : 0;
        buf_truncate(&plan->bytes, (size_t)MAX(all - lost, 0));
        plan->after = MOCK_CLOSE;
    } else if (!strcmp(kind, "reset")) {
        buf_truncate(&plan->bytes, (size_t)MIN(mock_int_of(fault, "bytes", 0), all));
        plan->after = MOCK_RESET;
    } else if (!strcmp(kind, "garbage")) {
        buf_reset(&plan->bytes);
        buf_puts(&plan->bytes, "\x16\x03\x01 this is not HTTP\r\n\r\n");
        plan->after = MOCK_CLOSE;
    }
}

static void delay(const json_t *fault, const char *kind, struct mock_plan *plan)
{
    plan->silent = !strcmp(kind, "hang");
    if (!strcmp(kind, "slow_ms"))
        plan->delay_ms = mock_int_of(fault, "ms", 1000);
    if (strcmp(kind, "drip"))
        return;
    plan->drip_ms = mock_int_of(fault, "ms", 1000);
    plan->drip_bytes = mock_int_of(fault, "bytes", 1);
}

void mock_fault(const json_t *fault, const struct mock_request *request,
                struct mock_reply *reply, struct mock_plan *plan)
{
    const char *kind = mock_text_of(fault, "kind");
    enum mock_framing framing = !strcmp(kind, "cut_chunk")         ? MOCK_CHUNKED
                                : !strcmp(kind, "close_delimited") ? MOCK_UNTIL_CLOSE
                                                                   : MOCK_LENGTH;
    if (fault) {
        spoil_reply(fault, kind, reply);
        pack(fault, kind, reply);
    }
    mock_compose(request, reply, framing, &plan->bytes);
    if (fault) {
        cut(fault, kind, reply, plan);
        delay(fault, kind, plan);
    }
}

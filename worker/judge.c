#include "worker/judge.h"

#include "base/clock.h"
#include "worker/told.h"

enum { PREVIEW_BYTES = 200 };

bool judge_is_repeatable(const struct stream *stream)
{
    return stream->idempotent ||
           !(str_is(stream->method, "POST") || str_is(stream->method, "PATCH"));
}

/* The beginning of a body on one line: controls and broken characters become spaces or '?'. */
static void preview(struct str body, char ret_text[PREVIEW_BYTES + 1])
{
    size_t len = 0;
    struct str text = str_trim(body);
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

static bool is_html(const struct http_answer *answer)
{
    const struct http_header *type = http_header_find(answer, STR("content-type"));
    struct str text = type ? type->value : STR_NONE;
    return str_find(text, STR("html")) >= 0 || str_find(text, STR("HTML")) >= 0;
}

bool judge_body(const struct http_answer *answer, struct err *err)
{
    char text[PREVIEW_BYTES + 1];
    const struct http_header *type = http_header_find(answer, STR("content-type"));
    struct str body = str_trim(answer->body);
    preview(body, text);
    if (body.len == 0)
        return err_set(err, ERR_INPUT, "body", answer->status,
                       "status %d with an empty body, where JSON was expected", answer->status);
    if (is_html(answer) || body.ptr[0] == '<')
        return err_set(err, ERR_INPUT, "body", answer->status,
                       "status %d, but the body is no JSON (Content-Type: %.*s): %s",
                       answer->status, STR_ARG(type ? type->value : STR("none")), text);
    return true;
}

static struct judgement judge_failure(const struct stream *stream, const struct err *failed,
                                      struct err *err)
{
    *err = *failed;
    bool again = failed->kind == ERR_AGAIN && judge_is_repeatable(stream);
    return (struct judgement){
        .verdict = again ? JUDGE_RETRY : JUDGE_FAIL, .reason = REASON_HTTP, .told_ms = -1};
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static struct judgement judge_redirect(const struct stream *stream,
                                       const struct http_answer *answer, struct err *err)
{
    const struct http_header *location = http_header_find(answer, STR("location"));
    if (is_redirect(answer->status) && location && str_is(stream->method, "GET"))
        return (struct judgement){.verdict = JUDGE_REDIRECT, .location = location->value};
    fail_status(answer, ERR_INPUT, " is no page", err);
    return (struct judgement){JUDGE_FAIL, REASON_HTTP, -1, STR_NONE};
}

static bool is_temporary(int status)
{
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

struct judgement judge_answer(const struct stream *stream, const struct http_answer *answer,
                              const struct err *failed, struct err *err)
{
    struct judgement judgement = {JUDGE_ACCEPT, REASON_HTTP, -1, STR_NONE};
    if (failed)
        return judge_failure(stream, failed, err);
    int status = answer->status;
    if (status == 204)
        judgement.verdict = JUDGE_EMPTY;
    if (status >= 200 && status < 300)
        return judgement;
    if (status < 400)
        return judge_redirect(stream, answer, err);

    judgement.told_ms = told_in_answer(answer, clock_wall_ms() * 1000, stream->max_wait_ms);
    bool limited = status == 403 && (judgement.told_ms >= 0 || told_quota_is_spent(answer));
    bool temporary = is_temporary(status) || limited;
    bool may = status == 429 || judge_is_repeatable(stream);
    judgement.verdict = temporary && may ? JUDGE_RETRY : JUDGE_FAIL;
    if (status == 401 || status == 403)
        judgement.reason = REASON_AUTH;
    fail_status(answer, temporary ? ERR_AGAIN : ERR_INPUT,
                judgement.reason == REASON_AUTH ? " (check the stream's auth)" : "", err);
    return judgement;
}

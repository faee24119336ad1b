#include "worker/exchange/judge.h"

#include "tests/support/lines.h"
#include "tests/support/suite.h"

/* The rest of a line after its first word. */
static struct str next_word(struct str *rest)
{
    struct str word;
    *rest = str_trim(str_split(*rest, ' ', &word));
    return word;
}

static enum err_kind kind_of(struct str word)
{
    return str_is(word, "again") ? ERR_AGAIN : str_is(word, "config") ? ERR_CONFIG : ERR_INPUT;
}

/* The verdict as the table writes it. */
static struct str outcome(struct arena *arena, struct judgement judgement)
{
    static const char *const verdicts[] = {"accept",   "empty", "end",
                                           "redirect", "retry", "fail"};
    const char *verdict = verdicts[judgement.verdict];
    const char *reason = judgement.reason == REASON_AUTH ? "auth" : "http";
    if (judgement.verdict != JUDGE_RETRY && judgement.verdict != JUDGE_FAIL)
        return arena_printf(arena, "%s", verdict);
    if (judgement.server_wait_ms < 0)
        return arena_printf(arena, "%s %s", verdict, reason);
    return arena_printf(arena, "%s %s %lld", verdict, reason,
                        (long long)judgement.server_wait_ms);
}

static struct str judge(struct arena *arena, struct str line)
{
    struct str method = next_word(&line), what = next_word(&line), name;
    struct http_header header = {.value = str_trim(str_split(line, ':', &name))};
    header.name = name;
    bool idempotent = method.len && method.ptr[method.len - 1] == '!';
    struct stream stream = {.method = str_slice(method, 0, method.len - idempotent),
                            .is_idempotent = idempotent,
                            .max_wait_ms = 3600000};
    struct scope scope = {0};
    struct http_answer answer = {
        .headers = &header, .header_count = line.len > 0, .body = STR("{\"detail\":\"why\"}")};
    struct err failed = ERR_INIT, err = ERR_INIT;
    struct judge_case one = {.stream = &stream, .scope = &scope, .arena = arena};
    int64_t status;
    if (str_to_int64(what, &status)) {
        answer.status = (int)status;
        one.answer = &answer;
    } else {
        err_set(&failed, kind_of(what), "http", 0, "why");
        one.failed = &failed;
    }
    struct judgement judgement = judge_answer(&one, &err);
    bool bad = judgement.verdict == JUDGE_RETRY || judgement.verdict == JUDGE_FAIL;
    ck_assert_msg(!bad || strstr(err.text, "why"), "%.*s: %s", STR_ARG(line), err.text);
    return outcome(arena, judgement);
}

START_TEST(follows_the_table)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct line_cases all = lines_read(arena, "tests/tables/judge.txt");
    for (size_t i = 0; i < all.count; i++) {
        const struct line_case *one = &all.items[i];
        struct str got = judge(arena, one->input);
        ck_assert_msg(str_eq(got, one->expected), "%s:%d: %.*s", one->path, one->number,
                      STR_ARG(got));
    }
}
END_TEST

static const char *body_error(const char *type, struct str body)
{
    static struct err err;
    const struct http_header header = {STR("content-type"), str_from(type)};
    const struct http_answer answer = {
        .status = 200, .headers = &header, .header_count = 1, .body = body};
    err = (struct err)ERR_INIT;
    return judge_body(&answer, &err) ? "" : err.text;
}

START_TEST(html_and_nothing_are_no_page)
{
    ck_assert_str_eq(body_error("application/json", STR("{}")), "");
    ck_assert_str_eq(body_error("application/vnd.x+json", STR(" [1]")), "");
    ck_assert_str_eq(body_error("text/plain", STR("[1]")), "");
    ck_assert_ptr_nonnull(strstr(body_error("application/json", STR(" \n")), "empty body"));
    ck_assert_ptr_nonnull(strstr(body_error("text/html", STR("{}")), "text/html"));
    ck_assert_ptr_nonnull(strstr(body_error("application/json", STR("<a>")), "<a>"));
}
END_TEST

/* At most 200 bytes, on one line, whole characters. */
START_TEST(a_preview_is_short_and_printable)
{
    char body[600] = "<html>\n\n\t<b>\x01 Größe";
    for (size_t i = strlen(body); i < sizeof body - 2; i += 2)
        memcpy(body + i, "ü", 2);
    body[sizeof body - 2] = '\0';
    const char *text = body_error("text/html", str_from(body));
    const char *shown = strstr(text, "<html>");
    ck_assert_ptr_nonnull(shown);
    ck_assert_uint_le(strlen(shown), 200);
    ck_assert_uint_ge(strlen(shown), 190);
    ck_assert(str_is_utf8(str_from(shown)));
    ck_assert_ptr_nonnull(strstr(shown, "<html> <b> Größe"));
    ck_assert_ptr_null(strpbrk(shown, "\n\t\x01"));
    ck_assert_ptr_nonnull(strstr(body_error("text/html", STR("<p>\xff\xfe</p>")), "<p>?"
                                                                                  "?</p>"));
}
END_TEST

SUITE("worker/exchange/judge", follows_the_table, html_and_nothing_are_no_page,
      a_preview_is_short_and_printable)

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
    static const char *const verdicts[] = {"accept", "empty", "end",   "redirect",
                                           "retry",  "login", "reset", "fail"};
    const char *verdict = verdicts[judgement.verdict];
    const char *reason = job_reason_name(judgement.reason);
    if (judgement.verdict != JUDGE_RETRY && judgement.verdict != JUDGE_FAIL)
        return arena_printf(arena, "%s", verdict);
    if (judgement.server_wait_ms < 0)
        return arena_printf(arena, "%s %s", verdict, reason);
    return arena_printf(arena, "%s %s %lld", verdict, reason,
                        (long long)judgement.server_wait_ms);
}

static struct str judge(struct arena *arena, struct str line)
{
    struct str head = lines_take_cell(&line), body = line;
    struct str method = next_word(&head), what = next_word(&head), name;
    bool has_records = str_ends(what, STR("+"));
    what = str_slice(what, 0, what.len - has_records);
    bool has_token = str_ends(method, STR("@"));
    method = str_slice(method, 0, method.len - has_token);
    bool idempotent = method.len && method.ptr[method.len - 1] == '!';
    struct stream stream = {.method = str_slice(method, 0, method.len - idempotent),
                            .is_idempotent = idempotent,
                            .max_wait_ms = 3600000,
                            .auth.type = has_token ? AUTH_OAUTH2 : AUTH_NONE};
    struct scope scope = {0};
    struct http_header header = {.value = str_trim(str_split(head, ':', &name))};
    header.name = name;
    struct http_answer answer = {
        .headers = &header,
        .header_count = head.len > 0,
        .body = body.len ? body : STR("{\"detail\":\"why\"}"),
    };
    struct err failed = ERR_INIT, err = ERR_INIT;
    struct judge_case one = {.stream = &stream,
                             .scope = &scope,
                             .arena = arena,
                             .has_records = has_records,
                             .form = &stream.form};
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
    ck_assert_msg(!bad || strstr(err.text, "why"), "%.*s: %s", STR_ARG(head), err.text);
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

SUITE("worker/exchange/judge", follows_the_table)

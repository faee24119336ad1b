#include "base/redact.h"
#include "tests/fuzz/targets.h"
#include "worker/access/token_answer.h"

/* A status, a line's end, a body. What is taken is known to the redactor. */
void fuzz_tokens(struct str text)
{
    static const struct token_want want = {.token_path = STR_INIT("access_token"),
                                           .expires_path = STR_INIT("expires_in")};
    AUTO_ARENA struct arena *arena = arena_new();
    struct str status, body = str_split(text, '\n', &status);
    int64_t number, wait_ms;
    struct token_answer found;
    struct err err = ERR_INIT;
    if (!str_to_int64(status, &number) || number < 100 || number > 599)
        number = 200;
    const struct http_answer answer = {.status = (int)number, .body = body};
    if (!token_answer_read(&want, &answer, arena, &found, &wait_ms, &err)) {
        FUZZ_CHECK(err.kind == ERR_AGAIN || err.kind == ERR_INPUT, "%s", err.text);
        redact_clear();
        return;
    }
    FUZZ_CHECK(number < 400 && found.token.len, "%d", (int)number);
    FUZZ_CHECK(found.life_ms >= -1, "%lld", (long long)found.life_ms);
    FUZZ_CHECK(found.token.len < 8 || redact_has(found.token), "%.*s", STR_ARG(found.token));
    redact_clear();
}

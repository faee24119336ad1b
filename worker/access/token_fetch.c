#include "worker/access/token_fetch.h"

#include "base/mem.h"
#include "base/redact.h"

struct token_fetch {
    struct loop *loop;
    struct http *http;
    struct arena *arena;
    struct token_want want;
    struct http_call *call;
    token_fetch_fn fn;
    void *ctx;
};

/* The query may hold credentials of a login. */
static bool wrap(const struct token_fetch *fetch, struct err *err)
{
    struct str url;
    str_split(fetch->want.http.url, '?', &url);
    return err_wrap(err, "auth: %.*s %.*s", STR_ARG(fetch->want.http.method),
                    STR_ARG(redact_cut(fetch->arena, url, 300)));
}

static void fail(struct token_fetch *fetch, struct err *err, int64_t wait_ms)
{
    wrap(fetch, err);
    fetch->fn(fetch->ctx, NULL, err, wait_ms);
}

static void on_answer(void *ctx, const struct http_answer *answer, const struct err *failed)
{
    struct token_fetch *fetch = ctx;
    struct token_answer found;
    struct err err = ERR_INIT;
    int64_t wait_ms = -1;
    fetch->call = NULL;
    if (failed) {
        err = *failed;
        fail(fetch, &err, -1);
    } else if (!token_answer_read(&fetch->want, answer, fetch->arena, &found, &wait_ms, &err)) {
        fail(fetch, &err, wait_ms);
    } else {
        fetch->fn(fetch->ctx, &found, NULL, -1);
    }
}

struct token_fetch *token_fetch_new(struct loop *loop, struct http *http,
                                    const struct token_want *want, token_fetch_fn fn, void *ctx)
{
    struct token_fetch *fetch = mem_alloc(sizeof *fetch);
    *fetch = (struct token_fetch){
        .loop = loop, .http = http, .arena = arena_new(), .fn = fn, .ctx = ctx};
    fetch->want = token_want_copy(fetch->arena, want);
    fetch->call = http_send(http, &fetch->want.http, on_answer, fetch);
    return fetch;
}

void token_fetch_free(struct token_fetch *fetch)
{
    if (!fetch)
        return;
    if (fetch->call)
        http_cancel(TAKE(fetch->call));
    arena_free(fetch->arena);
    mem_free(fetch);
}

#include "worker/access/token_fetch.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/redact.h"
#include "port/http_url.h"
#include "port/save.h"
#include "worker/access/refresh_store.h"

enum { LOCK_WAIT_MS = 60000, LOCK_POLL_MS = 50 };

/*
 *     lock (timer) ──► ask (call) ──► keep (save) ──► fn
 *          with a refresh_store alone            where the refresh token is a new one
 */
struct token_fetch {
    struct loop *loop;
    struct http *http;
    struct arena *arena;
    struct token_want want;
    struct token_known known;
    struct refresh_store store; /* no path: there is none */
    int lock_fd;
    int64_t began_mono_ms;
    struct loop_timer *timer;
    struct http_call *call;
    struct str refresh; /* that is sent */
    struct token_answer answer;
    struct save *save;
    token_fetch_fn fn;
    void *ctx;
};

static void unlock(struct token_fetch *fetch)
{
    if (fetch->lock_fd >= 0)
        close(fetch->lock_fd);
    fetch->lock_fd = -1;
}

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
    struct token_fetched fetched = {.err = err, .wait_ms = wait_ms};
    if (fetch->answer.refresh.len)
        fetched.refresh = fetch->answer.refresh;
    wrap(fetch, err);
    unlock(fetch);
    fetch->fn(fetch->ctx, &fetched);
}

/* Has the answer another refresh token than was sent? */
static bool has_rotated(const struct token_fetch *fetch)
{
    return fetch->answer.refresh.len && !str_eq(fetch->answer.refresh, fetch->refresh);
}

static void succeed(struct token_fetch *fetch, bool is_kept)
{
    struct token_fetched fetched = {.answer = &fetch->answer,
                                    .wait_ms = -1,
                                    .refresh =
                                        has_rotated(fetch) ? fetch->answer.refresh : STR_NONE,
                                    .is_kept = is_kept};
    unlock(fetch);
    fetch->fn(fetch->ctx, &fetched);
}

/* --- keep --- */

static void on_saved(void *ctx, const struct err *failed)
{
    struct token_fetch *fetch = ctx;
    if (!failed) {
        succeed(fetch, true);
        return;
    }
    struct err err = *failed;
    err_wrap(&err, "this process alone knows the new refresh token: refresh_store");
    fail(fetch, &err, -1);
}

static void keep(struct token_fetch *fetch)
{
    bool is_stale = fetch->known.refresh.len && !fetch->known.is_kept;
    bool is_new = has_rotated(fetch);
    if (!fetch->store.path.len || (!is_new && !is_stale)) {
        succeed(fetch, false);
        return;
    }
    struct str token = is_new ? fetch->answer.refresh : fetch->refresh;
    fetch->save =
        save_start(fetch->loop, fetch->store.path,
                   refresh_store_text(&fetch->store, fetch->arena, token), on_saved, fetch);
}

/* --- ask --- */

static void on_answer(void *ctx, const struct http_answer *answer, const struct err *failed)
{
    struct token_fetch *fetch = ctx;
    struct token_answer found;
    struct err err = ERR_INIT;
    int64_t wait_ms = -1;
    fetch->call = NULL;
    if (failed)
        err = *failed;
    if (failed ||
        !token_answer_read(&fetch->want, answer, fetch->arena, &found, &wait_ms, &err)) {
        fail(fetch, &err, wait_ms);
        return;
    }
    fetch->answer = (struct token_answer){.token = arena_str(fetch->arena, found.token),
                                          .life_ms = found.life_ms,
                                          .refresh = arena_str(fetch->arena, found.refresh)};
    if (!fetch->want.refresh_token.len)
        fetch->answer.refresh = STR_NONE;
    keep(fetch);
}

static void put_field(struct token_fetch *fetch, const char *name, struct str token)
{
    struct http_request *http = &fetch->want.http;
    redact_add_passing(token);
    http->body = arena_printf(fetch->arena, "%.*s&%s=%.*s", STR_ARG(http->body), name,
                              STR_ARG(http_url_encode(fetch->arena, token)));
}

static void ask(struct token_fetch *fetch)
{
    struct http_request *http = &fetch->want.http;
    struct str assertion;
    struct err err = ERR_INIT;
    if (fetch->refresh.len)
        put_field(fetch, "refresh_token", fetch->refresh);
    if (fetch->want.jwt.key.len &&
        !jwt_make(&fetch->want.jwt, clock_wall_ms() * 1000, fetch->arena, &assertion, &err)) {
        fail(fetch, &err, -1);
        return;
    }
    if (fetch->want.jwt.key.len)
        put_field(fetch, "assertion", assertion);
    fetch->call = http_send(fetch->http, http, on_answer, fetch);
}

/* --- lock --- */

/* What others have stored meanwhile comes before what this process knew. */
static bool choose_refresh(struct token_fetch *fetch, struct err *err)
{
    struct str stored;
    if (!refresh_store_read(&fetch->store, fetch->arena, &stored, err))
        return false;
    if (fetch->known.refresh.len && !fetch->known.is_kept)
        fetch->refresh = fetch->known.refresh;
    else if (stored.len)
        fetch->refresh = stored;
    return true;
}

static void lock(void *ctx)
{
    struct token_fetch *fetch = ctx;
    struct err err = ERR_INIT;
    if (!fetch->store.path.len) {
        ask(fetch);
        return;
    }
    enum store_lock lock = refresh_store_lock(&fetch->store, &fetch->lock_fd, &err);
    if (lock == STORE_BUSY && clock_mono_ms() - fetch->began_mono_ms < LOCK_WAIT_MS) {
        loop_timer_set(fetch->timer, LOCK_POLL_MS);
        return;
    }
    if (lock == STORE_BUSY)
        err_set(&err, ERR_AGAIN, "auth", 0,
                "refresh_store: another process has held %.*s.lock for %d s",
                STR_ARG(fetch->store.path), LOCK_WAIT_MS / 1000);
    if (lock != STORE_LOCKED || !choose_refresh(fetch, &err))
        fail(fetch, &err, -1);
    else
        ask(fetch);
}

/* --- life --- */

struct token_fetch *token_fetch_new(struct loop *loop, struct http *http,
                                    const struct token_want *want,
                                    const struct token_known *known, token_fetch_fn fn,
                                    void *ctx)
{
    struct token_fetch *fetch = mem_alloc(sizeof *fetch);
    *fetch = (struct token_fetch){.loop = loop,
                                  .http = http,
                                  .arena = arena_new(),
                                  .lock_fd = -1,
                                  .began_mono_ms = clock_mono_ms(),
                                  .fn = fn,
                                  .ctx = ctx};
    fetch->want = token_want_copy(fetch->arena, want);
    fetch->known = *known;
    fetch->known.refresh = arena_str(fetch->arena, known->refresh);
    fetch->store = (struct refresh_store){fetch->want.refresh_store, fetch->want.source,
                                          fetch->want.refresh_origin};
    fetch->refresh = known->refresh.len ? fetch->known.refresh : fetch->want.refresh_token;
    fetch->timer = loop_timer_new(loop, lock, fetch);
    loop_timer_set(fetch->timer, 0);
    return fetch;
}

void token_fetch_free(struct token_fetch *fetch)
{
    if (!fetch)
        return;
    if (fetch->call)
        http_cancel(TAKE(fetch->call));
    save_free(fetch->save);
    loop_timer_free(fetch->timer);
    unlock(fetch);
    arena_free(fetch->arena);
    mem_free(fetch);
}

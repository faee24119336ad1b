/*
 * The connection's machine. Its phases, and what leads from one to the next:
 *
 *     DOWN ──retry fires──> DIALLING ──on_dialled──> GREETING ─on_name_answer─> UP
 *      ^  │                 ^   │                        │                       │
 *      │  └──> LOCATING ────┘   │ no address             │ refused, loss,        │ loss,
 *      └───────────┴────────────┴────────────────────────┴──── timeout ──────────┘ timeout or
 *                                                             nonsense; all by drop()
 *
 *     DOWN       `retry` is set; nothing is open
 *     LOCATING   `sentinel` asks which server is the primary; with Sentinels only
 *     DIALLING   `dial` resolves the name and connects (dial.c)
 *     GREETING   AUTH, SELECT, ROLE (with Sentinels) and CLIENT SETNAME are sent; the last
 *                answer ends the phase. TLS shakes hands on the way (stream.c)
 *     UP         calls are taken; with Sentinels these are asked again now and then
 *
 * redis_open begins as if `retry` had fired; redis_close ends every phase. `stream`, `watch`
 * and `reader` are in use in GREETING and UP only, and `sent` has something only then.
 *
 * Answers come in the order of the commands, so the first of `sent` is always the one that is
 * answered next; an answer without a call means that we and the server no longer agree, and
 * drops the connection. So does the first deadline that passes: an answer that may still come
 * would be taken for the next call's. A call that was not sent (not UP, or `out` is full) waits
 * in `refused` for the next turn of the loop, because redis_call never calls back.
 *
 * A callback may call anything, redis_close too; it runs between enter() and leave(), and the
 * memory goes with the outermost leave(). A function that may have dropped the connection
 * returns false, and its caller touches nothing more.
 *
 * Example: two calls are sent, the server answers the first and dies.
 *     on_socket_ready: receive_some → take_replies gives the first its reply; recv: 0 → drop:
 *     DOWN, `retry` in about 0.1 s, the second call hears ERR_AGAIN (it may have run), then the
 *     owner hears that it is down. on_retry: DIALLING → "connection refused" → DOWN, twice as
 *     long … → GREETING → UP, and the owner hears it.
 */
#include "port/redis.h"

#include <assert.h>
#include <hiredis/hiredis.h>

#include "base/arena.h"
#include "base/backoff.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "port/dial.h"
#include "port/redis_command.h"
#include "port/redis_reply.h"
#include "port/redis_sentinel.h"
#include "port/redis_url.h"
#include "port/stream.h"

enum phase { DOWN, LOCATING, DIALLING, GREETING, UP };

enum {
    REPLY_MAX_BYTES = 64 << 20,
    SEND_MAX_BYTES = 16 << 20,
    READ_BYTES = 64 << 10,
    READS_A_TURN = 16, /* then other descriptors have their turn */
    GREETING_MS = 5000,
    RETRY_FIRST_MS = 100,
    RETRY_MAX_MS = 5000,
    LOCATE_EVERY_MS = 10000, /* while it is up */
    HOST_BYTES = 256,
};

/* One command on its way, in the order of sending. */
struct call {
    struct call *next;
    redis_reply_fn fn; /* NULL: nobody asks */
    void *ctx;
    int64_t deadline_mono_ms;
};

struct calls {
    struct call *first, **end;
};

struct redis {
    struct loop *loop;
    struct arena *arena; /* the URL's strings */
    struct redis_url url;
    const char *name;
    redis_state_fn on_state;
    void *state_ctx;
    enum err_kind reported; /* to on_state: NONE for "up"; BUG for nothing yet */

    enum phase phase;
    struct sentinel *sentinel; /* in LOCATING, and now and then in UP; else NULL */
    char primary[HOST_BYTES];  /* of url.host, where Sentinels said it */
    struct dial *dial;
    struct stream *stream; /* NULL but in GREETING and UP */
    struct loop_fd *watch;
    redisReader *reader;
    struct arena *reply_arena; /* of the reply being read */
    size_t reply_bytes;        /* received since the last complete reply */
    struct buf out;
    struct calls sent;    /* an answer is due for each */
    struct calls refused; /* not sent; they hear it at the next turn */

    struct loop_timer *deadline, *retry, *refusal;
    struct loop_timer *locate;     /* NULL without Sentinels */
    int64_t next_deadline_mono_ms; /* that `deadline` is set for; INT64_MAX: none */
    int failures;                  /* since it was last up */
    struct rng rng;
    struct err why; /* why it is not up */

    int depth;      /* entries from the loop under way */
    bool will_send; /* one of them sends what it finds in `out` at its end */
    bool is_closed;
};

/* --- calls --- */

static void calls_init(struct calls *calls)
{
    *calls = (struct calls){.end = &calls->first};
}

static void calls_put(struct calls *calls, struct call *call)
{
    *calls->end = call;
    calls->end = &call->next;
}

static struct call *calls_take(struct calls *calls)
{
    struct call *call = calls->first;
    if (call && !(calls->first = call->next))
        calls->end = &calls->first;
    return call;
}

static void call_finish(struct call *call, const struct redis_reply *reply,
                        const struct err *err)
{
    redis_reply_fn fn = call->fn;
    void *ctx = call->ctx;
    mem_free(call);
    if (fn)
        fn(ctx, reply, err);
}

/* Those that are in it now; what their callbacks add waits for its own turn. */
static void calls_fail(struct calls *calls, const struct err *err)
{
    struct call *call = calls->first;
    calls_init(calls);
    while (call) {
        struct call *next = call->next;
        call_finish(call, NULL, err);
        call = next;
    }
}

/* --- entering and leaving --- */

static void destroy(struct redis *redis)
{
    if (redis->reader)
        redisReaderFree(redis->reader);
    arena_free(redis->reply_arena);
    arena_free(redis->arena);
    buf_done(&redis->out);
    mem_free(redis);
}

static void enter(struct redis *redis)
{
    redis->depth++;
}

static void leave(struct redis *redis)
{
    assert(redis->depth > 0);
    if (--redis->depth == 0 && redis->is_closed)
        destroy(redis);
}

/* `err`: why it is down; NULL: up. Reported again where the kind has changed. */
static void report_state(struct redis *redis, const struct err *err)
{
    enum err_kind kind = err ? err->kind : ERR_NONE;
    if (redis->is_closed || kind == redis->reported)
        return;
    redis->reported = kind;
    if (redis->on_state)
        redis->on_state(redis->state_ctx, !err, err);
}

static void set_err(struct err *err, const struct redis *redis, enum err_kind kind, int code,
                    const char *why)
{
    const struct redis_url *url = &redis->url;
    if (url->path.len)
        err_set(err, kind, "redis", code, "redis %s: %s", url->path.ptr, why);
    else if (!url->host.name.len)
        err_set(err, kind, "redis", code, "redis %s: %s", url->primary.ptr, why);
    else
        err_set(err, kind, "redis", code, "redis %s:%d: %s", url->host.name.ptr, url->host.port,
                why);
}

/* --- the connection --- */

static void disconnect(struct redis *redis)
{
    sentinel_cancel(TAKE(redis->sentinel));
    dial_cancel(TAKE(redis->dial));
    loop_fd_free(TAKE(redis->watch));
    stream_close(TAKE(redis->stream));
    redis->phase = DOWN;
    buf_reset(&redis->out);
}

/* Whether commands under way ran is unknown: each caller hears so; nothing is sent again. */
static void drop(struct redis *redis, enum err_kind kind, int code, const char *why)
{
    struct err err = ERR_INIT;
    set_err(&err, redis, kind, code, why);
    disconnect(redis);
    loop_timer_clear(redis->deadline);
    if (redis->locate)
        loop_timer_clear(redis->locate);
    int64_t wait_ms = backoff_ms(RETRY_FIRST_MS, RETRY_MAX_MS, redis->failures++);
    loop_timer_set(redis->retry, backoff_equal_jitter(wait_ms, &redis->rng));
    redis->why = err;
    err.kind = ERR_AGAIN;
    calls_fail(&redis->sent, &err);
    err.kind = kind;
    report_state(redis, &err);
}

static void watch_for(struct redis *redis)
{
    loop_fd_set(redis->watch, stream_events(redis->stream, redis->out.len > 0));
}

/* False: the connection is gone. */
static bool send_some(struct redis *redis)
{
    struct buf *out = &redis->out;
    struct err err = ERR_INIT;
    if (!out->len)
        return true;
    ptrdiff_t sent = stream_write(redis->stream, out->ptr, out->len, &err);
    if (sent < 0) {
        drop(redis, err.kind, err.code, err.text);
        return false;
    }
    memmove(out->ptr, out->ptr + sent, out->len - (size_t)sent);
    buf_truncate(out, out->len - (size_t)sent);
    return true;
}

/* Hands out every reply that is complete. False: the connection is gone. */
static bool take_replies(struct redis *redis)
{
    for (;;) {
        void *object = NULL;
        if (redisReaderGetReply(redis->reader, &object) != REDIS_OK) {
            drop(redis, ERR_AGAIN, 0, redis->reader->errstr);
            return false;
        }
        if (!object)
            break;
        struct call *call = calls_take(&redis->sent);
        if (!call) {
            drop(redis, ERR_AGAIN, 0, "an answer that nobody asked for");
            return false;
        }
        struct err err = ERR_INIT;
        const struct redis_reply *reply = redis_reply_open(object, &err);
        call_finish(call, reply, reply ? NULL : &err);
        if (!redis->stream)
            return false;
        if (redis->locate && !reply && str_starts(str_from(err.text), STR("READONLY"))) {
            drop(redis, ERR_AGAIN, 0, "it is no primary any more");
            return false;
        }
        arena_reset(redis->reply_arena);
        redis->reply_bytes = redis->reader->len - redis->reader->pos;
    }
    if (redis->reply_bytes <= REPLY_MAX_BYTES)
        return true;
    drop(redis, ERR_AGAIN, 0, "an answer longer than 64 MiB");
    return false;
}

/* False: the connection is gone. More than is read, and an end, are events of their own. */
static bool receive_some(struct redis *redis)
{
    char bytes[READ_BYTES];
    for (int i = 0; i < READS_A_TURN || stream_has_more(redis->stream); i++) {
        struct err err = ERR_INIT;
        ptrdiff_t got = stream_read(redis->stream, bytes, sizeof bytes, &err);
        if (got < 0) {
            drop(redis, err.kind, err.code, err.text);
            return false;
        }
        if (got == 0)
            return true;
        redis->reply_bytes += (size_t)got;
        redisReaderFeed(redis->reader, bytes, (size_t)got);
        if (!take_replies(redis))
            return false;
        if ((size_t)got < sizeof bytes && !stream_has_more(redis->stream))
            return true;
    }
    return true;
}

static void on_socket_ready(void *ctx, int events)
{
    struct redis *redis = ctx;
    enter(redis);
    redis->will_send = true; /* what the answers lead to, too */
    (void)events;            /* either may let TLS go on with the other */
    bool is_there = receive_some(redis);
    redis->will_send = false;
    if (is_there && send_some(redis))
        watch_for(redis);
    leave(redis);
}

/* --- deadlines --- */

static int64_t earliest_deadline(const struct redis *redis)
{
    int64_t earliest = INT64_MAX;
    for (const struct call *call = redis->sent.first; call; call = call->next)
        earliest = MIN(earliest, call->deadline_mono_ms);
    return earliest;
}

/* The timer may be early for a call that was answered; it is then set for the next one. */
static void on_deadline(void *ctx)
{
    struct redis *redis = ctx;
    enter(redis);
    /* After a pause of our own the answer may lie in the socket. */
    if (!redis->stream || !receive_some(redis)) {
        leave(redis);
        return;
    }
    int64_t earliest = earliest_deadline(redis), now = clock_mono_ms();
    redis->next_deadline_mono_ms = earliest;
    if (earliest <= now)
        drop(redis, ERR_AGAIN, 0,
             redis->phase == GREETING && redis->url.has_tls
                 ? "no answer in time; does the server speak TLS at this port?"
                 : "no answer in time");
    else if (earliest != INT64_MAX)
        loop_timer_set(redis->deadline, earliest - now);
    leave(redis);
}

/* --- sending --- */

static void send_call(struct redis *redis, const struct str *args, size_t count,
                      struct call *call)
{
    if (!redis_command_put(&redis->out, args, count)) {
        calls_put(&redis->refused, call);
        loop_timer_set(redis->refusal, 0);
        return;
    }
    calls_put(&redis->sent, call);
    if (!redis->will_send)
        watch_for(redis);
    int64_t now = clock_mono_ms();
    if (call->deadline_mono_ms < redis->next_deadline_mono_ms) {
        redis->next_deadline_mono_ms = call->deadline_mono_ms;
        loop_timer_set(redis->deadline, call->deadline_mono_ms - now);
    }
}

static struct call *call_new(redis_reply_fn fn, void *ctx, int64_t timeout_ms)
{
    struct call *call = mem_alloc(sizeof *call);
    *call =
        (struct call){.fn = fn, .ctx = ctx, .deadline_mono_ms = clock_mono_ms() + timeout_ms};
    return call;
}

void redis_call(struct redis *redis, const struct str *args, size_t count, int64_t timeout_ms,
                redis_reply_fn fn, void *ctx)
{
    assert(!redis->is_closed && count > 0);
    struct call *call = call_new(fn, ctx, timeout_ms);
    if (redis->phase == UP) {
        send_call(redis, args, count, call);
        return;
    }
    calls_put(&redis->refused, call);
    loop_timer_set(redis->refusal, 0);
}

static void on_refusal(void *ctx)
{
    struct redis *redis = ctx;
    enter(redis);
    struct err err = redis->why;
    err.kind = ERR_AGAIN;
    if (redis->phase == UP)
        set_err(&err, redis, ERR_AGAIN, 0, "too much waits to be sent");
    calls_fail(&redis->refused, &err);
    leave(redis);
}

/* --- connecting --- */

/* A server that refuses the login or the database needs a person; the retries go on. */
static void on_login_answer(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    (void)reply;
    struct redis *redis = ctx;
    if (err && redis->phase == GREETING)
        drop(redis, err->kind == ERR_AGAIN ? ERR_AGAIN : ERR_CONFIG, 0, err->text);
}

/* The last of the greeting. The name is a courtesy; a missing login shows here. */
static void on_name_answer(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    (void)reply;
    struct redis *redis = ctx;
    if (redis->phase != GREETING)
        return;
    bool is_fatal =
        err && (err->kind == ERR_AGAIN ||
                (err->kind == ERR_CONFIG && !str_starts(str_from(err->text), STR("NOPERM"))));
    if (is_fatal) {
        drop(redis, err->kind, 0, err->text);
        return;
    }
    redis->phase = UP;
    redis->failures = 0;
    if (redis->locate)
        loop_timer_set(redis->locate, LOCATE_EVERY_MS);
    report_state(redis, NULL);
}

/* A Sentinel may not know yet that another has become the primary. */
static void on_role_answer(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    struct redis *redis = ctx;
    if (redis->phase != GREETING)
        return;
    bool is_other = reply && reply->type == REDIS_ARRAY && reply->count &&
                    !str_is(reply->items[0]->text, "master");
    if (is_other)
        drop(redis, ERR_AGAIN, 0, "it is a replica, and no primary");
    else if (err && err->kind == ERR_AGAIN)
        drop(redis, ERR_AGAIN, 0, err->text);
}

static void greet(struct redis *redis, const struct str *args, size_t count, redis_reply_fn fn)
{
    send_call(redis, args, count, call_new(fn, redis, GREETING_MS));
}

static void log_in(struct redis *redis)
{
    const struct redis_url *url = &redis->url;
    if (url->password.len && url->user.len)
        greet(redis, (struct str[]){STR("AUTH"), url->user, url->password}, 3, on_login_answer);
    else if (url->password.len)
        greet(redis, (struct str[]){STR("AUTH"), url->password}, 2, on_login_answer);
    char db[16];
    snprintf(db, sizeof db, "%d", url->db);
    if (url->db)
        greet(redis, (struct str[]){STR("SELECT"), str_from(db)}, 2, on_login_answer);
    if (redis->locate)
        greet(redis, (struct str[]){STR("ROLE")}, 1, on_role_answer);
    struct str name[] = {STR("CLIENT"), STR("SETNAME"), str_from(redis->name)};
    greet(redis, name, COUNT_OF(name), on_name_answer);
}

static void renew_reader(struct redis *redis)
{
    if (redis->reader)
        redisReaderFree(redis->reader);
    redis->reader = redis_reply_reader(redis->reply_arena);
    arena_reset(redis->reply_arena);
    redis->reply_bytes = 0;
}

static bool open_stream(struct redis *redis, int fd, struct err *err)
{
    const struct redis_url *url = &redis->url;
    return stream_open(fd, url->has_tls ? &url->tls : NULL, url->host.name, &redis->stream,
                       err);
}

static void begin_greeting(struct redis *redis)
{
    redis->phase = GREETING;
    redis->watch = loop_fd_new(redis->loop, stream_fd(redis->stream), on_socket_ready, redis);
    redis->next_deadline_mono_ms = INT64_MAX;
    renew_reader(redis);
    log_in(redis);
}

static void on_dialled(void *ctx, int fd, const struct err *failed)
{
    struct redis *redis = ctx;
    struct err err = ERR_INIT;
    if (failed)
        err = *failed;
    enter(redis);
    redis->dial = NULL;
    if (!failed && open_stream(redis, fd, &err))
        begin_greeting(redis);
    else
        drop(redis, err.kind, err.code, err.text);
    leave(redis);
}

static void start_dial(struct redis *redis)
{
    const struct redis_url *url = &redis->url;
    redis->phase = DIALLING;
    redis->dial =
        dial_start(redis->loop, url->path, url->host.name, url->host.port, on_dialled, redis);
}

static void on_located(void *ctx, const struct redis_host *primary, const struct err *err)
{
    struct redis *redis = ctx;
    enter(redis);
    redis->sentinel = NULL;
    if (err) {
        redis->url.host.name = STR_NONE;
        drop(redis, err->kind, err->code, err->text);
    } else {
        snprintf(redis->primary, sizeof redis->primary, "%.*s", STR_ARG(primary->name));
        redis->url.host = (struct redis_host){str_from(redis->primary), primary->port};
        start_dial(redis);
    }
    leave(redis);
}

/* A primary that was cut off from the others does not know that it is none. */
static void on_located_again(void *ctx, const struct redis_host *primary, const struct err *err)
{
    (void)err;
    struct redis *redis = ctx;
    const struct redis_host *ours = &redis->url.host;
    enter(redis);
    redis->sentinel = NULL;
    if (primary && (!str_eq(primary->name, ours->name) || primary->port != ours->port))
        drop(redis, ERR_AGAIN, 0, "the Sentinels name another primary");
    else
        loop_timer_set(redis->locate, LOCATE_EVERY_MS);
    leave(redis);
}

static void on_locate(void *ctx)
{
    struct redis *redis = ctx;
    redis->sentinel = sentinel_ask(redis->loop, &redis->url, on_located_again, redis);
}

static void on_retry(void *ctx)
{
    struct redis *redis = ctx;
    if (!redis->locate) {
        start_dial(redis);
        return;
    }
    redis->phase = LOCATING;
    redis->sentinel = sentinel_ask(redis->loop, &redis->url, on_located, redis);
}

/* --- opening and closing --- */

bool redis_open(struct loop *loop, const char *url, const char *name, redis_state_fn fn,
                void *ctx, struct redis **ret_redis, struct err *err)
{
    struct redis_url parsed;
    struct arena *arena = arena_new();
    if (!redis_url_parse(arena, str_from(url), &parsed, err)) {
        arena_free(arena);
        return false;
    }
    struct redis *redis = mem_alloc(sizeof *redis);
    *redis = (struct redis){
        .loop = loop, .arena = arena, .url = parsed, .on_state = fn, .state_ctx = ctx};
    redis->name = arena_cstr(arena, str_from(name));
    redis->reply_arena = arena_new();
    redis->reported = ERR_BUG;
    set_err(&redis->why, redis, ERR_AGAIN, 0, "not connected yet");
    calls_init(&redis->sent);
    calls_init(&redis->refused);
    buf_init(&redis->out, SEND_MAX_BYTES);
    rng_seed_random(&redis->rng);
    redis->deadline = loop_timer_new(loop, on_deadline, redis);
    redis->retry = loop_timer_new(loop, on_retry, redis);
    redis->refusal = loop_timer_new(loop, on_refusal, redis);
    if (parsed.primary.len)
        redis->locate = loop_timer_new(loop, on_locate, redis);
    on_retry(redis);
    *ret_redis = redis;
    return true;
}

void redis_close(struct redis *redis)
{
    if (!redis)
        return;
    struct err err = ERR_INIT;
    set_err(&err, redis, ERR_STOPPED, 0, "closed by us");
    enter(redis);
    redis->is_closed = true;
    disconnect(redis);
    loop_timer_free(redis->deadline);
    loop_timer_free(redis->retry);
    loop_timer_free(redis->locate);
    calls_fail(&redis->sent, &err);
    calls_fail(&redis->refused, &err);
    loop_timer_free(redis->refusal);
    leave(redis);
}

bool redis_is_up(const struct redis *redis)
{
    return redis->phase == UP;
}

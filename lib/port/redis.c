#include "port/redis.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/backoff.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "port/dial.h"
#include "port/redis_url.h"

/*
 * DOWN: the timer `retry` is set. DIALLING: `dial` is at work. GREETING: connected, the
 * handshake's answers are awaited. UP: calls are taken.
 */
enum phase { DOWN, DIALLING, GREETING, UP };

enum {
    REPLY_MAX_BYTES = 64 << 20,
    REPLY_MAX_ITEMS = 1 << 20,
    SEND_MAX_BYTES = 16 << 20,
    READ_BYTES = 64 << 10,
    READS_A_TURN = 16, /* then other descriptors have their turn */
    GREETING_MS = 5000,
    RETRY_FIRST_MS = 100,
    RETRY_MAX_MS = 5000,
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
    redis_state_fn fn;
    void *ctx;

    enum phase phase;
    struct dial *dial;
    int fd; /* -1 but in GREETING and UP */
    struct loop_fd *watch;
    redisReader *reader;
    struct arena *reply_arena; /* of the reply being read */
    size_t reply_bytes;        /* received since the last complete reply */
    struct buf out;
    struct calls sent;    /* an answer is due for each */
    struct calls refused; /* failed before sending; told at the next turn */

    struct loop_timer *deadline, *retry, *refusal;
    int64_t next_deadline_mono_ms; /* that `deadline` is set for; INT64_MAX: none */
    int failures;                  /* since it was last up */
    struct rng rng;
    enum err_kind told; /* what fn heard last: NONE for "up"; BUG for nothing yet */
    struct err why;     /* why it is not up */

    /* A callback may close us: the memory goes when the outermost entry leaves. */
    int entered;
    bool closed;
};

/* --- Replies --------------------------------------------------------------------------- */

/* What hiredis' reader builds, in the arena that its privdata is. */
struct node {
    struct redis_reply reply;
    bool is_error;
    const struct redis_reply **items;
};

static void *node_new(const redisReadTask *task, enum redis_type type)
{
    struct node *node = ARENA_NEW((struct arena *)task->privdata, struct node);
    node->reply.type = type;
    if (task->parent)
        ((struct node *)task->parent->obj)->items[task->idx] = &node->reply;
    return node;
}

static void *make_string(const redisReadTask *task, char *text, size_t len)
{
    bool is_text = task->type == REDIS_REPLY_STRING;
    struct node *node = node_new(task, is_text ? REDIS_STRING : REDIS_STATUS);
    node->reply.text = arena_str(task->privdata, (struct str){text, len});
    node->is_error = task->type == REDIS_REPLY_ERROR;
    return node;
}

/* NULL (the reader then gives up) for a length that the far side only claims. */
static void *make_array(const redisReadTask *task, int count)
{
    if (count < 0 || count > REPLY_MAX_ITEMS)
        return NULL;
    struct node *node = node_new(task, REDIS_ARRAY);
    node->items = ARENA_ARRAY((struct arena *)task->privdata, const struct redis_reply *,
                              (size_t)count + 1);
    node->reply.items = node->items;
    node->reply.count = (size_t)count;
    return node;
}

static void *make_integer(const redisReadTask *task, long long number)
{
    struct node *node = node_new(task, REDIS_INTEGER);
    node->reply.integer = number;
    return node;
}

static void *make_nil(const redisReadTask *task)
{
    return node_new(task, REDIS_NIL);
}

static void leave_to_arena(void *node)
{
    (void)node;
}

static redisReplyObjectFunctions node_makers = {make_string, make_array, make_integer, make_nil,
                                                leave_to_arena};

const struct redis_reply *redis_reply_find(const struct redis_reply *list, struct str name)
{
    for (size_t i = 0; i + 1 < list->count; i += 2)
        if (str_eq(list->items[i]->text, name))
            return list->items[i + 1];
    return NULL;
}

/* What an error reply lets the caller do, by its first word. */
static enum err_kind classify(struct str text)
{
    static const struct {
        const char *word;
        enum err_kind kind;
    } known[] = {
        {"LOADING", ERR_AGAIN},    {"MISCONF", ERR_AGAIN},    {"OOM", ERR_AGAIN},
        {"READONLY", ERR_AGAIN},   {"BUSY", ERR_AGAIN},       {"TRYAGAIN", ERR_AGAIN},
        {"MASTERDOWN", ERR_AGAIN}, {"NOREPLICAS", ERR_AGAIN}, {"UNBLOCKED", ERR_AGAIN},
        {"WRONGPASS", ERR_CONFIG}, {"NOAUTH", ERR_CONFIG},    {"NOPERM", ERR_CONFIG},
        {"DENIED", ERR_CONFIG},
    };
    struct str word;
    str_cut(text, ' ', &word);
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (str_is(word, known[i].word))
            return known[i].kind;
    bool is_full = str_starts(text, STR("ERR max number of clients"));
    return is_full ? ERR_AGAIN : ERR_INPUT;
}

/* --- Calls ----------------------------------------------------------------------------- */

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

/* Those that stand there now; what their callbacks add waits for its own turn. */
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

/* --- Entering and leaving -------------------------------------------------------------- */

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
    redis->entered++;
}

static void leave(struct redis *redis)
{
    if (--redis->entered == 0 && redis->closed)
        destroy(redis);
}

static void tell(struct redis *redis, const struct err *err)
{
    enum err_kind kind = err ? err->kind : ERR_NONE;
    if (redis->closed || kind == redis->told)
        return;
    redis->told = kind;
    if (redis->fn)
        redis->fn(redis->ctx, !err, err);
}

static bool fail(struct err *err, const struct redis *redis, enum err_kind kind, int code,
                 const char *why)
{
    if (redis->url.path.len)
        return err_set(err, kind, "redis", code, "redis %s: %s", redis->url.path.ptr, why);
    return err_set(err, kind, "redis", code, "redis %s:%d: %s", redis->url.host.ptr,
                   redis->url.port, why);
}

/* --- The connection -------------------------------------------------------------------- */

static void disconnect(struct redis *redis)
{
    dial_cancel(TAKE(redis->dial));
    loop_fd_free(TAKE(redis->watch));
    if (redis->fd >= 0)
        close(redis->fd);
    redis->fd = -1;
    redis->phase = DOWN;
    buf_reset(&redis->out);
}

static void schedule_retry(struct redis *redis)
{
    int64_t wait_ms = backoff_ms(RETRY_FIRST_MS, RETRY_MAX_MS, redis->failures++);
    loop_timer_set(redis->retry, backoff_equal_jitter(wait_ms, &redis->rng));
}

/* Whether commands under way ran is unknown: each caller hears so, nothing is sent again. */
static void drop(struct redis *redis, enum err_kind kind, int code, const char *why)
{
    struct err err = ERR_INIT;
    fail(&err, redis, kind, code, why);
    disconnect(redis);
    loop_timer_clear(redis->deadline);
    schedule_retry(redis);
    redis->why = err;
    err.kind = ERR_AGAIN;
    calls_fail(&redis->sent, &err);
    err.kind = kind;
    tell(redis, &err);
}

static void watch_for(struct redis *redis)
{
    loop_fd_set(redis->watch, redis->out.len ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

/* False: the connection is gone. */
static bool send_some(struct redis *redis)
{
    struct buf *out = &redis->out;
    if (!out->len)
        return true;
    ssize_t sent = send(redis->fd, out->ptr, out->len, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (sent < 0) {
        drop(redis, ERR_AGAIN, errno, strerror(errno));
        return false;
    }
    memmove(out->ptr, out->ptr + sent, out->len - (size_t)sent);
    buf_cut(out, out->len - (size_t)sent);
    return true;
}

static void deliver(struct call *call, const struct node *node)
{
    if (!node->is_error) {
        call_finish(call, &node->reply, NULL);
        return;
    }
    struct err err = ERR_INIT;
    struct str text = node->reply.text;
    err_set(&err, classify(text), "redis", 0, "%.*s", STR_ARG(text));
    call_finish(call, NULL, &err);
}

/* Hands out every reply that is complete. False: the connection is gone. */
static bool take_replies(struct redis *redis)
{
    for (;;) {
        struct node *node = NULL;
        if (redisReaderGetReply(redis->reader, (void **)&node) != REDIS_OK) {
            drop(redis, ERR_AGAIN, 0, redis->reader->errstr);
            return false;
        }
        if (!node)
            break;
        struct call *call = calls_take(&redis->sent);
        if (!call) {
            drop(redis, ERR_AGAIN, 0, "an answer that nobody asked for");
            return false;
        }
        deliver(call, node);
        if (redis->fd < 0)
            return false;
        arena_reset(redis->reply_arena);
        redis->reply_bytes = redis->reader->len - redis->reader->pos;
    }
    if (redis->reply_bytes <= REPLY_MAX_BYTES)
        return true;
    drop(redis, ERR_AGAIN, 0, "an answer longer than 64 MiB");
    return false;
}

/* False: the connection is gone. */
static bool receive_some(struct redis *redis)
{
    char bytes[READ_BYTES];
    for (int i = 0; i < READS_A_TURN; i++) {
        ssize_t got = recv(redis->fd, bytes, sizeof bytes, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (got <= 0) {
            drop(redis, ERR_AGAIN, got ? errno : 0,
                 got ? strerror(errno) : "the server closed the connection");
            return false;
        }
        redis->reply_bytes += (size_t)got;
        redisReaderFeed(redis->reader, bytes, (size_t)got);
        if (!take_replies(redis))
            return false;
    }
    return true;
}

static void socket_ready(void *ctx, int events)
{
    struct redis *redis = ctx;
    enter(redis);
    bool is_there = !(events & LOOP_READ) || receive_some(redis);
    if (is_there && (!(events & LOOP_WRITE) || send_some(redis)))
        watch_for(redis);
    leave(redis);
}

/* --- Deadlines ------------------------------------------------------------------------- */

static int64_t earliest_deadline(const struct redis *redis)
{
    int64_t earliest = INT64_MAX;
    for (const struct call *call = redis->sent.first; call; call = call->next)
        earliest = MIN(earliest, call->deadline_mono_ms);
    return earliest;
}

/* The timer may be early for a call that was answered; it is then set for the next one. */
static void deadline_passed(void *ctx)
{
    struct redis *redis = ctx;
    enter(redis);
    /* After a pause of our own the answer may lie in the socket. */
    if (redis->fd < 0 || !receive_some(redis)) {
        leave(redis);
        return;
    }
    int64_t earliest = earliest_deadline(redis), now = clock_mono_ms();
    redis->next_deadline_mono_ms = earliest;
    if (earliest <= now)
        drop(redis, ERR_AGAIN, 0, "no answer in time");
    else if (earliest != INT64_MAX)
        loop_timer_set(redis->deadline, earliest - now);
    leave(redis);
}

/* --- Sending --------------------------------------------------------------------------- */

/* The protocol's array of bulk strings, whole or not at all. */
static bool put_command(struct buf *out, const struct str *args, size_t count)
{
    size_t before = out->len;
    buf_printf(out, "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "$%zu\r\n", args[i].len);
        buf_put(out, args[i]);
        buf_puts(out, "\r\n");
    }
    if (!out->overflow)
        return true;
    buf_cut(out, before);
    out->overflow = false;
    return false;
}

static void send_call(struct redis *redis, const struct str *args, size_t count,
                      struct call *call)
{
    if (!put_command(&redis->out, args, count)) {
        calls_put(&redis->refused, call);
        loop_timer_set(redis->refusal, 0);
        return;
    }
    calls_put(&redis->sent, call);
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
    struct call *call = call_new(fn, ctx, timeout_ms);
    if (redis->phase == UP) {
        send_call(redis, args, count, call);
        return;
    }
    calls_put(&redis->refused, call);
    loop_timer_set(redis->refusal, 0);
}

static void tell_refused(void *ctx)
{
    struct redis *redis = ctx;
    enter(redis);
    struct err err = redis->why;
    err.kind = ERR_AGAIN;
    if (redis->phase == UP)
        fail(&err, redis, ERR_AGAIN, 0, "too much waits to be sent");
    calls_fail(&redis->refused, &err);
    leave(redis);
}

/* --- Connecting ------------------------------------------------------------------------ */

/* A server that refuses the login or the database needs a person; the retries go on. */
static void login_answered(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    (void)reply;
    struct redis *redis = ctx;
    if (err && redis->phase == GREETING)
        drop(redis, err->kind == ERR_AGAIN ? ERR_AGAIN : ERR_CONFIG, 0, err->text);
}

/* The last of the greeting. The name is a courtesy; a missing login shows here. */
static void name_answered(void *ctx, const struct redis_reply *reply, const struct err *err)
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
    tell(redis, NULL);
}

static void greet(struct redis *redis, const struct str *args, size_t count, redis_reply_fn fn)
{
    send_call(redis, args, count, call_new(fn, redis, GREETING_MS));
}

static void log_in(struct redis *redis)
{
    const struct redis_url *url = &redis->url;
    if (url->password.len && url->user.len)
        greet(redis, (struct str[]){STR("AUTH"), url->user, url->password}, 3, login_answered);
    else if (url->password.len)
        greet(redis, (struct str[]){STR("AUTH"), url->password}, 2, login_answered);
    char db[16];
    snprintf(db, sizeof db, "%d", url->db);
    if (url->db)
        greet(redis, (struct str[]){STR("SELECT"), str_from(db)}, 2, login_answered);
    struct str name[] = {STR("CLIENT"), STR("SETNAME"), str_from(redis->name)};
    greet(redis, name, COUNT_OF(name), name_answered);
}

static void renew_reader(struct redis *redis)
{
    if (redis->reader)
        redisReaderFree(redis->reader);
    redis->reader = redisReaderCreateWithFunctions(&node_makers);
    if (!redis->reader)
        abort();
    redis->reader->privdata = redis->reply_arena;
    arena_reset(redis->reply_arena);
    redis->reply_bytes = 0;
}

static void dialled(void *ctx, int fd, const struct err *err)
{
    struct redis *redis = ctx;
    enter(redis);
    redis->dial = NULL;
    if (err) {
        drop(redis, err->kind, err->code, err->text);
    } else {
        redis->fd = fd;
        redis->phase = GREETING;
        redis->watch = loop_fd_new(redis->loop, fd, socket_ready, redis);
        redis->next_deadline_mono_ms = INT64_MAX;
        renew_reader(redis);
        log_in(redis);
    }
    leave(redis);
}

static void start_dial(void *ctx)
{
    struct redis *redis = ctx;
    redis->phase = DIALLING;
    redis->dial = dial_start(redis->loop, redis->url.path, redis->url.host, redis->url.port,
                             dialled, redis);
}

/* --- Opening and closing --------------------------------------------------------------- */

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
    *redis = (struct redis){.loop = loop, .arena = arena, .url = parsed, .fn = fn, .ctx = ctx};
    redis->name = arena_cstr(arena, str_from(name));
    redis->reply_arena = arena_new();
    redis->fd = -1;
    redis->told = ERR_BUG;
    fail(&redis->why, redis, ERR_AGAIN, 0, "not connected yet");
    calls_init(&redis->sent);
    calls_init(&redis->refused);
    buf_init(&redis->out, SEND_MAX_BYTES);
    rng_seed_random(&redis->rng);
    redis->deadline = loop_timer_new(loop, deadline_passed, redis);
    redis->retry = loop_timer_new(loop, start_dial, redis);
    redis->refusal = loop_timer_new(loop, tell_refused, redis);
    start_dial(redis);
    *ret_redis = redis;
    return true;
}

void redis_close(struct redis *redis)
{
    if (!redis)
        return;
    struct err err = ERR_INIT;
    fail(&err, redis, ERR_STOPPED, 0, "closed by us");
    enter(redis);
    redis->closed = true;
    disconnect(redis);
    loop_timer_free(redis->deadline);
    loop_timer_free(redis->retry);
    calls_fail(&redis->sent, &err);
    calls_fail(&redis->refused, &err);
    loop_timer_free(redis->refusal);
    leave(redis);
}

bool redis_is_up(const struct redis *redis)
{
    return redis->phase == UP;
}

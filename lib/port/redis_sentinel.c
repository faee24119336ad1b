#include "port/redis_sentinel.h"

#include <hiredis/hiredis.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "port/dial.h"
#include "port/redis_command.h"
#include "port/redis_reply.h"

enum {
    EACH_MS = 3000, /* for one of them, from its name to its answer */
    SEND_MAX_BYTES = 64 << 10,
    ANSWER_MAX_BYTES = 64 << 10,
    READ_BYTES = 4096,
    LAST_PORT = 65535,
};

struct sentinel {
    struct loop *loop;
    const struct redis_url *url;
    sentinel_fn fn;
    void *ctx;
    size_t at, tried; /* of url->sentinels */

    struct loop_timer *limit;
    struct dial *dial;
    struct stream *stream; /* NULL but while we talk to one */
    struct loop_fd *watch;
    struct buf out;
    redisReader *reader;
    struct arena *arena; /* of the reply being read */
    size_t answer_bytes;
    int logins; /* answers that are due before the one that counts */

    struct err err; /* what was wrong with the last one */
};

static void disconnect(struct sentinel *sentinel)
{
    loop_timer_clear(sentinel->limit);
    dial_cancel(TAKE(sentinel->dial));
    loop_fd_free(TAKE(sentinel->watch));
    stream_close(TAKE(sentinel->stream));
    if (sentinel->reader)
        redisReaderFree(TAKE(sentinel->reader));
    arena_reset(sentinel->arena);
    buf_reset(&sentinel->out);
}

void sentinel_cancel(struct sentinel *sentinel)
{
    if (!sentinel)
        return;
    disconnect(sentinel);
    loop_timer_free(sentinel->limit);
    arena_free(sentinel->arena);
    buf_done(&sentinel->out);
    mem_free(sentinel);
}

/* The sentinel is gone afterwards. */
static void finish(struct sentinel *sentinel, const struct redis_host *primary)
{
    sentinel_fn fn = sentinel->fn;
    void *ctx = sentinel->ctx;
    struct err err = sentinel->err;
    char name[256];
    struct redis_host copy = {STR_NONE, 0};
    if (primary) {
        snprintf(name, sizeof name, "%.*s", STR_ARG(primary->name));
        copy = (struct redis_host){str_from(name), primary->port};
    }
    sentinel_cancel(sentinel);
    fn(ctx, primary ? &copy : NULL, primary ? NULL : &err);
}

static const struct redis_host *host_of(const struct sentinel *sentinel)
{
    return &sentinel->url->sentinels[sentinel->at];
}

static void try_one(struct sentinel *sentinel);

/* The sentinel may be gone afterwards. */
static void give_up(struct sentinel *sentinel, enum err_kind kind, int code, const char *why)
{
    const struct redis_host *host = host_of(sentinel);
    err_set(&sentinel->err, kind, "redis", code, "Sentinel %.*s:%d: %s", STR_ARG(host->name),
            host->port, why);
    disconnect(sentinel);
    sentinel->at = (sentinel->at + 1) % sentinel->url->sentinel_count;
    if (++sentinel->tried == sentinel->url->sentinel_count)
        finish(sentinel, NULL);
    else
        try_one(sentinel);
}

/* --- the answer --- */

static bool is_address(const struct redis_reply *reply, struct redis_host *ret)
{
    int64_t port;
    if (reply->type != REDIS_ARRAY || reply->count != 2 ||
        reply->items[0]->type != REDIS_STRING || reply->items[1]->type != REDIS_STRING ||
        !reply->items[0]->text.len || !str_to_int64(reply->items[1]->text, &port) ||
        port <= 0 || port > LAST_PORT)
        return false;
    *ret = (struct redis_host){reply->items[0]->text, (int)port};
    return true;
}

/* True: there is another answer to wait for. */
static bool take_answer(struct sentinel *sentinel, const void *object)
{
    struct err err = ERR_INIT;
    struct redis_host primary;
    const struct redis_reply *reply = redis_reply_open(object, &err);
    if (!reply)
        give_up(sentinel, err.kind == ERR_AGAIN ? ERR_AGAIN : ERR_CONFIG, 0, err.text);
    else if (sentinel->logins-- > 0)
        return true;
    else if (is_address(reply, &primary))
        finish(sentinel, &primary);
    else
        give_up(sentinel, ERR_CONFIG, 0,
                reply->type == REDIS_NIL ? "it knows no primary of this name"
                                         : "it is no Sentinel");
    return false;
}

/* False: this one is done with, and the sentinel may be gone. */
static bool take_answers(struct sentinel *sentinel)
{
    for (;;) {
        void *object = NULL;
        if (redisReaderGetReply(sentinel->reader, &object) != REDIS_OK) {
            give_up(sentinel, ERR_AGAIN, 0, sentinel->reader->errstr);
            return false;
        }
        if (!object && sentinel->answer_bytes <= ANSWER_MAX_BYTES)
            return true;
        if (!object) {
            give_up(sentinel, ERR_AGAIN, 0, "an answer longer than 64 KiB");
            return false;
        }
        if (!take_answer(sentinel, object))
            return false;
    }
}

static void on_ready(void *ctx, int events)
{
    (void)events;
    struct sentinel *sentinel = ctx;
    struct buf *out = &sentinel->out;
    struct err err = ERR_INIT;
    char bytes[READ_BYTES];
    ptrdiff_t got = stream_read(sentinel->stream, bytes, sizeof bytes, &err);
    if (got > 0) {
        sentinel->answer_bytes += (size_t)got;
        redisReaderFeed(sentinel->reader, bytes, (size_t)got);
        if (!take_answers(sentinel))
            return;
    }
    ptrdiff_t sent = got < 0 ? -1 : stream_write(sentinel->stream, out->ptr, out->len, &err);
    if (sent < 0) {
        give_up(sentinel, err.kind, err.code, err.text);
        return;
    }
    memmove(out->ptr, out->ptr + sent, out->len - (size_t)sent);
    buf_truncate(out, out->len - (size_t)sent);
    loop_fd_set(sentinel->watch, stream_events(sentinel->stream, out->len > 0));
}

/* --- the question --- */

static bool put_question(struct sentinel *sentinel)
{
    const struct redis_url *url = sentinel->url;
    struct str user = url->sentinel_user, password = url->sentinel_password;
    struct str auth[] = {STR("AUTH"), user.len ? user : password, password};
    struct str ask[] = {STR("SENTINEL"), STR("GET-MASTER-ADDR-BY-NAME"), url->primary};
    sentinel->logins = password.len ? 1 : 0;
    return (!password.len || redis_command_put(&sentinel->out, auth, user.len ? 3 : 2)) &&
           redis_command_put(&sentinel->out, ask, COUNT_OF(ask));
}

static void on_dialled(void *ctx, int fd, const struct err *failed)
{
    struct sentinel *sentinel = ctx;
    const struct redis_url *url = sentinel->url;
    struct err err = ERR_INIT;
    sentinel->dial = NULL;
    if (failed) {
        give_up(sentinel, failed->kind, failed->code, failed->text);
        return;
    }
    if (!stream_open(fd, url->has_tls ? &url->tls : NULL, host_of(sentinel)->name,
                     &sentinel->stream, &err)) {
        give_up(sentinel, err.kind, err.code, err.text);
        return;
    }
    sentinel->watch = loop_fd_new(sentinel->loop, fd, on_ready, sentinel);
    sentinel->reader = redis_reply_reader(sentinel->arena);
    sentinel->answer_bytes = 0;
    if (put_question(sentinel))
        loop_fd_set(sentinel->watch, stream_events(sentinel->stream, true));
    else
        give_up(sentinel, ERR_CONFIG, 0, "the login and the name are too long");
}

static void on_limit(void *ctx)
{
    give_up(ctx, ERR_AGAIN, 0, "no answer in time");
}

static void try_one(struct sentinel *sentinel)
{
    const struct redis_host *host = host_of(sentinel);
    loop_timer_set(sentinel->limit, EACH_MS);
    sentinel->dial =
        dial_start(sentinel->loop, STR_NONE, host->name, host->port, on_dialled, sentinel);
}

struct sentinel *sentinel_ask(struct loop *loop, const struct redis_url *url, sentinel_fn fn,
                              void *ctx)
{
    struct rng rng;
    struct sentinel *sentinel = mem_alloc(sizeof *sentinel);
    *sentinel = (struct sentinel){
        .loop = loop, .url = url, .fn = fn, .ctx = ctx, .arena = arena_new(), .err = ERR_INIT};
    rng_seed_random(&rng);
    sentinel->at = rng_below(&rng, url->sentinel_count);
    buf_init(&sentinel->out, SEND_MAX_BYTES);
    sentinel->limit = loop_timer_new(loop, on_limit, sentinel);
    try_one(sentinel);
    return sentinel;
}

#include "port/redis.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"

enum { PATIENCE_MS = 10000 };

/* What a client of the port sees, written down. */
struct seen {
    struct redis *redis;
    bool up, told;
    struct err state;
    bool answered;
    int answers;
    struct buf text; /* every reply, in words */
    struct err err;  /* the last */
};

static struct loop *loop;

static void write_down(struct buf *out, const struct redis_reply *reply)
{
    switch (reply->type) {
    case REDIS_NIL:
        buf_puts(out, "nil ");
        break;
    case REDIS_STATUS:
    case REDIS_STRING:
        buf_printf(out, "%zu:", reply->text.len);
        buf_put(out, reply->text);
        buf_puts(out, " ");
        break;
    case REDIS_INTEGER:
        buf_printf(out, "%jd ", (intmax_t)reply->integer);
        break;
    case REDIS_ARRAY:
        buf_puts(out, "[ ");
        for (size_t i = 0; i < reply->count; i++)
            write_down(out, reply->items[i]);
        buf_puts(out, "] ");
        break;
    }
}

static void on_state(void *ctx, bool up, const struct err *err)
{
    struct seen *seen = ctx;
    seen->told = true;
    seen->up = up;
    if (err)
        seen->state = *err;
}

static void on_reply(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    struct seen *seen = ctx;
    ck_assert((reply != NULL) != (err != NULL));
    seen->answered = true;
    seen->answers++;
    if (reply)
        write_down(&seen->text, reply);
    else
        seen->err = *err;
}

static void watch(struct seen *seen, const char *url)
{
    struct err err = ERR_INIT;
    *seen = (struct seen){.err = ERR_INIT, .state = ERR_INIT};
    buf_init(&seen->text, MIB(4));
    buf_puts(&seen->text, "");
    if (!loop)
        ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_ok(redis_open(loop, url, "test", on_state, seen, &seen->redis, &err), err);
}

static void watch_up(struct seen *seen, const char *url)
{
    watch(seen, url);
    ck_assert(loop_run_until(loop, &seen->up, PATIENCE_MS));
}

static void let_go(struct seen *seen)
{
    redis_close(seen->redis);
    buf_done(&seen->text);
    loop_free(loop);
    loop = NULL;
}

/* Words split at blanks. */
static void send_words(struct seen *seen, const char *line, int64_t timeout_ms)
{
    struct str words[16], rest = str_from(line);
    size_t count = 0;
    while (rest.ptr && count < COUNT_OF(words))
        rest = str_split(rest, ' ', &words[count++]);
    seen->answered = false;
    redis_call(seen->redis, words, count, timeout_ms, on_reply, seen);
}

static void ask(struct seen *seen, const char *line)
{
    send_words(seen, line, PATIENCE_MS);
    ck_assert(loop_run_until(loop, &seen->answered, PATIENCE_MS));
}

START_TEST(answers_in_order_with_every_type)
{
    struct seen seen;
    watch_up(&seen, servers_redis_url());
    send_words(&seen, "SET k a", PATIENCE_MS);
    send_words(&seen, "GET k", PATIENCE_MS);
    send_words(&seen, "GET none", PATIENCE_MS);
    send_words(&seen, "INCRBY n -7", PATIENCE_MS);
    redis_call(seen.redis, (struct str[]){STR("ECHO"), STR("x\0\r\n")}, 2, PATIENCE_MS,
               on_reply, &seen);
    ask(&seen, "EVAL return{1,{'two',{}},false} 0");
    ck_assert_int_eq(seen.answers, 6);
    struct str want = STR("2:OK 1:a nil -7 4:x\0\r\n [ 1 [ 3:two [ ] ] nil ] ");
    ck_assert(str_eq(buf_str(&seen.text), want));
    let_go(&seen);
}
END_TEST

START_TEST(takes_long_answers)
{
    struct seen seen;
    watch_up(&seen, servers_redis_url());
    ask(&seen, "SETRANGE long 3000000 x");
    ask(&seen, "STRLEN long");
    ask(&seen, "GET long");
    ck_assert(str_starts(buf_str(&seen.text), STR("3000001 3000001 ")));
    ck_assert(!seen.err.kind);
    let_go(&seen);
}
END_TEST

static void ck_refused(struct seen *seen, const char *line, enum err_kind kind,
                       const char *word)
{
    seen->err = (struct err)ERR_INIT;
    ask(seen, line);
    ck_assert_int_eq(seen->err.kind, kind);
    ck_assert_msg(str_starts(str_from(seen->err.text), str_from(word)), "%s", seen->err.text);
}

START_TEST(sorts_error_replies)
{
    struct test_redis server;
    struct seen seen;
    servers_redis_start(&server);
    watch_up(&seen, server.url);
    ck_refused(&seen, "EVALSHA 0123456789012345678901234567890123456789 0", ERR_INPUT,
               "NOSCRIPT");
    ck_refused(&seen, "NOSUCH", ERR_INPUT, "ERR");
    servers_redis(server.url, "CONFIG SET maxmemory 1");
    ck_refused(&seen, "SET k v", ERR_AGAIN, "OOM");
    servers_redis(server.url, "CONFIG SET maxmemory 0");
    servers_redis(server.url, "REPLICAOF 127.0.0.1 1");
    ck_refused(&seen, "SET k v", ERR_AGAIN, "READONLY");
    ck_assert(redis_is_up(seen.redis));
    let_go(&seen);
    servers_redis_stop(&server);
}
END_TEST

START_TEST(logs_in)
{
    struct test_redis server;
    struct seen seen;
    servers_redis_start(&server);
    servers_redis(server.url, "CONFIG SET requirepass p@ss");

    char url[128];
    snprintf(url, sizeof url, "redis://:p%%40ss@127.0.0.1:%d/3", server.port);
    watch_up(&seen, url);
    ask(&seen, "CLIENT INFO");
    ck_assert_int_ge(str_find(buf_str(&seen.text), STR(" name=test ")), 0);
    ck_assert_int_ge(str_find(buf_str(&seen.text), STR(" db=3 ")), 0);
    let_go(&seen);

    static const struct {
        const char *login;
        int db;
    } wrong[] = {{"", 0}, {":other@", 0}, {":p%40ss@", 99}};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        snprintf(url, sizeof url, "redis://%s127.0.0.1:%d/%d", wrong[i].login, server.port,
                 wrong[i].db);
        watch(&seen, url);
        ck_assert(loop_run_until(loop, &seen.told, PATIENCE_MS));
        ck_assert(!seen.up);
        ck_assert_msg(seen.state.kind == ERR_CONFIG, "%s", seen.state.text);
        let_go(&seen);
    }
    servers_redis_stop(&server);
}
END_TEST

START_TEST(fails_while_down_and_comes_back)
{
    struct test_redis server;
    struct seen seen;
    servers_redis_start(&server);
    watch_up(&seen, server.url);
    seen.told = false;
    servers_redis_stop(&server);
    ck_assert(loop_run_until(loop, &seen.told, PATIENCE_MS));
    ck_assert(!seen.up && !redis_is_up(seen.redis));
    ck_assert_int_eq(seen.state.kind, ERR_AGAIN);

    send_words(&seen, "PING", PATIENCE_MS);
    ck_assert(!seen.answered);
    ck_assert(loop_run_until(loop, &seen.answered, 1000));
    ck_assert_int_eq(seen.err.kind, ERR_AGAIN);

    servers_redis_restart(&server);
    ck_assert(loop_run_until(loop, &seen.up, PATIENCE_MS));
    ask(&seen, "PING");
    ck_assert_str_is(buf_str(&seen.text), "4:PONG ");
    let_go(&seen);
    servers_redis_stop(&server);
}
END_TEST

START_TEST(gives_up_on_a_frozen_server_and_sends_nothing_twice)
{
    struct test_redis server;
    struct seen seen;
    servers_redis_start(&server);
    watch_up(&seen, server.url);
    kill(server.pid, SIGSTOP);
    send_words(&seen, "INCR n", 60000);
    send_words(&seen, "INCR n", 100);
    ck_assert(loop_run_until(loop, &seen.answered, PATIENCE_MS));
    ck_assert_int_eq(seen.answers, 2);
    ck_assert_int_eq(seen.err.kind, ERR_AGAIN);
    seen.up = false;
    kill(server.pid, SIGCONT);
    ck_assert(loop_run_until(loop, &seen.up, PATIENCE_MS));
    ask(&seen, "GET n");
    ck_assert_str_is(buf_str(&seen.text), "1:2 ");
    let_go(&seen);
    servers_redis_stop(&server);
}
END_TEST

static void close_inside(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    on_reply(ctx, reply, err);
    redis_close(TAKE(((struct seen *)ctx)->redis));
}

START_TEST(closes_with_calls_under_way)
{
    struct seen seen;
    watch_up(&seen, servers_redis_url());
    struct str ping = STR("PING");
    redis_call(seen.redis, &ping, 1, PATIENCE_MS, close_inside, &seen);
    redis_call(seen.redis, &ping, 1, PATIENCE_MS, on_reply, &seen);
    ck_assert(loop_run_until(loop, &seen.answered, PATIENCE_MS));
    ck_assert_int_eq(seen.answers, 2);
    ck_assert_str_is(buf_str(&seen.text), "4:PONG ");
    ck_assert_int_eq(seen.err.kind, ERR_STOPPED);
    let_go(&seen);
}
END_TEST

/* A server that says what the test wants, on a Unix socket. */
static int listen_at(char *path, size_t size)
{
    snprintf(path, size, "/tmp/pagetide-test-%d.sock", (int)getpid());
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(fd, 5), 0);
    return fd;
}

static void say(int fd, const char *speech)
{
    size_t len = strlen(speech);
    ck_assert_int_eq(send(fd, speech, len, 0), (ssize_t)len);
}

START_TEST(drops_a_server_that_makes_no_sense)
{
    static const struct {
        const char *greeting, *speech;
    } cases[] = {{"+OK\r\n", "+nobody asked\r\n"},
                 {"+OK\r\n", "*1048577\r\n"},
                 {"", "*2000000000\r\n"},
                 {"", "HTTP/1.1 400 Bad\r\n\r\n"},
                 {"", "$-7\r\n"},
                 {"", "$99999999999999999999\r\n"}};
    char path[64], url[80];
    int listener = listen_at(path, sizeof path);
    snprintf(url, sizeof url, "unix://%s", path);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct seen seen;
        watch(&seen, url);
        /* What comes before the greeting is sent answers nothing. */
        bool never = false;
        loop_run_until(loop, &never, 20);
        int fd = accept(listener, NULL, NULL);
        say(fd, cases[i].greeting);
        if (cases[i].greeting[0])
            ck_assert(loop_run_until(loop, &seen.up, PATIENCE_MS));
        seen.told = false;
        say(fd, cases[i].speech);
        ck_assert_msg(loop_run_until(loop, &seen.told, 2000), "%s", cases[i].speech);
        ck_assert(!seen.up);
        let_go(&seen);
        close(fd);
    }
    close(listener);
    unlink(path);
}
END_TEST

SUITE("port/redis", answers_in_order_with_every_type, takes_long_answers, sorts_error_replies,
      logs_in, fails_while_down_and_comes_back,
      gives_up_on_a_frozen_server_and_sends_nothing_twice, closes_with_calls_under_way,
      drops_a_server_that_makes_no_sense)

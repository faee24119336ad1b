#define SUITE_TIMEOUT 120
#include "port/redis_sentinel.h"

#include "port/redis.h"
#include "tests/support/pagetide.h"
#include "tests/support/sentinels.h"
#include "tests/support/suite.h"

enum { PATIENCE_MS = 30000 };

static struct sentinels group;
static struct loop *loop;
static struct arena *arena;
static struct err err = ERR_INIT;

static void start(void)
{
    sentinels_start(&group);
    arena = arena_new();
    ck_assert_ok(loop_new(&loop, &err), err);
}

static void stop(void)
{
    loop_free(loop);
    arena_free(arena);
    sentinels_stop(&group);
}

/* --- one question --- */

struct told {
    bool is_done;
    struct err err;
    int port;
};

static void on_told(void *ctx, const struct redis_host *primary, const struct err *failed)
{
    struct told *told = ctx;
    ck_assert((primary != NULL) != (failed != NULL));
    told->is_done = true;
    if (failed)
        told->err = *failed;
    else
        told->port = primary->port;
}

static struct told ask(const char *text)
{
    struct redis_url url;
    struct told told = {.err = ERR_INIT};
    ck_assert_ok(redis_url_parse(arena, str_from(text), &url, &err), err);
    ck_assert_ptr_nonnull(sentinel_ask(loop, &url, on_told, &told));
    ck_assert(loop_run_until(loop, &told.is_done, PATIENCE_MS));
    return told;
}

static void tell_all(const char *command)
{
    for (int i = 0; i < SENTINELS; i++)
        servers_redis(pagetide_text("redis://127.0.0.1:%d", group.ports[i]), "%s", command);
}

START_TEST(one_that_answers_is_enough)
{
    start();
    ck_assert_int_eq(ask(group.url).port, group.servers[0].port);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(
            ask(pagetide_text("redis+sentinel://127.0.0.1:1,no.invalid,127.0.0.1:%d/"
                              "shop",
                              group.ports[1]))
                .port,
            group.servers[0].port);
    struct told told = ask("redis+sentinel://127.0.0.1:1,127.0.0.1:2/shop");
    ck_assert_int_eq(told.err.kind, ERR_AGAIN);
    ck_assert_ptr_nonnull(strstr(told.err.text, "Sentinel 127.0.0.1:"));
    stop();
}
END_TEST

START_TEST(what_needs_a_person_is_said_so)
{
    start();
    struct told told =
        ask(pagetide_text("redis+sentinel://127.0.0.1:%d/other", group.ports[0]));
    ck_assert_int_eq(told.err.kind, ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(told.err.text, "it knows no primary of this name"));
    told = ask(pagetide_text("redis+sentinel://127.0.0.1:%d/shop", group.servers[0].port));
    ck_assert_int_eq(told.err.kind, ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(told.err.text, "unknown command"));
    tell_all("ACL SETUSER me on >s3cr3t +@all");
    tell_all("ACL SETUSER default resetpass >0ther");
    const char *with =
        pagetide_text("redis+sentinel://127.0.0.1:%d/shop?sentinel_password=", group.ports[0]);
    ck_assert_int_eq(ask(pagetide_text("%s%s", with, "0ther")).port, group.servers[0].port);
    ck_assert_int_eq(ask(pagetide_text("%s%s", with, "s3cr3t&sentinel_user=me")).port,
                     group.servers[0].port);
    told = ask(pagetide_text("%s%s", with, "wr0ng"));
    ck_assert_int_eq(told.err.kind, ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(told.err.text, "WRONGPASS"));
    told = ask(pagetide_text("redis+sentinel://127.0.0.1:%d/shop", group.ports[0]));
    ck_assert_ptr_nonnull(strstr(told.err.text, "NOAUTH"));
    stop();
}
END_TEST

/* --- a connection --- */

static bool is_up, is_down, has_answer;

static void on_state(void *ctx, bool up, const struct err *failed)
{
    (void)ctx;
    is_up = up;
    is_down = !up;
    if (failed)
        err = *failed;
}

static void on_reply(void *ctx, const struct redis_reply *reply, const struct err *failed)
{
    char *text = ctx;
    has_answer = true;
    struct str said = reply ? reply->text : str_from(failed->text);
    snprintf(text, 200, "%.*s", STR_ARG(said));
}

static const char *call(struct redis *redis, const char *first, const char *second)
{
    static char text[200];
    struct str words[] = {str_from(first), str_from(second), STR("x")};
    has_answer = false;
    redis_call(redis, words, strcmp(first, "SET") ? 2 : 3, PATIENCE_MS, on_reply, text);
    ck_assert(loop_run_until(loop, &has_answer, PATIENCE_MS));
    return text;
}

static struct redis *connect_up(void)
{
    struct redis *redis;
    ck_assert_ok(redis_open(loop, group.url, "test", on_state, NULL, &redis, &err), err);
    ck_assert(loop_run_until(loop, &is_up, PATIENCE_MS));
    return redis;
}

/* A primary that was cut off does not know that another has taken its place. */
START_TEST(a_living_server_is_left_when_the_sentinels_name_another)
{
    start();
    struct test_redis other;
    servers_redis_start(&other);
    servers_redis(other.url, "SET who other");
    struct redis *redis = connect_up();
    ck_assert_str_eq(call(redis, "SET", "who"), "OK");
    is_down = false;
    tell_all("SENTINEL REMOVE shop");
    tell_all(pagetide_text("SENTINEL MONITOR shop 127.0.0.1 %d 2", other.port));
    ck_assert(loop_run_until(loop, &is_down, PATIENCE_MS));
    ck_assert_ptr_nonnull(strstr(err.text, "the Sentinels name another primary"));
    ck_assert(loop_run_until(loop, &is_up, PATIENCE_MS));
    ck_assert_str_eq(call(redis, "GET", "who"), "other");
    redis_close(redis);
    servers_redis_stop(&other);
    stop();
}
END_TEST

/* Before a Sentinel has seen it. */
START_TEST(a_primary_that_became_a_replica_is_left_at_once)
{
    start();
    struct redis *redis = connect_up();
    servers_redis(group.servers[0].url, "REPLICAOF 127.0.0.1 %d", group.servers[1].port);
    is_down = false;
    expect_holds(call(redis, "SET", "who"), "READONLY");
    ck_assert(loop_run_until(loop, &is_down, PATIENCE_MS));
    ck_assert_ptr_nonnull(strstr(err.text, "it is no primary any more"));
    redis_close(redis);
    stop();
}
END_TEST

SUITE("port/redis_sentinel", one_that_answers_is_enough, what_needs_a_person_is_said_so,
      a_living_server_is_left_when_the_sentinels_name_another,
      a_primary_that_became_a_replica_is_left_at_once)

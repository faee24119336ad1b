#include "port/redis_url.h"

#include "tests/support/suite.h"

static struct arena *arena;

static struct redis_url parsed(const char *text)
{
    struct redis_url url;
    struct err err = ERR_INIT;
    if (!arena)
        arena = arena_new();
    ck_assert_ok(redis_url_parse(arena, str_from(text), &url, &err), err);
    return url;
}

START_TEST(a_url_is_shown_without_its_password)
{
    static const char *const cases[][2] = {
        {"redis://me:secret@h", "redis://h:6379/0"},
        {"redis://:se@cret@[::1]:7000/2", "redis://[::1]:7000/2"},
        {"redis://h?password=secret", "the server of redis_url"},
        {"redis://:se/cret@h", "the server of redis_url"},
        {"unix:///run/redis", "unix:///run/redis"},
        {"redis+unix://:secret@/run/redis?db=1", "unix:///run/redis"},
        {"rediss://:secret@h/2?ca=secret.pem", "rediss://h:6379/2"},
        {"redis+sentinel://:secret@a,[::1]:1/shop/2?sentinel_password=secret",
         "redis+sentinel://a:26379,[::1]:1/shop/2"},
    };
    arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_str_eq(redis_url_shown(arena, cases[i][0]), cases[i][1]);
    arena_free(arena);
}
END_TEST

START_TEST(reads_a_server)
{
    struct redis_url url = parsed("redis://u%3a:p:w@[::1]:7000/2");
    ck_assert_str_is(url.user, "u:");
    ck_assert_str_is(url.password, "p:w");
    ck_assert_str_is(url.host.name, "::1");
    ck_assert_int_eq(url.host.port, 7000);
    ck_assert_int_eq(url.db, 2);
    ck_assert(!url.has_tls);
    url = parsed("redis://h");
    ck_assert_str_is(url.host.name, "h");
    ck_assert_int_eq(url.host.port, 6379);
    ck_assert_uint_eq(url.password.len, 0);
    arena_free(arena);
}
END_TEST

START_TEST(user_and_password_are_any_bytes)
{
    struct redis_url url = parsed("redis://%00%2F:%ff%25%40%3f%23@h:1/3");
    ck_assert(str_eq(url.user, (struct str){"\0/", 2}));
    ck_assert_str_is(url.password, "\xff%@?#");
    ck_assert_int_eq(url.db, 3);
    url = parsed("redis://:a@b?c#d@h");
    ck_assert_str_is(url.password, "a@b?c#d");
    ck_assert_str_is(url.host.name, "h");
    arena_free(arena);
}
END_TEST

START_TEST(reads_tls)
{
    struct redis_url url = parsed("rediss://h");
    ck_assert(url.has_tls);
    ck_assert_int_eq(url.tls.verify, STREAM_VERIFY_FULL);
    ck_assert_uint_eq(url.tls.ca_file.len, 0);
    url = parsed("rediss://:p@h:1/2?ca=/etc/a%20b.pem&cert=c.pem&key=k.pem&verify=ca");
    ck_assert_str_is(url.tls.ca_file, "/etc/a b.pem");
    ck_assert_str_is(url.tls.cert_file, "c.pem");
    ck_assert_str_is(url.tls.key_file, "k.pem");
    ck_assert_int_eq(url.tls.verify, STREAM_VERIFY_CA);
    ck_assert_int_eq(url.db, 2);
    ck_assert_int_eq(parsed("rediss://h?verify=none").tls.verify, STREAM_VERIFY_NONE);
    arena_free(arena);
}
END_TEST

START_TEST(reads_a_socket)
{
    struct redis_url url = parsed("unix:///run/redis.sock");
    ck_assert_str_is(url.path, "/run/redis.sock");
    url = parsed("redis+unix://me:p%40@/run/a%3Fb.sock?db=4");
    ck_assert_str_is(url.path, "/run/a?b.sock");
    ck_assert_str_is(url.user, "me");
    ck_assert_str_is(url.password, "p@");
    ck_assert_int_eq(url.db, 4);
    arena_free(arena);
}
END_TEST

START_TEST(reads_sentinels)
{
    struct redis_url url = parsed("redis+sentinel://me:p@a,b:7,[::1],[::2]:9/shop/5"
                                  "?sentinel_user=s&sentinel_password=%2f");
    ck_assert_str_is(url.primary, "shop");
    ck_assert_int_eq(url.db, 5);
    ck_assert_uint_eq(url.sentinel_count, 4);
    ck_assert_str_is(url.sentinels[0].name, "a");
    ck_assert_int_eq(url.sentinels[0].port, 26379);
    ck_assert_int_eq(url.sentinels[1].port, 7);
    ck_assert_str_is(url.sentinels[3].name, "::2");
    ck_assert_int_eq(url.sentinels[3].port, 9);
    ck_assert_str_is(url.user, "me");
    ck_assert_str_is(url.sentinel_user, "s");
    ck_assert_str_is(url.sentinel_password, "/");
    ck_assert_uint_eq(url.host.name.len, 0);
    ck_assert(parsed("rediss+sentinel://a/shop?verify=ca").has_tls);
    arena_free(arena);
}
END_TEST

START_TEST(says_what_is_wrong_and_shows_nothing)
{
    static const char *const bad[][2] = {
        {"redis://", "no host"},
        {"redis://h:70000", "the port is no number up to 65535"},
        {"redis://h/x", "the database is no number"},
        {"redis://secret@h", "a password follows a colon"},
        {"redis://:secret%4@h", "as a character it is %25"},
        {"redis://[::1", "does not end"},
        {"redis://h%00", "a NUL"},
        {"redis://h#secret", "has to be written %23"},
        {"redis://h?password=secret", "what is not known"},
        {"redis://h?ca=secret", "what is not known"},
        {"redis://h?db=1", "what is not known"},
        {"redis://:se/cret@h", "no host"},
        {"rediss://h?verify=secret", "one of full, ca, none"},
        {"rediss://h?key=secret", "a key without cert"},
        {"unix://secret", "begins with a slash"},
        {"redis+sentinel:///shop", "no host"},
        {"redis+sentinel://a,,b/shop", "no host"},
        {"redis+sentinel://a", "the name that the Sentinels know"},
        {"redis+sentinel://a/shop/x", "the database is no number"},
        {"secret", "it begins with none of"},
        {"http://secret", "it begins with none of"},
    };
    arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct redis_url url;
        struct err err = ERR_INIT;
        ck_assert_msg(!redis_url_parse(arena, str_from(bad[i][0]), &url, &err), "%s",
                      bad[i][0]);
        ck_assert_int_eq(err.kind, ERR_CONFIG);
        ck_assert_msg(strstr(err.text, bad[i][1]), "%s: %s", bad[i][0], err.text);
        ck_assert_msg(!strstr(err.text, "secret"), "%s", err.text);
    }
    arena_free(arena);
}
END_TEST

SUITE("port/redis_url", a_url_is_shown_without_its_password, reads_a_server,
      user_and_password_are_any_bytes, reads_tls, reads_a_socket, reads_sentinels,
      says_what_is_wrong_and_shows_nothing)

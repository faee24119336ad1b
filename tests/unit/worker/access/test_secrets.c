#include "worker/access/secrets.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/redact.h"
#include "tests/support/exchange_fixture.h"
#include "tests/support/suite.h"

static struct arena *arena;
static struct err err = ERR_INIT;
static char dir[] = "/tmp/pagetide-secrets-XXXXXX";

static const char *path_of(const char *name)
{
    return arena_printf(arena, "%s/%s", dir, name).ptr;
}

static void put_file(const char *name, const char *text)
{
    const char *path = arena_printf(arena, "%s/%s", dir, name).ptr;
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void set_up(void)
{
    arena = arena_new();
    ck_assert_ptr_nonnull(mkdtemp(dir));
    setenv("TEST_TOKEN", "env-4711", 1);
    unsetenv("TEST_NO_TOKEN");
    put_file("plain", "file-4711\r\n\n");
    put_file("account.json", "{\"user\":\"user-4711\",\"keys\":[\"list-4711\", 123456]}\n");
    put_file("broken.json", "{");
    put_file("empty", "\n");
    put_file("none.json", "{}");
    put_file("large", arena_printf(arena, "%070000d", 1).ptr);
    ck_assert_int_eq(mkdir(path_of("folder"), 0700), 0);
    ck_assert_int_eq(mkfifo(path_of("fifo"), 0600), 0);
    ck_assert_int_eq(mkfifo(path_of("piped.json"), 0600), 0);
    setenv("TEST_EMPTY", "", 1);
}

static void tear_down(void)
{
    static const char *const names[] = {"plain", "account.json", "broken.json",
                                        "empty", "none.json",    "large",
                                        "fifo",  "piped.json"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        unlink(path_of(names[i]));
    rmdir(path_of("folder"));
    rmdir(dir);
    arena_free(arena);
}

static bool collect(const char *stream_keys, const char *from_dir, struct secrets *ret)
{
    const struct stream *stream = exchange_fixture_stream(arena, "", stream_keys);
    return secrets_collect(arena, stream, from_dir, ret, &err);
}

START_TEST(just_what_the_definition_uses_is_read)
{
    struct secrets secrets;
    set_up();
    ck_assert_ok(collect("path: /x, headers: {a: '{{ env.TEST_TOKEN }}', b: "
                         "'{{ secrets.plain }}', c: '{{ secrets.plain }}'}",
                         dir, &secrets),
                 err);
    ck_assert_str_is(exchange_fixture_json(arena, secrets.env),
                     "{\"TEST_TOKEN\":\"env-4711\"}");
    ck_assert_str_is(exchange_fixture_json(arena, secrets.files), "{\"plain\":\"file-4711\"}");
    tear_down();
}
END_TEST

START_TEST(json_is_found_where_the_plain_file_is_not)
{
    struct secrets secrets;
    set_up();
    ck_assert_ok(collect("path: /x, params: {u: '{{ secrets.account.user }}'}", dir, &secrets),
                 err);
    ck_assert_str_is(exchange_fixture_json(arena, secrets.files),
                     "{\"account\":{\"user\":\"user-4711\",\"keys\":[\"list-4711\",123456]}}");
    tear_down();
}
END_TEST

START_TEST(every_value_is_redacted)
{
    struct secrets secrets;
    set_up();
    ck_assert_ok(collect("path: /x, params: {u: '{{ secrets.account.user }}', t: "
                         "'{{ env.TEST_TOKEN }}'}",
                         dir, &secrets),
                 err);
    ck_assert_str_is(redact_str(arena, STR("user-4711 list-4711 123456 env-4711")),
                     "<secrets.account.user> <secrets.account.keys.0> "
                     "<secrets.account.keys.1> <env.TEST_TOKEN>");
    tear_down();
}
END_TEST

/* An API may echo one word, cookie, line or half of a value. */
START_TEST(parts_of_a_value_are_redacted)
{
    static const struct {
        const char *value, *echo, *shown;
    } cases[] = {
        {"Bearer part-4711", "part-4711 Bearer part", "<env.TEST_TOKEN> Bearer part"},
        {"Token abc123", "abc123 abc1234", "<env.TEST_TOKEN> abc1234"},
        {"sessionid=cook-4711; csrftoken=cook+4712",
         "csrftoken is cook+4712, sessionid cook-4711",
         "csrftoken is <env.TEST_TOKEN>, sessionid <env.TEST_TOKEN>"},
        {"shopkeeper:pass-4711", "shopkeeper and pass-4711", "shopkeeper and <env.TEST_TOKEN>"},
        {"-----BEGIN KEY-----\nline-4711\nline-4712\n", "at line-4712", "at <env.TEST_TOKEN>"},
        {"https://api.example/x", "https://other.example/api", "https://other.example/api"},
        {"cGFydA4711==", "cGFydA4711", "<env.TEST_TOKEN>"},
    };
    struct secrets secrets;
    set_up();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        redact_clear();
        setenv("TEST_TOKEN", cases[i].value, 1);
        ck_assert_ok(collect("path: /x, headers: {t: '{{ env.TEST_TOKEN }}'}", dir, &secrets),
                     err);
        ck_assert_str_is(redact_str(arena, str_from(cases[i].echo)), cases[i].shown);
    }
    tear_down();
}
END_TEST

START_TEST(literal_credentials_are_redacted)
{
    struct secrets secrets;
    set_up();
    ck_assert_ok(collect("path: /x, headers: {Authorization: 'Bearer literal-4711', Cookie: "
                         "'sid=cookie-4711; a=b'}",
                         dir, &secrets),
                 err);
    ck_assert_str_is(redact_str(arena, STR("Bearer literal-4711, literal-4711, cookie-4711")),
                     "<headers.Authorization>, <headers.Authorization>, <headers.Cookie>");
    tear_down();
}
END_TEST

START_TEST(what_is_missing_is_named)
{
    static const struct {
        const char *use;
        bool has_dir;
        const char *part;
    } table[] = {
        {"env.TEST_NO_TOKEN", true, "env.TEST_NO_TOKEN is not set"},
        {"secrets.gone", true, "secrets.gone: cannot read"},
        {"secrets.broken", true, "secrets.broken"},
        {"secrets.plain", false, "secrets_dir is not set"},
        {"secrets[\"../plain\"]", true, "is no file name"},
        {"secrets[\"..\"]", true, "is no file name"},
        {"secrets.empty", true, "secrets.empty is empty"},
        {"secrets.none", true, "secrets.none is empty"},
        {"secrets.large", true, "large: longer than 65536 bytes"},
        {"secrets.folder", true, "folder: Is a directory"},
        {"secrets.fifo", true, "fifo: not a regular file"},
        {"secrets.piped", true, "piped.json: not a regular file"},
        {"env.TEST_EMPTY", true, "env.TEST_EMPTY is empty"},
    };
    set_up();
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct secrets secrets;
        const char *keys =
            arena_printf(arena, "path: /x, params: {u: '{{ %s }}'}", table[i].use).ptr;
        ck_assert_msg(!collect(keys, table[i].has_dir ? dir : NULL, &secrets), "%s",
                      table[i].use);
        ck_assert_int_eq(err.kind, ERR_CONFIG);
        ck_assert_msg(strstr(err.text, table[i].part), "%s", err.text);
        err = (struct err)ERR_INIT;
    }
    tear_down();
}
END_TEST

START_TEST(a_use_makes_a_credential)
{
    AUTO_ARENA struct arena *own = arena_new();
    const struct stream *stream =
        exchange_fixture_stream(own, "",
                                "path: /x, vars: {env: e}, params: {a: 'k {{ env.A }}', b: '{{ "
                                "[secrets.b] }}', c: '{{ vars.env }}', "
                                "d: env.A}");
    ck_assert(secrets_used_by(&stream->params[0].template));
    ck_assert(secrets_used_by(&stream->params[1].template));
    ck_assert(!secrets_used_by(&stream->params[2].template));
    ck_assert(!secrets_used_by(&stream->params[3].template));
}
END_TEST

static struct value stand_in(void *ctx, struct arena *in, struct str name)
{
    ck_assert_ptr_eq(ctx, dir);
    return value_string(arena_printf(in, "instead-of-%.*s", STR_ARG(name)));
}

/* Neither the environment nor a file is asked. */
START_TEST(values_may_be_replaced)
{
    struct secrets secrets;
    set_up();
    secrets_replace(stand_in, dir);
    ck_assert_ok(
        collect("path: /x, headers: {a: '{{ env.TEST_NO_TOKEN }}', b: '{{ secrets.gone }}'}",
                NULL, &secrets),
        err);
    ck_assert_str_is(value_get(secrets.env, STR("TEST_NO_TOKEN")).text,
                     "instead-of-env.TEST_NO_TOKEN");
    ck_assert_str_is(redact_str(arena, STR("x instead-of-secrets.gone y")),
                     "x <secrets.gone> y");
    secrets_replace(NULL, NULL);
    ck_assert(!collect("path: /x, headers: {a: '{{ env.TEST_NO_TOKEN }}'}", NULL, &secrets));
    tear_down();
}
END_TEST

SUITE("worker/access/secrets", values_may_be_replaced, just_what_the_definition_uses_is_read,
      json_is_found_where_the_plain_file_is_not, every_value_is_redacted,
      parts_of_a_value_are_redacted, literal_credentials_are_redacted, what_is_missing_is_named,
      a_use_makes_a_credential)

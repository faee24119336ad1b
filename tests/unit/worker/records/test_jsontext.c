#include "worker/records/jsontext.h"

#include "tests/support/cpu.h"
#include "tests/support/suite.h"

START_TEST(sorts_keys_as_jsonb_does)
{
    static const struct {
        const char *json, *sorted;
    } cases[] = {
        {"1.50", "1.50"},
        {"\"a\\\"b\"", "\"a\\\"b\""},
        {"{}", "{}"},
        {"[ ]", "[]"},
        {"{\"a\" : 1}", "{\"a\":1}"},
        {"{\"b\":1,\"a\":2}", "{\"a\":2,\"b\":1}"},
        {"{\"aa\":1,\"b\":2,\"\":3}", "{\"\":3,\"b\":2,\"aa\":1}"},
        {"{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}"},
        {"{\"a\":1,\"a\":2}", "{\"a\":2}"},
        {"{\"b\":0,\"\\u0061\":1}", "{\"\\u0061\":1,\"b\":0}"},
        {"{\"z\":[{\"d\":1,\"c\":2}, null],\"a\":{\"y\":{},\"x\":[ ]}}",
         "{\"a\":{\"x\":[],\"y\":{}},\"z\":[{\"c\":2,\"d\":1},null]}"},
    };
    AUTO_ARENA struct arena *arena = arena_new();
    struct jsontext_sorter sorter = {.arena = arena};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO_BUF(buf, KIB(4));
        buf_puts(&buf, "^");
        jsontext_put_sorted(&sorter, &buf, str_from(cases[i].json));
        ck_assert_str_is(str_slice(buf_str(&buf), 1, buf.len), cases[i].sorted);
    }
}
END_TEST

START_TEST(sorts_at_the_greatest_depth)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct jsontext_sorter sorter = {.arena = arena};
    AUTO_BUF(json, MIB(1));
    AUTO_BUF(sorted, MIB(1));
    for (int i = 0; i < RECORDS_DEPTH_MAX; i++)
        buf_puts(&json, "{\"b\":0,\"a\":");
    buf_puts(&json, "1");
    for (int i = 0; i < RECORDS_DEPTH_MAX; i++)
        buf_puts(&json, "}");
    jsontext_put_sorted(&sorter, &sorted, buf_str(&json));
    ck_assert_uint_eq(sorted.len, json.len);
    ck_assert(str_starts(buf_str(&sorted), STR("{\"a\":{\"a\":{\"a\":")));
    ck_assert(str_ends(buf_str(&sorted), STR(",\"b\":0},\"b\":0},\"b\":0}")));
}
END_TEST

/* Moving the text once for each level takes 24 GB of copying here. */
START_TEST(sorts_in_the_time_of_the_length)
{
    enum { LEVELS = 500, INNER_BYTES = 24 << 20 };
    AUTO_ARENA struct arena *arena = arena_new();
    struct jsontext_sorter sorter = {.arena = arena};
    AUTO_BUF(json, MIB(32));
    AUTO_BUF(sorted, MIB(32));
    for (int i = 0; i < LEVELS; i++)
        buf_puts(&json, "{\"b\": [{\"y\":1,\"x\":2}], \"aa\":0, \"a\":");
    buf_puts(&json, "\"");
    memset(buf_room(&json, INNER_BYTES), 'v', INNER_BYTES);
    json.len += INNER_BYTES;
    buf_puts(&json, "\"");
    for (int i = 0; i < LEVELS; i++)
        buf_puts(&json, ", \"b\": 1}");
    int64_t before = cpu_ms();
    jsontext_put_sorted(&sorter, &sorted, buf_str(&json));
    ck_assert_int_lt(cpu_ms() - before, 1000);
    ck_assert(str_starts(buf_str(&sorted), STR("{\"a\":{\"a\":{\"a\":")));
    ck_assert(str_ends(buf_str(&sorted),
                       STR(",\"b\":1,\"aa\":0},\"b\":1,\"aa\":0},\"b\":1,\"aa\":0}")));

    /* What was sorted is sorted: both ways write the same. */
    AUTO_BUF(again, MIB(32));
    jsontext_put_sorted(&sorter, &again, buf_str(&sorted));
    ck_assert(str_eq(buf_str(&again), buf_str(&sorted)));
}
END_TEST

static const char *find(struct arena *arena, const char *json, const struct path_step *steps,
                        size_t count)
{
    struct path path = {.steps = arena_alloc(arena, sizeof *steps * count), .count = count};
    memcpy(path.steps, steps, sizeof *steps * count);
    struct record_field field;
    if (!jsontext_find(arena, str_from(json), &path, 0, &field))
        return "nothing";
    return arena_cstr(arena, field.raw);
}

#define FIND(json, ...)                                                                        \
    find(arena, json, (const struct path_step[]){__VA_ARGS__},                                 \
         COUNT_OF(((const struct path_step[]){__VA_ARGS__})))
#define KEY(text)                                                                              \
    {                                                                                          \
        .kind = PATH_KEY, .key = STR(text)                                                     \
    }
#define AT(at)                                                                                 \
    {                                                                                          \
        .kind = PATH_INDEX, .index = (at)                                                      \
    }

START_TEST(finds_values_by_path)
{
    AUTO_ARENA struct arena *arena = arena_new();
    ck_assert_str_eq(FIND("{\"a\":{\"b\" : [1, 2.50 ]}}", KEY("a"), KEY("b"), AT(1)), "2.50");
    ck_assert_str_eq(FIND("{\"a\":[1,2,3]}", KEY("a"), AT(-3)), "1");
    ck_assert_str_eq(FIND("{\"a\":[1,2,3]}", KEY("a"), AT(-4)), "nothing");
    ck_assert_str_eq(FIND("{\"a\":[1,2,3]}", KEY("a"), AT(3)), "nothing");
    ck_assert_str_eq(FIND("{\"a\":[1,2,3]}", KEY("a"), KEY("1")), "2");
    ck_assert_str_eq(FIND("{\"a\":1,\"a\":{\"x\":2}}", KEY("a"), KEY("x")), "2");
    ck_assert_str_eq(FIND("{\"\\u0061\":\"}\\\"\"}", KEY("a")), "\"}\\\"\"");
    ck_assert_str_eq(FIND("{\"a\":{\"a\":1}}", KEY("b")), "nothing");
    ck_assert_str_eq(FIND("7", KEY("a")), "nothing");
    const struct path_step next = {.kind = PATH_FILTER, .key = STR("rel"), .text = STR("next")};
    ck_assert_str_eq(FIND("[7,{\"rel\":\"prev\"},{\"rel\":\"n\\u0065xt\",\"href\":\"/2\"}]",
                          next, KEY("href")),
                     "\"/2\"");
}
END_TEST

SUITE("worker/jsontext", sorts_keys_as_jsonb_does, sorts_at_the_greatest_depth,
      sorts_in_the_time_of_the_length, finds_values_by_path)

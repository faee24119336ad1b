#include "config/keys.h"

#include "config/node.h"
#include "tests/support/suite.h"

/* Keys of our own, so that what is promised of all lists does not hang on one of them. */
struct inner {
    int64_t size;
    bool is_on;
};

struct sample {
    int64_t count, wait_ms;
    enum { RED, GREEN } color;
    struct str *texts;
    size_t text_count;
    struct inner one;
    struct inner *many;
    size_t many_count;
    enum { FLAT, DEEP } kind;
    int64_t depth;
};

static const struct choice colors[] = {CHOICE("red", RED), CHOICE("green", GREEN), CHOICE_END};

static const struct key inner_list[] = {
    {.name = "size", .type = KEY_SIZE, AT(struct inner, size), .fallback = "4KiB"},
    {.name = "on", .type = KEY_BOOL, AT(struct inner, is_on)},
    KEY_END,
};
static const struct keys inner_keys = {inner_list, sizeof(struct inner)};

static const struct key flat_list[] = {{.name = "type", .type = KEY_MOVED}, KEY_END};
static const struct keys flat_keys = {flat_list, sizeof(struct sample)};

static const struct key deep_list[] = {
    {.name = "type", .type = KEY_MOVED},
    {.name = "depth", .type = KEY_COUNT, .flags = KEY_REQUIRED, AT(struct sample, depth)},
    KEY_END,
};
static const struct keys deep_keys = {deep_list, sizeof(struct sample)};

static const struct variant kinds[] = {VARIANT("flat", FLAT, &flat_keys),
                                       VARIANT("deep", DEEP, &deep_keys), CHOICE_END};

static const struct key sample_list[] = {
    {.name = "count", .type = KEY_COUNT, AT(struct sample, count), .min = 1, .max = 9},
    {.name = "wait", .type = KEY_DURATION, AT(struct sample, wait_ms), .fallback = "2s"},
    {.name = "color",
     .type = KEY_CHOICE,
     AT(struct sample, color),
     .choices = colors,
     .fallback = "green"},
    {.name = "texts", .type = KEY_TEXTS, AT_LIST(struct sample, texts, text_count)},
    {.name = "one", .type = KEY_STRUCT, AT(struct sample, one), .keys = &inner_keys},
    {.name = "many",
     .type = KEY_STRUCTS,
     AT_LIST(struct sample, many, many_count),
     .keys = &inner_keys},
    {.name = "kind", .type = KEY_UNION, AT(struct sample, kind), .variants = kinds},
    {.name = "top", .type = KEY_MOVED, .flags = KEY_IN_SOURCE},
    KEY_END,
};
static const struct keys sample_keys = {sample_list, sizeof(struct sample)};

static size_t read_sample(struct arena *arena, const char *text, struct buf *out,
                          struct sample *ret)
{
    struct problems problems = {.arena = arena, .file = STR("f"), .out = out};
    struct reader reader = {.arena = arena, .problems = &problems};
    *ret = (struct sample){.count = 5};
    keys_read(&reader, &sample_keys, node_from_text(arena, text), ret);
    return problems.count;
}

static struct sample good(struct arena *arena, const char *text)
{
    AUTO_BUF(out, KIB(4));
    struct sample sample;
    ck_assert_msg(read_sample(arena, text, &out, &sample) == 0, "%s: %s", text, out.ptr);
    return sample;
}

START_TEST(an_absent_key_takes_its_default_or_stays)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct sample sample = good(arena, "{color: null}");
    ck_assert_int_eq(sample.count, 5);
    ck_assert_int_eq(sample.wait_ms, 2000);
    ck_assert_int_eq(sample.color, GREEN);
    ck_assert_int_eq(sample.one.size, 0);
}
END_TEST

START_TEST(structs_take_the_defaults_of_their_own_keys)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct sample sample = good(arena, "{one: {}, many: [{on: true}, {size: 1}]}");
    ck_assert_int_eq(sample.one.size, 4096);
    ck_assert_uint_eq(sample.many_count, 2);
    ck_assert_int_eq(sample.many[0].size, 4096);
    ck_assert(sample.many[0].is_on);
    ck_assert_int_eq(sample.many[1].size, 1);
    ck_assert(!sample.many[1].is_on);
}
END_TEST

START_TEST(a_lone_value_is_a_list_of_one)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct sample sample = good(arena, "{texts: a, many: {size: 2}}");
    ck_assert_uint_eq(sample.text_count, 1);
    ck_assert(str_is(sample.texts[0], "a"));
    ck_assert_uint_eq(sample.many_count, 1);
    ck_assert_int_eq(sample.many[0].size, 2);
}
END_TEST

START_TEST(a_variant_fills_the_same_struct)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct sample sample = good(arena, "{kind: {type: deep, depth: 3}}");
    ck_assert_int_eq(sample.kind, DEEP);
    ck_assert_int_eq(sample.depth, 3);
    ck_assert_int_eq(good(arena, "{kind: flat}").kind, FLAT);
}
END_TEST

START_TEST(each_problem_names_its_place)
{
    static const struct {
        const char *text, *problem;
    } cases[] = {
        {"[1]", "f:1:1: must be a map, not a list\n"},
        {"{cuont: 1}", "f:1:2: cuont: unknown key; did you mean \"count\"?\n"},
        {"{one: {xyzzy: 1}}", "f:1:8: one.xyzzy: unknown key; the keys here are size, on\n"},
        {"{count: 10}", "f:1:9: count: must be a whole number from 1 to 9, not \"10\"\n"},
        {"{color: pink}", "f:1:9: color: must be one of red, green, not \"pink\"\n"},
        {"{wait: [1]}", "f:1:8: wait: must be a text, not a list\n"},
        {"{kind: {type: deep}}", "f:1:8: kind: the key \"depth\" is missing\n"},
        {"{kind: {}}", "f:1:8: kind: the key \"type\" is missing; one of flat, deep\n"},
        {"{kind: {typ: flat}}", "f:1:9: kind.typ: unknown key; did you mean \"type\"?\n"},
        {"{many: [{}, 1]}", "f:1:13: many[1]: must be a map, not a number\n"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena *arena AUTO_ARENA = arena_new();
        AUTO_BUF(out, KIB(4));
        struct sample sample;
        ck_assert_uint_eq(read_sample(arena, cases[i].text, &out, &sample), 1);
        ck_assert_str_is(buf_str(&out), cases[i].problem);
    }
}
END_TEST

START_TEST(a_bad_value_leaves_its_member_and_the_others_are_read)
{
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_BUF(out, KIB(4));
    struct sample sample;
    ck_assert_uint_eq(read_sample(arena, "{count: x, color: red}", &out, &sample), 1);
    ck_assert_int_eq(sample.count, 5);
    ck_assert_int_eq(sample.color, RED);
}
END_TEST

START_TEST(a_key_of_another_level_says_where_it_belongs)
{
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_BUF(out, KIB(4));
    struct problems problems = {.arena = arena, .file = STR("f"), .out = &out};
    struct reader reader = {.arena = arena, .problems = &problems};
    const struct yaml_node *map = node_from_text(arena, "{top: 1}");
    keys_check(&reader, &sample_keys, map, KEY_IN_SOURCE);
    ck_assert_uint_eq(problems.count, 0);
    keys_check(&reader, &sample_keys, map, KEY_IN_STREAM);
    ck_assert_str_is(buf_str(&out),
                     "f:1:2: top: belongs to the source, at the top of the file\n");
}
END_TEST

SUITE("config/keys", an_absent_key_takes_its_default_or_stays,
      structs_take_the_defaults_of_their_own_keys, a_lone_value_is_a_list_of_one,
      a_variant_fills_the_same_struct, each_problem_names_its_place,
      a_bad_value_leaves_its_member_and_the_others_are_read,
      a_key_of_another_level_says_where_it_belongs)

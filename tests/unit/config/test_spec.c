#include "config/spec.h"

#include "config/node.h"
#include "tests/support/suite.h"

static struct str write_spec(struct arena *arena, const char *text)
{
    return spec_write(arena, node_from_text(arena, text));
}

START_TEST(keys_have_the_order_of_their_list)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct str one = write_spec(arena, "{path: /a, source: s, table: t, method: PUT}");
    struct str two = write_spec(arena, "{method: PUT, table: t, source: s, path: /a}");
    ck_assert(str_eq(one, two));
    ck_assert(str_starts(one, STR("{\"source\":\"s\",")));
    ck_assert(str_find(one, STR("\"path\":\"/a\",\"method\":\"PUT\"")) >= 0);
}
END_TEST

START_TEST(defaults_are_filled_in_at_every_depth)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct str spec = write_spec(arena, "{retry: {jitter: none}, pagination: {type: page}}");
    ck_assert(str_find(spec, STR("\"max_wait\":\"1h\"")) >= 0);
    ck_assert(str_find(spec, STR("\"retry\":{\"max_attempts\":8,")) >= 0);
    ck_assert(str_find(spec, STR("\"jitter\":\"none\"}")) >= 0);
    ck_assert(str_find(spec, STR("\"pagination\":{\"type\":\"page\",\"param\":\"page\",")) >=
              0);
}
END_TEST

START_TEST(open_maps_are_pairs_in_their_own_order)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct str spec = write_spec(arena, "{params: {b: 1, a: [x], c: null}}");
    ck_assert(str_find(spec, STR("\"params\":[[\"b\",1],[\"a\",[\"x\"]]]")) >= 0);
    struct str stored = write_spec(arena, "{params: [[b, 1], [a, [x]]]}");
    ck_assert(str_eq(spec, stored));
}
END_TEST

START_TEST(what_is_moved_or_unknown_is_left_out)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct str spec = write_spec(arena, "{loop: {}, streams: {}, unknown: 1}");
    ck_assert(str_find(spec, STR("loop")) < 0);
    ck_assert(str_find(spec, STR("streams")) < 0);
    ck_assert(str_find(spec, STR("unknown")) < 0);
}
END_TEST

START_TEST(a_definition_that_is_too_long_is_empty)
{
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_BUF(text, MIB(8));
    for (size_t i = 0; i < 4 << 20; i++)
        buf_put_byte(&text, 'x');
    struct yaml_node node = {.kind = YAML_STRING, .key = STR("path"), .text = buf_str(&text)};
    struct yaml_node *items[] = {&node};
    struct yaml_node map = {.kind = YAML_MAP, .items = items, .count = 1};
    ck_assert_uint_eq(spec_write(arena, &map).len, 0);
}
END_TEST

SUITE("config/spec", keys_have_the_order_of_their_list, defaults_are_filled_in_at_every_depth,
      open_maps_are_pairs_in_their_own_order, what_is_moved_or_unknown_is_left_out,
      a_definition_that_is_too_long_is_empty)

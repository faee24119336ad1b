#include "config/node.h"

#include "tests/support/suite.h"

static void on_problem(void *ctx, int line, int column, const char *what)
{
    (void)ctx;
    ck_abort_msg("%d:%d: %s", line, column, what);
}

static struct yaml_node *parse(struct arena *arena, const char *text)
{
    struct yaml_node *node = NULL;
    struct err err = ERR_INIT;
    ck_assert_ok(yaml_parse(arena, str_from(text), on_problem, NULL, &node, &err), err);
    return node;
}

static void check_value(const char *text, const char *json)
{
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_BUF(buf, KIB(4));
    value_format(&buf, node_value(arena, parse(arena, text)));
    ck_assert_msg(str_is(buf_str(&buf), json), "%s: %.*s", text, STR_ARG(buf_str(&buf)));
}

START_TEST(the_value_of_a_node_keeps_its_kind)
{
    check_value("", "null");
    check_value("~", "null");
    check_value("TRUE", "true");
    check_value("1.50", "1.50");
    check_value("'1.50'", "\"1.50\"");
    check_value("00012", "\"00012\"");
    check_value("'{{ now }}'", "\"{{ now }}\"");
    check_value("[1, [], {}, a]", "[1,[],{},\"a\"]");
    check_value("{b: {c: 1}, a: null}", "{\"b\":{\"c\":1},\"a\":null}");
}
END_TEST

START_TEST(a_text_is_a_string_or_a_number)
{
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_BUF(out, KIB(4));
    struct problems problems = {.arena = arena, .file = STR("f"), .out = &out};
    struct str text = STR("untouched");
    ck_assert(!node_text(&problems, parse(arena, "[a]"), &text));
    ck_assert(str_is(text, "untouched"));
    ck_assert(node_text(&problems, parse(arena, "12"), &text));
    ck_assert(str_is(text, "12"));
    ck_assert(node_text(&problems, parse(arena, "a b"), &text));
    ck_assert(str_is(text, "a b"));
    ck_assert_uint_eq(problems.count, 1);
    ck_assert(str_is(problems.first, "f:1:1: must be a text, not a list"));
}
END_TEST

START_TEST(a_lone_node_is_a_list_of_one)
{
    struct arena *arena AUTO_ARENA = arena_new();
    const struct yaml_node *lone = parse(arena, "a"), *list = parse(arena, "[a, b]");
    ck_assert_uint_eq(node_count(lone), 1);
    ck_assert_ptr_eq(node_item(lone, 0), lone);
    ck_assert_uint_eq(node_count(list), 2);
    ck_assert_ptr_eq(node_item(list, 1), list->items[1]);
    ck_assert_uint_eq(node_count(parse(arena, "[]")), 0);
}
END_TEST

START_TEST(an_open_map_may_be_a_list_of_pairs)
{
    struct arena *arena AUTO_ARENA = arena_new();
    const struct yaml_node *map = parse(arena, "{b: 1, a: 2}"),
                           *pairs = parse(arena, "[[b, 1], [a, [2]], [c], x, [[d], 1]]");
    const struct yaml_node *value = NULL;
    struct str key = STR_NONE;
    ck_assert(node_pair(map, 1, &key, &value));
    ck_assert(str_is(key, "a") && str_is(value->text, "2"));
    ck_assert(node_pair(pairs, 0, &key, &value));
    ck_assert(str_is(key, "b") && str_is(value->text, "1"));
    ck_assert(node_pair(pairs, 1, &key, &value));
    ck_assert(str_is(key, "a") && value->kind == YAML_LIST);
    for (size_t i = 2; i < pairs->count; i++)
        ck_assert(!node_pair(pairs, i, &key, &value));
}
END_TEST

START_TEST(a_missing_member_is_pointed_at_by_its_map)
{
    struct arena *arena AUTO_ARENA = arena_new();
    const struct yaml_node *map = parse(arena, "{a: 1}");
    ck_assert_ptr_eq(node_at(map, "a"), map->items[0]);
    ck_assert_ptr_eq(node_at(map, "b"), map);
    ck_assert(str_is(node_shown(map), "a map"));
    ck_assert(str_is(node_shown(map->items[0]), "1"));
}
END_TEST

START_TEST(a_broken_text_gives_no_node)
{
    struct arena *arena AUTO_ARENA = arena_new();
    ck_assert_ptr_null(node_from_text(arena, "[1,"));
    ck_assert_int_eq(node_from_text(arena, "{}")->kind, YAML_MAP);
}
END_TEST

SUITE("config/node", the_value_of_a_node_keeps_its_kind, a_text_is_a_string_or_a_number,
      a_lone_node_is_a_list_of_one, an_open_map_may_be_a_list_of_pairs,
      a_missing_member_is_pointed_at_by_its_map, a_broken_text_gives_no_node)

#include "config/problem.h"

#include "config/node.h"
#include "tests/support/suite.h"

START_TEST(a_problem_names_the_place_of_its_node)
{
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_BUF(out, KIB(4));
    struct problems problems = {.arena = arena, .file = STR("shop.yaml"), .out = &out};
    const struct yaml_node *root = node_from_text(arena, "a:\n  b c: [x, {d: 1}]\n");
    const struct yaml_node *list = root->items[0]->items[0];
    problem_add(&problems, root, "one");
    problem_add(&problems, list->items[1]->items[0], "two %d", 2);
    problem_add_key(&problems, list, "three");
    ck_assert_str_is(buf_str(&out), "shop.yaml:1:1: one\n"
                                    "shop.yaml:2:16: a['b c'][1].d: two 2\n"
                                    "shop.yaml:2:3: a['b c']: three\n");
}
END_TEST

START_TEST(the_same_line_is_said_once)
{
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_BUF(out, KIB(4));
    struct problems problems = {.arena = arena, .file = STR("f"), .out = &out};
    const struct yaml_node *root = node_from_text(arena, "{}");
    for (int i = 0; i < 3; i++)
        problem_add(&problems, root, "again");
    ck_assert_uint_eq(problems.count, 1);
    ck_assert_str_is(buf_str(&out), "f:1:1: again\n");
}
END_TEST

START_TEST(a_hundred_problems_are_enough)
{
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_BUF(out, KIB(64));
    struct problems problems = {.arena = arena, .file = STR("f"), .out = &out};
    const struct yaml_node *root = node_from_text(arena, "{}");
    for (int i = 0; i < 200; i++)
        problem_add(&problems, root, "problem %d of many", i);
    ck_assert_uint_eq(problems.count, 100);
}
END_TEST

START_TEST(the_error_holds_the_first_and_counts_the_others)
{
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_BUF(out, KIB(4));
    struct problems problems = {.arena = arena, .file = STR("f"), .out = &out};
    const struct yaml_node *root = node_from_text(arena, "{}");
    struct err err = ERR_INIT;
    problem_add(&problems, root, "one");
    ck_assert(!problems_to_err(&problems, &err));
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_str_eq(err.text, "f:1:1: one");
    problem_on_yaml(&problems, 7, 9, "two");
    ck_assert(!problems_to_err(&problems, &err));
    ck_assert_str_eq(err.text, "f:1:1: one (and 1 more)");
    ck_assert(str_ends(buf_str(&out), STR("f:7:9: two\n")));
}
END_TEST

START_TEST(a_beginning_of_a_name_is_near)
{
    ck_assert_int_eq(problem_distance(STR("curs"), STR("cursor_path"), 3), 1);
    ck_assert_int_eq(problem_distance(STR("typ"), STR("type"), 3), 1);
    ck_assert_int_eq(problem_distance(STR("type"), STR("type"), 3), 0);
    ck_assert_int_gt(problem_distance(STR("c"), STR("cursor_path"), 3), 3);
    ck_assert_int_eq(problem_distance(STR("curs"), STR("cursor_path"), 0), 1);
}
END_TEST

SUITE("config/problem", a_problem_names_the_place_of_its_node, the_same_line_is_said_once,
      a_hundred_problems_are_enough, the_error_holds_the_first_and_counts_the_others,
      a_beginning_of_a_name_is_near)

#include "core/template.h"

#include "tests/support/expr_table.h"
#include "tests/support/suite.h"

/* `"template" | data`; the template may hold bars. */
static bool run_case(const struct line_case *one)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct err err = ERR_INIT;
    struct template template;
    struct value value = UNDEFINED_VALUE;
    enum expr_outcome outcome = OUTCOME_VALUE;
    ptrdiff_t bar = str_find(one->input, STR("\" | {"));
    ck_assert_int_ge(bar, 0);
    struct value text = expr_table_json(arena, str_slice(one->input, 0, (size_t)bar + 1));
    struct value context =
        expr_table_json(arena, str_slice(one->input, (size_t)bar + 4, one->input.len));
    struct expr_scope scope = expr_table_scope(&context);
    if (!template_compile(arena, text.text, &template, &err))
        outcome = OUTCOME_REFUSED;
    else if (!template_fill(&template, &scope, true, arena, &value, &err))
        outcome = OUTCOME_FAILED;
    return expr_table_agrees(one, outcome, value, &err);
}

START_TEST(follows_the_table)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct line_cases all = lines_read(arena, "tests/tables/templates.txt");
    int bad = 0;
    for (size_t i = 0; i < all.count; i++)
        bad += !run_case(&all.items[i]);
    ck_assert_int_eq(bad, 0);
    ck_assert_int_ge(all.count, 25);
}
END_TEST

static struct template compiled(struct arena *arena, const char *text)
{
    struct err err = ERR_INIT;
    struct template template;
    ck_assert_ok(template_compile(arena, str_from(text), &template, &err), err);
    return template;
}

START_TEST(drops_what_is_omitted_at_any_depth)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct template inner[] = {compiled(arena, "{{ a }}"), compiled(arena, "{{ omit }}")};
    struct template list = {.kind = TEMPLATE_LIST, .items = inner, .count = 2};
    struct template members[] = {compiled(arena, "{{ b | default(omit) }}"), list,
                                 compiled(arena, "x")};
    struct str keys[] = {STR("gone"), STR("list"), STR("text")};
    struct template map = {.kind = TEMPLATE_MAP, .items = members, .keys = keys, .count = 3};
    struct value context = expr_table_json(arena, STR("{\"a\": 1.50}")), value;
    struct expr_scope scope = expr_table_scope(&context);
    struct err err = ERR_INIT;
    ck_assert_ok(template_fill(&map, &scope, true, arena, &value, &err), err);
    ck_assert(
        value_same(value, expr_table_json(arena, STR("{\"list\": [1.50], \"text\": \"x\"}"))));
}
END_TEST

START_TEST(names_the_key_that_failed)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct template members[] = {compiled(arena, "{{ nothing }}")};
    struct str keys[] = {STR("since")};
    struct template map = {.kind = TEMPLATE_MAP, .items = members, .keys = keys, .count = 1};
    struct value context = expr_table_json(arena, STR("{}")), value;
    struct expr_scope scope = expr_table_scope(&context);
    struct err err = ERR_INIT;
    ck_assert(!template_fill(&map, &scope, true, arena, &value, &err));
    ck_assert_int_eq(err.kind, ERR_INPUT);
    ck_assert_str_eq(err.text, "since: this is undefined\n    nothing\n    ^");
}
END_TEST

START_TEST(lets_undefined_through_where_allowed)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct template template = compiled(arena, "{{ nothing }}");
    struct value context = expr_table_json(arena, STR("{}")), value;
    struct expr_scope scope = expr_table_scope(&context);
    struct err err = ERR_INIT;
    ck_assert_ok(template_fill(&template, &scope, false, arena, &value, &err), err);
    ck_assert_int_eq(value.kind, VALUE_UNDEFINED);
}
END_TEST

SUITE("core/template", follows_the_table, drops_what_is_omitted_at_any_depth,
      names_the_key_that_failed, lets_undefined_through_where_allowed)

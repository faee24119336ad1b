#include "core/path.h"

#include "core/locator.h"
#include "tests/support/expr_table.h"
#include "tests/support/suite.h"

/* `path | data`. */
static bool run_case(const struct line_case *one)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct err err = ERR_INIT;
    struct path path;
    struct str data = one->input, text = lines_take_cell(&data);
    struct value root = expr_table_json(arena, data), value = UNDEFINED_VALUE;
    enum expr_outcome outcome = OUTCOME_VALUE;
    if (path_compile(arena, text, &path, &err))
        value = path_get(&path, root);
    else
        outcome = OUTCOME_FAILED;
    return expr_table_agrees(one, outcome, value, &err);
}

START_TEST(follows_the_table)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct line_cases all = lines_read(arena, "tests/tables/paths.txt");
    int bad = 0;
    for (size_t i = 0; i < all.count; i++)
        bad += !run_case(&all.items[i]);
    ck_assert_int_eq(bad, 0);
    ck_assert_int_ge(all.count, 28);
}
END_TEST

START_TEST(knows_wildcards)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct err err = ERR_INIT;
    struct path path;
    ck_assert_ok(path_compile(arena, STR("orders[*].lines.*"), &path, &err), err);
    ck_assert(path.has_wildcard);
    ck_assert_uint_eq(path.count, 4);
    ck_assert_int_eq(path.steps[1].kind, PATH_EACH);
    ck_assert_int_eq(path.steps[3].kind, PATH_MEMBER);
    struct locator locator;
    ck_assert(!locator_compile(arena, STR("orders[*].id"), &locator, &err));
    ck_assert_int_eq(err.kind, ERR_CONFIG);
}
END_TEST

static struct value read_locator(struct arena *arena, const char *text)
{
    struct err err = ERR_INIT;
    struct locator locator;
    struct value value;
    struct value context =
        expr_table_json(arena, STR("{\"response\": {\"meta\": {\"next\": \"c2\"}},"
                                   " \"http\": {\"headers\": {\"x-next-page\": \"3\"}}}"));
    struct expr_scope scope = expr_table_scope(&context);
    ck_assert_ok(locator_compile(arena, str_from(text), &locator, &err), err);
    ck_assert_ok(locator_read(&locator, &scope, arena, &value, &err), err);
    return value;
}

START_TEST(reads_body_header_and_expression)
{
    AUTO_ARENA struct arena *arena = arena_new();
    ck_assert_str_is(read_locator(arena, "meta.next").text, "c2");
    ck_assert_str_is(read_locator(arena, "header:X-Next-Page").text, "3");
    ck_assert_str_is(read_locator(arena, "{{ response.meta.next ~ '!' }}").text, "c2!");
    ck_assert_int_eq(read_locator(arena, "header:X-None").kind, VALUE_UNDEFINED);
    ck_assert_int_eq(read_locator(arena, "meta.other.deep").kind, VALUE_UNDEFINED);
    ck_assert_int_eq(read_locator(arena, "{{ response.none_such }}").kind, VALUE_UNDEFINED);
}
END_TEST

START_TEST(fails_where_the_expression_fails)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct err err = ERR_INIT;
    struct locator locator;
    struct value context = expr_table_json(arena, STR("{}")), value;
    struct expr_scope scope = expr_table_scope(&context);
    ck_assert_ok(locator_compile(arena, STR("{{ response.a.b }}"), &locator, &err), err);
    ck_assert(!locator_read(&locator, &scope, arena, &value, &err));
    ck_assert_int_eq(err.kind, ERR_INPUT);
    ck_assert(!locator_compile(arena, STR("header:X Y"), &locator, &err));
}
END_TEST

SUITE("core/path", follows_the_table, knows_wildcards, reads_body_header_and_expression,
      fails_where_the_expression_fails)

#include "core/expr.h"

#include "tests/support/cpu.h"
#include "tests/support/expr_table.h"
#include "tests/support/suite.h"

#define TABLE "tests/tables/expr.txt"

static bool run_case(struct str source, const struct line_case *one)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct err err = ERR_INIT;
    struct expr *expr;
    struct value context = UNDEFINED_VALUE, value = UNDEFINED_VALUE;
    enum expr_outcome outcome = OUTCOME_VALUE;
    if (one->input.len)
        ck_assert_ok(value_parse(arena, one->input, VALUE_WHOLE, &context, &err), err);
    struct expr_scope scope = expr_table_scope(&context);
    if (!expr_compile(arena, source, &expr, &err))
        outcome = OUTCOME_REFUSED;
    else if (!expr_eval(expr, &scope, arena, &value, &err))
        outcome = OUTCOME_FAILED;
    return expr_table_agrees(one, outcome, value, &err);
}

START_TEST(follows_the_table)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct blocks blocks = blocks_read(arena, TABLE);
    int count = 0, bad = 0;
    choice_apply(&blocks);
    for (size_t i = 0; i < blocks.count; i++) {
        const struct block *block = &blocks.items[i];
        struct line_cases all = lines_parse(arena, TABLE, block->line + 1, block->head);
        for (size_t j = 0; j < all.count; j++, count++)
            bad += !run_case(block->title, &all.items[j]);
    }
    ck_assert_int_eq(bad, 0);
    ck_assert(choice_is_made() || count >= 200);
}
END_TEST

/* --- messages --- */

static struct err error_of(const char *source)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct err err = ERR_INIT;
    struct expr *expr;
    struct value context = UNDEFINED_VALUE, value;
    struct expr_scope scope = expr_table_scope(&context);
    if (expr_compile(arena, str_from(source), &expr, &err))
        ck_assert(!expr_eval(expr, &scope, arena, &value, &err));
    return err;
}

START_TEST(points_at_the_place)
{
    struct err err = error_of("1 +\n  'é' + (2 | nosuch)");
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_str_eq(err.text, "no filter is called 'nosuch'\n"
                               "      'é' + (2 | nosuch)\n"
                               "                 ^");
    err = error_of("'é' + 1");
    ck_assert_int_eq(err.kind, ERR_INPUT);
    ck_assert_str_eq(err.text, "'+' does not work on string and number: \"é\" and 1\n"
                               "    'é' + 1\n"
                               "        ^");
}
END_TEST

START_TEST(cuts_what_it_shows)
{
    struct err err = error_of("('x' * 100000) + 1");
    ck_assert_msg(strlen(err.text) < 600, "%s", err.text);
    err = error_of("([1] * 100000) + 1");
    ck_assert_msg(strlen(err.text) < 600, "%s", err.text);
}
END_TEST

/* --- ceilings --- */

/* `before` count times, then `middle`, then `after` count times. */
static struct str nest(struct arena *arena, const char *before, const char *middle,
                       const char *after, int count)
{
    AUTO_BUF(buf, MIB(1));
    for (int i = 0; i < count; i++)
        buf_put(&buf, str_from(before));
    buf_put(&buf, str_from(middle));
    for (int i = 0; i < count; i++)
        buf_put(&buf, str_from(after));
    return arena_str(arena, buf_str(&buf));
}

static void assert_refused(struct str source, const char *part)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct err err = ERR_INIT;
    struct expr *expr;
    ck_assert(!expr_compile(arena, source, &expr, &err));
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_msg(strstr(err.text, part), "%s", err.text);
}

START_TEST(bounds_depth_and_length)
{
    AUTO_ARENA struct arena *arena = arena_new();
    assert_refused(nest(arena, "(", "1", ")", 300), "nested deeper");
    assert_refused(nest(arena, "[", "1", "]", 300), "nested deeper");
    assert_refused(nest(arena, "-", "1", "", 300), "nested deeper");
    assert_refused(nest(arena, "not ", "1", "", 300), "nested deeper");
    assert_refused(nest(arena, "1 if 1 else ", "1", "", 300), "nested deeper");
    assert_refused(nest(arena, "", "1", " + 1", 5000), "inside each other");
    assert_refused(nest(arena, "", "a", ".b", 5000), "inside each other");
    assert_refused(nest(arena, "", "a", "|int", 5000), "inside each other");
    assert_refused(nest(arena, "a ", "", "", 40000), "the most");
    struct err err = ERR_INIT;
    struct expr *expr;
    ck_assert_ok(expr_compile(arena, nest(arena, "(", "1", ")", 150), &expr, &err), err);
    ck_assert_ok(expr_compile(arena, nest(arena, "", "1", " + 1", 900), &expr, &err), err);
}
END_TEST

/* Little text, little memory, and work without an end. */
START_TEST(bounds_work)
{
    static const char *const sources[] = {
        "[[[['a']*1000]*1000]*1000] == [[[['a']*1000]*1000]*1000]",
        "[[[['a']*1000]*1000]*1000] < [[[['a']*1000]*1000]*1000]",
        "[[['a']*1000]*1000]*1000",
        "[[[['a']*1000]*1000]*1000] | tojson",
        "[[[['a']*1000]*1000]*1000] | string",
        "(['x'*10000000]*1000000) | map('length') | sum",
        "(['x'*10000000]*1000000) | unique | length",
        "(['x'*10000000]*1000) | sort | length",
        "(['x'*10000000]*1000000) | map('upper') | length",
        "(['x'*10000000]*1000000) | select('in', 'x') | list",
        "([1]*1000000) | sort | length",
    };
    for (size_t i = 0; i < COUNT_OF(sources); i++) {
        int64_t before = cpu_ms();
        struct err err = error_of(sources[i]);
        int64_t took_ms = cpu_ms() - before;
        ck_assert_int_eq(err.kind, ERR_INPUT);
        ck_assert_msg(strstr(err.text, "more than "), "%s: %s", sources[i], err.text);
        ck_assert_msg(took_ms < 5000, "%s: %lld ms", sources[i], (long long)took_ms);
    }
}
END_TEST

START_TEST(outlives_its_source)
{
    AUTO_ARENA struct arena *arena = arena_new();
    char source[] = "'abc' ~ name ~ [1.5, 'x'][0]";
    struct err err = ERR_INIT;
    struct expr *expr;
    ck_assert_ok(expr_compile(arena, str_from(source), &expr, &err), err);
    memset(source, '!', sizeof source - 1);
    struct value context, value;
    ck_assert_ok(value_parse(arena, STR("{\"name\": \"N\"}"), VALUE_WHOLE, &context, &err),
                 err);
    struct expr_scope scope = expr_table_scope(&context);
    ck_assert_ok(expr_eval(expr, &scope, arena, &value, &err), err);
    ck_assert_str_is(value.text, "abcN1.5");
}
END_TEST

static bool is_env(struct str name)
{
    return str_is(name, "env");
}

static struct buf derived;

static void on_derived(struct str text)
{
    buf_printf(&derived, "%.*s;", STR_ARG(text));
}

static void assert_derived(const char *source, const char *wanted)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct err err = ERR_INIT;
    struct expr *expr;
    struct value context, value;
    ck_assert_ok(expr_compile(arena, str_from(source), &expr, &err), err);
    ck_assert_ok(value_parse(arena,
                             STR("{\"env\": {\"A\": \"aGk=\", \"J\": \"{\\\"k\\\": [\\\"v\\\", "
                                 "7]}\"}, \"x\": \"y\"}"),
                             VALUE_WHOLE, &context, &err),
                 err);
    struct expr_scope scope = expr_table_scope(&context);
    scope.is_secret = is_env;
    scope.on_derived = on_derived;
    buf_init(&derived, KIB(4));
    (void)!expr_eval(expr, &scope, arena, &value, &err);
    ck_assert_str_is(buf_str(&derived), wanted);
    buf_done(&derived);
}

START_TEST(says_what_it_makes_of_secrets)
{
    assert_derived("env.A | b64decode", "hi;");
    assert_derived("'Bearer ' ~ (env.A | b64decode | upper)", "hi;HI;");
    assert_derived("(env.J | fromjson).k[0]", "v;7;");
    assert_derived("env.A[1:]", "Gk=;");
    assert_derived("('u:' ~ env.A) | b64encode", "dTphR2s9;");
    assert_derived("env.A | b64decode | fromjson", "hi;"); /* and fails */
    assert_derived("x | upper ~ env.A", "");
    assert_derived("'yes' if env.A == 'hi' else x | upper", "");
}
END_TEST

/* --- uses --- */

static void note_use(void *ctx, const struct expr_use *use)
{
    struct buf *buf = ctx;
    buf_printf(buf, "%.*s", STR_ARG(use->root));
    for (size_t i = 0; i < use->step_count; i++)
        buf_printf(buf, "/%.*s", STR_ARG(use->steps[i].text));
    buf_printf(buf, "%s%s%.*s;", use->is_rest_known ? "" : "?", use->filter.len ? "|" : "",
               STR_ARG(use->filter));
}

static void assert_uses(const char *source, const char *uses)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(buf, KIB(4));
    struct err err = ERR_INIT;
    struct expr *expr;
    ck_assert_ok(expr_compile(arena, str_from(source), &expr, &err), err);
    expr_uses(expr, note_use, &buf);
    ck_assert_str_is(buf_str(&buf), uses);
}

START_TEST(tells_what_it_reads)
{
    assert_uses("response.data[2].id + vars.x", "response/data/2/id;vars/x;");
    assert_uses("response[key]", "response?;key;");
    assert_uses("accumulated | length", "accumulated?|length;");
    assert_uses("accumulated is defined", "accumulated|defined;");
    assert_uses("r.a[1:n] if r.b else [c]", "r/b;r/a?;n;c;");
    assert_uses("r.a.get('k', d)", "r/a?;d;");
    assert_uses("r.items | map(attribute='id') | join(sep)", "r/items|map;sep;");
}
END_TEST

START_TEST(knows_truth)
{
    ck_assert(!value_is_true(value_number(STR("0"))));
    ck_assert(!value_is_true(value_number(STR("-0.00e5"))));
    ck_assert(value_is_true(value_number(STR("1e-400"))));
    ck_assert(!value_is_true(NULL_VALUE));
    ck_assert(!value_is_true(UNDEFINED_VALUE));
    ck_assert(value_is_true(value_string(STR("0"))));
}
END_TEST

SUITE_OF_TABLES(TABLE, "core/expr", follows_the_table, points_at_the_place, cuts_what_it_shows,
                bounds_depth_and_length, bounds_work, outlives_its_source,
                says_what_it_makes_of_secrets, tells_what_it_reads, knows_truth)

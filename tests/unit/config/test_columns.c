#include "config/columns.h"

#include "config/node.h"
#include "tests/support/suite.h"

static struct table read_columns(struct arena *arena, const char *text, struct buf *out)
{
    static const struct key key = {.name = "columns", .type = KEY_CUSTOM};
    struct problems problems = {.arena = arena, .file = STR("f"), .out = out};
    struct reader reader = {.arena = arena, .problems = &problems};
    struct table table = {.declared_count = 0};
    columns_read(&reader, &key, node_from_text(arena, text), &table);
    return table;
}

static struct declared_column only_column(struct arena *arena, const char *text)
{
    AUTO_BUF(out, KIB(4));
    struct table table = read_columns(arena, text, &out);
    ck_assert_msg(out.len == 0, "%s: %s", text, out.ptr);
    ck_assert_int_eq(table.mode, COLUMNS_DECLARED);
    ck_assert_uint_eq(table.declared_count, 1);
    return table.declared[0];
}

START_TEST(a_word_is_a_mode)
{
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_BUF(out, KIB(4));
    ck_assert_int_eq(read_columns(arena, "infer", &out).mode, COLUMNS_INFER);
    ck_assert_int_eq(read_columns(arena, "none", &out).mode, COLUMNS_NONE);
    ck_assert_uint_eq(out.len, 0);
}
END_TEST

START_TEST(the_path_is_the_columns_name_if_absent)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct declared_column named = only_column(arena, "{'a[b': {type: int}}");
    ck_assert_uint_eq(named.path.count, 1);
    ck_assert(str_is(named.path.steps[0].key, "a[b"));
    struct declared_column quoted = only_column(arena, "{a.b: {type: int, path: \"['a.b']\"}}");
    ck_assert_uint_eq(quoted.path.count, 1);
    ck_assert(str_is(quoted.path.steps[0].key, "a.b"));
    struct declared_column placed = only_column(arena, "{x: {type: int, path: a.b}}");
    ck_assert_uint_eq(placed.path.count, 2);
}
END_TEST

START_TEST(columns_keep_their_order_as_pairs)
{
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_BUF(out, KIB(4));
    struct table table =
        read_columns(arena, "[[b, {type: int}], [a, {type: 'numeric(9,2)'}]]", &out);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_uint_eq(table.declared_count, 2);
    ck_assert(str_is(table.declared[0].name, "b"));
    ck_assert(str_is(table.declared[1].type, "numeric(9,2)"));
}
END_TEST

START_TEST(from_is_a_known_form_or_a_pattern)
{
    static const struct {
        const char *from;
        enum from_kind kind;
    } cases[] = {
        {"epoch_s", FROM_EPOCH_S},   {"epoch_ms", FROM_EPOCH_MS},
        {"epoch_us", FROM_EPOCH_US}, {"rfc2822", FROM_RFC2822},
        {"dotnet", FROM_DOTNET},     {"base64", FROM_BASE64},
        {"iso", FROM_ISO},           {"decimal_comma", FROM_DECIMAL_COMMA},
        {"yes_no", FROM_YES_NO},     {"'%d.%m.%Y'", FROM_PATTERN},
    };
    struct arena *arena AUTO_ARENA = arena_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str text = arena_printf(arena, "{x: {type: date, from: %s}}", cases[i].from);
        struct declared_column column = only_column(arena, text.ptr);
        ck_assert_uint_eq(column.from_count, 1);
        ck_assert_int_eq(column.from[0].kind, cases[i].kind);
    }
    ck_assert_uint_eq(only_column(arena, "{x: {type: date}}").from_count, 0);
    struct declared_column several =
        only_column(arena, "{x: {type: date, from: [iso, '%d.%m.%Y', epoch_ms]}}");
    ck_assert_uint_eq(several.from_count, 3);
    ck_assert_int_eq(several.from[1].kind, FROM_PATTERN);
    ck_assert_str_is(several.from[1].text, "%d.%m.%Y");
    ck_assert_int_eq(several.from[2].kind, FROM_EPOCH_MS);
}
END_TEST

START_TEST(each_problem_is_named)
{
    static const struct {
        const char *text, *problem;
    } cases[] = {
        {"all", "must be infer, none or a map of columns, not \"all\""},
        {"[1]", "must be a map of columns and their types, not a list"},
        {"{x: {}}", "the key \"type\" is missing"},
        {"{_pt_x: {type: int}}", "\"_pt_x\" cannot be a column's name"},
        {"{attributes.title: text}", "a name with a dot is no path: write NAME: {path: "
                                     "attributes.title, …}, or path: \"['attributes.title']\""},
        {"{x: {type: 'int; drop'}}", "\"int; drop\" cannot be a type"},
        {"{x: {type: int, path: 'a[*]'}}", "a column's path cannot hold [*] or .*"},
        {"{x: {type: date, from: epoch}}", "must be iso, epoch_s, epoch_ms,"},
        {"{x: {type: date, from: [iso, [iso]]}}", "must be iso, epoch_s, epoch_ms,"},
        {"{x: {type: int, empty: drop}}", "must be one of null, keep"},
        {"{x: {type: date, from: '%Q'}}", "\"%Q\" holds more than %Y"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena *arena AUTO_ARENA = arena_new();
        AUTO_BUF(out, KIB(4));
        read_columns(arena, cases[i].text, &out);
        ck_assert_msg(str_find(buf_str(&out), str_from(cases[i].problem)) >= 0, "%s: %s",
                      cases[i].text, out.ptr ? out.ptr : "");
    }
}
END_TEST

SUITE("config/columns", a_word_is_a_mode, the_path_is_the_columns_name_if_absent,
      columns_keep_their_order_as_pairs, from_is_a_known_form_or_a_pattern,
      each_problem_is_named)

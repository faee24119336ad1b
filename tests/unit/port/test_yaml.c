#include "port/yaml.h"

#include "base/buf.h"
#include "tests/support/suite.h"

static void put_problem(void *ctx, int line, int column, const char *what)
{
    buf_printf(ctx, "%d:%d %s\n", line, column, what);
}

static struct yaml_node *parse(struct arena *arena, const char *text)
{
    AUTO_BUF(problems, KIB(64));
    struct yaml_node *root = NULL;
    struct err err = ERR_INIT;
    ck_assert_ok(yaml_parse(arena, str_from(text), put_problem, &problems, &root, &err), err);
    ck_assert_uint_eq(problems.len, 0);
    return root;
}

static void refuses(const char *text, const char *problem)
{
    AUTO_BUF(problems, KIB(64));
    struct arena *arena AUTO_ARENA = arena_new();
    struct yaml_node *root = NULL;
    struct err err = ERR_INIT;
    ck_assert_msg(!yaml_parse(arena, str_from(text), put_problem, &problems, &root, &err),
                  "taken: %s", text);
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_ptr_null(root);
    ck_assert_msg(strstr(problems.ptr, problem) != NULL, "'%s' not in: %s", problem,
                  problems.ptr);
}

START_TEST(nodes_know_their_place)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct yaml_node *root = parse(arena, "a: 1\nb:\n  - x\n  - {c: \"2\"}\n");
    ck_assert_int_eq(root->kind, YAML_MAP);
    struct yaml_node *a = yaml_find(root, "a");
    ck_assert_int_eq(a->kind, YAML_NUMBER);
    ck_assert_int_eq(a->line, 1);
    ck_assert_int_eq(a->column, 4);
    struct yaml_node *c = yaml_find(yaml_find(root, "b")->items[1], "c");
    ck_assert_int_eq(c->kind, YAML_STRING);
    ck_assert_int_eq(c->line, 4);
    ck_assert_int_eq(c->column, 9);
    ck_assert_int_eq(c->key_column, 6);
    ck_assert_uint_eq(c->parent->index, 1);
    ck_assert_ptr_null(yaml_find(root, "c"));
}
END_TEST

START_TEST(scalars_lose_nothing)
{
    struct arena *arena AUTO_ARENA = arena_new();
    static const struct {
        const char *text;
        enum yaml_kind kind;
    } cases[] = {
        {"12345678901234567890", YAML_NUMBER},
        {"19.90", YAML_NUMBER},
        {"-1e-7", YAML_NUMBER},
        {"00012", YAML_STRING},
        {"0x1f", YAML_STRING},
        {"1_000", YAML_STRING},
        {".5", YAML_STRING},
        {"1.", YAML_STRING},
        {"2024-01-01", YAML_STRING},
        {"yes", YAML_STRING},
        {"no", YAML_STRING},
        {"True", YAML_BOOL},
        {"~", YAML_NULL},
        {"\"null\"", YAML_STRING},
        {"'1'", YAML_STRING},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_msg(parse(arena, cases[i].text)->kind == cases[i].kind, "%s", cases[i].text);
    ck_assert_str_is(parse(arena, "12345678901234567890")->text, "12345678901234567890");
    ck_assert_str_is(parse(arena, "|\n  a\n  b\n")->text, "a\nb\n");
    ck_assert_int_eq(parse(arena, "")->kind, YAML_NULL);
    ck_assert_int_eq(parse(arena, "# nothing\n")->kind, YAML_NULL);
}
END_TEST

START_TEST(json_is_yaml)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct yaml_node *root =
        parse(arena, "{\"a\":[1,true,null,\"x\\u00e9\\n\"],\"b\":{\"c\":\"{{ x }}\"}}");
    struct yaml_node *list = yaml_find(root, "a");
    ck_assert_uint_eq(list->count, 4);
    ck_assert_int_eq(list->items[1]->kind, YAML_BOOL);
    ck_assert_int_eq(list->items[2]->kind, YAML_NULL);
    ck_assert_str_is(list->items[3]->text, "x\xC3\xA9\n");
    ck_assert_str_is(yaml_find(yaml_find(root, "b"), "c")->text, "{{ x }}");
}
END_TEST

START_TEST(refuses_what_hides_meaning)
{
    refuses("a: &x 1\nb: *x\n", "1:7 anchors");
    refuses("a: &x 1\nb: *x\n", "2:4 aliases");
    refuses("<<: {a: 1}\n", "1:1 merge keys");
    refuses("a: 1\nb: 2\na: 3\n", "3:1 the key \"a\" stands already in line 1");
    refuses("a: 1\n---\nb: 2\n", "more than one document");
    refuses("a: !!str 5\n", "tags");
    refuses("a: 1\nb: {{ env.X }}\n", "2:5 a map or list cannot be a key");
    refuses("a: {b: {{ x }}, c: {{ y }}}\n", "quote it");
}
END_TEST

START_TEST(reports_syntax_with_its_place)
{
    refuses("a: b: c\n", "1:5 ");
    refuses("a:\n  - \"x\n", "2:");
    refuses("a: [1, 2\n", "without a closing bracket");
    refuses("a: @x\n", "1:4 ");
    refuses("a: \xFF\n", "not UTF-8");
}
END_TEST

START_TEST(bounds_its_depth)
{
    struct arena *arena AUTO_ARENA = arena_new();
    char text[2048];
    memset(text, '[', 1000);
    memset(text + 1000, ']', 1000);
    text[2000] = '\0';
    refuses(text, "");
    char *at = text;
    for (int i = 0; i < 65; i++)
        at += snprintf(at, 3, "- ");
    snprintf(at, 2, "x");
    refuses(text, "nested more than 64 deep");
    parse(arena, text + 2);
}
END_TEST

START_TEST(line_ends_and_byte_order_marks_do_not_matter)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct yaml_node *root = parse(arena, "\xEF\xBB\xBF"
                                          "a: x\r\nb: y\r\n");
    ck_assert_str_is(yaml_find(root, "a")->text, "x");
    ck_assert_str_is(yaml_find(root, "b")->text, "y");
}
END_TEST

START_TEST(bounds_its_maps)
{
    AUTO_BUF(text, MIB(1));
    for (int i = 0; i <= YAML_KEYS_MAX; i++)
        buf_printf(&text, "k%d: 1\n", i);
    refuses(text.ptr, "more than 10000 keys");
}
END_TEST

SUITE("port/yaml", nodes_know_their_place, scalars_lose_nothing, json_is_yaml,
      refuses_what_hides_meaning, reports_syntax_with_its_place, bounds_its_depth,
      line_ends_and_byte_order_marks_do_not_matter, bounds_its_maps)

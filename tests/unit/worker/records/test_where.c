#include "worker/records/where.h"

#include "tests/support/suite.h"
#include "worker/records/fields.h"

static struct arena *arena;
static struct err err;

static bool find_outer(void *ctx, struct str name, struct arena *into, struct value *ret)
{
    struct err ignored = ERR_INIT;
    (void)ctx;
    return str_is(name, "partition") &&
           value_parse(into, STR("{\"name\":\"p1\"}"), VALUE_WHOLE, ret, &ignored);
}

static struct record read(const char *json)
{
    struct fields *fields = ARENA_NEW(arena, struct fields);
    struct scan scan;
    struct record record;
    fields->arena = arena;
    scan_init(&scan, arena, str_from(json));
    ck_assert(record_read(&scan, fields, 0, &record));
    return record;
}

/* "kept", "dropped" or the error. */
static const char *verdict(const char *template_text, const char *json)
{
    static const struct expr_scope scope = {.find = find_outer};
    AUTO_ARENA struct arena *scratch = arena_new();
    struct template template;
    err = (struct err)ERR_INIT;
    ck_assert_ok(template_compile(arena, str_from(template_text), &template, &err), err);
    struct where where = {
        .key = "where", .template = &template, .scope = &scope, .scratch = scratch};
    struct record record = read(json);
    record.position = 4;
    bool is_kept;
    if (!where_holds(&where, &record, &is_kept, &err))
        return err.text;
    return is_kept ? "kept" : "dropped";
}

START_TEST(a_name_is_a_field_of_the_record)
{
    arena = arena_new();
    ck_assert_str_eq(verdict("{{ n > 1 }}", "{\"n\":2}"), "kept");
    ck_assert_str_eq(verdict("{{ n > 1 }}", "{\"n\":1}"), "dropped");
    ck_assert_str_eq(verdict("{{ a.b == 'x' }}", "{\"a\":{\"b\":\"x\"}}"), "kept");
    ck_assert_str_eq(verdict("{{ value > 1 }}", "2"), "kept");
    ck_assert_str_eq(verdict("{{ value > 1 }}", "{\"value\":1}"), "dropped");
    ck_assert_str_eq(verdict("{{ record.n == 2 }}", "{\"n\":2,\"record\":{\"n\":3}}"), "kept");
    arena_free(arena);
}
END_TEST

START_TEST(names_of_every_expression_come_first)
{
    arena = arena_new();
    ck_assert_str_eq(
        verdict("{{ partition.name == 'p1' }}", "{\"partition\":{\"name\":\"x\"}}"), "kept");
    arena_free(arena);
}
END_TEST

START_TEST(words_that_say_no_drop)
{
    static const char *const no[] = {"\"\"",  "\"false\"", "\"No\"", "\"0\"",
                                     "false", "0",         "null"};
    static const char *const yes[] = {"\"yes\"", "\"x\"", "true", "1"};
    arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(no); i++)
        ck_assert_str_eq(verdict("{{ v }}", arena_printf(arena, "{\"v\":%s}", no[i]).ptr),
                         "dropped");
    for (size_t i = 0; i < COUNT_OF(yes); i++)
        ck_assert_str_eq(verdict("{{ v }}", arena_printf(arena, "{\"v\":%s}", yes[i]).ptr),
                         "kept");
    arena_free(arena);
}
END_TEST

START_TEST(an_error_names_the_record)
{
    arena = arena_new();
    ck_assert(
        str_starts(str_from(verdict("{{ n + 'x' }}", "{\"n\":2}")), STR("where: record 4: ")));
    ck_assert_int_eq(err.kind, ERR_INPUT);
    arena_free(arena);
}
END_TEST

SUITE("worker/where", a_name_is_a_field_of_the_record, names_of_every_expression_come_first,
      words_that_say_no_drop, an_error_names_the_record)

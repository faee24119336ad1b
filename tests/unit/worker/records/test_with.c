#include "worker/records/with.h"

#include "tests/support/cpu.h"
#include "tests/support/suite.h"

static struct arena *arena;
static struct err err;
static struct path merge_path;
static struct merge merge;

static bool find_name(void *ctx, struct str name, struct arena *into, struct value *ret)
{
    struct err ignored = ERR_INIT;
    (void)ctx;
    return str_is(name, "run") &&
           value_parse(into, STR("{\"id\":7}"), VALUE_WHOLE, ret, &ignored);
}

static const struct expr_scope scope = {.find = find_name};

static void set_up(const char *path, struct with_field *fields, size_t count)
{
    arena = arena_new();
    err = (struct err)ERR_INIT;
    ck_assert_ok(path_compile(arena, str_from(path), &merge_path, &err), err);
    merge = (struct merge){.path = merge_path, .with = fields, .with_count = count};
}

static void set_expression(struct with_field *field, const char *name, const char *text)
{
    *field = (struct with_field){.name = str_from(name)};
    ck_assert_ok(template_compile(arena, str_from(text), &field->template, &err), err);
}

static void set_path(struct with_field *field, const char *name, const char *path, int anchor,
                     size_t from)
{
    *field = (struct with_field){
        .name = str_from(name), .is_path = true, .anchor = anchor, .from = from};
    ck_assert_ok(path_compile(arena, str_from(path), &field->path, &err), err);
}

/* Of each record the added fields, "name=raw …"; '!' where with_update read nothing anew. */
static struct str add_to_all(struct with *with, const char *body)
{
    AUTO_BUF(all, KIB(64));
    struct records *records = records_start(arena, str_from(body), &merge_path);
    struct record record;
    with_watch(with, records);
    while (records_next(records, &record, &err) == RECORDS_ONE) {
        bool is_new = with_update(with, records, &record);
        buf_printf(&all, "%s%s", all.len ? " | " : "", is_new ? "" : "!");
        for (size_t i = 0; i < with->count; i++)
            buf_printf(&all, "%s%.*s=%.*s", i ? " " : "", STR_ARG(with->fields[i].name),
                       STR_ARG(with->fields[i].raw));
    }
    ck_assert_msg(!err.kind, "%s", err.text);
    return arena_str(arena, buf_str(&all));
}

static struct with start(void)
{
    struct with with = {.merge = &merge, .arena = arena};
    ck_assert_ok(with_start(&with, &scope, &err), err);
    return with;
}

START_TEST(expressions_are_evaluated_once)
{
    struct with_field fields[2];
    set_up("data", fields, 2);
    set_expression(&fields[0], "run", "{{ run.id }}");
    set_expression(&fields[1], "text", "r{{ run.id }}");
    struct with with = start();
    ck_assert_str_is(add_to_all(&with, "{\"data\":[1,2]}"),
                     "!run=7 text=\"r7\" | !run=7 text=\"r7\"");
    arena_free(arena);
}
END_TEST

START_TEST(an_omitted_field_is_not_there)
{
    struct with_field fields[2];
    set_up("data", fields, 2);
    set_expression(&fields[0], "none", "{{ omit }}");
    set_expression(&fields[1], "run", "{{ run.id }}");
    struct with with = start();
    ck_assert_uint_eq(with.count, 1);
    ck_assert_str_is(with.fields[0].name, "run");
    arena_free(arena);
}
END_TEST

START_TEST(an_error_names_the_field)
{
    struct with_field field;
    struct with with = {.merge = &merge};
    set_up("data", &field, 1);
    with.arena = arena;
    set_expression(&field, "x", "{{ nothing }}");
    ck_assert(!with_start(&with, &scope, &err));
    ck_assert(str_starts(str_from(err.text), STR("with.x: ")));
    arena_free(arena);
}
END_TEST

START_TEST(paths_are_read_at_their_anchors)
{
    struct with_field fields[3];
    set_up("groups[*].items", fields, 3);
    set_path(&fields[0], "page", "page", WITH_BODY, 0);
    set_path(&fields[1], "group", "groups[*].name", 1, 2);
    set_path(&fields[2], "key", "groups[*].absent", 1, 2);
    struct with with = start();
    const char *body = "{\"groups\":[{\"items\":[1,2],\"name\":\"a\"},"
                       "{\"name\":\"b\",\"items\":[3]}],\"page\":5}";
    ck_assert_str_is(add_to_all(&with, body),
                     "page=5 group=\"a\" key=null | !page=5 group=\"a\" key=null | "
                     "page=5 group=\"b\" key=null");
    arena_free(arena);
}
END_TEST

/* An element around many records is long: it is read once, not for each of them. */
START_TEST(what_is_around_records_is_read_once)
{
    enum { RECORDS = 30000 };
    struct with_field fields[2];
    set_up("groups[*].items[*]", fields, 2);
    set_path(&fields[0], "group", "groups[*].name", 1, 2);
    set_path(&fields[1], "page", "page", WITH_BODY, 0);
    struct with with = start();
    AUTO_BUF(body, MIB(1));
    buf_puts(&body, "{\"groups\":[{\"items\":[0");
    for (int i = 1; i < RECORDS; i++)
        buf_puts(&body, ",1");
    buf_puts(&body, "],\"name\":\"a\"},{\"name\":\"b\",\"items\":[1]}],\"page\":5}");
    struct records *records = records_start(arena, buf_str(&body), &merge_path);
    struct record record;
    int reads = 0;
    with_watch(&with, records);
    int64_t before = cpu_ms();
    while (records_next(records, &record, &err) == RECORDS_ONE)
        reads += with_update(&with, records, &record);
    ck_assert_int_lt(cpu_ms() - before, 400);
    ck_assert_int_eq(reads, 2);
    ck_assert_str_is(with.fields[0].raw, "\"b\"");
    ck_assert_str_is(with.fields[1].raw, "5");
    arena_free(arena);
}
END_TEST

START_TEST(a_path_into_the_record_is_read_for_each)
{
    struct with_field field;
    set_up("data", &field, 1);
    set_path(&field, "x", "a.b", WITH_RECORD, 0);
    struct with with = start();
    ck_assert_str_is(
        add_to_all(&with, "{\"data\":[{\"a\":{\"b\":1}},{\"a\":2},{\"a\":{\"b\":3}}]}"),
        "x=1 | x=null | x=3");
    arena_free(arena);
}
END_TEST

START_TEST(the_name_of_a_member_is_text)
{
    struct with_field field;
    set_up("data.*.items", &field, 1);
    set_path(&field, "owner", "data.*", 1, 2);
    field.wants_key = true;
    struct with with = start();
    ck_assert_str_is(
        add_to_all(&with, "{\"data\":{\"m\":{\"items\":[1]},\"n\":{\"items\":[2]}}}"),
        "owner=\"m\" | owner=\"n\"");
    arena_free(arena);
}
END_TEST

SUITE("worker/with", expressions_are_evaluated_once, an_omitted_field_is_not_there,
      an_error_names_the_field, paths_are_read_at_their_anchors,
      what_is_around_records_is_read_once, a_path_into_the_record_is_read_for_each,
      the_name_of_a_member_is_text)

#include "worker/records/fields.h"

#include <stdio.h>

#include "tests/support/suite.h"

static struct arena *arena;
static struct fields fields;

static void set_up(void)
{
    arena = arena_new();
    fields = (struct fields){.arena = arena};
}

/* Puts fields of these names, each with its position as text; gives "name=text …". */
static struct str put_all(const char *const *names, size_t count)
{
    AUTO_BUF(all, KIB(64));
    fields_begin(&fields);
    for (size_t i = 0; i < count; i++) {
        struct record_field *field = fields_put(&fields, str_from(names[i]));
        ck_assert_ptr_nonnull(field);
        ck_assert_str_is(field->name, names[i]);
        field->raw = arena_printf(arena, "%zu", i);
    }
    for (size_t i = 0; i < fields.count; i++)
        buf_printf(&all, "%s%.*s=%.*s", i ? " " : "", STR_ARG(fields.list[i].name),
                   STR_ARG(fields.list[i].raw));
    return arena_str(arena, buf_str(&all));
}

#define PUT(...)                                                                               \
    put_all((const char *const[]){__VA_ARGS__}, COUNT_OF(((const char *const[]){__VA_ARGS__})))

START_TEST(each_name_is_there_once)
{
    set_up();
    ck_assert_str_is(PUT("id", "a"), "id=0 a=1");
    ck_assert_str_is(PUT("id", "a", "b"), "id=0 a=1 b=2");
    ck_assert_str_is(PUT("id", "id", "b"), "id=1 b=2");
    ck_assert_str_is(PUT("id", "b"), "id=0 b=1");
    ck_assert_str_is(PUT("b", "id", "b"), "b=2 id=1");
    ck_assert_str_is(PUT("b", "id", "", ""), "b=0 id=1 =3");
    arena_free(arena);
}
END_TEST

/* The names of a wide record: f0 f1 …, from `first` on. */
static void put_wide(size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++)
        ck_assert_ptr_nonnull(fields_put(&fields, arena_printf(arena, "f%zu", i)));
}

START_TEST(wide_records_are_indexed)
{
    set_up();
    fields_begin(&fields);
    put_wide(0, 100);
    put_wide(50, 100);
    ck_assert_uint_eq(fields.count, 150);
    fields_begin(&fields);
    put_wide(100, 100); /* the same slots, of another record */
    ck_assert_uint_eq(fields.count, 100);
    ck_assert_ptr_eq(fields_put(&fields, STR("f150")), &fields.list[50]);
    arena_free(arena);
}
END_TEST

START_TEST(a_record_has_a_ceiling)
{
    set_up();
    fields_begin(&fields);
    put_wide(0, RECORDS_FIELDS_MAX);
    ck_assert_ptr_null(fields_put(&fields, STR("one more")));
    ck_assert_ptr_nonnull(fields_put(&fields, STR("f7")));
    ck_assert_uint_eq(fields.count, RECORDS_FIELDS_MAX);
    fields_begin(&fields);
    put_wide(0, RECORDS_FIELDS_MAX);
    ck_assert_ptr_null(fields_put(&fields, STR("one more")));
    arena_free(arena);
}
END_TEST

SUITE("worker/fields", each_name_is_there_once, wide_records_are_indexed,
      a_record_has_a_ceiling)

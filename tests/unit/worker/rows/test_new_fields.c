#include "worker/rows/new_fields.h"

#include <stdio.h>

#include "tests/support/cpu.h"
#include "tests/support/suite.h"
#include "worker/records/jsontext.h"

static struct arena *arena;

static struct record_field field(const char *name, const char *json)
{
    return jsontext_field(str_from(name), str_from(json));
}

START_TEST(finds_fields_in_any_order)
{
    arena = arena_new();
    struct new_fields fields = {.arena = arena};
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 500; i++) {
            char name[16];
            snprintf(name, sizeof name, "f%d", round == 1 ? 499 - i : i);
            struct record_field value = field(name, round == 2 ? "1.5" : "1");
            new_fields_add(&fields, &value);
        }
    ck_assert_uint_eq(fields.count, 500);
    for (size_t i = 0; i < fields.count; i++) {
        enum column_type type;
        ck_assert(new_fields_type(&fields.items[i], &type));
        ck_assert_int_eq(type, COLUMN_NUMERIC);
    }
    arena_free(arena);
}
END_TEST

START_TEST(keeps_no_more_than_its_ceiling)
{
    arena = arena_new();
    struct new_fields fields = {.arena = arena};
    for (int i = 0; i < NEW_FIELDS_MAX + 10; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        struct record_field value = field(name, "1");
        new_fields_add(&fields, &value);
    }
    ck_assert_uint_eq(fields.count, NEW_FIELDS_MAX);
    arena_free(arena);
}
END_TEST

START_TEST(a_field_of_nulls_has_no_type)
{
    arena = arena_new();
    struct new_fields fields = {.arena = arena};
    struct record_field null = field("n", "null"), one = field("n", "1"),
                        half = field("m", "0.5");
    enum column_type type;
    new_fields_add(&fields, &null);
    ck_assert_uint_eq(fields.count, 1);
    ck_assert(!new_fields_type(&fields.items[0], &type));
    new_fields_add(&fields, &one);
    ck_assert(new_fields_type(&fields.items[0], &type));
    ck_assert_int_eq(type, COLUMN_BIGINT);
    ck_assert(!fields.items[0].is_wider);
    new_fields_add_wider(&fields, &half, COLUMN_BIGINT);
    ck_assert(new_fields_type(&fields.items[1], &type));
    ck_assert_int_eq(type, COLUMN_NUMERIC);
    ck_assert(fields.items[1].is_wider);
    arena_free(arena);
}
END_TEST

/* Names that all want `a_b`: half of them have a number of it already. */
START_TEST(orders_fields_that_want_one_name)
{
    arena = arena_new();
    struct new_fields fields = {.arena = arena};
    for (int i = 0; i < NEW_FIELDS_MAX; i++) {
        bool is_exact = i % 2;
        struct str name = is_exact ? arena_printf(arena, i == 1 ? "a_b" : "a_b_%d", i / 2 + 1)
                                   : arena_printf(arena, "a %*s b", i, "");
        struct record_field value = field(name.ptr, "1");
        new_fields_add(&fields, &value);
    }
    int64_t before = cpu_ms();
    size_t *order = new_fields_order(&fields, arena);
    ck_assert_int_lt(cpu_ms() - before, 250);
    for (size_t i = 0; i < NEW_FIELDS_MAX; i++)
        ck_assert_uint_eq(order[i] % 2, i < NEW_FIELDS_MAX / 2);
    arena_free(arena);
}
END_TEST

SUITE("worker/new_fields", finds_fields_in_any_order, keeps_no_more_than_its_ceiling,
      a_field_of_nulls_has_no_type, orders_fields_that_want_one_name)

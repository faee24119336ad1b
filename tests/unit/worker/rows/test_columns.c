#include "worker/rows/columns.h"

#include "tests/support/suite.h"

static struct arena *arena;

START_TEST(declared_columns_take_their_fields)
{
    arena = arena_new();
    struct path_step deep_steps[] = {{.kind = PATH_KEY, .key = STR("amounts")},
                                     {.kind = PATH_KEY, .key = STR("total")}};
    struct path_step flat_step = {.kind = PATH_KEY, .key = STR("at")};
    struct declared_column total = {.name = STR("total"),
                                    .path = {.steps = deep_steps, .count = 2}};
    struct declared_column day = {.name = STR("day"),
                                  .path = {.steps = &flat_step, .count = 1}};
    struct declared_column at = {.name = STR("at")};
    struct column items[] = {
        {.name = STR("total"), .declared = &total},
        {.name = STR("day"), .declared = &day},
        {.name = STR("at"), .declared = &at},
        {.name = STR("id"), .field = STR("ID")},
    };
    struct columns columns = {.items = items, .count = COUNT_OF(items)};
    columns_index(&columns, arena);

    ck_assert_uint_eq(columns.deep_count, 1);
    ck_assert_uint_eq(columns.deep[0], 0);
    uint16_t first = columns_find(&columns, STR("at"));
    ck_assert_uint_eq(columns.uses[first].column, 1);
    ck_assert_uint_eq(columns.uses[columns.uses[first].also].column, 2);
    ck_assert_uint_eq(columns.uses[columns_find(&columns, STR("ID"))].column, 3);
    ck_assert_uint_eq(columns.uses[columns_find(&columns, STR("total"))].column, COLUMN_NONE);
    ck_assert_uint_eq(columns.uses[columns_find(&columns, STR("total"))].beside, 0);
    ck_assert_uint_eq(columns_find(&columns, STR("amounts")), COLUMN_NONE);

    uint64_t seed = columns.seed;
    items[3].sql_type = STR("numeric");
    columns_index(&columns, arena);
    ck_assert_uint_ne(columns.seed, seed);
    arena_free(arena);
}
END_TEST

START_TEST(keys_are_known_by_their_fields)
{
    struct str key[] = {STR("id"), STR("day")};
    const struct table table = {.key = key, .key_count = COUNT_OF(key)};
    ck_assert(columns_is_key(&table, STR("day")));
    ck_assert(!columns_is_key(&table, STR("da")));
    ck_assert(!columns_is_key(&(struct table){0}, STR("id")));
}
END_TEST

SUITE("worker/columns", declared_columns_take_their_fields, keys_are_known_by_their_fields)

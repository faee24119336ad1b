#include "port/hash_index.h"

#include "base/arena.h"
#include "tests/support/suite.h"

START_TEST(finds_what_was_put)
{
    enum { NAMES = 1000 };
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_HASH_INDEX struct hash_index index = {0};
    int values[NAMES];
    ck_assert_ptr_null(hash_index_find(&index, STR("0")));
    for (int i = 0; i < NAMES; i++) {
        hash_index_put(&index, arena_printf(arena, "%d", i), &values[i]);
        ck_assert_ptr_null(hash_index_find(&index, arena_printf(arena, "%d", i + 1)));
    }
    for (int i = 0; i < NAMES; i++)
        ck_assert_ptr_eq(hash_index_find(&index, arena_printf(arena, "%d", i)), &values[i]);
    ck_assert_uint_eq(index.count, NAMES);
}
END_TEST

START_TEST(a_name_that_is_there_gets_the_new_value)
{
    AUTO_HASH_INDEX struct hash_index index = {0};
    int first, second;
    hash_index_put(&index, STR("a"), &first);
    hash_index_put(&index, STR(""), &first);
    hash_index_put(&index, STR("a"), &second);
    ck_assert_uint_eq(index.count, 2);
    ck_assert_ptr_eq(hash_index_find(&index, STR("a")), &second);
    ck_assert_ptr_eq(hash_index_find(&index, STR_NONE), &first);
}
END_TEST

SUITE("port/hash_index", finds_what_was_put, a_name_that_is_there_gets_the_new_value)

#include "worker/records/own_ids.h"

#include "core/scan.h"
#include "tests/support/suite.h"
#include "worker/records/fields.h"

static struct arena *arena;

static struct own_ids ids_of(const char *const *records)
{
    struct own_ids ids = {.arena = arena};
    for (size_t i = 0; records[i]; i++) {
        struct str text = str_from(records[i]);
        struct scan scan = {.start = text.ptr, .at = text.ptr, .end = text.ptr + text.len};
        struct fields fields = {.arena = arena};
        struct record record;
        ck_assert(record_read(&scan, &fields, 0, &record));
        own_ids_take(&ids, &record);
    }
    return ids;
}
#define IDS(...) ids_of((const char *const[]){__VA_ARGS__, NULL})

static uint64_t hash_of(struct own_ids ids)
{
    return own_ids_hash(&ids);
}

START_TEST(other_fields_do_not_count)
{
    arena = arena_new();
    uint64_t one = hash_of(IDS("{\"id\": 1, \"seen\": 5}", "{\"id\": 2, \"seen\": 5}"));
    ck_assert(one);
    ck_assert_uint_eq(one, hash_of(IDS("{\"seen\": 6, \"id\": 1}", "{\"id\": 2}")));
    ck_assert_uint_ne(one, hash_of(IDS("{\"id\": 2}", "{\"id\": 1}")));
    ck_assert_uint_ne(one, hash_of(IDS("{\"id\": 1}")));
    ck_assert_uint_ne(one, hash_of(IDS("{\"uuid\": 1}", "{\"uuid\": 2}")));
    arena_free(arena);
}
END_TEST

START_TEST(every_record_has_an_id_of_its_own)
{
    arena = arena_new();
    ck_assert_uint_eq(hash_of(IDS(NULL)), 0);
    ck_assert_uint_eq(hash_of(IDS("{\"id\": 1}", "{\"n\": 2}")), 0);
    ck_assert_uint_eq(hash_of(IDS("{\"n\": 1}", "{\"id\": 2}")), 0);
    ck_assert_uint_eq(hash_of(IDS("{\"id\": 1}", "{\"id\": null}")), 0);
    ck_assert_uint_eq(hash_of(IDS("{\"customer_id\": 1}", "{\"customer_id\": 2}")), 0);
    ck_assert_uint_eq(hash_of(IDS("5", "6")), 0);
    arena_free(arena);
}
END_TEST

START_TEST(the_best_name_counts)
{
    arena = arena_new();
    ck_assert_uint_eq(hash_of(IDS("{\"key\": 5, \"id\": 1}")), hash_of(IDS("{\"id\": 1}")));
    ck_assert_int_gt(own_ids_rank(STR("ID")), 0);
    ck_assert_int_eq(own_ids_rank(STR("order_id")), 0);
    arena_free(arena);
}
END_TEST

static bool tell(struct own_ids ids)
{
    return own_ids_tell(&ids);
}

START_TEST(ids_that_are_shared_tell_nothing)
{
    arena = arena_new();
    ck_assert(tell(IDS("{\"id\": 7}")));
    ck_assert(tell(IDS("{\"id\": 7}", "{\"id\": 8}", "{\"id\": 7}")));
    ck_assert(!tell(IDS("{\"id\": 7}", "{\"id\": 7}")));
    ck_assert(!tell(IDS("{\"id\": 7}", "{\"id\": 8}", "{\"id\": 7}", "{\"id\": 8}")));
    ck_assert(!tell(IDS(NULL)));
    arena_free(arena);
}
END_TEST

SUITE("worker/records/own_ids", other_fields_do_not_count, every_record_has_an_id_of_its_own,
      the_best_name_counts, ids_that_are_shared_tell_nothing)

#include "worker/discover/key_candidate.h"

#include "core/scan.h"
#include "tests/support/suite.h"
#include "worker/records/fields.h"

static struct arena *arena;

static void take(struct key_candidates *candidates, const char *json)
{
    struct str text = str_from(json);
    struct scan scan = {.start = text.ptr, .at = text.ptr, .end = text.ptr + text.len};
    struct fields fields = {.arena = arena};
    struct record record;
    ck_assert(record_read(&scan, &fields, 0, &record));
    key_candidates_take(candidates, &record);
}

static struct str best_of(const char *const *records)
{
    struct key_candidates candidates = {.arena = arena};
    for (size_t i = 0; records[i]; i++)
        take(&candidates, records[i]);
    key_candidates_page_end(&candidates);
    return key_candidates_best(&candidates);
}
#define BEST(...) best_of((const char *const[]){__VA_ARGS__, NULL})

START_TEST(a_unique_field_with_the_name_of_an_id_is_one)
{
    arena = arena_new();
    ck_assert_str_is(
        BEST("{\"name\":1,\"order_id\":7,\"id\":1}", "{\"name\":2,\"order_id\":8,\"id\":2}"),
        "id");
    ck_assert_str_is(BEST("{\"orderId\":\"a\",\"id\":1}", "{\"orderId\":\"b\",\"id\":1}"),
                     "orderId");
    ck_assert_uint_eq(BEST("{\"id\":1}", "{\"id\":1}").len, 0);
    ck_assert_uint_eq(BEST("{\"id\":1}", "{\"id\":null}").len, 0);
    ck_assert_uint_eq(BEST("{\"id\":1}", "{\"name\":2}").len, 0);
    ck_assert_uint_eq(BEST("{\"name\":1}", "{\"name\":2}").len, 0);
    ck_assert_uint_eq(BEST("{\"id\":1}").len, 0);
    arena_free(arena);
}
END_TEST

/* The columns of a new field are made, and the page is cut again. */
START_TEST(a_page_that_is_read_again_counts_once)
{
    arena = arena_new();
    struct key_candidates candidates = {.arena = arena};
    take(&candidates, "{\"id\":1}");
    key_candidates_page_end(&candidates);
    take(&candidates, "{\"id\":2}");
    key_candidates_restart(&candidates);
    take(&candidates, "{\"id\":2}");
    take(&candidates, "{\"id\":3}");
    key_candidates_page_end(&candidates);
    ck_assert_str_is(key_candidates_best(&candidates), "id");
    arena_free(arena);
}
END_TEST

SUITE("worker/discover/key_candidate", a_unique_field_with_the_name_of_an_id_is_one,
      a_page_that_is_read_again_counts_once)

#include "worker/paging/guard.h"

#include "tests/support/suite.h"

START_TEST(knows_requests)
{
    struct guard guard;
    guard_init(&guard);
    ck_assert(!guard_knows_request(&guard, 7));
    for (uint64_t i = 0; i < 10000; i++)
        guard_add(&guard, i * 16, i, 2);
    for (uint64_t i = 0; i < 10000; i++) {
        ck_assert(guard_knows_request(&guard, i * 16));
        ck_assert(!guard_knows_request(&guard, i * 16 + 3));
        ck_assert(guard_knows_records(&guard, i, 2));
    }
    ck_assert(!guard_knows_records(&guard, 10000, 2));
    guard_done(&guard);
}
END_TEST

START_TEST(pages_of_the_same_ids_are_counted_in_a_row)
{
    struct guard guard;
    guard_init(&guard);
    ck_assert(!guard_knows_own(&guard, 7));
    guard_add_own(&guard, 7, false, 2);
    ck_assert(guard_knows_own(&guard, 7));
    for (int i = 1; i < 10; i++) {
        guard_add_own(&guard, 7, true, 2);
        guard_add_own(&guard, 7, false, 2); /* its records share ids */
        guard_add_own(&guard, 0, false, 0); /* a page without ids */
        ck_assert_int_eq(guard.own_row, i);
    }
    guard_add_own(&guard, 8, false, 2);
    ck_assert_int_eq(guard.own_row, 0);
    ck_assert_int_eq(guard.own_pages, 9);
    guard_add_own(&guard, 8, true, 1);
    ck_assert_int_eq(guard.own_row, 1);
    ck_assert_int_eq(guard.own_pages, 9);
    ck_assert(!guard_knows_own(&guard, 0));
    guard_done(&guard);
}
END_TEST

START_TEST(pages_without_records_never_count)
{
    struct guard guard;
    guard_init(&guard);
    for (uint64_t i = 1; i < 5; i++) {
        ck_assert(!guard_knows_records(&guard, 0, 0));
        guard_add(&guard, i, 0, 0);
    }
    guard_done(&guard);
}
END_TEST

START_TEST(one_record_counts_the_third_time_in_a_row)
{
    struct guard guard;
    guard_init(&guard);
    guard_add(&guard, 1, 50, 1);
    ck_assert(!guard_knows_records(&guard, 50, 1));
    guard_add(&guard, 2, 50, 1);
    ck_assert(guard_knows_records(&guard, 50, 1));
    ck_assert(!guard_knows_records(&guard, 51, 1));
    guard_add(&guard, 3, 51, 1);
    guard_add(&guard, 4, 50, 1);
    ck_assert(!guard_knows_records(&guard, 50, 1));
    guard_done(&guard);
}
END_TEST

START_TEST(one_record_is_the_last_again_at_once)
{
    struct guard guard;
    guard_init(&guard);
    ck_assert(!guard_is_last(&guard, 50, 1));
    guard_add(&guard, 1, 50, 1);
    ck_assert(guard_is_last(&guard, 50, 1));
    ck_assert(!guard_is_last(&guard, 51, 1));
    ck_assert(!guard_is_last(&guard, 50, 2));
    guard_add(&guard, 2, 60, 2);
    ck_assert(!guard_is_last(&guard, 50, 1));
    guard_done(&guard);
}
END_TEST

START_TEST(counting_leaves_the_page_to_compare_with)
{
    const uint64_t first[] = {1, 2, 3}, second[] = {3, 4};
    struct guard guard;
    guard_init(&guard);
    ck_assert_int_eq(guard_overlap(&guard, first, 3), 0);
    ck_assert_int_eq(guard_count_overlap(&guard, second, 2), 1);
    ck_assert_int_eq(guard_count_overlap(&guard, first, 3), 3);
    guard_done(&guard);
}
END_TEST

START_TEST(a_restored_guard_knows_the_same)
{
    const int64_t requests[] = {1, -2, 3, 4}, records[] = {10, 0, 12, 12};
    struct guard guard;
    guard_init(&guard);
    guard_restore(&guard, requests, records, COUNT_OF(requests));
    ck_assert(guard_knows_request(&guard, (uint64_t)-2));
    ck_assert(guard_knows_records(&guard, 10, 5));
    ck_assert(!guard_knows_records(&guard, 10, 1));
    ck_assert(guard_knows_records(&guard, 12, 1));
    ck_assert(!guard_knows_request(&guard, 5));
    guard_done(&guard);
}
END_TEST

#define OVERLAP(...)                                                                           \
    guard_overlap(&guard, (const uint64_t[]){__VA_ARGS__},                                     \
                  sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

START_TEST(records_of_neighbouring_pages_are_counted)
{
    struct guard guard;
    guard_init(&guard);
    ck_assert_int_eq(OVERLAP(9, 2, 3, 0), 0);
    ck_assert_int_eq(OVERLAP(3, 0, 4), 2);
    ck_assert_int_eq(OVERLAP(9, 2, 5), 0);
    ck_assert_int_eq(OVERLAP(5), 1);
    ck_assert_int_eq(OVERLAP(5), 0); /* {"status": "pending"}, {"status": "pending"} */
    ck_assert_int_eq(OVERLAP(7, 7, 8), 0);
    ck_assert_int_eq(OVERLAP(7, 8), 0); /* nothing told them apart on the page before */
    ck_assert_int_eq(guard_overlap(&guard, NULL, 0), 0);
    ck_assert_int_eq(OVERLAP(7, 8), 0);
    guard_done(&guard);
}
END_TEST

START_TEST(a_big_page_is_compared_whole)
{
    static uint64_t ids[100000];
    struct guard guard;
    guard_init(&guard);
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        ids[i] = i * 64;
    ck_assert_int_eq(guard_overlap(&guard, ids, COUNT_OF(ids)), 0);
    ck_assert_int_eq(guard_overlap(&guard, ids, COUNT_OF(ids)), COUNT_OF(ids));
    guard_done(&guard);
}
END_TEST

SUITE("worker/paging/guard", knows_requests, pages_of_the_same_ids_are_counted_in_a_row,
      pages_without_records_never_count, one_record_counts_the_third_time_in_a_row,
      one_record_is_the_last_again_at_once, counting_leaves_the_page_to_compare_with,
      a_restored_guard_knows_the_same, records_of_neighbouring_pages_are_counted,
      a_big_page_is_compared_whole)

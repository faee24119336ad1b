#include "worker/paging/ranges.h"

#include "core/value.h"
#include "worker/paging/checkpoint.h"

#include "tests/support/suite.h"

static struct arena *arena;
static struct err err = ERR_INIT;

static void set_up(void)
{
    arena = arena_new();
}

static void tear_down(void)
{
    arena_free(arena);
}

/* The state before the first page, and the one behind it, which had so many records. */
static struct pager behind_first(const struct pagination *how, int64_t records, int64_t total,
                                 struct pager *ret_first)
{
    pager_start(ret_first, how);
    struct pager next = *ret_first;
    next.page = 1;
    next.records = records;
    next.total = total;
    next.number += how->type == PAGINATE_PAGE ? 1 : how->steps_by_size ? how->size : records;
    return next;
}

static struct value list_of(struct str text)
{
    struct value list;
    ck_assert_ok(value_parse(arena, text, VALUE_WHOLE, &list, &err), err);
    ck_assert_int_eq(list.kind, VALUE_LIST);
    return list;
}

/* "2-8 8-14", and whether each state stands where its range begins. */
static const char *share(const struct pagination *how, int64_t records, int64_t total,
                         int pages_total)
{
    AUTO_BUF(shown, KIB(4));
    struct pager first, next = behind_first(how, records, total, &first), range;
    const struct pager_decision decision = {.outcome = PAGER_MORE, .pages_total = pages_total};
    int kept = 0;
    struct str text = ranges_share(&first, &next, &decision, NULL, arena, &kept);
    ck_assert_int_eq(next.is_split, text.len > 0);
    if (!text.len)
        return "";
    struct value list = list_of(text);
    for (size_t i = 0; i < list.list->count; i++) {
        struct value item = list.list->items[i];
        AUTO_BUF(checkpoint, KIB(64));
        value_format(&checkpoint, value_get(item, STR("checkpoint")));
        const struct checkpoint_from from = {arena, arena, how, NULL};
        ck_assert_ok(checkpoint_read(&from, buf_str(&checkpoint), &range, &err), err);
        struct str begin = value_get(item, STR("from")).text,
                   end = value_get(item, STR("to")).text;
        int64_t number;
        ck_assert(str_to_int64(begin, &number) && number == range.number);
        ck_assert(str_to_int64(end, &number) && number == range.until);
        ck_assert(!range.is_split && !range.is_done);
        buf_printf(&shown, "%s%.*s-%.*s@%d/%lld", i ? " " : "", STR_ARG(begin), STR_ARG(end),
                   range.page, (long long)range.records);
    }
    buf_printf(&shown, " kept %d", kept);
    return arena_cstr(arena, buf_str(&shown));
}

START_TEST(all_pages_but_the_first_and_the_last_are_shared)
{
    const struct locator there = {.kind = LOCATOR_BODY};
    struct pagination how = {.type = PAGINATE_PAGE,
                             .start = 1,
                             .jobs = 3,
                             .total_pages = there,
                             .maximum = -1,
                             .max_iterations = -1};
    set_up();
    ck_assert_str_eq(share(&how, 10, 20, 20), "2-8@1/10 8-14@7/70 14-20@13/130 kept 2");
    how.start = 0;
    ck_assert_str_eq(share(&how, 10, 8, 8), "1-3@1/10 3-5@3/30 5-7@5/50 kept 2");
    tear_down();
}
END_TEST

START_TEST(a_range_has_two_pages_at_least)
{
    const struct locator there = {.kind = LOCATOR_BODY};
    struct pagination how = {.type = PAGINATE_PAGE,
                             .start = 1,
                             .jobs = 64,
                             .total_pages = there,
                             .maximum = -1,
                             .max_iterations = -1};
    set_up();
    ck_assert_str_eq(share(&how, 10, 5, 5), "");
    ck_assert_str_eq(share(&how, 10, 7, 7), "2-4@1/10 4-7@3/30 kept 2");
    tear_down();
}
END_TEST

START_TEST(offsets_are_as_far_apart_as_the_first_page_was_long)
{
    const struct locator there = {.kind = LOCATOR_BODY};
    struct pagination how = {.type = PAGINATE_OFFSET,
                             .size = 100,
                             .jobs = 2,
                             .total = there,
                             .maximum = -1,
                             .max_iterations = -1};
    set_up();
    ck_assert_str_eq(share(&how, 50, 500, 5), "50-250@1/50 250-450@5/250 kept 2");
    how.steps_by_size = true;
    ck_assert_str_eq(share(&how, 50, 500, 5), ""); /* five pages */
    ck_assert_str_eq(share(&how, 100, 1000, 10), "100-500@1/100 500-900@5/500 kept 2");
    how.start = 200; /* what is left out counts */
    ck_assert_str_eq(share(&how, 100, 1000, 10), "300-600@1/100 600-900@4/400 kept 2");
    tear_down();
}
END_TEST

START_TEST(limits_leave_pages_out)
{
    const struct locator there = {.kind = LOCATOR_BODY};
    struct pagination how = {.type = PAGINATE_PAGE,
                             .start = 1,
                             .jobs = 2,
                             .total_pages = there,
                             .maximum = -1,
                             .max_iterations = 8};
    set_up();
    ck_assert_str_eq(share(&how, 10, 20, 20), "2-5@1/10 5-8@4/40 kept 2");
    how.max_iterations = -1;
    how.maximum = 9; /* the first one that is not asked for */
    ck_assert_str_eq(share(&how, 10, 20, 20), "2-5@1/10 5-8@4/40 kept 2");
    tear_down();
}
END_TEST

START_TEST(counts_beyond_all_bounds_are_not_shared)
{
    const struct locator there = {.kind = LOCATOR_BODY};
    struct pagination how = {.type = PAGINATE_OFFSET,
                             .size = 1,
                             .jobs = 2,
                             .total = there,
                             .maximum = -1,
                             .max_iterations = -1};
    set_up();
    ck_assert_str_eq(share(&how, 1, INT64_MAX, INT32_MAX), "");
    how.size = INT64_MAX / 4;
    how.steps_by_size = true;
    how.total_pages = there;
    ck_assert_str_eq(share(&how, 1, -1, 1000), "");
    ck_assert_str_eq(share(&how, 0, 1000, 0), "");
    tear_down();
}
END_TEST

START_TEST(a_range_ends_at_its_border)
{
    const struct pagination how = {.type = PAGINATE_OFFSET};
    set_up();
    struct pager pager;
    struct pager_decision decision = {.outcome = PAGER_MORE};
    pager_start(&pager, &how);
    pager.until = 300;
    pager.number = 200;
    ranges_end_at_border(&pager, &decision);
    ck_assert_int_eq(decision.outcome, PAGER_MORE);
    ck_assert_int_eq(ranges_records_left(&pager), 100);
    pager.number = 300;
    ranges_end_at_border(&pager, &decision);
    ck_assert_int_eq(decision.outcome, PAGER_BORDER);
    ck_assert(pager.is_done);
    ck_assert(!ranges_leaves(&pager, &decision));
    decision.outcome = PAGER_END;
    ck_assert(ranges_leaves(&pager, &decision));
    decision.outcome = PAGER_TRUNCATED;
    ck_assert(ranges_leaves(&pager, &decision));
    pager.until = 0;
    ck_assert(!ranges_leaves(&pager, &decision));
    ck_assert_int_eq(ranges_records_left(&pager), -1);
    tear_down();
}
END_TEST

SUITE("worker/ranges", all_pages_but_the_first_and_the_last_are_shared,
      a_range_has_two_pages_at_least, offsets_are_as_far_apart_as_the_first_page_was_long,
      limits_leave_pages_out, counts_beyond_all_bounds_are_not_shared,
      a_range_ends_at_its_border)

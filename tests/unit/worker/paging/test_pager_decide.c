#include "worker/paging/pager_decide.h"

#include "tests/support/suite.h"

/* The paging itself is tested by tests/tables/flows/; here is what a flow cannot pin down. */
static struct err err = ERR_INIT;

static bool finds_nothing(void *ctx, struct str name, struct arena *arena, struct value *ret)
{
    (void)ctx;
    (void)name;
    (void)arena;
    (void)ret;
    return false;
}

static struct stream stream;
static struct http_header total; /* of each answer, where it has a name */

/* A page of `seen` records, read by a stream of that pagination. */
static struct pager_decision page_of(struct arena *arena, struct pager *pager, int64_t seen)
{
    static const struct expr_scope scope = {.find = finds_nothing};
    const struct pager_facts facts = {.url = STR("https://h/x"),
                                      .home_url = STR("https://h/x"),
                                      .headers = &total,
                                      .header_count = total.name.len > 0,
                                      .seen = seen,
                                      .taken = seen,
                                      .stream = &stream,
                                      .scope = &scope};
    struct pager next;
    struct pager_decision decision = pager_decide(pager, &facts, arena, &next, &err);
    if (decision.outcome != PAGER_FAILED)
        *pager = next;
    return decision;
}

START_TEST(offsets_grow_by_what_came)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct pagination def = {.type = PAGINATE_OFFSET,
                             .size = 10,
                             .stops_on_empty = true,
                             .maximum = -1,
                             .max_iterations = -1,
                             .max_records = -1,
                             .max_time_ms = -1};
    struct pager pager;
    pager_start(&pager, &def);
    ck_assert_int_eq(page_of(arena, &pager, 7).outcome, PAGER_MORE);
    ck_assert_int_eq(pager.number, 7);
    def.steps_by_size = true;
    ck_assert_int_eq(page_of(arena, &pager, 7).outcome, PAGER_MORE);
    ck_assert_int_eq(pager.number, 17);
    ck_assert_int_eq(pager.records, 14);
    ck_assert_int_eq(page_of(arena, &pager, 0).outcome, PAGER_END);
    ck_assert(pager.is_done);
}
END_TEST

START_TEST(limits_are_told_apart_from_ends)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct pagination def = {.type = PAGINATE_PAGE,
                             .start = 1,
                             .stops_on_empty = true,
                             .maximum = -1,
                             .max_iterations = 1,
                             .max_records = -1,
                             .max_time_ms = -1};
    struct pager pager;
    pager_start(&pager, &def);
    struct pager_decision decision = page_of(arena, &pager, 5);
    ck_assert_int_eq(decision.outcome, PAGER_TRUNCATED);
    ck_assert_int_eq(decision.reason, REASON_LIMIT);
    pager_start(&pager, &def);
    ck_assert_int_eq(page_of(arena, &pager, 0).outcome, PAGER_END);
}
END_TEST

START_TEST(a_page_that_cannot_be_decided_changes_nothing)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct pagination def = {.type = PAGINATE_PAGE,
                             .start = 1,
                             .stops_on_empty = false,
                             .maximum = -1,
                             .max_iterations = -1,
                             .max_records = -1,
                             .max_time_ms = -1};
    ck_assert_ok(locator_compile(arena, STR("header:x-total"), &def.total, &err), err);
    struct pager pager, before;
    pager_start(&pager, &def);
    before = pager;
    ck_assert_int_eq(page_of(arena, &pager, 5).outcome, PAGER_FAILED);
    ck_assert_int_eq(pager.page, before.page);
    ck_assert_int_eq(pager.number, before.number);
}
END_TEST

static bool find_response(void *ctx, struct str name, struct arena *of, struct value *ret)
{
    struct err ignored = ERR_INIT;
    (void)ctx;
    return str_is(name, "response") &&
           value_parse(of, STR("{\"total\": 9223372036854775807}"), VALUE_WHOLE, ret, &ignored);
}

/* The largest numbers that an answer, a definition and a checkpoint can have. */
/* Pages of 20 until something else than MORE is decided, or 300 are read. */
static struct pager_decision read_on(struct arena *arena, struct pager *pager, const char *said)
{
    static const struct pagination def = {.type = PAGINATE_PAGE,
                                          .start = 1,
                                          .stops_on_empty = true,
                                          .maximum = -1,
                                          .max_iterations = -1,
                                          .max_records = -1,
                                          .max_time_ms = -1};
    struct pager_decision decision = {.outcome = PAGER_MORE};
    total = (struct http_header){STR("x-total-count"), str_from(said)};
    pager_start(pager, &def);
    while (decision.outcome == PAGER_MORE && pager->page < 300)
        decision = page_of(arena, pager, 20);
    total = (struct http_header){0};
    return decision;
}

START_TEST(more_than_twice_a_total_that_stands_is_no_list)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct pager pager;
    struct pager_decision decision = read_on(arena, &pager, "235");
    ck_assert_int_eq(pager.page, 200);
    ck_assert_int_eq(decision.outcome, PAGER_TRUNCATED);
    ck_assert_int_eq(decision.reason, REASON_INCONSISTENT_END);
    ck_assert_int_eq(decision.complete, COMPLETE_CONTRADICTED);
    ck_assert_str_is(decision.why, "x-total-count is 235 on the first page and on this, but "
                                   "4000 were read: did some come twice?");
    ck_assert_int_eq(read_on(arena, &pager, "2500").outcome, PAGER_TRUNCATED);
    ck_assert_int_eq(pager.page, 251);
}
END_TEST

START_TEST(what_is_no_total_or_may_come_twice_goes_on)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct pager pager;
    ck_assert_int_eq(read_on(arena, &pager, "20").outcome, PAGER_MORE); /* of each answer */
    ck_assert_int_eq(read_on(arena, &pager, "3000").outcome, PAGER_MORE);
    struct pagination def = {.type = PAGINATE_PAGE,
                             .maximum = -1,
                             .max_iterations = -1,
                             .max_records = -1,
                             .max_time_ms = -1,
                             .allows_repeats = true};
    pager_start(&pager, &def);
    total = (struct http_header){STR("x-total-count"), STR("30")};
    for (int i = 0; i < 300; i++)
        ck_assert_int_eq(page_of(arena, &pager, 20).outcome, PAGER_MORE);
    stream.table.key_count = 1; /* keys tell better */
    ck_assert_int_eq(read_on(arena, &pager, "235").outcome, PAGER_MORE);
    stream = (struct stream){0};
}
END_TEST

START_TEST(the_largest_numbers_do_not_wrap)
{
    AUTO_ARENA struct arena *arena = arena_new();
    static const struct expr_scope scope = {.find = find_response};
    const struct pager_facts facts = {.url = STR("https://h/x"),
                                      .home_url = STR("https://h/x"),
                                      .seen = 10,
                                      .taken = 10,
                                      .stream = &stream,
                                      .scope = &scope};
    struct pagination def = {.type = PAGINATE_OFFSET,
                             .size = 10,
                             .stops_on_empty = true,
                             .maximum = -1,
                             .max_iterations = -1,
                             .max_records = -1,
                             .max_time_ms = -1};
    struct pager pager, next;
    ck_assert_ok(locator_compile(arena, STR("total"), &def.total, &err), err);
    pager_start(&pager, &def);
    struct pager_decision decision = pager_decide(&pager, &facts, arena, &next, &err);
    ck_assert_int_eq(decision.outcome, PAGER_MORE);
    ck_assert_int_eq(decision.pages_total, INT32_MAX);
    ck_assert_int_eq(next.number, 10);
    pager.page = 1;
    pager.number = pager.records = INT64_MAX - 1;
    decision = pager_decide(&pager, &facts, arena, &next, &err);
    ck_assert_int_eq(decision.outcome, PAGER_END);
    ck_assert_int_eq(next.number, INT64_MAX);
    ck_assert_int_eq(next.records, INT64_MAX);
}
END_TEST

SUITE("worker/paging/pager_decide", more_than_twice_a_total_that_stands_is_no_list,
      what_is_no_total_or_may_come_twice_goes_on, the_largest_numbers_do_not_wrap,
      offsets_grow_by_what_came, limits_are_told_apart_from_ends,
      a_page_that_cannot_be_decided_changes_nothing)

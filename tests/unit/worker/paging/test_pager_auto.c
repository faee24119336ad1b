#include "worker/paging/pager_auto.h"

#include "tests/support/exchange_fixture.h"
#include "tests/support/expr_table.h"
#include "tests/support/suite.h"

struct recognition {
    struct pager now;
    struct pager_step step;
};

static const struct pagination declared = {.type = PAGINATE_AUTO};
static const struct http_header link_next = {STR_INIT("link"), STR_INIT("</p2>; rel=next")};

/* What the first answer of a stream is taken for. A header with an empty name: none. */
static struct recognition recognise(struct arena *arena, const struct stream *stream,
                                    struct http_header header, const char *body)
{
    static struct expr_scope scope;
    static struct value context;
    static struct pager_facts facts;
    context = exchange_fixture_value(arena, arena_printf(arena, "{\"response\":%s}", body).ptr);
    scope = expr_table_scope(&context);
    facts = (struct pager_facts){.headers = &header,
                                 .header_count = header.name.len > 0,
                                 .stream = stream,
                                 .scope = &scope,
                                 .leg_arena = arena};
    struct recognition got = {.step = {.facts = &facts, .arena = arena}};
    pager_start(&got.now, &declared);
    pager_auto_recognise(&got.step, &got.now);
    return got;
}

static const struct {
    const char *body, *words;
    enum pagination_type type;
    int64_t first;
} table[] = {
    {"{\"next\":\"/p2\"}", "next_url next -", PAGINATE_NEXT_URL, 0},
    {"{\"@odata.nextLink\":\"https://h/x\"}", "next_url ['@odata.nextLink'] -",
     PAGINATE_NEXT_URL, 0},
    {"{\"meta\":{\"next_cursor\":\"c\"}}", "cursor meta.next_cursor cursor", PAGINATE_CURSOR,
     0},
    {"{\"meta\":{\"page\":1,\"last_page\":7}}", "page meta.last_page page", PAGINATE_PAGE, 1},
    {"{\"page\":5,\"has_more\":true}", "page_flag has_more page", PAGINATE_PAGE, 1},
    {"{\"page\":1,\"total\":9}", "page_total total page", PAGINATE_PAGE, 1},
    {"{\"offset\":0,\"total\":9}", "offset total offset", PAGINATE_OFFSET, 0},
    {"{\"offset\":0,\"more\":false}", "offset_flag more offset", PAGINATE_OFFSET, 0},
    {"{\"next_cursor\":\"c\",\"next\":\"/p2\"}", "next_url next -", PAGINATE_NEXT_URL, 0},
    /* of several the first kind counts, in whatever container */
    {"{\"page\":1,\"pages\":2,\"paging\":{\"next\":\"?page=2\"}}", "next_url paging.next -",
     PAGINATE_NEXT_URL, 0},
    {"{\"next\":true,\"next_cursor\":7}", "cursor next_cursor cursor", PAGINATE_CURSOR, 0},
};

START_TEST(bodies_are_recognised)
{
    static const struct stream stream;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct recognition got =
            recognise(arena, &stream, (struct http_header){0}, table[i].body);
        ck_assert_msg(str_is(got.now.recognised, table[i].words), "%s: %.*s", table[i].body,
                      STR_ARG(got.now.recognised));
        ck_assert(str_is(got.step.decision.recognised, table[i].words));
        ck_assert_int_eq(got.now.type, table[i].type);
        ck_assert_int_eq(got.now.in_force->type, table[i].type);
        ck_assert_int_eq(got.now.number, table[i].first);
        ck_assert(!got.step.signs.has_end);
    }
}
END_TEST

static void check_one_page(const struct recognition *got, const char *why)
{
    ck_assert_int_eq(got->now.type, PAGINATE_NONE);
    ck_assert_ptr_eq(got->now.in_force, &declared);
    ck_assert_uint_eq(got->now.recognised.len, 0);
    ck_assert(got->step.signs.has_end);
    ck_assert_str_is(got->step.decision.recognised, why);
}

START_TEST(in_doubt_it_is_one_page)
{
    static const struct stream stream;
    static const char *const bodies[] = {"[]",
                                         "{}",
                                         "{\"page\":1}",
                                         "{\"offset\":0}",
                                         "{\"next\":[1]}",
                                         "{\"total\":9}",
                                         "{\"page\":\"Pg%3D\",\"total\":9}"};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct recognition got = recognise(arena, &stream, (struct http_header){0}, bodies[i]);
        check_one_page(&got, "one page: nothing in the answer tells of more");
    }
}
END_TEST

START_TEST(a_stream_that_sets_a_page_itself_is_one_page)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct stream *stream =
        exchange_fixture_stream(arena, "", "path: /x, params: {page: 3}");
    struct recognition got = recognise(arena, stream, link_next, "{}");
    check_one_page(&got, "one page: the stream itself sets a page parameter");
}
END_TEST

START_TEST(headers_are_recognised)
{
    AUTO_ARENA struct arena *arena = arena_new();
    static const struct stream stream;
    const struct http_header pages = {STR("x-total-pages"), STR("4")};
    const struct http_header json = {STR("x-pagination"), STR("{\"total_pages\":4}")};
    const struct http_header bad = {STR("x-total-pages"), STR("many")};
    struct recognition got = recognise(arena, &stream, link_next, "{\"next\":\"/p2\"}");
    ck_assert_str_is(got.now.recognised, "link_header");
    got = recognise(arena, &stream, pages, "{\"next_cursor\":\"c\"}");
    ck_assert_str_is(got.now.recognised, "page header:x-total-pages page");
    ck_assert_int_eq(got.now.in_force->total_pages.kind, LOCATOR_HEADER);
    got = recognise(arena, &stream, json, "{}");
    ck_assert_str_is(got.now.recognised, "page x-pagination:total_pages page");
    got = recognise(arena, &stream, bad, "{\"next_cursor\":\"c\"}");
    ck_assert_str_is(got.now.recognised, "cursor next_cursor cursor");
    ck_assert(str_find(got.step.decision.warning, STR("\"many\"")) >= 0);
}
END_TEST

SUITE("worker/paging/pager_auto", bodies_are_recognised, in_doubt_it_is_one_page,
      a_stream_that_sets_a_page_itself_is_one_page, headers_are_recognised)

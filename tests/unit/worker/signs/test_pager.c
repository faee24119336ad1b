#include "worker/signs/pager.h"

#include "tests/support/exchange_fixture.h"
#include "tests/support/suite.h"

static struct value members(struct arena *arena, int count)
{
    AUTO_BUF(buf, KIB(16));
    for (int i = 0; i < count; i++)
        buf_printf(&buf, "%s\"m%d\":%d", i ? "," : "{", i, i);
    buf_puts(&buf, "}");
    return exchange_fixture_value(arena, buf.ptr);
}

START_TEST(a_number_is_sent_with_its_size)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct pagination def = {.type = PAGINATE_PAGE,
                                   .start = 3,
                                   .size = 50,
                                   .has_size_param = true,
                                   .param = {.name = STR("p")},
                                   .size_param = {.name = STR("n")}};
    struct pager pager;
    struct pager_params params;
    pager_start(&pager, &def);
    pager_params(&pager, arena, &params);
    ck_assert_uint_eq(params.count, 1); /* sends_first is not set */
    ck_assert_str_is(params.items[0].value.text, "50");
    pager.page = 1;
    pager_params(&pager, arena, &params);
    ck_assert_uint_eq(params.count, 2);
    ck_assert_str_is(params.items[0].place->name, "p");
    ck_assert_str_is(params.items[0].value.text, "3");
}
END_TEST

START_TEST(a_cursor_is_sent_once_there_is_one)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct pagination def = {.type = PAGINATE_CURSOR, .param = {.name = STR("after")}};
    struct pager pager;
    struct pager_params params;
    pager_start(&pager, &def);
    pager_params(&pager, arena, &params);
    ck_assert_uint_eq(params.count, 0);
    pager.cursor = value_string(STR("c1"));
    pager_params(&pager, arena, &params);
    ck_assert_uint_eq(params.count, 1);
    ck_assert_str_is(params.items[0].value.text, "c1");
}
END_TEST

/* As many parameters as pager_response takes, and as many headers. */
START_TEST(no_member_of_next_page_is_lost)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct pagination def = {.type = PAGINATE_RESPONSE_BASED};
    struct pager pager;
    struct pager_params params;
    pager_start(&pager, &def);
    pager.params = pager.headers = members(arena, PAGER_MEMBERS_MAX);
    pager_params(&pager, arena, &params);
    ck_assert_uint_eq(params.count, 2 * PAGER_MEMBERS_MAX);
    ck_assert_int_eq(params.items[params.count - 1].place->place, PLACE_HEADER);
    ck_assert_str_is(params.items[params.count - 1].place->name, "m63");
}
END_TEST

START_TEST(expressions_see_where_the_pager_is)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct pagination def = {.type = PAGINATE_OFFSET, .size = 10};
    struct pager pager;
    pager_start(&pager, &def);
    pager.page = 2;
    pager.number = 17;
    ck_assert_str_is(exchange_fixture_json(arena, pager_value(&pager, arena)),
                     "{\"page\":3,\"offset\":17,\"size\":10,\"cursor\":null}");
    pager.type = PAGINATE_PAGE;
    pager.records = 20;
    ck_assert_str_is(exchange_fixture_json(arena, pager_value(&pager, arena)),
                     "{\"page\":17,\"offset\":20,\"size\":10,\"cursor\":null}");
}
END_TEST

SUITE("worker/signs/pager", a_number_is_sent_with_its_size, a_cursor_is_sent_once_there_is_one,
      no_member_of_next_page_is_lost, expressions_see_where_the_pager_is)

#include "worker/paging/link.h"

#include "tests/support/lines.h"
#include "tests/support/suite.h"

START_TEST(follows_the_table)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct line_cases all = lines_read(arena, "tests/tables/links.txt");
    for (size_t i = 0; i < all.count; i++) {
        const struct line_case *one = &all.items[i];
        struct str got = link_find(one->input, STR("next"));
        bool none = str_is(one->expected, "-");
        ck_assert_msg(none ? !got.ptr : got.ptr && str_eq(got, one->expected), "%s:%d: '%.*s'",
                      one->path, one->number, STR_ARG(got));
    }
}
END_TEST

START_TEST(reads_every_link_field)
{
    const struct http_header headers[] = {
        {STR("link"), STR("<u1>; rel=prev")},
        {STR("x-link"), STR("<u0>; rel=next")},
        {STR("link"), STR("<u2>; rel=next")},
        {STR("link"), STR("<u3>; rel=next")},
    };
    ck_assert_str_is(link_find_in_answer(headers, COUNT_OF(headers), STR("next")), "u2");
    ck_assert_str_is(link_find_in_answer(headers, COUNT_OF(headers), STR("prev")), "u1");
    ck_assert_ptr_null(link_find_in_answer(headers, 2, STR("next")).ptr);
    ck_assert_ptr_null(link_find_in_answer(headers, 0, STR("next")).ptr);
}
END_TEST

/* No quadratic walk over what the far side writes; the suite's time limit is the proof. */
START_TEST(takes_long_headers)
{
    AUTO_ARENA struct arena *arena = arena_new();
    size_t len = MIB(4);
    char *text = arena_alloc(arena, len);
    static const char *const fillers[] = {" ", ",", "; rel=\"", "<u>;", "<u>;a=b,", "\\\""};
    for (size_t f = 0; f < COUNT_OF(fillers); f++) {
        for (size_t i = 0; i < len; i++)
            text[i] = fillers[f][i % strlen(fillers[f])];
        ck_assert_ptr_null(link_find((struct str){text, len}, STR("next")).ptr);
        memcpy(text, "<u>; rel=\"", 10);
        link_find((struct str){text, len}, STR("next"));
    }
}
END_TEST

SUITE("worker/paging/link", follows_the_table, reads_every_link_field, takes_long_headers)

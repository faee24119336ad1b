#include "worker/signs/link.h"

#include "tests/support/lines.h"
#include "tests/support/suite.h"

static bool is_broken;

static struct str find(struct str field)
{
    const struct link_wanted next = {STR("next"), STR("https://h/r?page=1")};
    is_broken = false;
    return link_find(field, &next, &is_broken);
}

START_TEST(follows_the_table)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct line_cases all = lines_read(arena, "tests/tables/links.txt");
    for (size_t i = 0; i < all.count; i++) {
        const struct line_case *one = &all.items[i];
        struct str got = find(one->input);
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
    const struct link_wanted next = {STR("next"), STR("https://h/r")},
                             prev = {STR("prev"), STR("https://h/r")};
    struct str broken;
    ck_assert_str_is(link_find_in_answer(headers, COUNT_OF(headers), &next, &broken), "u2");
    ck_assert_str_is(link_find_in_answer(headers, COUNT_OF(headers), &prev, &broken), "u1");
    ck_assert_ptr_null(link_find_in_answer(headers, 2, &next, &broken).ptr);
    ck_assert_ptr_null(link_find_in_answer(headers, 0, &next, &broken).ptr);
    ck_assert_ptr_null(broken.ptr);
}
END_TEST

START_TEST(says_what_it_cannot_read)
{
    static const char *const broken[] = {"<u1; rel=next", "garbage <u>; rel=next",
                                         "<u>; rel=\"next", "<u>; rel=next x", "u"};
    static const char *const fine[] = {"", " , ", "<u>; rel=prev", "<u>; rel=next, garbage"};
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        find(str_from(broken[i]));
        ck_assert_msg(is_broken, "%s", broken[i]);
    }
    for (size_t i = 0; i < COUNT_OF(fine); i++) {
        find(str_from(fine[i]));
        ck_assert_msg(!is_broken, "%s", fine[i]);
    }
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
        ck_assert_ptr_null(find((struct str){text, len}).ptr);
        memcpy(text, "<u>; rel=\"", 10);
        find((struct str){text, len});
    }
}
END_TEST

SUITE("worker/signs/link", follows_the_table, reads_every_link_field, says_what_it_cannot_read,
      takes_long_headers)

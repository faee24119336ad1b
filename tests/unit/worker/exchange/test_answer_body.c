#include "worker/exchange/answer_body.h"

#include "tests/support/lines.h"
#include "tests/support/suite.h"

static struct err err;

static bool is_page(struct arena *arena, struct str type, struct str merge_path,
                    struct str body)
{
    const struct http_header header = {STR("content-type"), type};
    const struct http_answer answer = {
        .status = 200, .headers = &header, .header_count = !str_is(type, "-"), .body = body};
    struct stream stream = {0};
    err = (struct err)ERR_INIT;
    if (!str_is(merge_path, "-"))
        ck_assert(path_compile(arena, merge_path, &stream.merge.path, &err));
    return answer_body_check(&answer, &err) && answer_errors_check(&answer, &stream, &err);
}

START_TEST(follows_the_table)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct line_cases all = lines_read(arena, "tests/tables/bodies.txt");
    for (size_t i = 0; i < all.count; i++) {
        const struct line_case *one = &all.items[i];
        struct str body = one->input;
        struct str type = lines_take_cell(&body), merge_path = lines_take_cell(&body);
        bool got = is_page(arena, type, merge_path, str_is(body, "|") ? STR_NONE : body);
        ck_assert_msg(got == str_is(one->expected, "page"), "%s:%d: %s", one->path, one->number,
                      got ? "page" : err.text);
        ck_assert_msg(got || str_find(str_from(err.text), one->expected) >= 0, "%s:%d: %s",
                      one->path, one->number, err.text);
    }
}
END_TEST

/* At most 200 bytes, on one line, whole characters. */
START_TEST(a_preview_is_short_and_printable)
{
    char body[600] = "<html>\n\n\t<b>\x01 Größe";
    AUTO_ARENA struct arena *arena = arena_new();
    for (size_t i = strlen(body); i < sizeof body - 2; i += 2)
        memcpy(body + i, "ü", 2);
    body[sizeof body - 2] = '\0';
    ck_assert(!is_page(arena, STR("text/html"), STR("-"), str_from(body)));
    const char *shown = strstr(err.text, "<html>");
    ck_assert_ptr_nonnull(shown);
    ck_assert_uint_le(strlen(shown), 200);
    ck_assert_uint_ge(strlen(shown), 190);
    ck_assert(str_is_utf8(str_from(shown)));
    ck_assert_ptr_nonnull(strstr(shown, "<html> <b> Größe"));
    ck_assert_ptr_null(strpbrk(shown, "\n\t\x01"));
    ck_assert(!is_page(arena, STR("text/html"), STR("-"), STR("<p>\xff\xfe</p>")));
    ck_assert_ptr_nonnull(strstr(err.text, "<p>?"
                                           "?</p>"));
}
END_TEST

START_TEST(a_byte_order_mark_is_no_text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    ck_assert(is_page(arena, STR("text/html"), STR("-"), STR("\xEF\xBB\xBF {\"a\":1}")));
    ck_assert(!is_page(arena, STR("text/plain"), STR("-"), STR("\xEF\xBB\xBF\r\n")));
    ck_assert_ptr_nonnull(strstr(err.text, "empty body"));
}
END_TEST

SUITE("worker/exchange/answer_body", follows_the_table, a_preview_is_short_and_printable,
      a_byte_order_mark_is_no_text)
